"""The audit log's filters, the same for the API and the admin."""

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from lms.platform.models import AuditEntry


def start_of(day: date) -> datetime:
    """Return when a day begins in the site's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


class AuditFilter(django_filters.FilterSet):
    """Who, what, to what, and on which days (both inclusive)."""

    actor = django_filters.UUIDFilter(field_name="actor_id")
    action = django_filters.CharFilter(method="by_action", label='"app.verb", or an app\'s name for all of it')
    target = django_filters.CharFilter(method="by_target", label='An id, or a kind of thing ("courses.course")')
    date_from = django_filters.DateFilter(method="since")
    date_to = django_filters.DateFilter(method="until")

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def by_action(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Return the entries of one action, or of all actions of an app."""
        return queryset.filter(action=value) if "." in value else queryset.filter(action__startswith=f"{value}.")

    def by_target(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Return the entries about one thing, or about all things of a kind."""
        return queryset.filter(Q(target_id=value) | Q(target_type=value))

    def since(self, queryset: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        """Return the entries of this day and later."""
        return queryset.filter(created_at__gte=start_of(value))

    def until(self, queryset: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        """Return the entries of this day and earlier."""
        return queryset.filter(created_at__lt=start_of(value + timedelta(days=1)))
