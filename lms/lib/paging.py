"""How pages cut their lists; the API's way is in `lms.lib.pagination`."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from lms.lib.pagination import PAGE_SIZE


def page_of(request: HttpRequest, rows: Any, size: int = PAGE_SIZE) -> Page[Any]:
    """Return the page of `rows` that `?page=` asks for; the nearest one for a number that does not exist."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
