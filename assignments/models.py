"""Assignments of a course, what students hand in, and every grade that it was given."""

import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists as ThereIs
from django.db.models import F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from assignments.states import SubmissionState
from enrollments.deadlines import Terms
from enrollments.models import Enrollment, GradedItem, GradedItemQuerySet, ItemKind
from files.kinds import DOCUMENTS
from files.models import File
from lms.lib import markdown

LONGEST_TEXT = 100_000
DAY_SECONDS = 24 * 3600


def validate_file_types(types: Any) -> None:
    """Raise ValidationError unless `types` is a list of endings that submissions may have."""
    unknown = [kind for kind in types if kind not in DOCUMENTS] if isinstance(types, list) else [types]
    if unknown:
        said = _("Unknown: %(unknown)s. Known are %(known)s.")
        params = {"unknown": ", ".join(map(str, unknown)), "known": ", ".join(sorted(DOCUMENTS))}
        raise ValidationError(said, params=params, code="unknown_file_type")


def penalty(*, raw: int, percent: int, days: int) -> int:
    """Return how many points a raw grade loses: `percent` of it for each started day, rounded half up (API.md)."""
    lost = (Decimal(raw) * percent * days / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return min(raw, int(lost))


class AssignmentQuerySet(GradedItemQuerySet["Assignment"]):
    """Assignments; who may see them is the rule of all graded items."""


class Assignment(GradedItem):
    """A piece of work that is handed in and graded by a person.

    `due_at` is when it is on time, `closes_at` the cut-off; both may be other for one student, as
    `enrollments.deadlines` says. `allowed_file_types` are endings without the dot; empty takes every kind.
    """

    description = models.TextField(_("brief"), max_length=50_000, blank=True, help_text=_("Markdown."))
    allow_late_submission = models.BooleanField(_("may be late"), default=False)
    late_penalty_percentage = models.PositiveSmallIntegerField(
        _("late: percent off for each started day"), default=0, validators=[MaxValueValidator(100)]
    )
    passing_points = models.PositiveIntegerField(_("points to pass"), null=True, blank=True)
    allowed_file_types = models.JSONField(
        _("kinds of files"), default=list, blank=True, validators=[validate_file_types]
    )

    objects: ClassVar[Any] = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment")
        constraints = [
            models.CheckConstraint(
                condition=Q(late_penalty_percentage__lte=100), name="assignments_assignment_penalty_percent"
            ),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = ItemKind.ASSIGNMENT

    def clean(self) -> None:
        """Refuse a pass mark that nobody can reach."""
        if self.passing_points is not None and self.passing_points > self.points_possible:
            raise ValidationError({"passing_points": _("This is more than the assignment gives.")})

    @property
    def points(self) -> int:
        """The most that can be earned: whole points."""
        return int(self.points_possible)

    @property
    def description_html(self) -> str:
        """The brief as safe HTML."""
        return markdown.to_html(self.description)

    @property
    def taken_types(self) -> list[str]:
        """The endings that are taken."""
        return self.allowed_file_types or sorted(DOCUMENTS)

    @property
    def accept(self) -> str:
        """The endings as a file field names them."""
        return ",".join(f".{kind}" for kind in self.taken_types)

    def days_late(self, terms: Terms, at: Any) -> int:
        """Return how many days have started since it was due; 0 on time, the due second included (QUALITY S02)."""
        if terms.due_at is None or not terms.is_late(at):
            return 0
        late = (at.replace(microsecond=0) - terms.due_at.replace(microsecond=0)).total_seconds()
        return -(-int(late) // DAY_SECONDS)

    def is_passed_by(self, points: Decimal | int | None) -> bool:
        """Return whether so many points pass it; without a pass mark, any grade does."""
        return points is not None and points >= (self.passing_points or 0)

    def get_absolute_url(self) -> str:
        """Return where students do it. Needs the course."""
        return reverse("assignments:assignment", args=[self.course.slug, self.pk])


class AssignmentFile(models.Model):
    """A file that stands beside a brief."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="files")
    file = models.ForeignKey(File, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["assignment", "file"], name="assignments_assignmentfile_once")]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.file_id}"


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Submissions by who may see them, and what waits to be graded."""

    def visible_to(self, user: Any) -> Self:
        """Return one's own, those of the courses one teaches, all for admins (QUALITY S01)."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        own = Q(user=user)
        return self.filter(own | Q(assignment__course__instructor=user)) if user.teaches else self.filter(own)

    def editable_by(self, user: Any) -> Self:
        """Return those of the courses that `user` teaches, all for admins: who may grade."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(assignment__course__instructor=user) if has_role(user, Role.INSTRUCTOR) else self.none()

    def current(self) -> Self:
        """Return the last version of each student's work."""
        later = Submission.objects.filter(
            assignment=OuterRef("assignment"), enrollment=OuterRef("enrollment"), attempt__gt=OuterRef("attempt")
        )
        return self.filter(~ThereIs(later))

    def waiting(self) -> Self:
        """Return what nobody has graded yet, longest waiting first."""
        return self.current().filter(graded_at=None).order_by("submitted_at", "id")

    def unreleased(self) -> Self:
        """Return what is graded and not shown to its student yet."""
        return self.current().filter(graded_at__isnull=False, released_at=None)

    def for_lists(self) -> Self:
        """Return the submissions with what a list shows of them."""
        return self.select_related("assignment__course", "user", "graded_by")


class Submission(models.Model):
    """One version of one student's work. The grade on it is the last of its `grade_changes`, which are never edited.

    `version` counts the gradings, so that of two graders at once one is told (QUALITY S05).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="submissions")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="submissions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="submissions")
    attempt = models.PositiveIntegerField(_("version"))
    submitted_at = models.DateTimeField(_("handed in"), default=timezone.now)
    content = models.TextField(_("text"), max_length=LONGEST_TEXT, blank=True)
    days_late = models.PositiveIntegerField(default=0)
    late_percent = models.PositiveSmallIntegerField(default=0, help_text=_("Percent off for each day, as it was then."))
    raw_grade = models.PositiveIntegerField(_("grade before the penalty"), null=True)
    penalty_points = models.PositiveIntegerField(_("penalty"), default=0)
    feedback = models.TextField(_("feedback"), max_length=20_000, blank=True)
    graded_at = models.DateTimeField(_("graded"), null=True)
    graded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    released_at = models.DateTimeField(_("shown to the student"), null=True)
    version = models.PositiveIntegerField(default=0)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at", "-attempt", "id"]
        verbose_name = _("submission")
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "enrollment", "attempt"], name="assignments_submission_version_once"
            ),
            models.CheckConstraint(
                condition=Q(raw_grade=None) | Q(penalty_points__lte=F("raw_grade")),
                name="assignments_submission_never_below_zero",
            ),
            models.CheckConstraint(
                condition=Q(released_at=None) | Q(graded_at__isnull=False), name="assignments_submission_released_grade"
            ),
        ]
        indexes = [models.Index(fields=["assignment", "graded_at"], name="assignments_waiting")]

    def __str__(self) -> str:
        return f"{self.user} · {self.assignment} · {self.attempt}"

    def state(self, *, is_superseded: bool = False) -> SubmissionState:
        """Return the state of the submission (assignments/states.py); the caller knows whether a version came after."""
        if is_superseded:
            return SubmissionState.SUPERSEDED
        if self.graded_at is None:
            return SubmissionState.SUBMITTED
        return SubmissionState.RELEASED if self.is_released else SubmissionState.GRADED

    @property
    def is_late(self) -> bool:
        """Whether it came after it was due."""
        return self.days_late > 0

    @property
    def grade(self) -> int | None:
        """What counts: the raw grade without the penalty; None until it is graded."""
        return None if self.raw_grade is None else self.raw_grade - self.penalty_points

    @property
    def is_released(self) -> bool:
        """Whether its student sees the grade."""
        return self.released_at is not None

    @property
    def content_html(self) -> str:
        """The text as safe HTML."""
        return markdown.to_html(self.content)

    @property
    def feedback_html(self) -> str:
        """The feedback as safe HTML."""
        return markdown.to_html(self.feedback)


class SubmissionFile(models.Model):
    """A file that was handed in, or given back with the grade."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="files")
    file = models.ForeignKey(File, models.PROTECT, related_name="+")
    is_feedback = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["submission", "file"], name="assignments_submissionfile_once")]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.file_id}"


class GradeChange(models.Model):
    """One grading of one submission: who, when, why and what; appended, never edited."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="grade_changes")
    raw_grade = models.PositiveIntegerField(_("grade before the penalty"))
    penalty_points = models.PositiveIntegerField(_("penalty"), default=0)
    feedback = models.TextField(_("feedback"), blank=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    graded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("change of a grade")

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.grade}"

    @property
    def grade(self) -> int:
        """What counted from then on."""
        return self.raw_grade - self.penalty_points


class SubmissionDraft(models.Model):
    """What a student has typed and not handed in yet; one for each assignment."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    content = models.TextField(max_length=LONGEST_TEXT, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assignment", "user"], name="assignments_submissiondraft_once")]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.user_id}"
