"""Terms of graded work for one student: opening, due and closing dates, time limit and attempts.

Pages, API, periodic jobs and the calendar all use this module, so that they agree on every date. Times come from the
server's clock (quality rows Q05, S02).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit.entries import record
from core.http.errors import DomainError
from enrollments.models import Accommodation, Enrollment, Extension, GradedItem

EXTENSION_FIELDS = ("extra_minutes", "extra_attempts", "opens_at", "due_at", "closes_at")


class TermsError(DomainError):
    """The extension is not valid."""


@dataclass(frozen=True)
class Terms:
    """Dates and limits of one item for one student. Times are UTC; `seconds` and `attempts` are None without a limit.

    `attempts` includes the `extra_attempts` of an extension.

    `derivation` shows how the time limit is computed ("45 min + 50 % = 67 min 30 s"); empty without a limit.
    """

    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None
    seconds: int | None
    attempts: int | None
    derivation: str
    extra_attempts: int = 0

    def deadline(self, started_at: datetime) -> datetime | None:
        """Return when work that began at `started_at` ends: by time limit or closing date, whichever is earlier."""
        ends = [] if self.seconds is None else [started_at + timedelta(seconds=self.seconds)]
        ends += [] if self.closes_at is None else [self.closes_at]
        return min(ends, default=None)

    def has_opened(self, now: datetime | None = None) -> bool:
        """Return whether the opening date has passed."""
        return self.opens_at is None or self.opens_at <= (now or timezone.now())

    def has_closed(self, now: datetime | None = None) -> bool:
        """Return whether the closing date has passed. At the closing date itself, work is still accepted."""
        return self.closes_at is not None and self.closes_at < (now or timezone.now())

    def is_open(self, now: datetime | None = None) -> bool:
        """Return whether work is accepted now."""
        return self.has_opened(now) and not self.has_closed(now)

    def is_late(self, at: datetime) -> bool:
        """Return whether work submitted at `at` is late. The due second itself is on time (quality row S02)."""
        return self.due_at is not None and at.replace(microsecond=0) > self.due_at.replace(microsecond=0)


def get_terms(item: GradedItem, enrollment: Enrollment) -> Terms:
    """Return the terms of an item for one student.

    Two queries; one if the enrollment was loaded with its accommodation.
    """
    extension = Extension.objects.filter(item=item.pk, enrollment=enrollment.pk).first()
    return derive_terms(item, extension, _extra_time_percent(enrollment))


def get_terms_by_item(items: Iterable[GradedItem], enrollment: Enrollment) -> dict[uuid.UUID, Terms]:
    """Return the terms of items for one student, by item id.

    Two queries for any number of items; one if the enrollment was loaded with its accommodation.
    """
    items = list(items)
    extensions = {row.item_id: row for row in Extension.objects.filter(enrollment=enrollment, item__in=items)}
    percent = _extra_time_percent(enrollment)
    return {item.pk: derive_terms(item, extensions.get(item.pk), percent) for item in items}


def _extra_time_percent(enrollment: Enrollment) -> int:
    if Enrollment.accommodation.is_cached(enrollment):
        accommodation = getattr(enrollment, "accommodation", None)
    else:
        accommodation = Accommodation.objects.filter(enrollment=enrollment).first()
    return accommodation.extra_time_percent if accommodation else 0


_NO_EXTENSION = Extension()


def derive_terms(item: GradedItem, extension: Extension | None = None, extra_time_percent: int = 0) -> Terms:
    """Return the terms that result from an item, an extension and the extra time of an accommodation. No queries."""
    extension = extension or _NO_EXTENSION
    attempts = None if item.max_attempts is None else item.max_attempts + extension.extra_attempts
    seconds, derivation = _time_limit(item.time_limit_minutes, extra_time_percent, extension.extra_minutes)
    return Terms(
        opens_at=extension.opens_at or item.opens_at,
        due_at=extension.due_at or item.due_at,
        closes_at=_closing_date(item, extension),
        seconds=seconds,
        attempts=attempts,
        derivation=derivation,
        extra_attempts=extension.extra_attempts,
    )


def _closing_date(item: GradedItem, extension: Extension) -> datetime | None:
    """Return when the item closes for the student; never before a due date that the extension sets."""
    if extension.closes_at is not None or item.closes_at is None or extension.due_at is None:
        return extension.closes_at or item.closes_at
    return max(item.closes_at, extension.due_at)


def _time_limit(minutes: int | None, percent: int, extra_minutes: int) -> tuple[int | None, str]:
    """Return the time limit in seconds, and a text that shows how it is computed."""
    if minutes is None:
        return None, ""
    seconds = minutes * 60 + minutes * 60 * percent // 100 + extra_minutes * 60
    parts = [_("%d min") % minutes]
    parts += [_("%d %%") % percent] if percent else []
    parts += [_("%d min") % extra_minutes] if extra_minutes else []
    if len(parts) == 1:
        return seconds, parts[0]
    return seconds, f"{' + '.join(parts)} = {_format_minutes(seconds)}"


def _format_minutes(seconds: int) -> str:
    """Return a duration as text, such as "67 min 30 s"."""
    whole, rest = divmod(seconds, 60)
    return _("%(minutes)d min %(seconds)d s") % {"minutes": whole, "seconds": rest} if rest else _("%d min") % whole


@transaction.atomic
def grant_extension(
    *, actor: Any, item: GradedItem, enrollment: Enrollment, reason: str = "", **terms: Any
) -> Extension:
    """Create or replace the extension of one student for one item; return it.

    `terms` takes `extra_minutes`, `extra_attempts`, `opens_at`, `due_at` and `closes_at`; the item's own values apply
    for those left out. Raises TermsError `wrong_course` (400) if the enrollment is in another course,
    `closes_before_opening` (400) if the item would close before it opens.
    """
    if item.course_id != enrollment.course_id:
        raise TermsError("wrong_course", _("The student is not enrolled in the course of this item."), status=400)
    fields: dict[str, Any] = {
        name: terms.get(name) or (0 if name.startswith("extra") else None) for name in EXTENSION_FIELDS
    }
    opens, closes = fields["opens_at"] or item.opens_at, fields["closes_at"] or item.closes_at
    if opens and closes and closes <= opens:
        raise TermsError("closes_before_opening", _("The closing date must be after the opening date."), status=400)
    extension, _created = Extension.objects.update_or_create(
        item=item, enrollment=enrollment, defaults={**fields, "reason": reason[:300], "granted_by": actor}
    )
    changes = {name: str(value) for name, value in fields.items() if value} | {"reason": reason}
    record(actor=actor, action="enrollments.extension_granted", target=item, subject=enrollment.user, changes=changes)
    return extension


@transaction.atomic
def set_accommodation(
    *, actor: Any, enrollment: Enrollment, extra_time_percent: int, reason: str = ""
) -> Accommodation:
    """Set the extra time of one student in all timed work of a course, in percent; return it. 0 removes it."""
    accommodation, _created = Accommodation.objects.update_or_create(
        enrollment=enrollment,
        defaults={"extra_time_percent": extra_time_percent, "reason": reason[:300], "granted_by": actor},
    )
    changes = {"extra_time_percent": extra_time_percent, "reason": reason}
    record(
        actor=actor,
        action="enrollments.accommodation_set",
        target=enrollment,
        subject=enrollment.user,
        changes=changes,
    )
    return accommodation
