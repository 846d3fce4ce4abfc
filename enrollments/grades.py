"""The ledger of grades."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from core.http.errors import DomainError
from enrollments.completion import complete_if_done
from enrollments.models import Enrollment, GradedItem, GradeEntry
from enrollments.states import ENROLLMENT


class CurrentGrade(NamedTuple):
    """The current grade of an item. A tuple instead of a model, because a gradebook can hold 50,000 of them."""

    points: Decimal | None
    is_excused: bool


class GradeError(DomainError):
    """The grade is not valid for the item."""


def record_grade(
    *,
    actor: Any,
    item: GradedItem,
    enrollment: Enrollment,
    points: Decimal | None,
    reason: str = "",
    source_id: uuid.UUID | None = None,
    is_excused: bool = False,
) -> GradeEntry:
    """Append a grade and return the current entry; complete the course if no requirement is missing any more.

    `points` is between 0 and the item's points, or None for excused work or a withdrawn grade. `source_id` is the id of
    the attempt or submission. The enrollment is locked, so that grades of one student are recorded one after another.
    A grade that equals the current one appends no entry. Raises GradeError `points_out_of_range` (400).
    """
    if points is not None and not 0 <= points <= item.points_possible:
        detail = _("Enter between 0 and %s points.") % floatformat(item.points_possible, -2)
        raise GradeError("points_out_of_range", detail, status=400)
    points = None if is_excused else points
    # Without a savepoint: an error here must also roll back the transaction of the caller.
    with transaction.atomic(savepoint=False):
        locked = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
        ENROLLMENT.check("grade", locked.state, raises=GradeError)
        current = GradeEntry.objects.filter(item=item.pk, enrollment=locked).order_by("-id").first()
        if current and (current.points, current.is_excused, current.source_id) == (points, is_excused, source_id):
            # Equal points can pass now if a regrade has changed the possible points.
            complete_if_done(actor=actor, enrollment=locked)
            return current
        entry = GradeEntry.objects.create(
            item_id=item.pk,
            enrollment=locked,
            points=points,
            is_excused=is_excused,
            reason=reason[:300],
            source_id=source_id,
            graded_by=actor if isinstance(actor, User) else None,
        )
        before = None if current is None or current.points is None else str(current.points)
        changes = {"points": [before, None if points is None else str(points)], "excused": is_excused, "reason": reason}
        record(
            actor=actor,
            action="enrollments.grade_recorded",
            target=item,
            subject=User(pk=locked.user_id),
            changes=changes,
        )
        complete_if_done(actor=actor, enrollment=locked)
        return entry


def current_grades(
    *, enrollment_ids: Iterable[uuid.UUID] | QuerySet[Any], item_ids: Iterable[uuid.UUID] | None = None
) -> dict[uuid.UUID, dict[uuid.UUID, CurrentGrade]]:
    """Return the current grades by enrollment id and item id, as a `defaultdict`. One query.

    Without `item_ids`, return the grades of all items, published or not: in a whole gradebook, PostgreSQL takes longer
    to plan 50 more ids than to read the rows. A QuerySet of `enrollment_ids` is used as a subquery, so that a large
    course does not need thousands of parameters. Entries are read in the order they were appended, and the last one
    of each item wins.
    """
    entries = GradeEntry.objects.filter(enrollment__in=enrollment_ids).order_by("id")
    if item_ids is not None:
        entries = entries.filter(item__in=item_ids)
    grades: dict[uuid.UUID, dict[uuid.UUID, CurrentGrade]] = defaultdict(dict)
    columns = entries.values_list("enrollment_id", "item_id", "points", "is_excused")
    for enrollment_id, item_id, points, is_excused in columns:
        grades[enrollment_id][item_id] = CurrentGrade(points, is_excused)
    return grades
