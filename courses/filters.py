"""Filters and sort orders of the catalog, shared by the page and the API."""

import math
from decimal import Decimal
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.db.models import Case, CharField, Count, F, FloatField, QuerySet, Value, When
from django.db.models.functions import Cast, NullIf
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from core.db.text_functions import SortKey
from core.http.filters import BooleanFilter
from courses.models import Category, Course, Level, price_in_thousandths
from courses.search import search_courses


class Ordering(NamedTuple):
    """A sort order: its label and its columns. The id comes last, so that pages do not overlap."""

    label: Any
    fields: tuple[Any, ...]


ORDERINGS = {
    "newest": Ordering(_("Newest"), ("-published_at", "id")),
    "popular": Ordering(_("Most popular"), ("-enrollments_count", "id")),
    "rating": Ordering(_("Best rated"), (F("mean_rating").desc(nulls_last=True), "-ratings_count", "id")),
    "price": Ordering(_("Price, low to high"), (price_in_thousandths().asc(), "id")),
    "-price": Ordering(_("Price, high to low"), (price_in_thousandths().desc(), "id")),
    "title": Ordering(_("Title"), (SortKey("title"), "id")),
}


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class SubjectFilter(django_filters.ModelMultipleChoiceFilter):
    """Filter by one or more category slugs."""


class CourseFilter(django_filters.FilterSet):
    """Filter and sort courses. Prices are in the major unit of the currency."""

    search = django_filters.CharFilter(method="filter_search", label=_("Search"), max_length=200)
    category = SubjectFilter(
        field_name="category__slug",
        queryset=Category.objects.all(),
        to_field_name="slug",
        label=_("Subject"),
        widget=forms.CheckboxSelectMultiple,
    )
    tag = django_filters.CharFilter(field_name="tags__name", lookup_expr="iexact", label=_("Tag"), max_length=40)
    level = django_filters.MultipleChoiceFilter(
        choices=Level.choices, label=_("Level"), widget=forms.CheckboxSelectMultiple
    )
    is_free = BooleanFilter(method="filter_free", label=_("Free"))
    price_min = django_filters.NumberFilter(
        method="filter_min_price", label=_("Price from"), min_value=0, max_value=999_999
    )
    price_max = django_filters.NumberFilter(
        method="filter_max_price", label=_("Price to"), min_value=0, max_value=999_999
    )
    instructor_id = django_filters.UUIDFilter(field_name="instructor_id", label=_("Instructor"))
    ordering = django_filters.ChoiceFilter(
        method="sort_courses", label=_("Sort"), choices=[(name, ordering.label) for name, ordering in ORDERINGS.items()]
    )

    class Meta:
        model = Course
        fields: list[str] = []

    def facets(self) -> dict[str, dict[str, int]]:
        """Return the number of courses per subject, level and price, with all other filters applied. One query."""
        price_group = Case(When(price_cents=0, then=Value("free")), default=Value("paid"), output_field=CharField())
        querysets = [
            self._count_facet("category", {"category"}, F("category__slug")),
            self._count_facet("level", {"level"}, F("level")),
            self._count_facet("price", {"is_free", "price_min", "price_max"}, price_group),
        ]
        counts: dict[str, dict[str, int]] = {"category": {}, "level": {}, "price": {}}
        for facet, value, count in querysets[0].union(*querysets[1:], all=True):
            counts[facet][value] = count
        return counts

    def _count_facet(self, facet: str, without: set[str], by: Any) -> QuerySet[Any]:
        courses: Any = self.queryset
        for name, value in (self.form.cleaned_data if self.is_bound else {}).items():
            if name not in without and name != "ordering":
                courses = self.filters[name].filter(courses, value)
        name = Value(facet, output_field=CharField())
        values = Cast(by, CharField(max_length=60))
        grouped = courses.order_by().annotate(facet=name, value=values).values("facet", "value")
        return grouped.annotate(number=Count("pk", distinct=True)).values_list("facet", "value", "number")

    def filter_search(self, queryset: QuerySet[Course], name: str, value: str) -> QuerySet[Course]:
        """Return the courses that contain every word of `value`, best match first."""
        return search_courses(queryset, value)

    def filter_free(self, queryset: QuerySet[Course], name: str, value: bool) -> QuerySet[Course]:
        """Return the free courses if `value` is true, otherwise the paid ones."""
        return queryset.filter(price_cents=0) if value else queryset.filter(price_cents__gt=0)

    def filter_min_price(self, queryset: QuerySet[Course], name: str, value: Decimal) -> QuerySet[Course]:
        """Return the courses with at least this price."""
        return queryset.filter(GreaterThanOrEqual(price_in_thousandths(), math.ceil(value * 1000)))

    def filter_max_price(self, queryset: QuerySet[Course], name: str, value: Decimal) -> QuerySet[Course]:
        """Return the courses with at most this price."""
        return queryset.filter(LessThanOrEqual(price_in_thousandths(), math.floor(value * 1000)))

    def sort_courses(self, queryset: QuerySet[Course], name: str, value: str) -> QuerySet[Course]:
        """Return the courses in the order `ORDERINGS[value]`."""
        mean = Cast(F("ratings_sum"), FloatField()) / NullIf(Cast(F("ratings_count"), FloatField()), Value(0.0))
        return queryset.annotate(mean_rating=mean).order_by(*ORDERINGS[value].fields)
