"""Quizzes in the admin, to find and to look at. Writing and marking have pages of their own, on the services."""

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.permissions import signed_in
from lms.platform.admin import ReadOnlyAdmin
from quizzes import attempts, authoring
from quizzes.models import AnswerEvent, Attempt, Mark, Question, QuestionVersion, Quiz


class HistoryInline(admin.TabularInline):
    """Rows that are appended, and never changed."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return False: they are written by the acts themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return False: what happened, happened."""
        return False


class QuestionInline(HistoryInline):
    """The questions of a quiz, with what they ask now."""

    model = Question
    readonly_fields = ["order", "what", "kind", "points", "is_deleted"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        """Return them with their current versions."""
        return super().get_queryset(request).select_related("current")

    @admin.display(description=_("question"))
    def what(self, question: Question) -> str:
        """Return the beginning of its text."""
        return str(question.current or "")

    @admin.display(description=_("type"))
    def kind(self, question: Question) -> str:
        """Return the type's name."""
        return question.current.get_question_type_display() if question.current else ""

    @admin.display(description=_("points"))
    def points(self, question: Question) -> int:
        """Return its points."""
        return question.current.points if question.current else 0


@admin.register(Quiz)
class QuizAdmin(ReadOnlyAdmin):
    """Every quiz."""

    list_display = ["title", "course", "questions", "attempts", "points_possible", "is_required", "is_published"]
    list_filter = ["is_published", "is_required", "show_answers", "counts"]
    list_select_related = ["course"]
    search_fields = ["title", "course__title", "course__instructor__full_name"]
    readonly_fields = ["on_the_site"]
    inlines = [QuestionInline]
    actions = ["publish", "take_back"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Quiz]:
        """Return the quizzes with how many questions and attempts they have."""
        return Quiz.objects.annotate(
            present=Count("questions", filter=Q(questions__is_deleted=False), distinct=True),
            taken=Count("attempts", distinct=True),
        ).order_by("course__title", "position", "pk")

    @admin.display(description=_("questions"), ordering="present")
    def questions(self, quiz: Quiz) -> int:
        """Return how many questions it has."""
        return quiz.present  # type: ignore[attr-defined]  # annotated

    @admin.display(description=_("attempts"), ordering="taken")
    def attempts(self, quiz: Quiz) -> int:
        """Return how often it was begun."""
        return quiz.taken  # type: ignore[attr-defined]  # annotated

    @admin.display(description=_("on the site"))
    def on_the_site(self, quiz: Quiz) -> SafeString:
        """Return links to where it is written and where its results are."""
        return format_html(
            '<a href="{}">{}</a> · <a href="{}">{}</a>',
            reverse("quizzes:edit", args=[quiz.pk]),
            _("Builder"),
            reverse("quizzes:results", args=[quiz.pk]),
            _("Results"),
        )

    @admin.action(description=_("Publish"), permissions=["view"])
    def publish(self, request: HttpRequest, quizzes: QuerySet[Quiz]) -> None:
        """Show the quizzes to their students; what cannot be is said."""
        self._set_published(request, quizzes, published=True)

    @admin.action(description=_("Take back"), permissions=["view"])
    def take_back(self, request: HttpRequest, quizzes: QuerySet[Quiz]) -> None:
        """Hide the quizzes from their students."""
        self._set_published(request, quizzes, published=False)

    def _set_published(self, request: HttpRequest, quizzes: QuerySet[Quiz], *, published: bool) -> None:
        for quiz in quizzes:
            try:
                authoring.set_published(actor=signed_in(request), quiz=quiz, published=published)
            except authoring.QuizError as error:
                self.message_user(request, f"{quiz.title}: {error.detail}", messages.ERROR)


@admin.register(QuestionVersion)
class QuestionVersionAdmin(ReadOnlyAdmin):
    """What questions asked, at any time: each version as it was written."""

    list_display = ["question_text", "question_type", "quiz", "number", "points", "created_at"]
    list_filter = ["question_type"]
    list_select_related = ["question__quiz"]
    search_fields = ["question_text", "question__quiz__title"]
    date_hierarchy = "created_at"

    @admin.display(description=_("quiz"))
    def quiz(self, version: QuestionVersion) -> str:
        """Return the quiz's title."""
        return version.question.quiz.title


class MarkInline(HistoryInline):
    """The history of an attempt's marks, the standing ones last."""

    model = Mark
    readonly_fields = ["version", "kind", "points", "feedback", "reason", "graded_by", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mark]:
        """Return them with what was asked, and who marked."""
        return super().get_queryset(request).select_related("version", "graded_by")


class JournalInline(HistoryInline):
    """Every answer that was acknowledged, in order: what a dispute is settled by."""

    model = AnswerEvent
    readonly_fields = ["number", "question_id", "seq", "answer", "saved_at"]
    verbose_name_plural = _("journal of saved answers")


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """Every attempt, with its journal and its marks."""

    list_display = ["student", "quiz", "number", "started_at", "submitted_at", "by_clock", "score", "passed"]
    list_filter = ["passed", "by_clock", ("submitted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["quiz", "enrollment__user"]
    search_fields = ["=receipt", "quiz__title", "enrollment__user__email", "enrollment__user__full_name"]
    date_hierarchy = "started_at"
    inlines = [MarkInline, JournalInline]
    actions = ["hand_in_overdue"]

    @admin.display(description=_("student"), ordering="enrollment__user__full_name")
    def student(self, attempt: Attempt) -> str:
        """Return whose it is."""
        return attempt.enrollment.user.full_name

    @admin.action(description=_("Hand in what is overdue"), permissions=["view"])
    def hand_in_overdue(self, request: HttpRequest, rows: QuerySet[Attempt]) -> None:
        """Submit those whose time is over with what was saved, as the periodic job does."""
        running = rows.running().select_related("quiz", "enrollment")  # type: ignore[attr-defined]  # our queryset
        closed = sum(not (attempts.close_if_overdue(attempt) or attempt).is_running for attempt in running)
        self.message_user(request, _("%d attempts are handed in.") % closed)
