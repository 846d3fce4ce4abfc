"""Writing down who learned."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from analytics.models import Activity, Learner
from enrollments.models import Enrollment


@transaction.atomic
def write_activity(*, notes: Mapping[tuple[UUID, UUID, datetime], datetime]) -> None:
    """Append activity, and move on when enrolments were last used: by user, course and quarter, the latest moment.

    A repeat changes nothing, and of who is not enrolled nothing is kept. Five queries for any number of notes, two more
    when somebody learns for the first time. The enrolments are locked in the order of their ids, so that two processes
    that write at once do not deadlock.
    """
    latest: dict[tuple[UUID, UUID], datetime] = {}
    for (user_id, course_id, _quarter), at in notes.items():
        latest[user_id, course_id] = max(at, latest.get((user_id, course_id), at))
    enrolled = _move_on(latest)
    numbers = learners({user_id for user_id, _course in enrolled})
    Activity.objects.bulk_create(
        (
            Activity(learner_id=numbers[user_id], course_id=course_id, quarter_at=quarter)
            for user_id, course_id, quarter in notes
            if (user_id, course_id) in enrolled
        ),
        ignore_conflicts=True,
    )


def _move_on(latest: dict[tuple[UUID, UUID], datetime]) -> set[tuple[UUID, UUID]]:
    """Set when enrolments were last used, where that is later than what they say; return which of these pairs of user
    and course are enrolments. Three queries."""
    users, courses = {user_id for user_id, _course in latest}, {course_id for _user, course_id in latest}
    rows = Enrollment.objects.filter(user__in=users, course__in=courses).order_by()
    ours = [pk for pk, *pair in rows.values_list("pk", "user_id", "course_id") if tuple(pair) in latest]
    enrolled, moved = set(), []
    for row in Enrollment.objects.filter(pk__in=ours).select_for_update(of=("self",)).order_by("pk"):
        enrolled.add((row.user_id, row.course_id))
        at = latest[row.user_id, row.course_id]
        if at > row.last_activity_at:
            row.last_activity_at = at
            moved.append(row)
    Enrollment.objects.bulk_update(moved, ["last_activity_at"], batch_size=500)
    return enrolled


def learners(user_ids: set[UUID]) -> dict[UUID, int]:
    """Return the numbers of these people, given to those who have none yet. One query, two more for new ones."""
    known = dict(Learner.objects.filter(user__in=user_ids).values_list("user_id", "number"))
    missing = sorted(user_ids - set(known))
    if missing:
        Learner.objects.bulk_create((Learner(user_id=user_id) for user_id in missing), ignore_conflicts=True)
        known |= dict(Learner.objects.filter(user__in=missing).values_list("user_id", "number"))
    return known
