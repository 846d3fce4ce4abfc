"""Quizzes, questions and their versions, attempts with their journal of answers, and marks."""

import hashlib
import json
import random
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from core.text.characters import is_blank
from courses.models import taught_by
from enrollments.models import Enrollment, GradedItem, GradedItemQuerySet, ItemKind
from quizzes.question_types import CHOICES, TYPES, QuestionType
from quizzes.states import AttemptState

GRACE = timedelta(seconds=30)  # after the deadline, for network delays (docs/api-contract.md, "Quizzes")
MAX_POINTS = 1000
CENT = Decimal("0.01")


class ShowAnswers(models.TextChoices):
    """When students see the correct answers."""

    NEVER = "never", _("Never")
    AFTER_SUBMIT = "after_submit", _("After each attempt")
    AFTER_PASS = "after_pass", _("After passing")


class Counts(models.TextChoices):
    """The score that counts if there are several attempts."""

    BEST = "best", _("Best score")
    LAST = "last", _("Latest score")
    AVERAGE = "average", _("Average score")
    FIRST = "first", _("First score")


class QuizQuerySet(GradedItemQuerySet["Quiz"]):
    """Quizzes; access rules are inherited from graded items."""

    def with_counts(self) -> Self:
        """Return the quizzes with `questions_count`."""
        present = Count("questions", filter=Q(questions__is_deleted=False))
        return self.annotate(questions_count=present).order_by("position", "created_at", "id")


class Quiz(GradedItem):
    """A graded item with questions. `points_possible` is the sum of the points of its questions."""

    description = models.TextField(_("description"), blank=True, max_length=5000)
    passing_score_percentage = models.PositiveSmallIntegerField(
        _("passing score, in percent"), default=70, validators=[MaxValueValidator(100)]
    )
    shuffle_questions = models.BooleanField(_("shuffle questions"), default=False)
    shuffle_options = models.BooleanField(_("shuffle options"), default=False)
    one_per_page = models.BooleanField(_("one question per page"), default=True)
    show_answers = models.CharField(
        _("show correct answers"), max_length=20, choices=ShowAnswers.choices, default=ShowAnswers.NEVER
    )
    show_score = models.BooleanField(_("show the score"), default=True)
    show_feedback = models.BooleanField(
        _("show feedback"), default=True, help_text=_("The feedback for each option, shown with the correct answers.")
    )
    counts = models.CharField(_("score that counts"), max_length=10, choices=Counts.choices, default=Counts.BEST)
    delay_minutes = models.PositiveIntegerField(
        _("wait between attempts, in minutes"), default=0, validators=[MaxValueValidator(525_600)]
    )

    objects = QuizQuerySet.as_manager()  # type: ignore[misc]  # the parent's rows are wider

    questions_count: int

    class Meta:
        verbose_name = _("quiz")
        verbose_name_plural = _("quizzes")
        ordering = ["position", "created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(passing_score_percentage__lte=100), name="quizzes_quiz_percentage"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = ItemKind.QUIZ

    def is_passed_by(self, points: Decimal, possible: Decimal) -> bool:
        """Return whether the points reach the passing score. Compares exact points, not percents (quality row Q11)."""
        return points * 100 >= self.passing_score_percentage * possible

    def scale_points(self, points: Decimal, possible: Decimal) -> Decimal:
        """Return the points of an attempt, out of `possible`, scaled to the points that the quiz has now."""
        if possible == self.points_possible or not possible:
            return min(points, self.points_possible)
        return (points * self.points_possible / possible).quantize(CENT, ROUND_HALF_UP)


class QuestionQuerySet(models.QuerySet["Question"]):
    """Questions with their keys, which are visible to instructors only."""

    def present(self) -> Self:
        """Return the questions that are not deleted."""
        return self.filter(is_deleted=False)

    def visible_to(self, user: Any) -> Self:
        """Return the questions of quizzes that `user` may edit. Students see questions only within an attempt."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(taught_by(user, "quiz__course"))

    editable_by = visible_to


class Question(models.Model):
    """A question of a quiz; its content is in its current version.

    A deleted question is only flagged, because existing attempts refer to it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quiz = models.ForeignKey(Quiz, models.CASCADE, related_name="questions")
    order = models.PositiveIntegerField(_("position"), default=0)
    current = models.ForeignKey("QuestionVersion", models.PROTECT, null=True, related_name="+")
    is_deleted = models.BooleanField(default=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["order", "id"]
        verbose_name = _("question")
        indexes = [models.Index(fields=["quiz", "order"], name="quizzes_question_order")]

    def __str__(self) -> str:
        return f"{self.quiz_id} {self.order}"

    def count_answers(self) -> int:
        """Return the number of submitted attempts in which this question was answered. One query."""
        key = str(self.pk)
        answered = {f"answers__{key}__isnull": False}
        return self.quiz.attempts.submitted().filter(**answered).count()


class QuestionVersion(models.Model):
    """Content, key and points of a question. Versions are never changed (quality row Q09)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    question = models.ForeignKey(Question, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    question_type = models.CharField(_("type"), max_length=20, choices=CHOICES)
    question_text = models.TextField(_("question"), max_length=10_000)
    question_html = models.TextField(editable=False)
    options = models.JSONField(default=list, blank=True)
    correct_answer = models.JSONField(null=True, blank=True)
    accepted_answers = models.JSONField(default=list, blank=True)
    tolerance = models.JSONField(default=int)
    points = models.PositiveIntegerField(_("points"), default=1, validators=[MaxValueValidator(MAX_POINTS)])
    explanation = models.TextField(_("explanation"), blank=True, max_length=5000)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["question_id", "number"]
        verbose_name = _("question version")
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="quizzes_questionversion_once"),
            models.CheckConstraint(condition=Q(points__lte=MAX_POINTS), name="quizzes_questionversion_points"),
        ]

    def __str__(self) -> str:
        return self.question_text[:80]

    @property
    def type(self) -> QuestionType:
        return TYPES[self.question_type]

    def clean_answer(self, answer: Any) -> Any:
        """Return a student's answer in its stored form; None for an empty string, which clears the answer.

        Raises AnswerError if the answer does not have the shape of this question type.
        """
        return None if answer == "" else self.type.clean_answer(self, answer)

    def compute_points(self, answer: Any) -> Decimal | None:
        """Return the points that an answer earns, rounded half up to cents; None if it is graded by hand.

        A missing answer earns 0 points, also for an essay.
        """
        if answer is None or (self.type.is_graded_by_hand and is_blank(str(answer))):
            return Decimal(0)
        share = self.type.grade(self, answer)
        return None if share is None else round_points(share, self.points)


@lru_cache(maxsize=128)
def load_versions(version_ids: frozenset[str]) -> dict[str, QuestionVersion]:
    """Return question versions by id. One query; none if this process has loaded the same set before.

    Versions never change, so they can be cached. Callers must not modify the instances. Without the cache, saving an
    answer of a quiz with ten questions takes 6.5 ms instead of 4.8 ms of processor time, and one more statement.
    """
    versions = QuestionVersion.objects.filter(pk__in=version_ids).order_by()
    return {str(version.pk): version for version in versions}


def round_points(share: Fraction, points: int) -> Decimal:
    """Return a share of `points`, rounded half up to cents and limited to the range from 0 to `points`."""
    exact = Decimal(share.numerator) * points / Decimal(share.denominator)
    return min(max(exact.quantize(CENT, ROUND_HALF_UP), Decimal(0)), Decimal(points))


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """Attempts with their access rules."""

    def visible_to(self, user: Any) -> Self:
        """Return the attempts of active enrollments of `user` and of courses that they teach; all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(self._belongs_to(user) | taught_by(user, "quiz__course"))

    def editable_by(self, user: Any) -> Self:
        """Return the attempts that `user` may grade: those of the courses that they teach; all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(taught_by(user, "quiz__course"))

    def answerable_by(self, user: Any) -> Self:
        """Return the attempts that `user` may answer: their own, while enrollment and publication last."""
        return self.answerable_by_id(user.pk) if user.is_authenticated else self.none()

    def answerable_by_id(self, user_id: uuid.UUID) -> Self:
        """Return the attempts that the user with this id may answer."""
        return self.filter(self._belongs_to(user_id))

    @staticmethod
    def _belongs_to(user: Any) -> Q:
        return Q(
            enrollment__user=user,
            enrollment__is_active=True,
            quiz__is_published=True,
            quiz__course__is_published=True,  # the same course as the enrollment's
        )

    def reserve_event_numbers(self, attempt_id: uuid.UUID, count: int) -> int | None:
        """Lock a running attempt, reserve `count` numbers of its journal, and return the last one.

        Returns None if the attempt is submitted or its enrollment has ended. The UPDATE locks the row until the end of
        the transaction. `UPDATE ... RETURNING` is raw SQL because a QuerySet would need two statements, and answers
        are saved every few seconds by a whole class.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        enrollments = connection.ops.quote_name(Enrollment._meta.db_table)
        key = self.model._meta.pk.get_db_prep_value(attempt_id, connection)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET last_number = last_number + %s"  # noqa: S608  # table names from the models
                " WHERE id = %s AND submitted_at IS NULL"
                f" AND EXISTS (SELECT 1 FROM {enrollments} e WHERE e.id = enrollment_id AND e.is_active)"
                " RETURNING last_number",
                [count, key],
            )
            row = cursor.fetchone()
        return row[0] if row else None

    def running(self) -> Self:
        """Return the attempts that are not submitted."""
        return self.filter(submitted_at=None)

    def submitted(self) -> Self:
        """Return the submitted attempts."""
        return self.filter(submitted_at__isnull=False)

    def ungraded(self) -> Self:
        """Return the submitted attempts with an answer that awaits grading."""
        return self.submitted().filter(passed=None)

    def overdue(self, now: datetime) -> Self:
        """Return the running attempts whose `expires_at`, plus the grace period, is before `now`."""
        return self.running().filter(expires_at__lt=now - GRACE)


class Attempt(models.Model):
    """An attempt of a student at a quiz.

    `layout` lists the question versions of the attempt as [question id, version id], in order. `expires_at` is the
    deadline at the start; `enrollments.deadlines` may have extended it since, but never shortens it. Score and
    `passed` are computed from the marks; `passed` is null while a mark is missing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quiz = models.ForeignKey(Quiz, models.PROTECT, related_name="attempts")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="quiz_attempts")
    number = models.PositiveIntegerField()
    seed = models.PositiveIntegerField(help_text=_("Determines the order of questions and options."))
    layout = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    by_clock = models.BooleanField(default=False, help_text=_("Submitted automatically when the time was over."))
    answers = models.JSONField(default=dict, help_text=_("The answers at submission, by question id."))
    score = models.PositiveSmallIntegerField(null=True, help_text=_("Percent, rounded down."))
    points_earned = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    points_possible = models.DecimalField(max_digits=7, decimal_places=2)
    passed = models.BooleanField(null=True)
    receipt = models.CharField(max_length=64, blank=True)
    last_number = models.PositiveIntegerField(default=0, help_text=_("Number of the newest saved answer."))

    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "id"]
        verbose_name = _("attempt")
        constraints = [
            models.UniqueConstraint(
                fields=["quiz", "enrollment"], condition=Q(submitted_at=None), name="quizzes_attempt_one_running"
            ),
            models.UniqueConstraint(fields=["quiz", "enrollment", "number"], name="quizzes_attempt_number_once"),
            models.CheckConstraint(condition=Q(score=None) | Q(score__lte=100), name="quizzes_attempt_score"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(submitted_at=None), name="quizzes_attempt_overdue"),
            models.Index(fields=["quiz", "-started_at"], name="quizzes_attempt_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.quiz_id} {self.enrollment_id} {self.number}"

    @property
    def state(self) -> AttemptState:
        """Return the state of the attempt (quizzes/states.py)."""
        if self.submitted_at is None:
            return AttemptState.RUNNING
        return AttemptState.SUBMITTED if self.passed is None else AttemptState.GRADED

    @property
    def is_running(self) -> bool:
        """Return whether the attempt is not submitted. The deadline is not checked."""
        return self.submitted_at is None

    @property
    def version_ids(self) -> dict[str, str]:
        """Return the version ids by question id, in the order of this attempt."""
        return dict(self.layout)

    @cached_property
    def versions(self) -> "list[QuestionVersion]":
        """Return the question versions of the attempt, in its order. At most one query."""
        versions = load_versions(frozenset(version_id for _question_id, version_id in self.layout))
        return [versions[version_id] for _question_id, version_id in self.layout]

    @cached_property
    def current_marks(self) -> "dict[str, Mark]":
        """Return the newest mark of each question, by question id. One query."""
        marks = self.marks.select_related("version").order_by("id")
        return {str(mark.question_id): mark for mark in marks}

    def load_journal(self) -> "list[AnswerEvent]":
        """Return the saved answers, in order. One query."""
        return list(AnswerEvent.objects.filter(attempt=self.pk).order_by("number"))

    def get_options(self, version: QuestionVersion) -> Any:
        """Return the options of a question as the student of this attempt sees them."""
        return version.type.options_for_student(version, f"{self.seed}:{version.pk}", shuffle=self.quiz.shuffle_options)

    def can_show_answers(self) -> bool:
        """Return whether the student may see keys and explanations (docs/api-contract.md, `show_answers`)."""
        if self.submitted_at is None:
            return False
        if self.quiz.show_answers == ShowAnswers.AFTER_PASS:
            return self.passed is True
        return self.quiz.show_answers == ShowAnswers.AFTER_SUBMIT


class AnswerEvent(models.Model):
    """An acknowledged save of an answer: appended, never changed (quality row Q06).

    `seq` is the number that the client gave the save.
    """

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    question_id = models.UUIDField()
    seq = models.PositiveBigIntegerField(null=True)
    answer = models.JSONField(null=True)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["attempt_id", "number"]
        verbose_name = _("saved answer")
        constraints = [
            models.UniqueConstraint(fields=["attempt", "number"], name="quizzes_answerevent_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id} #{self.number}"


def fold_journal(events: Iterable[AnswerEvent]) -> dict[str, AnswerEvent]:
    """Return the newest event of each question, by question id.

    Every prefix of a journal gives a valid earlier state of the attempt.
    """
    newest: dict[str, AnswerEvent] = {}
    for event in events:
        key = str(event.question_id)
        if key not in newest or event.number > newest[key].number:
            newest[key] = event
    return newest


def compute_receipt(attempt: Attempt, events: Iterable[AnswerEvent]) -> str:
    """Return the SHA-256 digest, in hex, of the attempt and its journal: the student's proof of what was saved."""
    lines = [str(attempt.pk)] + [
        json.dumps([event.number, str(event.question_id), event.answer, event.saved_at.isoformat()], sort_keys=True)
        for event in sorted(events, key=lambda event: event.number)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def shuffle_layout(layout: list[Any], seed: int) -> list[Any]:
    """Return the layout in the order determined by `seed`."""
    order = list(layout)
    random.Random(seed).shuffle(order)  # noqa: S311  # not used for security
    return order


class Mark(models.Model):
    """The points of an answer: appended, never edited; the newest mark of an attempt and question is valid.

    `points` is null while an essay awaits grading.
    """

    class Kind(models.TextChoices):
        """The origin of a mark."""

        AUTO = "auto", _("automatic")
        MANUAL = "manual", _("manual")
        REGRADE = "regrade", _("regrade")

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="marks")
    version = models.ForeignKey(QuestionVersion, models.PROTECT, related_name="marks")
    question_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.AUTO)
    points = models.DecimalField(max_digits=7, decimal_places=2, null=True, validators=[MinValueValidator(Decimal(0))])
    feedback = models.TextField(blank=True, max_length=5000)
    reason = models.CharField(max_length=300, blank=True)
    graded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        verbose_name = _("answer grade")
        constraints = [models.CheckConstraint(condition=Q(points=None) | Q(points__gte=0), name="quizzes_mark_points")]
        indexes = [models.Index(fields=["attempt", "question_id", "-id"], name="quizzes_mark_latest")]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.question_id}: {self.points}"
