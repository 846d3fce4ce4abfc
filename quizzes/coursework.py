"""What quizzes say to the learning room and to the completion of a course; registered when the app starts."""

import uuid
from collections import defaultdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from enrollments import registry
from enrollments.deadlines import Terms, terms_for_many
from enrollments.models import Enrollment, GradedItem, GradeEntry, ItemKind
from quizzes.attempts import attempts_left
from quizzes.models import Attempt, Quiz, QuizQuerySet


def page_of(item: GradedItem) -> str:
    """Return the address of a quiz's rules."""
    return reverse("quizzes:quiz", args=[item.pk])


def work_of(enrollment: Enrollment) -> list[registry.Work]:
    """Return the published quizzes of a course with how far the student is. Five queries."""
    quizzes = list(Quiz.objects.published().filter(course=enrollment.course_id))
    if not quizzes:
        return []
    attempts: dict[Any, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(enrollment=enrollment).defer("answers", "layout").order_by("number"):
        attempts[attempt.quiz_id].append(attempt)
    terms = terms_for_many(quizzes, enrollment)
    by_hand = _passed_by_hand(quizzes, enrollment)
    return [_work(quiz, attempts[quiz.pk], terms[quiz.pk], quiz.pk in by_hand) for quiz in quizzes]


def _work(quiz: Quiz, attempts: list[Attempt], terms: Terms, is_passed_by_hand: bool) -> registry.Work:
    return registry.Work(
        kind=ItemKind.QUIZ,
        title=quiz.title,
        url=page_of(quiz),
        lesson_id=quiz.lesson_id,
        state=_("Done") if is_passed_by_hand else state_in_words(quiz, attempts, terms),
        due_at=terms.due_at,
        is_required=quiz.is_required,
        is_done=is_passed_by_hand or any(one.passed for one in attempts),
    )


def state_in_words(quiz: Quiz, attempts: list[Attempt], terms: Terms) -> str:
    """Return how far a student is with a quiz."""
    scores = [one.score for one in attempts if one.score is not None]
    best = f", {max(scores)}%" if scores and quiz.show_score else ""
    if any(one.is_running for one in attempts):
        return _("Running: go on")
    if any(one.passed for one in attempts):
        return _("Passed") + best
    if any(one.passed is None for one in attempts):
        return _("Waits to be marked")
    left = attempts_left(terms, len(attempts))
    if left is None:
        return _("Not passed yet") + best if attempts else _("Not begun")
    return ngettext("%d attempt left", "%d attempts left", left) % left + best


def _not_passed(quizzes: QuizQuerySet, enrollment: Enrollment) -> list[str]:
    """Return the published ones of `quizzes` that are not passed. One query; one more where there are any."""
    passed = Attempt.objects.filter(enrollment=enrollment, passed=True)
    waiting = list(quizzes.published().exclude(attempts__in=passed))
    by_hand = _passed_by_hand(waiting, enrollment)
    return [_("the quiz “%s”") % quiz.title for quiz in waiting if quiz.pk not in by_hand]


def _passed_by_hand(quizzes: list[Quiz], enrollment: Enrollment) -> set[uuid.UUID]:
    """Return the ids of the quizzes that a teacher excused the student from, or gave a passing grade in the gradebook.

    One query; none without quizzes. A grade that comes from an attempt has a `source_id` and does not count here: the
    attempt itself passed or failed.
    """
    if not quizzes:
        return set()
    entries = GradeEntry.objects.filter(enrollment=enrollment, item__in=[quiz.pk for quiz in quizzes]).order_by("id")
    standing = {entry.item_id: entry for entry in entries}
    return {quiz.pk for quiz in quizzes if quiz.pk in standing and _passes(quiz, standing[quiz.pk])}


def _passes(quiz: Quiz, entry: GradeEntry) -> bool:
    if entry.is_excused:
        return True
    if entry.source_id is not None or entry.points is None:
        return False
    return quiz.is_passed_by(entry.points, quiz.points_possible)


def missing_for_course(enrollment: Enrollment) -> list[str]:
    """Return the required quizzes that are not passed (API.md, `/complete`). At most two queries."""
    return _not_passed(Quiz.objects.filter(course=enrollment.course_id, is_required=True), enrollment)


def missing_for_lesson(enrollment: Enrollment, lesson: Any) -> list[str]:
    """Return the quizzes of a lesson that are not passed: a lesson completed by its work asks for each of them."""
    return _not_passed(Quiz.objects.filter(lesson=lesson), enrollment)


registry.coursework.append(work_of)
registry.requirements.append(missing_for_course)
registry.lesson_requirements.append(missing_for_lesson)
registry.item_pages[ItemKind.QUIZ] = page_of
