"""What quizzes say to the learning room and to the completion of a course; registered when the app starts."""

from collections import defaultdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from enrollments import registry
from enrollments.deadlines import Terms, terms_for_many
from enrollments.models import Enrollment, GradedItem, ItemKind
from quizzes.attempts import attempts_left
from quizzes.models import Attempt, Quiz


def page_of(item: GradedItem) -> str:
    """Return the address of a quiz's rules."""
    return reverse("quizzes:quiz", args=[item.pk])


def work_of(enrollment: Enrollment) -> list[registry.Work]:
    """Return the published quizzes of a course with how far the student is. Four queries."""
    quizzes = list(Quiz.objects.published().filter(course=enrollment.course_id))
    if not quizzes:
        return []
    attempts: dict[Any, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(enrollment=enrollment).defer("answers", "layout").order_by("number"):
        attempts[attempt.quiz_id].append(attempt)
    terms = terms_for_many(quizzes, enrollment)
    return [_work(quiz, attempts[quiz.pk], terms[quiz.pk]) for quiz in quizzes]


def _work(quiz: Quiz, attempts: list[Attempt], terms: Terms) -> registry.Work:
    return registry.Work(
        kind=ItemKind.QUIZ,
        title=quiz.title,
        url=page_of(quiz),
        lesson_id=quiz.lesson_id,
        state=state_in_words(quiz, attempts, terms),
        due_at=terms.due_at,
        is_required=quiz.is_required,
        is_done=any(one.passed for one in attempts),
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


def _not_passed(quizzes: Any, enrollment: Enrollment) -> list[str]:
    waiting = (
        quizzes.published()
        .filter(is_required=True)
        .exclude(attempts__in=Attempt.objects.filter(enrollment=enrollment, passed=True))
    )
    return [_("the quiz “%s”") % title for title in waiting.values_list("title", flat=True)]


def missing_for_course(enrollment: Enrollment) -> list[str]:
    """Return the required quizzes that are not passed (API.md, `/complete`). One query."""
    return _not_passed(Quiz.objects.filter(course=enrollment.course_id), enrollment)


def missing_for_lesson(enrollment: Enrollment, lesson: Any) -> list[str]:
    """Return the quizzes of a lesson that are not passed: for a lesson done by its work, each counts."""
    waiting = (
        Quiz.objects.published()
        .filter(lesson=lesson)
        .exclude(attempts__in=Attempt.objects.filter(enrollment=enrollment, passed=True))
    )
    return [_("the quiz “%s”") % title for title in waiting.values_list("title", flat=True)]


registry.coursework.append(work_of)
registry.requirements.append(missing_for_course)
registry.lesson_requirements.append(missing_for_lesson)
registry.item_pages[ItemKind.QUIZ] = page_of
