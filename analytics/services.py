"""Services that store learning activity."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from analytics.models import Activity, Learner
from enrollments.models import Enrollment


@transaction.atomic
def write_activity(*, records: Mapping[tuple[UUID, UUID, datetime], datetime]) -> None:
    """Append activity and update `last_activity_at` of the enrollments.

    `records` maps user, course and quarter to the latest time. Repeated records have no effect; those of users who are
    not enrolled are dropped. Five queries for any number of records, two more for new learners. The enrollments are
    locked in the order of their ids, so that processes that write at the same time do not deadlock.
    """
    latest: dict[tuple[UUID, UUID], datetime] = {}
    for (user_id, course_id, _quarter), at in records.items():
        latest[user_id, course_id] = max(at, latest.get((user_id, course_id), at))
    enrolled = _update_last_activity(latest)
    numbers = ensure_learners({user_id for user_id, _course in enrolled})
    Activity.objects.bulk_create(
        (
            Activity(learner_id=numbers[user_id], course_id=course_id, quarter_at=quarter)
            for user_id, course_id, quarter in records
            if (user_id, course_id) in enrolled
        ),
        ignore_conflicts=True,
    )


def _update_last_activity(latest: dict[tuple[UUID, UUID], datetime]) -> set[tuple[UUID, UUID]]:
    """Set `last_activity_at` where the new time is later; return the (user, course) pairs that are enrolled.

    Three queries.
    """
    users, courses = {user_id for user_id, _course in latest}, {course_id for _user, course_id in latest}
    rows = Enrollment.objects.filter(user__in=users, course__in=courses).order_by()
    matching = [pk for pk, *pair in rows.values_list("pk", "user_id", "course_id") if tuple(pair) in latest]
    enrolled, changed = set(), []
    for row in Enrollment.objects.filter(pk__in=matching).select_for_update(of=("self",)).order_by("pk"):
        enrolled.add((row.user_id, row.course_id))
        at = latest[row.user_id, row.course_id]
        if at > row.last_activity_at:
            row.last_activity_at = at
            changed.append(row)
    Enrollment.objects.bulk_update(changed, ["last_activity_at"], batch_size=500)
    return enrolled


def ensure_learners(user_ids: set[UUID]) -> dict[UUID, int]:
    """Return the learner numbers of users, creating the missing ones. One query, two more if any is missing."""
    known = dict(Learner.objects.filter(user__in=user_ids).values_list("user_id", "number"))
    missing = sorted(user_ids - set(known))
    if missing:
        Learner.objects.bulk_create((Learner(user_id=user_id) for user_id in missing), ignore_conflicts=True)
        known |= dict(Learner.objects.filter(user__in=missing).values_list("user_id", "number"))
    return known
