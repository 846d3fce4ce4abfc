"""Quizzes, their questions in versions, attempts with their journal of answers, and marks."""

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
from enrollments.models import Enrollment, GradedItem, GradedItemQuerySet, ItemKind
from lms.lib.prepared import Prepared
from quizzes.question_types import CHOICES, TYPES, QuestionType
from quizzes.states import AttemptState

GRACE = timedelta(seconds=30)  # for the network (API.md, "Quizzes")
MOST_POINTS = 1000
CENT = Decimal("0.01")


class ShowAnswers(models.TextChoices):
    """When students see the right answers."""

    NEVER = "never", _("Never")
    AFTER_SUBMIT = "after_submit", _("After each attempt")
    AFTER_PASS = "after_pass", _("Once passed")  # a moment, not a password


class Counts(models.TextChoices):
    """Which of several attempts counts."""

    BEST = "best", _("The best")
    LAST = "last", _("The last")
    AVERAGE = "average", _("The average")
    FIRST = "first", _("The first")


class QuizQuerySet(GradedItemQuerySet["Quiz"]):
    """Quizzes; who may see them is the graded items' rule."""

    def with_counts(self) -> Self:
        """Return the quizzes with `questions_count`."""
        present = Count("questions", filter=Q(questions__is_deleted=False))
        return self.annotate(questions_count=present).order_by("position", "created_at", "id")


class Quiz(GradedItem):
    """A quiz: a graded item with questions. `points_possible` is the sum of its questions' points."""

    description = models.TextField(_("description"), blank=True, max_length=5000)
    passing_score_percentage = models.PositiveSmallIntegerField(
        _("needed to pass, in percent"), default=70, validators=[MaxValueValidator(100)]
    )
    shuffle_questions = models.BooleanField(_("mix the questions"), default=False)
    shuffle_options = models.BooleanField(_("mix the options"), default=False)
    one_per_page = models.BooleanField(_("one question at a time"), default=True)
    show_answers = models.CharField(
        _("show the right answers"), max_length=20, choices=ShowAnswers.choices, default=ShowAnswers.NEVER
    )
    show_score = models.BooleanField(_("show the score"), default=True)
    show_feedback = models.BooleanField(
        _("show feedback"), default=True, help_text=_("What you wrote for each option, with the right answers.")
    )
    counts = models.CharField(_("which attempt counts"), max_length=10, choices=Counts.choices, default=Counts.BEST)
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
        """Return whether so many points pass: decided on the exact points, not on the rounded percent (QUALITY Q11)."""
        return points * 100 >= self.passing_score_percentage * possible

    def in_ledger(self, points: Decimal, possible: Decimal) -> Decimal:
        """Return what points of an attempt are worth of the quiz's points, should those have changed since."""
        if possible == self.points_possible or not possible:
            return min(points, self.points_possible)
        return (points * self.points_possible / possible).quantize(CENT, ROUND_HALF_UP)


class QuestionQuerySet(models.QuerySet["Question"]):
    """Questions: with their keys, so for those who write them alone."""

    def present(self) -> Self:
        """Return what has not been deleted."""
        return self.filter(is_deleted=False)

    def visible_to(self, user: Any) -> Self:
        """Return the questions of the quizzes that `user` may change: students see them only within an attempt."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(quiz__course__instructor=user) if has_role(user, Role.INSTRUCTOR) else self.none()

    editable_by = visible_to


class Question(models.Model):
    """A place in a quiz; what it asks is its current version. A deleted one stays for the attempts that have it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quiz = models.ForeignKey(Quiz, models.CASCADE, related_name="questions")
    order = models.PositiveIntegerField(_("place"), default=0)
    current = models.ForeignKey("QuestionVersion", models.PROTECT, null=True, related_name="+")
    is_deleted = models.BooleanField(default=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["order", "id"]
        verbose_name = _("question")
        indexes = [models.Index(fields=["quiz", "order"], name="quizzes_question_order")]

    def __str__(self) -> str:
        return f"{self.quiz_id} {self.order}"


class QuestionVersion(models.Model):
    """What a question asks, its key and its points: written once, never changed (QUALITY Q09)."""

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
    points = models.PositiveIntegerField(_("points"), default=1, validators=[MaxValueValidator(MOST_POINTS)])
    explanation = models.TextField(_("explanation"), blank=True, max_length=5000)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["question_id", "number"]
        verbose_name = _("version of a question")
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="quizzes_questionversion_once"),
            models.CheckConstraint(condition=Q(points__lte=MOST_POINTS), name="quizzes_questionversion_points"),
        ]

    def __str__(self) -> str:
        return self.question_text[:80]

    @property
    def kind(self) -> QuestionType:
        """The type's own rules."""
        return TYPES[self.question_type]

    def checked(self, answer: Any) -> Any:
        """Return a student's answer as it is stored; None for an empty text, which takes the answer back.

        Raises AnswerError for what is no answer to this type.
        """
        return None if answer == "" else self.kind.check(self, answer)

    def earned(self, answer: Any) -> Decimal | None:
        """Return the points that an answer earns, rounded half up to cents; None while a person has to decide.

        No answer earns nothing, an essay's too.
        """
        if answer is None or (self.kind.is_marked_by_hand and not str(answer).strip()):
            return Decimal(0)
        share = self.kind.grade(self, answer)
        return None if share is None else in_points(share, self.points)


@lru_cache(maxsize=128)
def written(version_ids: frozenset[str]) -> dict[str, QuestionVersion]:
    """Return these versions by id. One query, the first time that a process is asked for them.

    A class takes one quiz at a time, and what is written once can be kept: nothing that gets these rows may change
    them. Kept are the quizzes that were taken last.
    """
    rows = QuestionVersion.objects.filter(pk__in=version_ids).order_by()
    return {str(version.pk): version for version in rows}


def in_points(share: Fraction, points: int) -> Decimal:
    """Return a share of some points, rounded half up to cents and never outside 0 to `points`."""
    exact = Decimal(share.numerator) * points / Decimal(share.denominator)
    return min(max(exact.quantize(CENT, ROUND_HALF_UP), Decimal(0)), Decimal(points))


class AttemptQuerySet(models.QuerySet["Attempt"]):
    """Attempts by who may see them."""

    def visible_to(self, user: Any) -> Self:
        """Return one's own attempts of what one still learns, those of the courses one teaches, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(self._own(user) | Q(quiz__course__instructor=user))

    def editable_by(self, user: Any) -> Self:
        """Return the attempts that `user` may mark: those of the courses they teach, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(quiz__course__instructor=user) if has_role(user, Role.INSTRUCTOR) else self.none()

    def answerable_by(self, user: Any) -> Self:
        """Return the user's own attempts of what they still learn: nobody answers for another."""
        return self.answerable_by_id(user.pk) if user.is_authenticated else self.none()

    def answerable_by_id(self, user_id: uuid.UUID) -> Self:
        """Return what the user of this id may answer."""
        return self.filter(self._own(user_id))

    @staticmethod
    def _own(user: Any) -> Q:
        return Q(
            enrollment__user=user,
            enrollment__is_active=True,
            quiz__is_published=True,
            quiz__course__is_published=True,  # the enrolment's own: an attempt begins in one course
        )

    def append_to_journal(self, attempt_id: uuid.UUID, events: int) -> int | None:
        """Count `events` more in the journal of a running attempt, and return its newest number.

        Returns None once the attempt is submitted or its enrollment has ended. The update is the lock: it waits for
        whoever holds the row. One statement that writes and reads, which a QuerySet cannot make: a class saves its
        answers every few seconds.
        """
        table = connection.ops.quote_name(self.model._meta.db_table)
        enrollments = connection.ops.quote_name(Enrollment._meta.db_table)
        key = self.model._meta.pk.get_db_prep_value(attempt_id, connection)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET last_number = last_number + %s"  # noqa: S608  # our own tables' names
                " WHERE id = %s AND submitted_at IS NULL"
                f" AND EXISTS (SELECT 1 FROM {enrollments} e WHERE e.id = enrollment_id AND e.is_active)"
                " RETURNING last_number",
                [events, key],
            )
            row = cursor.fetchone()
        return row[0] if row else None

    def running(self) -> Self:
        """Return what is not submitted."""
        return self.filter(submitted_at=None)

    def submitted(self) -> Self:
        """Return what is."""
        return self.filter(submitted_at__isnull=False)

    def overdue(self, now: datetime) -> Self:
        """Return the running attempts whose time, grace included, was over by `now`, as they were promised it."""
        return self.running().filter(expires_at__lt=now - GRACE)


class Attempt(models.Model):
    """One student at one quiz. `layout` lists the versions it was started with, as [question id, version id], in order.

    `expires_at` is what the clock promised at the start; `enrollments.deadlines` may since have given more, never less.
    Score and `passed` are the fold of the marks; `passed` is null while one of them is still to be given.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quiz = models.ForeignKey(Quiz, models.PROTECT, related_name="attempts")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="quiz_attempts")
    number = models.PositiveIntegerField()
    seed = models.PositiveIntegerField(help_text=_("Of the order of questions and options."))
    layout = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    by_clock = models.BooleanField(default=False, help_text=_("Its time ran out."))
    answers = models.JSONField(default=dict, help_text=_("The fold of the journal, from its submission on."))
    score = models.PositiveSmallIntegerField(null=True, help_text=_("Percent, rounded down."))
    points_earned = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    points_possible = models.DecimalField(max_digits=7, decimal_places=2)
    passed = models.BooleanField(null=True)
    receipt = models.CharField(max_length=64, blank=True)
    last_number = models.PositiveIntegerField(default=0, help_text=_("Of the journal's newest event."))

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
        """The state of the attempt (quizzes/states.py)."""
        if self.submitted_at is None:
            return AttemptState.RUNNING
        return AttemptState.SUBMITTED if self.passed is None else AttemptState.GRADED

    @property
    def is_running(self) -> bool:
        """Whether it can still be answered, its time apart."""
        return self.submitted_at is None

    @property
    def version_ids(self) -> dict[str, str]:
        """The id of the version of each question, by the question's id, in the order of this attempt."""
        return dict(self.layout)

    @cached_property
    def versions(self) -> "list[QuestionVersion]":
        """The versions that it was started with, in its order. At most one query."""
        known = written(frozenset(version for _question, version in self.layout))
        return [known[version] for _question, version in self.layout]

    @cached_property
    def standing(self) -> "dict[str, Mark]":
        """The mark that stands for each question, by the question's id. One query, the first time."""
        rows = self.marks.select_related("version").order_by("id")
        return {str(mark.question_id): mark for mark in rows}

    def journal(self) -> "list[AnswerEvent]":
        """Return the saved answers, in order. One query."""
        return _JOURNAL.rows(self.pk)

    def option_seed(self, version: QuestionVersion) -> str | None:
        """Return what the options of a question are mixed by; None where they stand as written."""
        return f"{self.seed}:{version.pk}" if self.quiz.shuffle_options else None

    def may_show_answers(self) -> bool:
        """Return whether its student may see keys and explanations by now (API.md, `show_answers`)."""
        if self.submitted_at is None:
            return False
        if self.quiz.show_answers == ShowAnswers.AFTER_PASS:
            return self.passed is True
        return self.quiz.show_answers == ShowAnswers.AFTER_SUBMIT


class AnswerEvent(models.Model):
    """One acknowledged save of one answer: appended, never changed (QUALITY Q06). `seq` is the client's own number."""

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


_JOURNAL = Prepared(lambda attempt_id: AnswerEvent.objects.filter(attempt=attempt_id).order_by("number"))


def fold(events: Iterable[AnswerEvent]) -> dict[str, AnswerEvent]:
    """Return the newest event of each question, by the question's id: the answers as they stand.

    Any prefix of a journal folds to a state that the attempt was in.
    """
    standing: dict[str, AnswerEvent] = {}
    for event in events:
        key = str(event.question_id)
        if key not in standing or event.number > standing[key].number:
            standing[key] = event
    return standing


def receipt_of(attempt: Attempt, events: Iterable[AnswerEvent]) -> str:
    """Return the SHA-256, in hex, over the attempt and its journal in order: what the student can hold against us."""
    lines = [str(attempt.pk)] + [
        json.dumps([event.number, str(event.question_id), event.answer, event.saved_at.isoformat()], sort_keys=True)
        for event in sorted(events, key=lambda event: event.number)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def mixed(layout: list[Any], seed: int) -> list[Any]:
    """Return the questions in the order that `seed` gives."""
    order = list(layout)
    random.Random(seed).shuffle(order)  # noqa: S311  # an order, no secret
    return order


class Mark(models.Model):
    """The points of one answer: appended, never edited; the last one of an attempt and question stands.

    `points` is null while an essay waits for its instructor.
    """

    class Kind(models.TextChoices):
        """How it came about."""

        AUTO = "auto", _("by the key")
        MANUAL = "manual", _("by hand")
        REGRADE = "regrade", _("by a changed key")

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
        verbose_name = _("mark")
        constraints = [models.CheckConstraint(condition=Q(points=None) | Q(points__gte=0), name="quizzes_mark_points")]
        indexes = [models.Index(fields=["attempt", "question_id", "-id"], name="quizzes_mark_latest")]

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.question_id}: {self.points}"
