"""Read-only admin of quizzes. Editing and grading are on the instructor pages."""

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.permissions import signed_in
from core.admin import ReadOnlyAdmin
from quizzes import attempts, editor
from quizzes.models import AnswerEvent, Attempt, Mark, Question, QuestionVersion, Quiz


class HistoryInline(admin.TabularInline):
    """An inline of rows that are never changed."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class QuestionInline(HistoryInline):
    """The questions of a quiz in their current versions."""

    model = Question
    readonly_fields = ["order", "text", "type", "points", "is_deleted"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        return super().get_queryset(request).select_related("current")

    @admin.display(description=_("question"))
    def text(self, question: Question) -> str:
        return str(question.current or "")

    @admin.display(description=_("type"))
    def type(self, question: Question) -> str:
        return question.current.get_question_type_display() if question.current else ""

    @admin.display(description=_("points"))
    def points(self, question: Question) -> int:
        return question.current.points if question.current else 0


@admin.register(Quiz)
class QuizAdmin(ReadOnlyAdmin):
    list_display = ["title", "course", "questions", "attempts", "points_possible", "is_required", "is_published"]
    list_filter = ["is_published", "is_required", "show_answers", "counts"]
    list_select_related = ["course"]
    search_fields = ["title", "course__title", "course__instructor__full_name"]
    readonly_fields = ["links"]
    inlines = [QuestionInline]
    actions = ["publish", "unpublish"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quiz]:
        """Annotate the quizzes with their numbers of questions and attempts."""
        return Quiz.objects.annotate(
            question_count=Count("questions", filter=Q(questions__is_deleted=False), distinct=True),
            attempt_count=Count("attempts", distinct=True),
        ).order_by("course__title", "position", "pk")

    @admin.display(description=_("questions"), ordering="question_count")
    def questions(self, quiz: Quiz) -> int:
        return quiz.question_count  # type: ignore[attr-defined]  # annotated

    @admin.display(description=_("attempts"), ordering="attempt_count")
    def attempts(self, quiz: Quiz) -> int:
        return quiz.attempt_count  # type: ignore[attr-defined]  # annotated

    @admin.display(description=_("links"))
    def links(self, quiz: Quiz) -> SafeString:
        """Return links to the editor and the results."""
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>',
            reverse("quizzes:edit", args=[quiz.pk]),
            _("Editor"),
            reverse("quizzes:results", args=[quiz.pk]),
            _("Results"),
        )

    @admin.action(description=_("Publish"), permissions=["edit"])
    def publish(self, request: HttpRequest, quizzes: QuerySet[Quiz]) -> None:
        self._set_published(request, quizzes, published=True)

    @admin.action(description=_("Unpublish"), permissions=["edit"])
    def unpublish(self, request: HttpRequest, quizzes: QuerySet[Quiz]) -> None:
        self._set_published(request, quizzes, published=False)

    def _set_published(self, request: HttpRequest, quizzes: QuerySet[Quiz], *, published: bool) -> None:
        for quiz in quizzes:
            try:
                editor.set_published(actor=signed_in(request), quiz=quiz, published=published)
            except editor.QuizError as error:
                self.message_user(request, f"{quiz.title}: {error.detail}", messages.ERROR)


@admin.register(QuestionVersion)
class QuestionVersionAdmin(ReadOnlyAdmin):
    """The versions of all questions."""

    list_display = ["question_text", "question_type", "quiz", "number", "points", "created_at"]
    list_filter = ["question_type"]
    list_select_related = ["question__quiz"]
    search_fields = ["question_text", "question__quiz__title"]
    date_hierarchy = "created_at"

    @admin.display(description=_("quiz"))
    def quiz(self, version: QuestionVersion) -> str:
        return version.question.quiz.title


class MarkInline(HistoryInline):
    """The marks of an attempt, oldest first; the newest of a question is valid."""

    model = Mark
    readonly_fields = ["version", "kind", "points", "feedback", "reason", "graded_by", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mark]:
        return super().get_queryset(request).select_related("version", "graded_by")


class JournalInline(HistoryInline):
    """The acknowledged saves of an attempt, in order, as evidence in disputes."""

    model = AnswerEvent
    readonly_fields = ["number", "question_id", "seq", "answer", "saved_at"]
    verbose_name_plural = _("journal of saved answers")


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Attempts with their journals and marks."""

    list_display = ["student", "quiz", "number", "started_at", "submitted_at", "by_clock", "score", "passed"]
    list_filter = ["passed", "by_clock", ("submitted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["quiz", "enrollment__user"]
    search_fields = ["=receipt", "quiz__title", "enrollment__user__email", "enrollment__user__full_name"]
    date_hierarchy = "started_at"
    inlines = [MarkInline, JournalInline]
    actions = ["submit_overdue"]

    @admin.display(description=_("student"), ordering="enrollment__user__full_name")
    def student(self, attempt: Attempt) -> str:
        return attempt.enrollment.user.full_name

    @admin.action(description=_("Submit overdue attempts"), permissions=["edit"])
    def submit_overdue(self, request: HttpRequest, rows: QuerySet[Attempt]) -> None:
        """Submit the overdue attempts with their saved answers, like the periodic job."""
        running = rows.running().select_related("quiz", "enrollment")  # type: ignore[attr-defined]  # our queryset
        closed = sum(not (attempts.close_if_overdue(attempt) or attempt).is_running for attempt in running)
        message = ngettext("%d attempt submitted.", "%d attempts submitted.", closed) % closed
        self.message_user(request, message)
