"""Services for editing quizzes. A change of a question creates a new version and never edits an existing one."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Max, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from core.access.scopes import can_edit
from core.audit.entries import record
from core.http.errors import DomainError
from core.text import markdown
from core.text.characters import is_blank
from courses.models import Course, Lesson
from enrollments.tasks import complete_finished_enrollments
from files import services as files
from files.models import File, Purpose
from quizzes.models import Question, QuestionVersion, Quiz
from quizzes.question_types import TYPES, QuestionError
from quizzes.tasks import apply_passing_score

MAX_QUESTIONS = 200
KEY_FIELDS = ("options", "correct_answer", "accepted_answers", "tolerance")
PLAIN_FIELDS = ("question_text", "points", "explanation")


class QuizError(DomainError):
    """The quiz cannot be changed as requested."""


@transaction.atomic
def create_quiz(*, actor: User, course: Course, **fields: Any) -> Quiz:
    """Create an unpublished quiz; return it. Raises QuizError `wrong_lesson` (400), ValidationError for its fields."""
    last = course.graded_items.aggregate(last=Max("position"))["last"] or 0
    quiz = Quiz(course=course, position=last + 1, **fields)
    _validate(quiz)
    quiz.save(force_insert=True)
    record(actor=actor, action="quizzes.created", target=quiz, changes={"title": quiz.title})
    return quiz


@transaction.atomic
def update_quiz(*, actor: User, quiz: Quiz, **fields: Any) -> Quiz:
    """Change the settings of a quiz; return it. Running attempts keep their deadline.

    `is_published` is passed on to `set_published`. Attempts that reach a lowered passing score pass, and enrollments
    that only lacked this quiz are completed, after the commit.
    """
    quiz = Quiz.objects.select_for_update(of=("self",)).select_related("course").get(pk=quiz.pk)
    publish = fields.pop("is_published", quiz.is_published)
    changes = {name: [str(getattr(quiz, name)), str(new)] for name, new in fields.items() if getattr(quiz, name) != new}
    for name, new in fields.items():
        setattr(quiz, name, new)
    _validate(quiz)
    quiz.save()
    if changes:
        apply_passing_score.delay_on_commit(str(quiz.pk))
        record(actor=actor, action="quizzes.changed", target=quiz, changes=changes)
    return set_published(actor=actor, quiz=quiz, published=publish) if publish != quiz.is_published else quiz


def _validate(quiz: Quiz) -> None:
    """Raise QuizError or ValidationError if the fields of the quiz are invalid."""
    if quiz.lesson_id and not Lesson.objects.filter(pk=quiz.lesson_id, course=quiz.course_id).exists():
        raise QuizError("wrong_lesson", _("This lesson belongs to another course."), status=400)
    if quiz.opens_at and quiz.closes_at and quiz.closes_at <= quiz.opens_at:
        raise QuizError("closes_before_opening", _("The closing time must be after the opening time."), status=400)
    quiz.full_clean(exclude=["gradeditem_ptr"], validate_unique=False, validate_constraints=False)


@transaction.atomic
def set_published(*, actor: User, quiz: Quiz, published: bool) -> Quiz:
    """Publish or unpublish a quiz; return it.

    Raises QuizError `not_your_quiz` (403) unless `actor` may edit the quiz or has the permission `quizzes.change_quiz`,
    `nothing_to_publish` (409) without questions.

    Enrollments that only lacked an unpublished quiz are completed after the commit.
    """
    quiz = Quiz.objects.select_for_update(of=("self",)).select_related("course").get(pk=quiz.pk)
    if not can_edit(quiz, actor) and not actor.has_perm("quizzes.change_quiz"):
        raise QuizError("not_your_quiz", _("You don't have permission to change this quiz."), status=403)
    if published == quiz.is_published:
        return quiz
    if published:
        require_verified_email(actor)
        if not quiz.questions.present().exists():
            raise QuizError("nothing_to_publish", _("Add at least one question first."))
    quiz.is_published = published
    quiz.save(update_fields=["is_published", "updated_at"])
    apply_passing_score.delay_on_commit(str(quiz.pk))
    record(actor=actor, action="quizzes.published" if published else "quizzes.unpublished", target=quiz)
    return quiz


@transaction.atomic
def delete_quiz(*, actor: User, quiz: Quiz) -> None:
    """Delete a quiz without attempts and grades. Raises QuizError `has_attempts` (409).

    Enrollments that only lacked this quiz are completed after the commit.
    """
    if quiz.attempts.exists() or quiz.grades.exists():
        raise QuizError("has_attempts", _("Students have taken this quiz. Unpublish it instead; their work is kept."))
    record(actor=actor, action="quizzes.deleted", target=quiz, changes={"title": quiz.title})
    quiz.questions.update(current=None)
    quiz.delete()
    complete_finished_enrollments.delay_on_commit(str(quiz.course_id))


@transaction.atomic
def add_question(*, actor: User, quiz: Quiz, order: int | None = None, **fields: Any) -> Question:
    """Append a question; return it. Raises QuestionError `invalid_question` (400), QuizError `too_many` (409)."""
    quiz = Quiz.objects.select_for_update(of=("self",)).get(pk=quiz.pk)
    last = require_room(quiz, 1)
    question = Question.objects.create(quiz=quiz, order=last + 1 if order is None else order)
    _create_version(question, 1, _clean_fields(fields))
    _update_points(quiz)
    record(actor=actor, action="quizzes.question_added", target=quiz, changes={"question": str(question.pk)})
    return question


@transaction.atomic
def add_questions(*, actor: User, quiz: Quiz, questions: list[dict[str, Any]], source: str) -> list[Question]:
    """Append questions, all or none, and return them. `source` is the format that they come from, for the audit log.

    Raises QuizError `not_your_quiz` (403) unless `actor` may edit the quiz, `too_many` (409) if they do not fit, and
    QuestionError `invalid_question` (400). Three statements for each question.
    """
    quiz = Quiz.objects.select_for_update(of=("self",)).get(pk=quiz.pk)
    require_editor(quiz, actor)
    last = require_room(quiz, len(questions))
    added = []
    for order, fields in enumerate(questions, last + 1):
        question = Question.objects.create(quiz=quiz, order=order)
        _create_version(question, 1, _clean_fields(fields))
        added.append(question)
    _update_points(quiz)
    changes = {"format": source, "questions": [str(question.pk) for question in added]}
    record(actor=actor, action="quizzes.questions_imported", target=quiz, changes=changes)
    return added


def require_editor(quiz: Quiz, actor: User) -> None:
    """Raise QuizError `not_your_quiz` (403) unless `actor` may edit the quiz."""
    if not can_edit(quiz, actor):
        raise QuizError("not_your_quiz", _("You don't have permission to change this quiz."), status=403)


def require_room(quiz: Quiz, count: int) -> int:
    """Return the largest position in the quiz. Raises QuizError `too_many` (409) if `count` questions do not fit."""
    present = quiz.questions.present().aggregate(count=Count("pk"), last=Max("order"))
    if present["count"] + count > MAX_QUESTIONS:
        raise QuizError("too_many", _("A quiz has at most %d questions.") % MAX_QUESTIONS)
    return present["last"] or 0


@transaction.atomic
def change_question(*, actor: User, question: Question, order: int | None = None, **fields: Any) -> Question:
    """Change a question by a new version; return it. Attempts keep their versions until a regrade (quality row Q09)."""
    question = Question.objects.select_for_update(of=("self",)).select_related("current", "quiz").get(pk=question.pk)
    if order is not None and order != question.order:
        question.order = order
        question.save(update_fields=["order"])
    current = question.current
    if fields and current is not None:
        cleaned = _clean_fields(_restore_option_ids(current, fields), current)
        if any(getattr(current, name) != value for name, value in cleaned.items()):
            _create_version(question, current.number + 1, cleaned)
            _update_points(question.quiz)
            changes = {"question": str(question.pk), "version": current.number + 1}
            record(actor=actor, action="quizzes.question_changed", target=question.quiz, changes=changes)
    return question


def _restore_option_ids(current: QuestionVersion, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields; options without an id get the id that their text had before.

    The options are compared with the newest version whose options have the same shape: the current one or, after a
    change of the type and back, the last one of that type.
    """
    question_type, options = TYPES.get(fields.get("question_type", current.question_type)), fields.get("options")
    if question_type is None or not options:
        return fields
    versions = current.question.versions.order_by("-number").values_list("options", flat=True)
    before = next((known for known in versions.iterator() if known and type(known) is type(options)), None)
    return fields if before is None else {**fields, "options": question_type.with_known_ids(options, before)}


def upload_picture(*, actor: User, quiz: Quiz, content: UploadedFile, alt: str) -> tuple[File, str]:
    """Store a picture for a question as course material; return it and its Markdown.

    Raises FileError if the file is not a picture or is too large (400, 413, 415).
    """
    file = files.upload(actor=actor, content=content, purpose=Purpose.COURSE_MATERIAL, course_id=quiz.course_id)
    alt = " ".join(alt.translate({ord(sign): "" for sign in "[]\\`"}).split())
    return file, f"![{alt}]({reverse('files:picture', args=[file.pk, max(file.thumbnail_widths)])})"


def _clean_fields(fields: dict[str, Any], before: QuestionVersion | None = None) -> dict[str, Any]:
    """Return all fields of a new version: `fields`, and for the rest those of the version `before`.

    Raises QuestionError `invalid_question` (400).
    """
    merged = {name: getattr(before, name) for name in ("question_type", *PLAIN_FIELDS, *KEY_FIELDS)} if before else {}
    if before and "correct_answer" in fields and "options" not in fields:
        # `is_correct` of the old options would contradict the new key.
        merged["options"] = _remove_flags(merged["options"])
    if before and "options" in fields and "correct_answer" not in fields and _has_flags(fields["options"]):
        merged["correct_answer"] = None
    merged |= fields
    question_type = TYPES.get(merged.get("question_type", ""))
    if question_type is None:
        raise QuestionError("invalid_question", _("This question type does not exist."))
    text = merged.get("question_text") or ""
    if not isinstance(text, str) or is_blank(text):
        raise QuestionError("invalid_question", _("Enter the question."))
    key = question_type.clean_key(**{name: merged.get(name) for name in KEY_FIELDS})
    plain = {"question_text": text, "points": merged.get("points", 1), "explanation": merged.get("explanation", "")}
    return {"question_type": question_type.name, **plain, **key}


def _has_flags(options: Any) -> bool:
    return isinstance(options, list) and any(isinstance(one, dict) and "is_correct" in one for one in options)


def _remove_flags(options: Any) -> Any:
    if not isinstance(options, list):
        return options
    return [{name: value for name, value in one.items() if name != "is_correct"} for one in options]


def _create_version(question: Question, number: int, fields: dict[str, Any]) -> None:
    html = markdown.to_html(fields["question_text"], allow_html=True)
    question.current = QuestionVersion.objects.create(question=question, number=number, question_html=html, **fields)
    question.save(update_fields=["current"])


def _update_points(quiz: Quiz) -> None:
    """Set the points of the quiz to the sum of the points of its questions."""
    total = quiz.questions.present().aggregate(total=Sum("current__points"))["total"] or 0
    Quiz.objects.filter(pk=quiz.pk).update(points_possible=total)


@transaction.atomic
def delete_question(*, actor: User, question: Question) -> None:
    """Remove a question from its quiz; existing attempts keep it. `restore_question` undoes this.

    Raises QuizError `not_your_quiz` (403) unless `actor` may edit the quiz, `nothing_to_publish` (409) for the last
    question of a published quiz.
    """
    quiz = Quiz.objects.select_for_update(of=("self",)).get(pk=question.quiz_id)
    require_editor(quiz, actor)
    if quiz.is_published and quiz.questions.present().count() == 1:
        raise QuizError("nothing_to_publish", _("A published quiz needs a question. Unpublish the quiz first."))
    Question.objects.filter(pk=question.pk).update(is_deleted=True)
    _update_points(quiz)
    record(actor=actor, action="quizzes.question_deleted", target=quiz, changes={"question": str(question.pk)})


@transaction.atomic
def restore_question(*, actor: User, question: Question) -> None:
    """Restore a deleted question to its place in the quiz. A repeat has no effect.

    Raises QuizError `not_your_quiz` (403) unless `actor` may edit the quiz, `too_many` (409) if the quiz is full.
    """
    quiz = Quiz.objects.select_for_update(of=("self",)).get(pk=question.quiz_id)
    require_editor(quiz, actor)
    if not Question.objects.filter(pk=question.pk, is_deleted=True).exists():
        return
    require_room(quiz, 1)
    Question.objects.filter(pk=question.pk).update(is_deleted=False)
    _update_points(quiz)
    record(actor=actor, action="quizzes.question_restored", target=quiz, changes={"question": str(question.pk)})


@transaction.atomic
def move_question(*, actor: User, question: Question, up: bool) -> None:
    """Move a question up or down by one."""
    Quiz.objects.select_for_update(of=("self",)).get(pk=question.quiz_id)
    rows = list(Question.objects.filter(quiz=question.quiz_id).present())
    old = next(position for position, row in enumerate(rows) if row.pk == question.pk)
    new = old - 1 if up else old + 1
    if 0 <= new < len(rows):
        rows[old], rows[new] = rows[new], rows[old]
        for position, row in enumerate(rows, start=1):
            row.order = position
        Question.objects.bulk_update(rows, ["order"])
        changes = {"question": str(question.pk), "up": up}
        record(actor=actor, action="quizzes.question_moved", target=question.quiz, changes=changes)
