"""Filters and sort orders of the roster, shared by the page and the API."""

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import matches_person
from core.db.text_functions import SortKey
from core.http.filters import BooleanFilter
from courses.filters import Ordering
from enrollments.models import Enrollment

ORDERINGS = {
    "name": Ordering(_("Name"), (SortKey("user__full_name").asc(), "id")),
    "-name": Ordering(_("Name, descending"), (SortKey("user__full_name").desc(), "id")),
    "progress": Ordering(_("Progress, low to high"), ("percent", "id")),
    "-progress": Ordering(_("Progress, high to low"), ("-percent", "id")),
    "last_activity": Ordering(_("Last active, oldest first"), ("last_activity_at", "id")),
    "-last_activity": Ordering(_("Last active, newest first"), ("-last_activity_at", "id")),
}


class RosterFilter(django_filters.FilterSet):
    """Filter and sort the students of a course; the queryset is that of `for_roster()`."""

    q = django_filters.CharFilter(
        method="filter_words", label=_("Part of the name or the email address"), max_length=200
    )
    active = BooleanFilter(field_name="is_active", label=_("Active"))
    progress_min = django_filters.NumberFilter(
        field_name="percent", lookup_expr="gte", label=_("Progress from"), min_value=0, max_value=100
    )
    progress_max = django_filters.NumberFilter(
        field_name="percent", lookup_expr="lte", label=_("Progress to"), min_value=0, max_value=100
    )
    ordering = django_filters.ChoiceFilter(
        method="sort_rows", label=_("Sort"), choices=[(name, ordering.label) for name, ordering in ORDERINGS.items()]
    )

    class Meta:
        model = Enrollment
        fields: list[str] = []

    def filter_words(self, queryset: QuerySet[Enrollment], name: str, value: str) -> QuerySet[Enrollment]:
        """Return the students whose name or email address contains `value`."""
        return queryset.filter(matches_person(value, "user__"))

    def sort_rows(self, queryset: QuerySet[Enrollment], name: str, value: str) -> QuerySet[Enrollment]:
        """Return the students in the order `ORDERINGS[value]`."""
        return queryset.order_by(*ORDERINGS[value].fields)
