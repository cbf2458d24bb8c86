"""Exact times, in the reader's zone."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """When something was done, to the second, with its zone; with its date where it was not today."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    form = "%H:%M:%S %Z" if local.date() == timezone.localdate() else "%-d %b %Y, %H:%M:%S %Z"
    return format_html('<time class="time" datetime="{}">{}</time>', at.isoformat(), local.strftime(form))


@register.filter
def log_time(at: datetime | None) -> SafeString | str:
    """A time in a column of times: date and second. The zone stands at the foot of the table."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return format_html('<time class="time" datetime="{}">{}</time>', at.isoformat(), f"{local:%-d %b %Y %H:%M:%S}")
