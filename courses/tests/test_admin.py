"""The admin of courses, categories and tags."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.models import AuditEntry
from courses.models import Category
from courses.public_cache import get_catalog_version


def test_courses_are_not_created_in_the_admin(browser_of: Callable[..., Client], dan: User) -> None:
    assert browser_of(dan).get(reverse("admin:courses_course_add")).status_code == 403


@pytest.mark.quality("V04")
def test_categories_deleted_together_are_audited_and_leave_the_catalog(
    browser_of: Callable[..., Client], dan: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    rows = [Category.objects.create(name=name, slug=name.lower()) for name in ("Knots", "Sails")]
    before = get_catalog_version()
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    with django_capture_on_commit_callbacks(execute=True):
        browser_of(dan).post(reverse("admin:courses_category_changelist"), chosen)
    assert not Category.objects.filter(pk__in=[row.pk for row in rows]).exists()
    deleted = AuditEntry.objects.filter(action="courses.deleted_by_staff")
    assert {entry.changes["name"] for entry in deleted} == {"Knots", "Sails"}
    assert get_catalog_version() != before
