"""Tests for due work on the calendar page, on the dashboard and in calendar feeds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import ics
import pytest
import time_machine
import vobject
from django.test import Client
from django.utils import timezone

from accounts.models import User
from enrollments.calendar import get_calendar_feed, list_due_work
from enrollments.deadlines import grant_extension
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradedItem
from tools.testing.plugin import make_graded_item


@pytest.fixture
def friday() -> datetime:
    """Return a time three days ahead, without microseconds."""
    return timezone.now().replace(microsecond=0) + timedelta(days=3)


@pytest.fixture
def item(enrollment: Enrollment, friday: datetime) -> GradedItem:
    """Return a graded item that is due on Friday."""
    return make_graded_item(enrollment.course, "Leaves, twigs; & roots", due_at=friday)


def read_feed(user: User) -> str:
    return Client().get(f"/calendar/{get_calendar_feed(user).token}.ics").content.decode()


def test_two_icalendar_parsers_read_the_same_event(item: GradedItem, bob: User, friday: datetime) -> None:
    text = read_feed(bob)
    [first] = ics.Calendar(text).events
    second = vobject.readOne(text).vevent
    assert first.begin.datetime == second.dtstart.value == friday
    assert first.name == second.summary.value == "Leaves, twigs; & roots is due"
    assert first.url == second.url.value


def test_an_extension_moves_the_event_and_keeps_its_uid(
    item: GradedItem, enrollment: Enrollment, alice: User, bob: User, friday: datetime
) -> None:
    [before] = ics.Calendar(read_feed(bob)).events
    later = friday + timedelta(days=2)
    grant_extension(actor=alice, item=item, enrollment=enrollment, due_at=later)
    [after] = ics.Calendar(read_feed(bob)).events
    assert (after.uid, after.begin.datetime) == (before.uid, later)


def test_a_moved_date_has_a_later_stamp_and_a_higher_sequence(
    item: GradedItem, enrollment: Enrollment, alice: User, bob: User, friday: datetime
) -> None:
    events = [vobject.readOne(read_feed(bob)).vevent]
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        item.due_at = friday + timedelta(days=1)
        item.save()
        events.append(vobject.readOne(read_feed(bob)).vevent)
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        grant_extension(actor=alice, item=item, enrollment=enrollment, due_at=friday + timedelta(days=2))
        events.append(vobject.readOne(read_feed(bob)).vevent)
    for name in ("dtstart", "dtstamp", "last_modified", "sequence"):
        values = [getattr(event, name).value for event in events]
        values = [int(value) for value in values] if name == "sequence" else values
        assert values == sorted(set(values)), name
        assert len(values) == 3


def test_a_reset_feed_url_no_longer_works(item: GradedItem, bob: User, browser_of: Callable[[User], Client]) -> None:
    old = get_calendar_feed(bob).token
    assert browser_of(bob).post("/calendar/reset/").status_code == 302
    assert Client().get(f"/calendar/{old}.ics").status_code == 404
    assert Client().get(f"/calendar/{get_calendar_feed(bob).token}.ics").status_code == 200


def test_a_forged_feed_token_is_not_found(bob: User) -> None:
    token = get_calendar_feed(bob).token
    for forged in (token[:-1], token + "x", "a.b.c", ""):
        assert Client().get(f"/calendar/{forged}.ics").status_code == 404


def test_inactive_users_and_ended_enrollments_have_no_due_work(
    item: GradedItem, enrollment: Enrollment, bob: User
) -> None:
    Enrollment.objects.filter(pk=enrollment.pk).update(is_active=False)
    assert list_due_work(bob) == []
    token = get_calendar_feed(bob).token
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert Client().get(f"/calendar/{token}.ics").status_code == 404


def test_unpublished_items_are_not_in_the_calendar(item: GradedItem, bob: User) -> None:
    GradedItem.objects.update(is_published=False)
    assert list_due_work(bob) == []


def test_graded_items_are_not_upcoming_on_the_dashboard(
    item: GradedItem, enrollment: Enrollment, alice: User, bob: User, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(bob)
    assert "Leaves, twigs" in browser.get("/dashboard/").content.decode()
    record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(5))
    assert "Leaves, twigs" not in browser.get("/dashboard/").content.decode()
    assert "Graded" in browser.get("/calendar/").content.decode()
