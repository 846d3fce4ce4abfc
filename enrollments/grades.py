"""The ledger of grades: what quizzes and assignments write to, and what stands in it."""

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
from enrollments.completion import complete_if_done
from enrollments.models import Enrollment, GradedItem, GradeEntry
from enrollments.states import ENROLLMENT
from lms.lib.errors import DomainError
from lms.lib.prepared import Prepared
from lms.platform.audit import record


class Standing(NamedTuple):
    """A grade that stands, without the weight of a model: a gradebook holds fifty thousand."""

    points: Decimal | None
    is_excused: bool


class GradeError(DomainError):
    """This is no grade of this item."""


# The two rows that every grade begins with.
_LOCKED = Prepared(lambda enrollment_id: Enrollment.objects.filter(pk=enrollment_id).select_for_update())
_STANDING = Prepared(
    lambda item_id, enrollment_id: GradeEntry.objects.filter(item=item_id, enrollment=enrollment_id).order_by("-id")[:1]
)


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
    """Append a grade; return the entry that stands now. The course completes when this was the last thing missing.

    `points` is between 0 and the item's points, or None for excused work or a grade taken back. `source_id` names the
    attempt or submission. The enrolment is locked, so that entries of one student come one after another, and a repeat
    of what stands appends nothing. Raises GradeError `points_out_of_range` (400).
    """
    if points is not None and not 0 <= points <= item.points_possible:
        said = _("Give between 0 and %s points.") % floatformat(item.points_possible, -2)
        raise GradeError("points_out_of_range", said, status=400)
    points = None if is_excused else points
    # It fails with whatever calls it, so it needs no savepoint of its own.
    with transaction.atomic(savepoint=False):
        locked = _LOCKED.row(enrollment.pk)
        if locked is None:
            raise Enrollment.DoesNotExist
        ENROLLMENT.check("grade", locked.state, raises=GradeError)
        standing = _STANDING.row(item.pk, locked.pk)
        if standing and (standing.points, standing.is_excused, standing.source_id) == (points, is_excused, source_id):
            # The points may pass now that did not before: a regrade changes what is possible, too.
            complete_if_done(actor=actor, enrollment=locked)
            return standing
        entry = GradeEntry.objects.create(
            item_id=item.pk,
            enrollment=locked,
            points=points,
            is_excused=is_excused,
            reason=reason[:300],
            source_id=source_id,
            graded_by=actor if isinstance(actor, User) else None,
        )
        before = None if standing is None or standing.points is None else str(standing.points)
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
) -> dict[int, dict[int, Standing]]:
    """Return the grade that stands for each item, by enrolment: a `defaultdict`, empty for one without any. One query.

    Both go by their ids as numbers (`pk.int`): Python hashes and compares a UUID by functions written in Python, which
    was a third of what a gradebook cost.

    Without `item_ids`, of every item, published or not: for a whole gradebook, where planning with fifty more ids costs
    PostgreSQL more than the rows. A queryset of ids stays a subquery, so that a whole course is no list of a thousand
    parameters. Entries are folded in the order they were appended, so that the last one wins on every database.
    """
    rows = GradeEntry.objects.filter(enrollment__in=enrollment_ids).order_by("id")
    if item_ids is not None:
        rows = rows.filter(item__in=item_ids)
    found: dict[int, dict[int, Standing]] = defaultdict(dict)
    for enrollment_id, item_id, points, is_excused in rows.values_list(
        "enrollment_id", "item_id", "points", "is_excused"
    ):
        found[enrollment_id.int][item_id.int] = Standing(points, is_excused)
    return found
