"""Values as text."""

import json
from typing import Any

from django import template

register = template.Library()


@register.filter
def json_text(value: Any) -> str:
    """A JSON value, indented, letters as they are. The template escapes it."""
    return json.dumps(value, indent=1, ensure_ascii=False)
