"""What is due, and when: for the dashboard, the calendar page, and other programs (RFC 5545)."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import icalendar
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from enrollments.deadlines import Terms, derive
from enrollments.models import Accommodation, CalendarFeed, Enrollment, Extension, GradedItem, GradeEntry
from enrollments.registry import page_of_item
from lms.platform.audit import record

LOOKS_BACK = timedelta(days=30)
MOST_ITEMS = 500


@dataclass(frozen=True)
class Due:
    """One piece of work with a date, for one student: `at` is when it is due, else when it closes."""

    item: GradedItem
    terms: Terms
    at: datetime
    is_graded: bool
    url: str

    @property
    def is_past(self) -> bool:
        """Whether the date lies behind us."""
        return self.at < timezone.now()


def due_for(user: User, *, after: datetime | None = None) -> list[Due]:
    """Return what is due in the courses that `user` learns in, the earliest first: published work with a date, with
    the student's own extensions. From 30 days ago unless `after` says otherwise; 500 at most. Five queries."""
    after = after or timezone.now() - LOOKS_BACK
    mine = Enrollment.objects.active().filter(user=user, course__is_published=True)
    enrollments = {row.course_id: row for row in mine}
    items = GradedItem.objects.published().filter(course__in=list(enrollments)).select_related("course", "lesson")
    ids = [row.pk for row in enrollments.values()]
    extensions = {(row.item_id, row.enrollment_id): row for row in Extension.objects.filter(enrollment__in=ids)}
    percents = dict(Accommodation.objects.filter(enrollment__in=ids).values_list("enrollment", "extra_time_percent"))
    graded = _graded(ids)
    found = []
    for item in items:
        enrollment = enrollments[item.course_id]
        terms = derive(item, extensions.get((item.pk, enrollment.pk)), percents.get(enrollment.pk, 0))
        at = terms.due_at or terms.closes_at
        if at is not None and at >= after:
            found.append(Due(item, terms, at, item.pk in graded[enrollment.pk], page_of_item(item)))
    return sorted(found, key=lambda due: (due.at, due.item.title))[:MOST_ITEMS]


def _graded(enrollment_ids: list[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return, by enrolment, the items that have been graded. One query."""
    graded: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    rows = GradeEntry.objects.filter(enrollment__in=enrollment_ids).order_by()
    for enrollment_id, item_id in rows.values_list("enrollment", "item").distinct():
        graded[enrollment_id].add(item_id)
    return graded


def as_icalendar(user: User, *, name: str, site_url: str) -> bytes:
    """Return what is due for `user` as an iCalendar file. `name` is the calendar's, `site_url` starts the links.

    Each date is an event without length, whose UID stays when its date moves, so that calendars move it, too.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//campus-lms//calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval;value=duration", "PT1H")
    for due in due_for(user):
        calendar.add_component(_event(due, site_url))
    return calendar.to_ical()


def _event(due: Due, site_url: str) -> icalendar.Event:
    """Return one date as an event."""
    event = icalendar.Event()
    event.add("uid", f"{due.item.pk}@{site_url.split('://')[-1]}")
    event.add("dtstamp", due.item.updated_at)
    event.add("dtstart", due.at)
    event.add("summary", _("%(title)s is due") % {"title": due.item.title})
    event.add("description", due.item.course.title)
    event.add("url", f"{site_url}{due.url}")
    return event


def feed_of(user: User) -> CalendarFeed:
    """Return the user's calendar feed; the first call makes it."""
    return CalendarFeed.objects.get_or_create(user=user)[0]


def address_of(feed: CalendarFeed) -> str:
    """Return the private address of a feed, which opens without a login."""
    return settings.SITE_URL + reverse("enrollments:calendar_file", args=[feed.token])


@transaction.atomic
def reset_feed(*, actor: Any, user: User) -> CalendarFeed:
    """Give the user's calendar a new address; the old one opens nothing any more. Return the feed."""
    feed = feed_of(user)
    CalendarFeed.objects.filter(pk=feed.pk).update(version=F("version") + 1)
    record(actor=actor, action="enrollments.calendar_reset", target=feed, subject=user)
    feed.refresh_from_db()
    return feed
