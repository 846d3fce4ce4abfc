"""Pagination of API lists (docs/api-contract.md, "Lists") and of page lists."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from rest_framework.pagination import CursorPagination, PageNumberPagination

PAGE_SIZE = 20
MAX_PAGE_SIZE = 100


class NumberedPagination(PageNumberPagination):
    """`{"count", "next", "previous", "results"}`, by `?page=` and `?page_size=` (20, at most 100; larger is capped)."""

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE


class FeedPagination(CursorPagination):
    """`{"next", "previous", "results"}` of append-only rows: newest first, stable while rows are added."""

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE
    ordering = "-created_at"


def paginate(request: HttpRequest, rows: Any, size: int = PAGE_SIZE) -> Page[Any]:
    """Return the page of `rows` that `?page=` requests, or the nearest one for a number that does not exist."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
