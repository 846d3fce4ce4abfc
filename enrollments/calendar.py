"""What is due, and when: for the dashboard, the calendar page, and other programs (RFC 5545)."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import icalendar
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from enrollments.deadlines import derive
from enrollments.models import CalendarFeed, Enrollment, Extension, GradedItem, GradeEntry
from enrollments.registry import page_of_item
from lms.lib.prepared import Prepared
from lms.platform.audit import record

LOOKS_BACK = timedelta(days=30)
MOST_ITEMS = 500


@dataclass(frozen=True)
class Due:
    """One piece of work with a date, for one student: `at` is when it is due, else when it closes."""

    item: GradedItem
    at: datetime
    is_graded: bool
    url: str

    @property
    def is_past(self) -> bool:
        """Whether the date lies behind us."""
        return self.at < timezone.now()


def due_for(user: User, *, after: datetime | None = None) -> list[Due]:
    """Return what is due in the courses that `user` learns in, the earliest first: published work with a date, with
    the student's own extensions. From 30 days ago unless `after` says otherwise; 500 at most.

    One query where nothing is due, five otherwise."""
    after = after or timezone.now() - LOOKS_BACK
    items = _DATED.rows(user.pk, after)
    if not items:
        return []
    prefetch_related_objects(items, "course")
    courses = {item.course_id for item in items}
    mine = Enrollment.objects.active().filter(user=user, course__in=courses)
    enrollments = dict(mine.values_list("course", "pk"))
    extensions = {row.item_id: row for row in Extension.objects.filter(enrollment__user=user, item__in=items)}
    graded = set(GradeEntry.objects.filter(enrollment__in=enrollments.values()).values_list("item", flat=True))
    found = []
    for item in items:
        terms = derive(item, extensions.get(item.pk))
        at = terms.due_at or terms.closes_at
        if at is not None and at >= after and item.course_id in enrollments:
            found.append(Due(item, at, item.pk in graded, page_of_item(item)))
    return sorted(found, key=lambda due: (due.at, due.item.title, due.item.pk))[:MOST_ITEMS]


def _dated(user_id: uuid.UUID, after_at: datetime) -> QuerySet[GradedItem]:
    """Return the published work of a student's courses that can be due from `after_at` on, by its own dates or by an
    extension's, in no order; a few more than that, since the one date may be earlier than the other."""
    late = Q(due_at__gte=after_at) | Q(closes_at__gte=after_at)
    extended = Extension.objects.filter(late, enrollment__user=user_id).values("item")
    return (
        GradedItem.objects.published()
        .filter(course__is_published=True, course__enrollments__user=user_id, course__enrollments__is_active=True)
        .filter(late | Q(pk__in=extended))
        .order_by()
    )


_DATED = Prepared(_dated)  # every visit of the dashboard asks


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
