"""Due dates of a student, for the dashboard, the calendar page and calendar programs (RFC 5545)."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from enrollments.deadlines import derive_terms
from enrollments.grades import CurrentGrade, current_grades
from enrollments.models import CalendarFeed, Enrollment, Extension, GradedItem
from enrollments.registry import get_item_url, submitted_work

LOOKBACK = timedelta(days=30)
MAX_ITEMS = 500
# The SEQUENCE of an event is the number of seconds from then to the last change: an integer of 31 bits.
SEQUENCE_START = datetime(2020, 1, 1, tzinfo=UTC)

Grades = Mapping[uuid.UUID, Mapping[uuid.UUID, CurrentGrade]]  # by enrollment id and item id


@dataclass(frozen=True)
class DueWork:
    """A graded item with a date, for one student: `at` is the due date, or the closing date if there is none."""

    item: GradedItem
    at: datetime
    is_graded: bool
    is_done: bool
    url: str
    changed_at: datetime

    @property
    def is_past(self) -> bool:
        """Whether the date has passed."""
        return self.at < timezone.now()

    @property
    def is_overdue(self) -> bool:
        """Whether the date has passed and the student has not done the work."""
        return self.is_past and not self.is_done


def find_done_work(
    enrollment_ids: Collection[uuid.UUID], grades: Grades | None = None
) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Return the pairs of enrollment id and item id of work that is not due any more, whatever its date.

    That is submitted work, graded or not, and work with a grade or an excuse. Work that was returned for revision is
    due again. Three queries; two with the result of `current_grades()`.
    """
    done = _find_graded(current_grades(enrollment_ids=enrollment_ids) if grades is None else grades)
    for list_submitted in submitted_work:
        for pair, is_submitted in list_submitted(enrollment_ids).items():
            (done.add if is_submitted else done.discard)(pair)
    return done


def _find_graded(grades: Grades) -> set[tuple[uuid.UUID, uuid.UUID]]:
    return {
        (enrollment_id, item_id)
        for enrollment_id, items in grades.items()
        for item_id, grade in items.items()
        if grade.points is not None or grade.is_excused
    }


def list_due_work(user: User, *, after: datetime | None = None) -> list[DueWork]:
    """Return the published items with a date in the user's active courses, earliest first.

    Dates include the student's extensions and start at `after`, 30 days ago by default. At most 500 items. One query if
    there are none, seven otherwise.
    """
    after = after or timezone.now() - LOOKBACK
    items = list(_items_with_dates(user, after).prefetch_related("course"))
    if not items:
        return []
    courses = {item.course_id for item in items}
    active = Enrollment.objects.active().filter(user=user, course__in=courses)
    enrollments = dict(active.values_list("course", "pk"))
    extensions = {row.item_id: row for row in Extension.objects.filter(enrollment__user=user, item__in=items)}
    ids = list(enrollments.values())
    grades = current_grades(enrollment_ids=ids)
    graded = {item_id for _enrollment_id, item_id in _find_graded(grades)}
    done = {item_id for _enrollment_id, item_id in find_done_work(ids, grades)}
    due_work = []
    for item in items:
        terms = derive_terms(item, extensions.get(item.pk))
        at = terms.due_at or terms.closes_at
        if at is not None and at >= after and item.course_id in enrollments:
            changed_at = max(row.updated_at for row in (item, extensions.get(item.pk)) if row is not None)
            is_graded, is_done = item.pk in graded, item.pk in done
            due_work.append(DueWork(item, at, is_graded, is_done, get_item_url(item), changed_at))
    return sorted(due_work, key=lambda due: (due.at, due.item.title, due.item.pk))[:MAX_ITEMS]


def _items_with_dates(user: User, after: datetime) -> QuerySet[GradedItem]:
    """Return the published items of a student's courses that can be due from `after` on, unordered.

    The date can be the item's own or an extension's. The result is a superset: an extension may replace the date that
    matched by an earlier one.
    """
    dated = Q(due_at__gte=after) | Q(closes_at__gte=after)
    extended = Extension.objects.filter(dated, enrollment__user=user).values("item")
    return (
        GradedItem.objects.published()
        .filter(course__is_published=True, course__enrollments__user=user, course__enrollments__is_active=True)
        .filter(dated | Q(pk__in=extended))
        .order_by()
    )


def render_icalendar(user: User, *, name: str, site_url: str) -> bytes:
    """Return the work that `user` still has to do as an iCalendar file (RFC 5545) with the calendar name `name`.

    `site_url` is the start of the links. Each date is an event without duration. Its UID does not change when its date
    changes, but its SEQUENCE grows, so that calendar programs move the event.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//campus-lms//calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval;value=duration", "PT1H")
    for due in list_due_work(user):
        if not due.is_done:
            calendar.add_component(_build_event(due, site_url))
    return calendar.to_ical()


def _build_event(due: DueWork, site_url: str) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", f"{due.item.pk}@{site_url.split('://')[-1]}")
    event.add("dtstamp", due.changed_at)
    event.add("last-modified", due.changed_at)
    event.add("sequence", int((due.changed_at - SEQUENCE_START).total_seconds()))
    event.add("dtstart", due.at)
    event.add("summary", _("%(title)s is due") % {"title": due.item.title})
    event.add("description", due.item.course.title)
    event.add("url", f"{site_url}{due.url}")
    return event


def get_calendar_feed(user: User) -> CalendarFeed:
    """Return the user's calendar feed; create it on the first call."""
    return CalendarFeed.objects.get_or_create(user=user)[0]


def get_feed_url(feed: CalendarFeed) -> str:
    """Return the private URL of a feed, which requires no login."""
    return settings.SITE_URL + reverse("enrollments:calendar_file", args=[feed.token])


@transaction.atomic
def reset_feed(*, actor: Any, user: User) -> CalendarFeed:
    """Replace the URL of the user's calendar feed; return the feed. The old URL no longer works."""
    feed = get_calendar_feed(user)
    CalendarFeed.objects.filter(pk=feed.pk).update(version=F("version") + 1)
    record(actor=actor, action="enrollments.calendar_reset", target=feed, subject=user)
    feed.refresh_from_db()
    return feed
