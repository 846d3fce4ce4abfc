"""What is due: on the page, on the dashboard, and in other people's calendars."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import ics
import pytest
import vobject
from django.test import Client
from django.utils import timezone

from accounts.models import User
from enrollments.calendar import due_for, feed_of
from enrollments.deadlines import grant_extension
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradedItem
from lms.testing.plugin import graded_item


@pytest.fixture
def friday() -> datetime:
    """A moment ahead, to the second."""
    return timezone.now().replace(microsecond=0) + timedelta(days=3)


@pytest.fixture
def item(enrollment: Enrollment, friday: datetime) -> GradedItem:
    """Work that is due on Friday."""
    return graded_item(enrollment.course, "Leaves, twigs; & roots", due_at=friday)


def calendar_of(user: User) -> str:
    return Client().get(f"/calendar/{feed_of(user).token}.ics").content.decode()


def test_two_programs_that_know_nothing_of_each_other_read_the_same_date(
    item: GradedItem, bob: User, friday: datetime
) -> None:
    text = calendar_of(bob)
    [first] = ics.Calendar(text).events
    second = vobject.readOne(text).vevent
    assert first.begin.datetime == second.dtstart.value == friday
    assert first.name == second.summary.value == "Leaves, twigs; & roots is due"
    assert first.url == second.url.value


def test_an_extension_moves_the_date_and_keeps_the_event(
    item: GradedItem, enrollment: Enrollment, alice: User, bob: User, friday: datetime
) -> None:
    [before] = ics.Calendar(calendar_of(bob)).events
    later = friday + timedelta(days=2)
    grant_extension(actor=alice, item=item, enrollment=enrollment, due_at=later)
    [after] = ics.Calendar(calendar_of(bob)).events
    assert (after.uid, after.begin.datetime) == (before.uid, later)


def test_a_reset_makes_the_old_address_void(item: GradedItem, bob: User, browser_of: Callable[[User], Client]) -> None:
    old = feed_of(bob).token
    assert browser_of(bob).post("/calendar/reset/").status_code == 302
    assert Client().get(f"/calendar/{old}.ics").status_code == 404
    assert Client().get(f"/calendar/{feed_of(bob).token}.ics").status_code == 200


def test_a_forged_address_opens_nothing(bob: User) -> None:
    token = feed_of(bob).token
    for forged in (token[:-1], token + "x", "a.b.c", ""):
        assert Client().get(f"/calendar/{forged}.ics").status_code == 404


def test_who_was_deactivated_or_left_the_course_has_no_dates(
    item: GradedItem, enrollment: Enrollment, bob: User
) -> None:
    Enrollment.objects.filter(pk=enrollment.pk).update(is_active=False)
    assert due_for(bob) == []
    token = feed_of(bob).token
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert Client().get(f"/calendar/{token}.ics").status_code == 404


def test_drafts_are_in_nobodys_calendar(item: GradedItem, bob: User) -> None:
    GradedItem.objects.update(is_published=False)
    assert due_for(bob) == []


def test_what_is_graded_leaves_the_dashboard(
    item: GradedItem, enrollment: Enrollment, alice: User, bob: User, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(bob)
    assert "Leaves, twigs" in browser.get("/dashboard/").content.decode()
    record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(5))
    assert "Leaves, twigs" not in browser.get("/dashboard/").content.decode()
    assert "Graded" in browser.get("/calendar/").content.decode()
