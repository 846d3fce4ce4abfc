"""Models of assignments, submissions, their files, drafts and grading history."""

import math
import uuid
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from assignments.states import SubmissionState
from core.text import markdown
from courses.models import taught_by
from enrollments.deadlines import Terms
from enrollments.models import Enrollment, GradedItem, GradedItemQuerySet, ItemKind
from files.file_types import SUBMISSIONS
from files.models import File

MAX_TEXT_LENGTH = 100_000


def _to_site_clock(moment: datetime) -> datetime:
    """Return the date and time of day in the site's time zone, to the second."""
    return timezone.make_naive(moment, timezone.get_default_timezone()).replace(microsecond=0)


def validate_file_types(types: Any) -> None:
    """Raise ValidationError `unknown_file_type` unless `types` is a list of supported file extensions."""
    unknown = [kind for kind in types if kind not in SUBMISSIONS] if isinstance(types, list) else [types]
    if unknown:
        message = _("Unknown file types: %(unknown)s. Use one or more of: %(known)s.")
        params = {"unknown": ", ".join(map(str, unknown)), "known": ", ".join(sorted(SUBMISSIONS))}
        raise ValidationError(message, params=params, code="unknown_file_type")


def calculate_penalty(*, raw: int, percent: int, days: int) -> int:
    """Return the points that a raw grade loses: `percent` per started day, rounded half up (docs/api-contract.md)."""
    lost = (Decimal(raw) * percent * days / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return min(raw, int(lost))


class AssignmentQuerySet(GradedItemQuerySet["Assignment"]):
    """QuerySet of assignments; visibility is that of all graded items."""


class Assignment(GradedItem):
    """Work that students submit and that is graded manually.

    Submissions after `due_at` are late; after `closes_at` none are accepted. Both may differ per student (see
    `enrollments.deadlines`). `allowed_file_types` are extensions without the dot; if empty, all types are accepted.
    """

    description = models.TextField(_("instructions"), max_length=50_000, blank=True, help_text=_("Markdown."))
    allow_late_submission = models.BooleanField(_("accept late work"), default=False)
    late_penalty_percentage = models.PositiveSmallIntegerField(
        _("late penalty in percent per started day"), default=0, validators=[MaxValueValidator(100)]
    )
    passing_points = models.PositiveIntegerField(_("points to pass"), null=True, blank=True)
    allowed_file_types = models.JSONField(
        _("accepted file types"), default=list, blank=True, validators=[validate_file_types]
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
        """Reject a pass mark above the number of points."""
        if self.passing_points is not None and self.passing_points > self.points_possible:
            raise ValidationError({"passing_points": _("Enter at most the number of points of the assignment.")})

    @property
    def points(self) -> int:
        """Return the maximum number of points as an integer."""
        return int(self.points_possible)

    @property
    def description_html(self) -> str:
        """Return the instructions as safe HTML."""
        return markdown.to_html(self.description, allow_html=True, id_prefix=markdown.MAIN_TEXT)

    @property
    def accepted_types(self) -> list[str]:
        """Return the accepted file extensions."""
        return self.allowed_file_types or sorted(SUBMISSIONS)

    @property
    def accept(self) -> str:
        """Return the value of the `accept` attribute of a file input."""
        return ",".join(f".{kind}" for kind in self.accepted_types)

    def days_late(self, terms: Terms, at: Any) -> int:
        """Return the number of started days after the due date; 0 including the due second (quality row S02).

        A day ends at the same time of day in the site's time zone, also where the clocks change in between.
        """
        if terms.due_at is None or not terms.is_late(at):
            return 0
        return max(1, math.ceil((_to_site_clock(at) - _to_site_clock(terms.due_at)) / timedelta(days=1)))

    def is_passed_by(self, points: Decimal | int | None) -> bool:
        """Return whether `points` pass the assignment; without a pass mark, any grade passes."""
        return points is not None and points >= (self.passing_points or 0)

    def get_absolute_url(self) -> str:
        """Return the URL of the students' page. Needs the course."""
        return reverse("assignments:assignment", args=[self.course.slug, self.pk])


class AssignmentFile(models.Model):
    """A file that is attached to an assignment's instructions."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="files")
    file = models.ForeignKey(File, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["assignment", "file"], name="assignments_assignmentfile_once")]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.file_id}"


class TextFormat(models.TextChoices):
    """The format of a submitted text."""

    PLAIN = "plain", _("Plain text")
    MARKDOWN = "markdown", _("Markdown")


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """QuerySet of submissions with filters for permissions and grading state."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own submissions and those of courses they teach; all for admins (quality row S01)."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(user=user) | taught_by(user, "assignment__course"))

    def editable_by(self, user: Any) -> Self:
        """Return the submissions that `user` may grade: of courses they teach, or all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(taught_by(user, "assignment__course"))

    def current(self) -> Self:
        """Return the last version of each student's submission."""
        later = Submission.objects.filter(
            assignment=OuterRef("assignment"), enrollment=OuterRef("enrollment"), attempt__gt=OuterRef("attempt")
        )
        return self.filter(~Exists(later))

    def waiting(self) -> Self:
        """Return the current submissions that await grading, oldest first."""
        return self.current().filter(graded_at=None, returned_at=None).order_by("submitted_at", "id")

    def unreleased(self) -> Self:
        """Return the current submissions with a grade that is not released."""
        return self.current().filter(graded_at__isnull=False, released_at=None)

    def for_lists(self) -> Self:
        """Load the related objects that lists display."""
        return self.select_related("assignment__course", "user", "graded_by")


class Submission(models.Model):
    """One version of a student's work. Its grade is that of the last of its `grade_changes`, which are append-only.

    `version` is the number of gradings; it detects concurrent grading (quality row S05).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="submissions")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="submissions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="submissions")
    attempt = models.PositiveIntegerField(_("version"))
    submitted_at = models.DateTimeField(_("submitted at"), default=timezone.now)
    content = models.TextField(_("text"), max_length=MAX_TEXT_LENGTH, blank=True)
    text_format = models.CharField(
        _("format"), max_length=10, choices=TextFormat.choices, default=TextFormat.PLAIN, db_default=TextFormat.PLAIN
    )
    days_late = models.PositiveIntegerField(default=0)
    late_percent = models.PositiveSmallIntegerField(
        default=0, help_text=_("Late penalty in percent per day at the time of submission.")
    )
    raw_grade = models.PositiveIntegerField(_("grade before the penalty"), null=True)
    penalty_points = models.PositiveIntegerField(_("penalty"), default=0)
    feedback = models.TextField(_("feedback"), max_length=20_000, blank=True)
    graded_at = models.DateTimeField(_("graded at"), null=True)
    graded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    released_at = models.DateTimeField(_("released at"), null=True)
    returned_at = models.DateTimeField(_("returned for revision at"), null=True)
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
        """Return the state of the submission (assignments/states.py). The caller determines `is_superseded`."""
        if is_superseded:
            return SubmissionState.SUPERSEDED
        if self.is_returned:
            return SubmissionState.RETURNED
        if self.graded_at is None:
            return SubmissionState.SUBMITTED
        return SubmissionState.RELEASED if self.is_released else SubmissionState.GRADED

    @property
    def is_late(self) -> bool:
        """Return whether the submission was late."""
        return self.days_late > 0

    @property
    def grade(self) -> int | None:
        """Return the raw grade minus the penalty; None if not graded."""
        return None if self.raw_grade is None else self.raw_grade - self.penalty_points

    @property
    def is_released(self) -> bool:
        """Return whether the student can see the grade."""
        return self.released_at is not None

    @property
    def is_returned(self) -> bool:
        """Return whether the submission was returned for revision."""
        return self.returned_at is not None

    @property
    def is_feedback_visible(self) -> bool:
        """Return whether the student can see the feedback."""
        return self.is_released or self.is_returned

    @property
    def content_html(self) -> str:
        """Return the text as safe HTML: as it was typed, or formatted if the student chose Markdown."""
        if self.text_format == TextFormat.MARKDOWN:
            return markdown.to_html(self.content)
        return markdown.plain_to_html(self.content)

    @property
    def feedback_html(self) -> str:
        """Return the feedback, written in Markdown, as safe HTML with its line breaks."""
        return markdown.to_html(self.feedback, breaks=True)


class SubmissionFile(models.Model):
    """A file of a submission, or of the feedback on it."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="files")
    file = models.ForeignKey(File, models.PROTECT, related_name="+")
    is_feedback = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["submission", "file"], name="assignments_submissionfile_once")]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.file_id}"


class GradeChange(models.Model):
    """One grading of a submission. Rows are append-only."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="grade_changes")
    raw_grade = models.PositiveIntegerField(_("grade before the penalty"))
    penalty_points = models.PositiveIntegerField(_("penalty"), default=0)
    feedback = models.TextField(_("feedback"), blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    graded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(_("graded at"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("grade change")

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.grade}"

    @property
    def grade(self) -> int:
        """Return the raw grade minus the penalty."""
        return self.raw_grade - self.penalty_points


class SubmissionDraft(models.Model):
    """The unsubmitted text of a student; one row per assignment and student."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    content = models.TextField(max_length=MAX_TEXT_LENGTH, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assignment", "user"], name="assignments_submissiondraft_once")]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.user_id}"
