"""Marks into a score, scores into the ledger; marking by hand, and marking again after a key has changed."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from enrollments.grades import record_grade
from lms.lib.errors import DomainError
from lms.lib.prepared import Prepared
from lms.platform.audit import record
from quizzes.models import CENT, Attempt, Counts, Mark, Question, QuestionVersion, Quiz
from quizzes.question_types import AnswerError
from quizzes.states import ATTEMPT
from realtime.models import Event
from realtime.services import push


class MarkError(DomainError):
    """This answer cannot be marked like that."""


def apply_marks(attempt: Attempt, points: Iterable[Decimal | None]) -> None:
    """Set points, percent and `passed` from the marks that stand; unknown while one of them is. Saves nothing."""
    given = list(points)
    if any(one is None for one in given):
        attempt.points_earned = attempt.score = attempt.passed = None
        return
    earned = sum((one for one in given if one is not None), Decimal(0))
    attempt.points_earned = min(earned, Decimal(attempt.points_possible))
    attempt.score = int(attempt.points_earned * 100 / attempt.points_possible) if attempt.points_possible else 100
    attempt.passed = attempt.quiz.is_passed_by(attempt.points_earned, Decimal(attempt.points_possible))


def standing_marks(attempts: Iterable[Attempt]) -> dict[uuid.UUID, dict[str, Mark]]:
    """Return the last mark of each question, by attempt and question's id. One query."""
    found: dict[uuid.UUID, dict[str, Mark]] = defaultdict(dict)
    rows = Mark.objects.filter(attempt__in=list(attempts)).select_related("version").order_by("id")
    for mark in rows:
        found[mark.attempt_id][str(mark.question_id)] = mark
    return found


def counted_points(quiz: Quiz, attempts: list[Attempt]) -> Decimal | None:
    """Return what the attempts are worth together, in the quiz's points, by its policy; None while none is marked.

    `attempts` are in order.
    """
    worth = [
        quiz.in_ledger(one.points_earned, Decimal(one.points_possible))
        for one in attempts
        if one.points_earned is not None and one.submitted_at is not None
    ]
    if not worth:
        return None
    if quiz.counts == Counts.AVERAGE:
        return (sum(worth, Decimal(0)) / len(worth)).quantize(CENT, ROUND_HALF_UP)
    chosen = {Counts.BEST: max(worth), Counts.LAST: worth[-1], Counts.FIRST: worth[0]}
    return chosen[Counts(quiz.counts)]


_SUBMITTED = Prepared(
    lambda quiz_id, enrollment_id: (
        Attempt.objects.submitted()
        .filter(quiz=quiz_id, enrollment=enrollment_id)
        .order_by("number")
        .only("submitted_at", "points_earned", "points_possible")
    )
)


def enter_in_ledger(attempt: Attempt, *, actor: Any, reason: str = "") -> None:
    """Write what the student's attempts are worth by now into the ledger of grades."""
    points = counted_points(attempt.quiz, _SUBMITTED.rows(attempt.quiz_id, attempt.enrollment_id))
    if points is not None:
        record_grade(
            actor=actor,
            item=attempt.quiz,
            enrollment=attempt.enrollment,
            points=points,
            reason=reason,
            source_id=attempt.pk,
        )


def tell_student(attempt: Attempt) -> None:
    """Tell the student that somebody else has graded their attempt: an instructor, or the clock."""
    payload = {
        "quiz_id": str(attempt.quiz_id),
        "attempt_id": str(attempt.pk),
        "course_id": str(attempt.quiz.course_id),
        "title": attempt.quiz.title,
        "score": attempt.score if attempt.quiz.show_score else None,
        "passed": attempt.passed if attempt.quiz.show_score else None,
    }
    push([attempt.enrollment.user_id], Event.QUIZ_GRADED, payload)


@transaction.atomic
def mark_answer(
    *, actor: User, attempt: Attempt, question_id: Any, points: Decimal, feedback: str = "", reason: str = ""
) -> Attempt:
    """Give an answer points by hand: an essay that waits, or another mark than the key's; return the attempt.

    Appended to the marks' history. Raises MarkError `not_submitted` (409), `unknown_question`, `points_out_of_range` or
    `reason_required` (400: whoever overrides a mark says why).
    """
    locked = (
        Attempt.objects.select_for_update(of=("self",)).select_related("quiz", "enrollment__user").get(pk=attempt.pk)
    )
    ATTEMPT.check("mark", locked.state, raises=MarkError)
    marks = locked.standing
    before = marks.get(str(question_id))
    if before is None:
        raise MarkError("unknown_question", _("This attempt has no such question."), status=400)
    if not 0 <= points <= before.version.points:
        said = _("Give between 0 and %d points.") % before.version.points
        raise MarkError("points_out_of_range", said, status=400)
    if not before.version.kind.is_marked_by_hand and not reason.strip():
        raise MarkError("reason_required", _("Say why the mark changes."), status=400)
    given = Mark.objects.create(
        attempt=locked,
        version=before.version,
        question_id=before.question_id,
        kind=Mark.Kind.MANUAL,
        points=points,
        feedback=feedback,
        reason=reason[:300],
        graded_by=actor,
    )
    marks[str(question_id)] = given
    was = None if before.points is None else str(before.points)
    changes = {"attempt": str(locked.pk), "question": str(question_id), "points": [was, str(points)], "reason": reason}
    record(actor=actor, action="quizzes.marked", target=locked.quiz, subject=locked.enrollment.user, changes=changes)
    _settle(locked, marks, actor=actor, reason=reason)
    if locked.passed is not None:
        tell_student(locked)
    return locked


def _settle(attempt: Attempt, marks: dict[str, Mark], *, actor: Any, reason: str) -> None:
    """Save what the marks add up to, and enter it in the ledger."""
    apply_marks(attempt, [mark.points for mark in marks.values()])
    attempt.save(update_fields=["score", "points_earned", "points_possible", "passed"])
    enter_in_ledger(attempt, actor=actor, reason=reason)


@dataclass(frozen=True)
class Regraded:
    """What marking again does to one attempt: points before and after, the latter of `possible`; and the new marks."""

    attempt: Attempt
    before: Decimal | None
    after: Decimal | None
    possible: Decimal
    marks: list[Mark]

    @property
    def is_changed(self) -> bool:
        """Whether the student's points, or the points there are, become others."""
        return self.before != self.after or self.possible != self.attempt.points_possible


def preview_regrade(quiz: Quiz) -> list[Regraded]:
    """Return what marking by today's keys and points would do to each submitted attempt that it touches.

    Marks given by hand stay; so do questions that were deleted or became another type. Three queries.
    """
    rows = quiz.attempts.submitted().select_related("quiz", "enrollment__user").order_by("enrollment", "number")
    return _regraded(quiz, list(rows))


def _regraded(quiz: Quiz, attempts: list[Attempt]) -> list[Regraded]:
    today = {
        str(one.pk): one.current
        for one in Question.objects.filter(quiz=quiz).present().select_related("current")
        if one.current
    }
    marks = standing_marks(attempts)
    found = []
    for attempt in attempts:
        standing = marks[attempt.pk]
        changed = [mark for key, old in standing.items() if (mark := _marked_again(attempt, old, today.get(key)))]
        if changed:
            found.append(_outcome(attempt, standing, changed))
    return found


def _outcome(attempt: Attempt, standing: dict[str, Mark], changed: list[Mark]) -> Regraded:
    after = {**standing, **{str(mark.question_id): mark for mark in changed}}.values()
    points = [mark.points for mark in after]
    total = None if None in points else sum((one for one in points if one is not None), Decimal(0))
    possible = sum((Decimal(mark.version.points) for mark in after), Decimal(0))
    return Regraded(attempt, attempt.points_earned, total, possible, changed)


def _marked_again(attempt: Attempt, old: Mark, version: QuestionVersion | None) -> Mark | None:
    """Return the mark by today's version; None where nothing is to be marked again."""
    if version is None or version.pk == old.version_id or version.question_type != old.version.question_type:
        return None
    if old.kind == Mark.Kind.MANUAL or version.kind.is_marked_by_hand:
        points = None if old.points is None else min(old.points, Decimal(version.points))
        return Mark(
            attempt=attempt,
            version=version,
            question_id=old.question_id,
            kind=old.kind,
            points=points,
            feedback=old.feedback,
        )
    points = _points_by(version, attempt.answers.get(str(old.question_id)))
    return Mark(attempt=attempt, version=version, question_id=old.question_id, kind=Mark.Kind.REGRADE, points=points)


def _points_by(version: QuestionVersion, answer: Any) -> Decimal | None:
    """Return what an answer earns by a version that it was not given to. Options that are gone earn nothing."""
    left = None if answer is None else version.kind.remaining(version, answer)
    try:
        return version.earned(None if left is None else version.kind.check(version, left))
    except AnswerError:
        return Decimal(0)


@transaction.atomic
def regrade(*, actor: User, quiz: Quiz, reason: str) -> list[Regraded]:
    """Mark the submitted attempts by today's keys and points; return what that changed. A repeat changes nothing.

    Those are told whose score changed, nobody else (QUALITY Q09). Everything is appended and audited.
    """
    rows = quiz.attempts.submitted().select_for_update(of=("self",)).select_related("quiz", "enrollment__user")
    found = _regraded(quiz, list(rows.order_by("pk")))
    for one in found:
        for mark in one.marks:
            mark.graded_by, mark.reason = actor, reason[:300]
        Mark.objects.bulk_create(one.marks)
    standing = standing_marks([one.attempt for one in found])
    changed = [one for one in found if one.is_changed]
    for one in found:
        one.attempt.points_possible = one.possible
        _settle(one.attempt, standing[one.attempt.pk], actor=actor, reason=reason)
    count = {"attempts": len(found), "changed": len(changed), "reason": reason}
    record(actor=actor, action="quizzes.regraded", target=quiz, changes=count)
    for one in changed:
        if one.before != one.after:
            tell_student(one.attempt)
    return found
