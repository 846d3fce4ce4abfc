"""What the quizzes' templates need and Django's do not have."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def item(mapping: Any, key: str) -> Any:
    """Return what a mapping has under a key that the template only knows at run time; None where there is nothing."""
    return mapping.get(key) if isinstance(mapping, dict) else None
