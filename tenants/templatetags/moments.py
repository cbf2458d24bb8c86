"""Exact times, in the reader's zone."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

LOG_TIME = "%-d %b %Y %H:%M:%S"  # in a column of times: its zone stands at the foot


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
    """A time in a column of times: date and second."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return format_html('<time class="time" datetime="{}">{}</time>', at.isoformat(), format(local, LOG_TIME))
