"""Register quizzes with the course outline, completion and personal data."""

import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.registry import PersonalData, personal_data
from enrollments import registry
from enrollments.deadlines import Terms, get_terms_by_item
from enrollments.models import Enrollment, GradedItem, GradeEntry, ItemKind
from quizzes.attempts import count_attempts_left
from quizzes.models import Attempt, Quiz, QuizQuerySet


def get_quiz_url(item: GradedItem) -> str:
    return reverse("quizzes:quiz", args=[item.pk])


def list_work(enrollment: Enrollment) -> list[registry.CourseworkItem]:
    """Return the published quizzes of a course with the student's state. Five queries."""
    quizzes = list(Quiz.objects.published().filter(course=enrollment.course_id))
    if not quizzes:
        return []
    attempts: dict[Any, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(enrollment=enrollment).defer("answers", "layout").order_by("number"):
        attempts[attempt.quiz_id].append(attempt)
    terms = get_terms_by_item(quizzes, enrollment)
    by_hand = _find_passed_by_hand(quizzes, enrollment)
    return [_make_work(quiz, attempts[quiz.pk], terms[quiz.pk], quiz.pk in by_hand) for quiz in quizzes]


def _make_work(quiz: Quiz, attempts: list[Attempt], terms: Terms, is_passed_by_hand: bool) -> registry.CourseworkItem:
    return registry.CourseworkItem(
        kind=ItemKind.QUIZ,
        title=quiz.title,
        url=get_quiz_url(quiz),
        lesson_id=quiz.lesson_id,
        state=_("Done") if is_passed_by_hand else describe_state(quiz, attempts, terms),
        due_at=terms.due_at,
        is_required=quiz.is_required,
        is_done=is_passed_by_hand or any(one.passed for one in attempts),
    )


def describe_state(quiz: Quiz, attempts: list[Attempt], terms: Terms) -> str:
    """Return the student's state in a quiz for display, such as "Passed, 92%"."""
    scores = [one.score for one in attempts if one.score is not None]
    best = f", {max(scores)}%" if scores and quiz.show_score else ""
    if any(one.is_running for one in attempts):
        return _("In progress")
    if any(one.passed for one in attempts):
        return _("Passed") + best
    if any(one.passed is None for one in attempts):
        return _("Awaiting grading")
    left = count_attempts_left(terms, len(attempts))
    if left is None:
        return _("Not passed yet") + best if attempts else _("Not started")
    return ngettext("%d attempt left", "%d attempts left", left) % left + best


def _list_missing(quizzes: QuizQuerySet, enrollment: Enrollment) -> list[registry.MissingWork]:
    """Return the published `quizzes` that are not passed. One query; a second one if there are any."""
    passed = Attempt.objects.filter(enrollment=enrollment, passed=True)
    not_passed = list(quizzes.published().exclude(attempts__in=passed))
    by_hand = _find_passed_by_hand(not_passed, enrollment)
    return [
        registry.MissingWork(_("the quiz “%s”") % quiz.title, get_quiz_url(quiz))
        for quiz in not_passed
        if quiz.pk not in by_hand
    ]


def _find_passed_by_hand(quizzes: list[Quiz], enrollment: Enrollment) -> set[uuid.UUID]:
    """Return the ids of the quizzes that the student is excused from or has a passing grade for in the gradebook.

    One query; none without quizzes. Grades of attempts have a `source_id` and are ignored: the attempt itself is
    passed or failed.
    """
    if not quizzes:
        return set()
    entries = GradeEntry.objects.filter(enrollment=enrollment, item__in=[quiz.pk for quiz in quizzes]).order_by("id")
    newest = {entry.item_id: entry for entry in entries}
    return {quiz.pk for quiz in quizzes if quiz.pk in newest and _is_passing(quiz, newest[quiz.pk])}


def _is_passing(quiz: Quiz, entry: GradeEntry) -> bool:
    if entry.is_excused:
        return True
    if entry.source_id is not None or entry.points is None:
        return False
    return quiz.is_passed_by(entry.points, quiz.points_possible)


def list_missing_for_course(enrollment: Enrollment) -> list[registry.MissingWork]:
    """Return the required quizzes that are not passed (docs/api-contract.md, `/complete`). At most two queries."""
    return _list_missing(Quiz.objects.filter(course=enrollment.course_id, is_required=True), enrollment)


def list_missing_for_lesson(enrollment: Enrollment, lesson: Any) -> list[registry.MissingWork]:
    """Return the quizzes of a lesson that are not passed. At most two queries."""
    return _list_missing(Quiz.objects.filter(lesson=lesson), enrollment)


def list_waiting_attempts(user: Any) -> list[registry.WaitingWork]:
    """Return the quizzes with attempts that `user` may grade and that await grading. One query."""
    attempts = Attempt.objects.ungraded().editable_by(user).order_by()
    rows = attempts.values("quiz", "quiz__title", "quiz__course__title").annotate(waiting=Count("pk"))
    return [
        registry.WaitingWork(
            title=row["quiz__title"],
            course_title=row["quiz__course__title"],
            count=row["waiting"],
            url=reverse("quizzes:results", args=[row["quiz"]]),
        )
        for row in rows.order_by("quiz__course__title", "quiz__title", "quiz")
    ]


def list_submitted_quizzes(enrollment_ids: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, uuid.UUID], bool]:
    """Return the quizzes with a submitted attempt, by enrollment id and item id. One query."""
    rows = Attempt.objects.submitted().filter(enrollment__in=enrollment_ids).order_by()
    return dict.fromkeys(rows.values_list("enrollment_id", "quiz_id").distinct(), True)


def export_attempts(user: User) -> dict[str, Any]:
    """Return the attempts of a user with their answers. One query."""
    rows = Attempt.objects.filter(enrollment__user=user).order_by("started_at")
    return {
        "quiz_attempts": list(
            rows.values("quiz__title", "number", "started_at", "submitted_at", "answers", "score", "passed", "receipt")
        )
    }


registry.coursework.register("quizzes", list_work)
registry.requirements.register("quizzes", list_missing_for_course)
registry.lesson_requirements.register("quizzes", list_missing_for_lesson)
registry.waiting_work.register("quizzes", list_waiting_attempts)
registry.submitted_work.register("quizzes", list_submitted_quizzes)
registry.item_pages.register(ItemKind.QUIZ, get_quiz_url)
personal_data.register("quizzes", PersonalData(export_attempts))
