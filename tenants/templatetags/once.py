"""What is the same in every row of a table, rendered once."""

from django import template

register = template.Library()


@register.simple_block_tag
def once(content: str) -> str:
    """Keep what stands inside under a name: {% once as fields %}…{% endonce %} … {{ fields }}."""
    return content
