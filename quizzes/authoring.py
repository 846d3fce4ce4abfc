"""Writing quizzes: the quiz, its questions in versions, publishing. Keys change by another version, never in place."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from courses.models import Course
from files import services as files
from files.models import File, Purpose
from lms.lib import markdown
from lms.lib.errors import DomainError
from lms.platform.audit import record
from quizzes.models import Question, QuestionVersion, Quiz
from quizzes.question_types import TYPES, QuestionError

MOST_QUESTIONS = 200
KEY_FIELDS = ("options", "correct_answer", "accepted_answers", "tolerance")
PLAIN_FIELDS = ("question_text", "points", "explanation")


class QuizError(DomainError):
    """The quiz cannot be written, or published, like that."""


@transaction.atomic
def create_quiz(*, actor: User, course: Course, **fields: Any) -> Quiz:
    """Begin a quiz, unpublished; return it. Raises QuizError `wrong_lesson` (400), ValidationError for its fields."""
    places = course.graded_items.aggregate(last=Max("position"))
    quiz = Quiz(course=course, position=(places["last"] or 0) + 1, **fields)
    _check(quiz)
    quiz.save(force_insert=True)
    record(actor=actor, action="quizzes.created", target=quiz, changes={"title": quiz.title})
    return quiz


@transaction.atomic
def update_quiz(*, actor: User, quiz: Quiz, **fields: Any) -> Quiz:
    """Change a quiz's rules; return it. `is_published` goes through publishing. Running attempts keep their time."""
    quiz = Quiz.objects.select_for_update(of=("self",)).select_related("course").get(pk=quiz.pk)
    publish = fields.pop("is_published", quiz.is_published)
    changes = {name: [str(getattr(quiz, name)), str(new)] for name, new in fields.items() if getattr(quiz, name) != new}
    for name, new in fields.items():
        setattr(quiz, name, new)
    _check(quiz)
    quiz.save()
    if changes:
        record(actor=actor, action="quizzes.changed", target=quiz, changes=changes)
    return set_published(actor=actor, quiz=quiz, published=publish) if publish != quiz.is_published else quiz


def _check(quiz: Quiz) -> None:
    """Raise what is wrong with the quiz's fields."""
    if quiz.lesson_id and quiz.lesson and quiz.lesson.course_id != quiz.course_id:
        raise QuizError("wrong_lesson", _("This lesson is in another course."), status=400)
    if quiz.opens_at and quiz.closes_at and quiz.closes_at <= quiz.opens_at:
        raise QuizError("closes_before_opening", _("It would close before it opens."), status=400)
    quiz.full_clean(exclude=["graded_item_ptr", "gradeditem_ptr"], validate_unique=False, validate_constraints=False)


@transaction.atomic
def set_published(*, actor: User, quiz: Quiz, published: bool) -> Quiz:
    """Show a quiz to its students, or take it back; return it. Raises QuizError `nothing_to_publish` (409)."""
    quiz = Quiz.objects.select_for_update(of=("self",)).select_related("course").get(pk=quiz.pk)
    if published == quiz.is_published:
        return quiz
    if published:
        require_verified_email(actor)
        if not quiz.questions.present().exists():
            raise QuizError("nothing_to_publish", _("Write at least one question first."))
    quiz.is_published = published
    quiz.save(update_fields=["is_published", "updated_at"])
    record(actor=actor, action="quizzes.published" if published else "quizzes.unpublished", target=quiz)
    return quiz


@transaction.atomic
def delete_quiz(*, actor: User, quiz: Quiz) -> None:
    """Delete a quiz that nobody has taken. Raises QuizError `has_attempts` (409)."""
    if quiz.attempts.exists() or quiz.grades.exists():
        raise QuizError("has_attempts", _("Students have taken this quiz. Take it back instead; their work stays."))
    record(actor=actor, action="quizzes.deleted", target=quiz, changes={"title": quiz.title})
    quiz.questions.update(current=None)
    quiz.delete()


@transaction.atomic
def add_question(*, actor: User, quiz: Quiz, order: int | None = None, **fields: Any) -> Question:
    """Append a question; return it. Raises QuestionError `invalid_question` (400), QuizError `too_many` (409)."""
    quiz = Quiz.objects.select_for_update(of=("self",)).get(pk=quiz.pk)
    present = quiz.questions.present()
    if present.count() >= MOST_QUESTIONS:
        raise QuizError("too_many", _("A quiz has at most %d questions.") % MOST_QUESTIONS)
    last = present.aggregate(last=Max("order"))["last"] or 0
    question = Question.objects.create(quiz=quiz, order=last + 1 if order is None else order)
    _write_version(question, 1, _cleaned(fields))
    _sum_points(quiz)
    record(actor=actor, action="quizzes.question_added", target=quiz, changes={"question": str(question.pk)})
    return question


@transaction.atomic
def change_question(*, actor: User, question: Question, order: int | None = None, **fields: Any) -> Question:
    """Write another version of a question; return it. Attempts keep theirs until somebody regrades (QUALITY Q09)."""
    question = Question.objects.select_for_update(of=("self",)).select_related("current", "quiz").get(pk=question.pk)
    if order is not None and order != question.order:
        question.order = order
        question.save(update_fields=["order"])
    current = question.current
    if fields and current is not None:
        wanted = _cleaned(_with_known_ids(current, fields), current)
        if any(getattr(current, name) != value for name, value in wanted.items()):
            _write_version(question, current.number + 1, wanted)
            _sum_points(question.quiz)
            changes = {"question": str(question.pk), "version": current.number + 1}
            record(actor=actor, action="quizzes.question_changed", target=question.quiz, changes=changes)
    return question


def _with_known_ids(current: QuestionVersion, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields, each option without an id given the id that its text had before.

    Compared with the newest version whose options have the same shape: the current one, or, after a change of the
    type and back, the last one of that type.
    """
    kind, options = TYPES.get(fields.get("question_type", current.question_type)), fields.get("options")
    if kind is None or not options:
        return fields
    versions = current.question.versions.order_by("-number").values_list("options", flat=True)
    before = next((known for known in versions.iterator() if known and type(known) is type(options)), None)
    return fields if before is None else {**fields, "options": kind.with_known_ids(options, before)}


def add_picture(*, actor: User, quiz: Quiz, content: UploadedFile, shows: str) -> tuple[File, str]:
    """Take in a picture for a question, as material of the course; return it, and the Markdown that shows it.

    Raises FileError for what is no picture, or too large (400, 413, 415).
    """
    file = files.upload(actor=actor, content=content, purpose=Purpose.COURSE_MATERIAL, course_id=quiz.course_id)
    words = " ".join(shows.translate({ord(sign): "" for sign in "[]\\`"}).split())
    return file, f"![{words}]({reverse('files:picture', args=[file.pk, max(file.widths)])})"


def _cleaned(fields: dict[str, Any], before: QuestionVersion | None = None) -> dict[str, Any]:
    """Return all fields of a version from those that are given and those that were before."""
    merged = {name: getattr(before, name) for name in ("question_type", *PLAIN_FIELDS, *KEY_FIELDS)} if before else {}
    if before and "correct_answer" in fields and "options" not in fields:
        # The marks on the old options must not argue with the new key.
        merged["options"] = _without_marks(merged["options"])
    if before and "options" in fields and "correct_answer" not in fields and _has_marks(fields["options"]):
        merged["correct_answer"] = None
    merged |= fields
    kind = TYPES.get(merged.get("question_type", ""))
    if kind is None:
        raise QuestionError("invalid_question", _("There is no such type of question."))
    text = merged.get("question_text") or ""
    if not isinstance(text, str) or not text.strip():
        raise QuestionError("invalid_question", _("Write the question."))
    key = kind.clean(**{name: merged.get(name) for name in KEY_FIELDS})
    plain = {"question_text": text, "points": merged.get("points", 1), "explanation": merged.get("explanation", "")}
    return {"question_type": kind.name, **plain, **key}


def _has_marks(options: Any) -> bool:
    return isinstance(options, list) and any(isinstance(one, dict) and "is_correct" in one for one in options)


def _without_marks(options: Any) -> Any:
    if not isinstance(options, list):
        return options
    return [{name: value for name, value in one.items() if name != "is_correct"} for one in options]


def _write_version(question: Question, number: int, fields: dict[str, Any]) -> None:
    html = markdown.to_html(fields["question_text"])
    question.current = QuestionVersion.objects.create(question=question, number=number, question_html=html, **fields)
    question.save(update_fields=["current"])


def _sum_points(quiz: Quiz) -> None:
    """Keep the quiz's points the sum of its questions'."""
    total = quiz.questions.present().aggregate(total=Sum("current__points"))["total"] or 0
    Quiz.objects.filter(pk=quiz.pk).update(points_possible=total)


@transaction.atomic
def delete_question(*, actor: User, question: Question) -> None:
    """Take a question out of its quiz; the attempts that have it keep it. The last one of a published quiz stays:
    QuizError `nothing_to_publish` (409)."""
    quiz = Quiz.objects.select_for_update(of=("self",)).get(pk=question.quiz_id)
    if quiz.is_published and quiz.questions.present().count() == 1:
        raise QuizError("nothing_to_publish", _("A published quiz keeps its last question. Take the quiz back first."))
    Question.objects.filter(pk=question.pk).update(is_deleted=True)
    _sum_points(quiz)
    record(actor=actor, action="quizzes.question_deleted", target=quiz, changes={"question": str(question.pk)})


@transaction.atomic
def move_question(*, actor: User, question: Question, up: bool) -> None:
    """Move a question one place up or down."""
    Quiz.objects.select_for_update(of=("self",)).get(pk=question.quiz_id)
    rows = list(Question.objects.filter(quiz=question.quiz_id).present())
    here = next(place for place, one in enumerate(rows) if one.pk == question.pk)
    there = here - 1 if up else here + 1
    if 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
        for place, one in enumerate(rows, start=1):
            one.order = place
        Question.objects.bulk_update(rows, ["order"])
        changes = {"question": str(question.pk), "up": up}
        record(actor=actor, action="quizzes.question_moved", target=question.quiz, changes=changes)
