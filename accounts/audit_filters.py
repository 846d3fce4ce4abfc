"""Filters of the audit log in the API."""

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.models import AuditEntry


def start_of(day: date) -> datetime:
    """Return the start of a day in the site's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


class AuditFilter(django_filters.FilterSet):
    """Filter audit entries by actor, action, target and days (both inclusive)."""

    actor = django_filters.UUIDFilter(field_name="actor_id")
    action = django_filters.CharFilter(method="by_action", label='"app.verb", or an app label for all of its actions')
    target = django_filters.CharFilter(method="by_target", label='An id, or a model ("courses.course")')
    date_from = django_filters.DateFilter(method="since")
    date_to = django_filters.DateFilter(method="until")

    class Meta:
        model = AuditEntry
        fields: list[str] = []

    def by_action(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Filter by one action, or by all actions of an app."""
        return queryset.filter(action=value) if "." in value else queryset.filter(action__startswith=f"{value}.")

    def by_target(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Filter by one object, or by a model."""
        return queryset.filter(Q(target_id=value) | Q(target_type=value))

    def since(self, queryset: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        return queryset.filter(created_at__gte=start_of(value))

    def until(self, queryset: QuerySet[Any], name: str, value: date) -> QuerySet[Any]:
        """Include the entries of the whole day `value`."""
        return queryset.filter(created_at__lt=start_of(value + timedelta(days=1)))
