"""Passing a quiz after its pass mark was lowered."""

import uuid
from decimal import Decimal

from django.db import transaction

from enrollments.completion import complete_finished_enrollments
from quizzes.marking import tell_student
from quizzes.models import Attempt, Quiz

CHUNK = 500


def apply_pass_mark(*, quiz_id: uuid.UUID) -> int:
    """Let the submitted attempts pass that reach the quiz's pass mark by now; return how many did not before.

    An attempt that passed stays passed when the mark is raised. Then the course's students who miss nothing any more
    complete it. A repeat changes nothing, and nor does a quiz that is deleted.
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
    """Lock the next failed attempts in order of their ids, let those pass that reach the mark, and return all of them.

    The points are compared in Python: SQLite compares decimals as floats (QUALITY Q11).
    """
    rows = Attempt.objects.submitted().filter(quiz=quiz, passed=False, points_earned__isnull=False)
    rows = rows if after is None else rows.filter(pk__gt=after)
    locked = rows.select_for_update(of=("self",)).select_related("quiz", "enrollment").defer("answers", "layout")
    failed = list(locked.order_by("pk")[:CHUNK])
    for attempt in failed:
        attempt.passed = attempt.quiz.is_passed_by(attempt.points_earned or Decimal(0), attempt.points_possible)
    reached = [attempt for attempt in failed if attempt.passed]
    Attempt.objects.filter(pk__in=[attempt.pk for attempt in reached]).update(passed=True)
    for attempt in reached:
        tell_student(attempt)
    return failed
