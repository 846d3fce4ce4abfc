"""The filters of the catalogue: the same for the page and the API, and all in the address."""

from decimal import Decimal
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.db.models import Case, CharField, Count, F, FloatField, QuerySet, Value, When
from django.db.models.functions import Cast, NullIf
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from courses.models import Category, Course, Level
from courses.search import search
from lms.lib.filters import BooleanFilter


class Ordering(NamedTuple):
    """A way to sort the catalogue: its name, and its columns; the id is the last, so that pages do not overlap."""

    label: Any
    fields: tuple[Any, ...]


ORDERINGS = {
    "newest": Ordering(_("Newest"), ("-published_at", "id")),
    "popular": Ordering(_("Most popular"), ("-enrollments_count", "id")),
    "rating": Ordering(_("Best rated"), (F("mean_rating").desc(nulls_last=True), "-ratings_count", "id")),
    "price": Ordering(_("Price, low to high"), ("price_cents", "id")),
    "-price": Ordering(_("Price, high to low"), ("-price_cents", "id")),
    "title": Ordering(_("Title"), ("title", "id")),
}


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class SubjectFilter(django_filters.ModelMultipleChoiceFilter):
    """One or more subjects, by their slugs."""


class CourseFilter(django_filters.FilterSet):
    """Narrow and sort courses. Prices are in the major unit, as they are shown."""

    search = django_filters.CharFilter(method="by_words", label=_("Search"), max_length=200)
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
    is_free = BooleanFilter(method="by_free", label=_("Free"))
    price_min = django_filters.NumberFilter(
        method="by_lowest_price", label=_("Price from"), min_value=0, max_value=999_999
    )
    price_max = django_filters.NumberFilter(
        method="by_highest_price", label=_("Price to"), min_value=0, max_value=999_999
    )
    instructor_id = django_filters.UUIDFilter(field_name="instructor_id", label=_("Instructor"))
    ordering = django_filters.ChoiceFilter(
        method="in_order", label=_("Sort"), choices=[(name, way.label) for name, way in ORDERINGS.items()]
    )

    class Meta:
        model = Course
        fields: list[str] = []

    def facets(self) -> dict[str, dict[str, int]]:
        """Return how many courses each subject, level and price would leave, all other filters kept. One query."""
        free_or_not = Case(When(price_cents=0, then=Value("free")), default=Value("paid"), output_field=CharField())
        counted = [
            self._counted("category", {"category"}, F("category__slug")),
            self._counted("level", {"level"}, F("level")),
            self._counted("price", {"is_free", "price_min", "price_max"}, free_or_not),
        ]
        found: dict[str, dict[str, int]] = {"category": {}, "level": {}, "price": {}}
        for facet, value, number in counted[0].union(*counted[1:], all=True):
            found[facet][value] = number
        return found

    def _counted(self, facet: str, without: set[str], by: Any) -> QuerySet[Any]:
        courses: Any = self.queryset
        for name, value in (self.form.cleaned_data if self.is_bound else {}).items():
            if name not in without and name != "ordering":
                courses = self.filters[name].filter(courses, value)
        name = Value(facet, output_field=CharField())
        values = Cast(by, CharField(max_length=60))
        grouped = courses.order_by().annotate(facet=name, value=values).values("facet", "value")
        return grouped.annotate(number=Count("pk", distinct=True)).values_list("facet", "value", "number")

    def by_words(self, queryset: QuerySet[Course], name: str, value: str) -> QuerySet[Course]:
        """Return the courses that have every word of `value`, the best match first."""
        return search(queryset, value)

    def by_free(self, queryset: QuerySet[Course], name: str, value: bool) -> QuerySet[Course]:
        """Return the courses that cost nothing, or those that cost something."""
        return queryset.filter(price_cents=0) if value else queryset.filter(price_cents__gt=0)

    def by_lowest_price(self, queryset: QuerySet[Course], name: str, value: Decimal) -> QuerySet[Course]:
        """Return the courses from this price on."""
        return queryset.filter(price_cents__gte=int(value * 100))

    def by_highest_price(self, queryset: QuerySet[Course], name: str, value: Decimal) -> QuerySet[Course]:
        """Return the courses up to this price."""
        return queryset.filter(price_cents__lte=int(value * 100))

    def in_order(self, queryset: QuerySet[Course], name: str, value: str) -> QuerySet[Course]:
        """Return the courses in one of the orders of `ORDERINGS`."""
        mean = Cast(F("ratings_sum"), FloatField()) / NullIf(Cast(F("ratings_count"), FloatField()), Value(0.0))
        return queryset.annotate(mean_rating=mean).order_by(*ORDERINGS[value].fields)
