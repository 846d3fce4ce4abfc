"""How lists are cut into pages (API.md, "Lists")."""

from rest_framework.pagination import CursorPagination, PageNumberPagination

PAGE_SIZE = 20
LARGEST_PAGE = 100


class NumberedPages(PageNumberPagination):
    """`{"count", "next", "previous", "results"}`, by `?page=` and `?page_size=` (20, at most 100; larger is capped)."""

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE


class Feed(CursorPagination):
    """`{"next", "previous", "results"}` for what is only ever appended: newest first, stable while it grows."""

    page_size = PAGE_SIZE
    page_size_query_param = "page_size"
    max_page_size = LARGEST_PAGE
    ordering = "-created_at"
