"""The one clock of graded work: when an item is open to a student, for how long, and how often.

Page, API, periodic job and calendar all ask here, so that no two of them disagree about a minute. The clock is the
server's (QUALITY Q05, S02).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from enrollments.models import Accommodation, Enrollment, Extension, GradedItem
from lms.lib.errors import DomainError
from lms.lib.prepared import Prepared
from lms.platform.audit import record

FIELDS_OF_AN_EXTENSION = ("extra_minutes", "extra_attempts", "opens_at", "due_at", "closes_at")


class TermsError(DomainError):
    """These terms cannot be given."""


@dataclass(frozen=True)
class Terms:
    """What holds for one student and one item. Times are UTC; `seconds` and `attempts` are None without a limit.

    `derivation` says in words where the time comes from ("45 min + 50 % = 67 min 30 s"); empty without a limit.
    """

    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None
    seconds: int | None
    attempts: int | None
    derivation: str

    def deadline(self, started_at: datetime) -> datetime | None:
        """Return when work begun at `started_at` ends: after its time, or when the item closes, if that is earlier."""
        ends = [] if self.seconds is None else [started_at + timedelta(seconds=self.seconds)]
        ends += [] if self.closes_at is None else [self.closes_at]
        return min(ends, default=None)

    def has_opened(self, now: datetime | None = None) -> bool:
        """Return whether work may begin by now."""
        return self.opens_at is None or self.opens_at <= (now or timezone.now())

    def has_closed(self, now: datetime | None = None) -> bool:
        """Return whether nothing is taken any more; the closing second itself is still open."""
        return self.closes_at is not None and self.closes_at < (now or timezone.now())

    def is_open(self, now: datetime | None = None) -> bool:
        """Return whether work is taken now."""
        return self.has_opened(now) and not self.has_closed(now)

    def is_late(self, at: datetime) -> bool:
        """Return whether something handed in at `at` is late; the due second itself is on time (QUALITY S02)."""
        return self.due_at is not None and at.replace(microsecond=0) > self.due_at.replace(microsecond=0)


_EXTENSION = Prepared(lambda item_id, enrollment_id: Extension.objects.filter(item=item_id, enrollment=enrollment_id))


def terms_for(item: GradedItem, enrollment: Enrollment) -> Terms:
    """Return what holds for this item and student. Two queries; one where the enrolment was read with its
    accommodation."""
    return derive(item, _EXTENSION.row(item.pk, enrollment.pk), _extra_time_percent(enrollment))


def terms_for_many(items: Iterable[GradedItem], enrollment: Enrollment) -> dict[uuid.UUID, Terms]:
    """Return the terms of each item by its id. Two queries for any number of items; one where the enrolment was read
    with its accommodation."""
    items = list(items)
    extensions = {row.item_id: row for row in Extension.objects.filter(enrollment=enrollment, item__in=items)}
    percent = _extra_time_percent(enrollment)
    return {item.pk: derive(item, extensions.get(item.pk), percent) for item in items}


def _extra_time_percent(enrollment: Enrollment) -> int:
    if Enrollment.accommodation.is_cached(enrollment):
        accommodation = getattr(enrollment, "accommodation", None)
    else:
        accommodation = Accommodation.objects.filter(enrollment=enrollment).first()
    return accommodation.extra_time_percent if accommodation else 0


_AS_FOR_EVERYBODY = Extension()


def derive(item: GradedItem, extension: Extension | None = None, extra_time_percent: int = 0) -> Terms:
    """Return the terms that follow from an item, an extension and an accommodation in percent. No queries."""
    other = extension or _AS_FOR_EVERYBODY
    attempts = None if item.max_attempts is None else item.max_attempts + other.extra_attempts
    seconds, derivation = _time(item.time_limit_minutes, extra_time_percent, other.extra_minutes)
    return Terms(
        opens_at=other.opens_at or item.opens_at,
        due_at=other.due_at or item.due_at,
        closes_at=_closing(item, other),
        seconds=seconds,
        attempts=attempts,
        derivation=derivation,
    )


def _closing(item: GradedItem, other: Extension) -> datetime | None:
    """Return when the item closes. A later due date carries the closing with it: more time must be worth something."""
    if other.closes_at is not None or item.closes_at is None or other.due_at is None:
        return other.closes_at or item.closes_at
    return max(item.closes_at, other.due_at)


def _time(minutes: int | None, percent: int, extra_minutes: int) -> tuple[int | None, str]:
    """Return the time in seconds, and how it comes about."""
    if minutes is None:
        return None, ""
    seconds = minutes * 60 + minutes * 60 * percent // 100 + extra_minutes * 60
    parts = [_("%d min") % minutes]
    parts += [_("%d %%") % percent] if percent else []
    parts += [_("%d min") % extra_minutes] if extra_minutes else []
    if len(parts) == 1:
        return seconds, parts[0]
    return seconds, f"{' + '.join(parts)} = {_spoken(seconds)}"


def _spoken(seconds: int) -> str:
    """Return a time in minutes and seconds, in words."""
    whole, rest = divmod(seconds, 60)
    return _("%(minutes)d min %(seconds)d s") % {"minutes": whole, "seconds": rest} if rest else _("%d min") % whole


@transaction.atomic
def grant_extension(
    *, actor: Any, item: GradedItem, enrollment: Enrollment, reason: str = "", **terms: Any
) -> Extension:
    """Give one student other terms for one item; return them. What `terms` leaves out is as for everybody.

    `terms` takes `extra_minutes`, `extra_attempts`, `opens_at`, `due_at`, `closes_at`. Raises TermsError `wrong_course`
    when the enrolment is in another course (400), `closes_before_opening` when the dates contradict each other (400).
    """
    if item.course_id != enrollment.course_id:
        raise TermsError("wrong_course", _("This student is not in the course of this work."), status=400)
    fields: dict[str, Any] = {
        name: terms.get(name) or (0 if name.startswith("extra") else None) for name in FIELDS_OF_AN_EXTENSION
    }
    opens, closes = fields["opens_at"] or item.opens_at, fields["closes_at"] or item.closes_at
    if opens and closes and closes <= opens:
        raise TermsError("closes_before_opening", _("It would close before it opens."), status=400)
    extension, _created = Extension.objects.update_or_create(
        item=item, enrollment=enrollment, defaults={**fields, "reason": reason[:300], "granted_by": actor}
    )
    said = {name: str(value) for name, value in fields.items() if value} | {"reason": reason}
    record(actor=actor, action="enrollments.extension_granted", target=item, subject=enrollment.user, changes=said)
    return extension


@transaction.atomic
def set_accommodation(
    *, actor: Any, enrollment: Enrollment, extra_time_percent: int, reason: str = ""
) -> Accommodation:
    """Give one student more time in all timed work of a course, in percent of it; return that. 0 takes it back."""
    given, _created = Accommodation.objects.update_or_create(
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
    return given
