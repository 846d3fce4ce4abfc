"""Services for grades: scores, the grade ledger, grading by hand, regrading, and a lowered passing score."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from core.http.errors import DomainError
from core.text.characters import is_blank
from enrollments.completion import complete_finished_enrollments
from enrollments.grades import record_grade
from quizzes.models import CENT, Attempt, Counts, Mark, Question, QuestionVersion, Quiz
from quizzes.question_types import AnswerError
from quizzes.states import ATTEMPT
from realtime.models import Event
from realtime.services import push

CHUNK = 500  # attempts that are locked in one transaction


class GradingError(DomainError):
    """The answer cannot be graded as requested."""


def apply_marks(attempt: Attempt, points: Iterable[Decimal | None]) -> None:
    """Set points, score and `passed` from the points of the marks; None while a mark is missing. Does not save."""
    values = list(points)
    if any(one is None for one in values):
        attempt.points_earned = attempt.score = attempt.passed = None
        return
    earned = sum((one for one in values if one is not None), Decimal(0))
    attempt.points_earned = min(earned, Decimal(attempt.points_possible))
    attempt.score = int(attempt.points_earned * 100 / attempt.points_possible) if attempt.points_possible else 100
    attempt.passed = attempt.quiz.is_passed_by(attempt.points_earned, Decimal(attempt.points_possible))


def load_current_marks(attempts: Iterable[Attempt]) -> dict[uuid.UUID, dict[str, Mark]]:
    """Return the newest mark of each question, by attempt id and question id. One query."""
    newest: dict[uuid.UUID, dict[str, Mark]] = defaultdict(dict)
    rows = Mark.objects.filter(attempt__in=list(attempts)).select_related("version").order_by("id")
    for mark in rows:
        newest[mark.attempt_id][str(mark.question_id)] = mark
    return newest


def compute_counted_points(quiz: Quiz, attempts: list[Attempt]) -> Decimal | None:
    """Return the points of a student by the quiz's `counts` policy; None if no attempt is graded.

    `attempts` are the student's attempts, oldest first.
    """
    points = [
        quiz.scale_points(one.points_earned, Decimal(one.points_possible))
        for one in attempts
        if one.points_earned is not None and one.submitted_at is not None
    ]
    if not points:
        return None
    if quiz.counts == Counts.AVERAGE:
        return (sum(points, Decimal(0)) / len(points)).quantize(CENT, ROUND_HALF_UP)
    counted = {Counts.BEST: max(points), Counts.LAST: points[-1], Counts.FIRST: points[0]}
    return counted[Counts(quiz.counts)]


def record_quiz_grade(attempt: Attempt, *, actor: Any, reason: str = "") -> None:
    """Record the student's grade for the quiz of the attempt in the grade ledger."""
    rows = Attempt.objects.submitted().filter(quiz=attempt.quiz_id, enrollment=attempt.enrollment_id)
    attempts = rows.order_by("number").only("submitted_at", "points_earned", "points_possible")
    points = compute_counted_points(attempt.quiz, list(attempts))
    if points is not None:
        record_grade(
            actor=actor,
            item=attempt.quiz,
            enrollment=attempt.enrollment,
            points=points,
            reason=reason,
            source_id=attempt.pk,
        )


def notify_student(attempt: Attempt) -> None:
    """Notify the student that their attempt was graded by the instructor or after the deadline."""
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
def grade_answer(
    *, actor: User, attempt: Attempt, question_id: Any, points: Decimal, feedback: str = "", reason: str = ""
) -> Attempt:
    """Grade an answer by hand, an essay or instead of the automatic points; return the attempt.

    Appends a mark; the earlier marks are not changed. Raises GradingError `not_submitted` (409), `unknown_question`,
    `points_out_of_range` or `reason_required` (400; overriding automatic points requires a reason), `not_your_course`
    (403) unless `actor` may edit the course.
    """
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("quiz__course", "enrollment__user")
    locked = rows.get(pk=attempt.pk)
    if not locked.quiz.course.is_editable_by(actor):
        raise GradingError("not_your_course", _("Only the instructor of the course can grade."), status=403)
    ATTEMPT.check("grade", locked.state, raises=GradingError)
    marks = locked.current_marks
    before = marks.get(str(question_id))
    if before is None:
        raise GradingError("unknown_question", _("This attempt has no such question."), status=400)
    if not 0 <= points <= before.version.points:
        detail = _("Enter between 0 and %d points.") % before.version.points
        raise GradingError("points_out_of_range", detail, status=400)
    if not before.version.type.is_graded_by_hand and is_blank(reason):
        raise GradingError("reason_required", _("Enter the reason for the change."), status=400)
    mark = Mark.objects.create(
        attempt=locked,
        version=before.version,
        question_id=before.question_id,
        kind=Mark.Kind.MANUAL,
        points=points,
        feedback=feedback,
        reason=reason[:300],
        graded_by=actor,
    )
    marks[str(question_id)] = mark
    old_points = None if before.points is None else str(before.points)
    changes = {
        "attempt": str(locked.pk),
        "question": str(question_id),
        "points": [old_points, str(points)],
        "reason": reason,
    }
    record(actor=actor, action="quizzes.marked", target=locked.quiz, subject=locked.enrollment.user, changes=changes)
    _save_result(locked, marks, actor=actor, reason=reason)
    if locked.passed is not None:
        notify_student(locked)
    return locked


def _save_result(attempt: Attempt, marks: dict[str, Mark], *, actor: Any, reason: str) -> None:
    """Save the result of the marks in the attempt and in the grade ledger."""
    apply_marks(attempt, [mark.points for mark in marks.values()])
    attempt.save(update_fields=["score", "points_earned", "points_possible", "passed"])
    record_quiz_grade(attempt, actor=actor, reason=reason)


@dataclass(frozen=True)
class RegradeResult:
    """The effect of a regrade on one attempt: points before and after, points possible after, and the new marks.

    `before` and `after` are None while an essay awaits grading; `graded_before` and `graded_after` are the points of
    the answers that are graded.
    """

    attempt: Attempt
    before: Decimal | None
    after: Decimal | None
    graded_before: Decimal
    graded_after: Decimal
    possible: Decimal
    marks: list[Mark]

    @property
    def is_changed(self) -> bool:
        """Return whether the points earned or the points possible change."""
        return self.has_new_points or self.possible != self.attempt.points_possible

    @property
    def has_new_points(self) -> bool:
        """Return whether the points earned change, of the whole attempt or of the answers that are graded."""
        return self.before != self.after or self.graded_before != self.graded_after


def preview_regrade(quiz: Quiz) -> list[RegradeResult]:
    """Return the effect of a regrade by the current keys and points on each affected attempt. Three queries.

    Points given by hand do not change, nor do the marks of questions that were deleted or changed their type.
    """
    rows = quiz.attempts.submitted().select_related("quiz", "enrollment__user").order_by("enrollment", "number")
    return _compute_regrade(quiz, list(rows))


def _compute_regrade(quiz: Quiz, attempts: list[Attempt]) -> list[RegradeResult]:
    versions = {
        str(one.pk): one.current
        for one in Question.objects.filter(quiz=quiz).present().select_related("current")
        if one.current
    }
    marks = load_current_marks(attempts)
    results = []
    for attempt in attempts:
        old_marks = marks[attempt.pk]
        new_marks = [mark for key, old in old_marks.items() if (mark := _regrade_mark(attempt, old, versions.get(key)))]
        if new_marks:
            results.append(_make_result(attempt, old_marks, new_marks))
    return results


def _make_result(attempt: Attempt, old_marks: dict[str, Mark], new_marks: list[Mark]) -> RegradeResult:
    after = {**old_marks, **{str(mark.question_id): mark for mark in new_marks}}.values()
    graded_before, graded_after = _sum_graded(old_marks.values()), _sum_graded(after)
    is_waiting = any(mark.points is None for mark in after)
    possible = sum((Decimal(mark.version.points) for mark in after), Decimal(0))
    return RegradeResult(
        attempt=attempt,
        before=attempt.points_earned,
        after=None if is_waiting else graded_after,
        graded_before=graded_before,
        graded_after=graded_after,
        possible=possible,
        marks=new_marks,
    )


def _sum_graded(marks: Iterable[Mark]) -> Decimal:
    return sum((mark.points for mark in marks if mark.points is not None), Decimal(0))


def _regrade_mark(attempt: Attempt, old: Mark, version: QuestionVersion | None) -> Mark | None:
    """Return the mark by the current version of the question; None if the old mark stays valid."""
    if version is None or version.pk == old.version_id or version.question_type != old.version.question_type:
        return None
    if old.kind == Mark.Kind.MANUAL or version.type.is_graded_by_hand:
        points = None if old.points is None else min(old.points, Decimal(version.points))
        return Mark(
            attempt=attempt,
            version=version,
            question_id=old.question_id,
            kind=old.kind,
            points=points,
            feedback=old.feedback,
        )
    points = _compute_points(version, attempt.answers.get(str(old.question_id)))
    return Mark(attempt=attempt, version=version, question_id=old.question_id, kind=Mark.Kind.REGRADE, points=points)


def _compute_points(version: QuestionVersion, answer: Any) -> Decimal | None:
    """Return the points of an answer, given to an earlier version, by this version. Deleted options earn 0."""
    remaining = None if answer is None else version.type.drop_deleted_options(version, answer)
    try:
        return version.compute_points(None if remaining is None else version.type.clean_answer(version, remaining))
    except AnswerError:
        return Decimal(0)


@transaction.atomic
def regrade_quiz(*, actor: User, quiz: Quiz, reason: str) -> list[RegradeResult]:
    """Regrade the submitted attempts by the current keys and points; return the effects. A repeat has no effect.

    Only students whose points changed are notified (quality row Q09). The marks are appended, and the regrade is
    recorded in the audit log.
    """
    rows = quiz.attempts.submitted().select_for_update(of=("self",)).select_related("quiz", "enrollment__user")
    results = _compute_regrade(quiz, list(rows.order_by("pk")))
    for result in results:
        for mark in result.marks:
            mark.graded_by, mark.reason = actor, reason[:300]
        Mark.objects.bulk_create(result.marks)
    marks = load_current_marks([result.attempt for result in results])
    for result in results:
        result.attempt.points_possible = result.possible
        _save_result(result.attempt, marks[result.attempt.pk], actor=actor, reason=reason)
    changed = sum(result.is_changed for result in results)
    changes = {"attempts": len(results), "changed": changed, "reason": reason}
    record(actor=actor, action="quizzes.regraded", target=quiz, changes=changes)
    for result in results:
        if result.before != result.after:
            notify_student(result.attempt)
    return results


def apply_passing_score(*, quiz_id: uuid.UUID) -> int:
    """Mark the failed attempts as passed that reach the quiz's current passing score; return their number.

    Passed attempts stay passed if the passing score is raised. Then the enrollments that meet all requirements of the
    course are completed. A repeat has no effect. A deleted quiz is ignored.
    """
    quiz = Quiz.objects.filter(pk=quiz_id).first()
    if quiz is None:
        return 0
    passed = 0
    chunk = _pass_chunk(quiz, after=None)
    while chunk:
        passed += sum(bool(attempt.passed) for attempt in chunk)
        chunk = _pass_chunk(quiz, after=chunk[-1].pk)
    complete_finished_enrollments(course_id=quiz.course_id)
    return passed


@transaction.atomic
def _pass_chunk(quiz: Quiz, *, after: uuid.UUID | None) -> list[Attempt]:
    """Lock the next failed attempts by id, update those that reach the passing score, and return all of them.

    The points are compared in Python because SQLite compares decimals as floats (quality row Q11).
    """
    rows = Attempt.objects.submitted().filter(quiz=quiz, passed=False, points_earned__isnull=False)
    rows = rows if after is None else rows.filter(pk__gt=after)
    locked = rows.select_for_update(of=("self",)).select_related("quiz", "enrollment").defer("answers", "layout")
    failed = list(locked.order_by("pk")[:CHUNK])
    for attempt in failed:
        attempt.passed = attempt.quiz.is_passed_by(attempt.points_earned or Decimal(0), attempt.points_possible)
    passed = [attempt for attempt in failed if attempt.passed]
    Attempt.objects.filter(pk__in=[attempt.pk for attempt in passed]).update(passed=True)
    for attempt in passed:
        notify_student(attempt)
    return failed
