"""Graded items, extensions, accommodations and the ledger of grades.

Quizzes and assignments inherit from `GradedItem` (multi-table inheritance), so that the gradebook, the calendar and
the deadlines read one table for all types of work.
"""

import uuid
from decimal import Decimal
from typing import Any, Self, TypeVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from core.text.validators import validate_one_line
from courses.models import Course, Lesson, taught_by
from enrollments.models.enrollments import Enrollment

MAX_POINTS = Decimal("99999.99")
MAX_EXTRA_PERCENT = 300

Item = TypeVar("Item", bound="GradedItem")


class ItemKind(models.TextChoices):
    """Type of a graded item."""

    QUIZ = "quiz", _("Quiz")
    ASSIGNMENT = "assignment", _("Assignment")


class GradedItemQuerySet(models.QuerySet[Item]):
    """QuerySet of graded items; quizzes and assignments inherit its rules of access."""

    def published(self) -> Self:
        """Return the published items."""
        return self.filter(is_published=True)

    def visible_to(self, user: Any) -> Self:
        """Return the published items of the user's courses, all items of courses they teach; all for administrators."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        enrolled = Enrollment.objects.active().filter(user=user, course__is_published=True).values("course_id")
        as_student = Q(is_published=True, course__in=enrolled)
        return self.filter(taught_by(user, "course") | as_student)

    def editable_by(self, user: Any) -> Self:
        """Return the items of the courses that `user` teaches; all for administrators."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(taught_by(user, "course"))


class GradedItem(models.Model):
    """Work in a course that earns points: the parent model of quizzes and assignments.

    Times are UTC. Work is accepted from `opens_at` to `closes_at`, and is on time until `due_at`. Only
    `enrollments.deadlines.get_terms` computes the dates and limits for one student, with extensions.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="graded_items", verbose_name=_("course"))
    lesson = models.ForeignKey(
        Lesson, models.SET_NULL, null=True, blank=True, related_name="graded_items", verbose_name=_("lesson")
    )
    kind = models.CharField(max_length=20, choices=ItemKind.choices, editable=False)
    title = models.CharField(_("title"), max_length=200, validators=[validate_one_line])
    is_published = models.BooleanField(_("published"), default=False)
    is_required = models.BooleanField(
        _("required"), default=False, help_text=_("Students must pass this to complete the course.")
    )
    points_possible = models.DecimalField(
        _("points"),
        max_digits=7,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MAX_POINTS)],
    )
    weight = models.DecimalField(
        _("weight"),
        max_digits=6,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("Weight in the final grade, relative to other items. Items with weight 0 do not count."),
    )
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    time_limit_minutes = models.PositiveIntegerField(
        _("time limit in minutes"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(10_080)]
    )
    max_attempts = models.PositiveIntegerField(
        _("attempts"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Leave empty for unlimited attempts."),
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = GradedItemQuerySet["GradedItem"].as_manager()

    class Meta:
        ordering = ["position", "created_at", "id"]
        verbose_name = _("graded item")
        constraints = [
            models.CheckConstraint(
                condition=Q(points_possible__gte=0, weight__gte=0), name="enrollments_gradeditem_points"
            ),
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(closes_at__gt=F("opens_at")),
                name="enrollments_gradeditem_closes_after_opening",
            ),
        ]
        indexes = [
            models.Index(fields=["course", "position"], name="enrollments_item_course"),
            models.Index(fields=["due_at"], name="enrollments_item_due"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_counted(self) -> bool:
        """Whether grades of this item count toward the final grade: its points and its weight are above 0."""
        return bool(self.points_possible and self.weight)


class Accommodation(models.Model):
    """Extra time for one student in all timed work of a course. Earlier values are in the audit log."""

    enrollment = models.OneToOneField(Enrollment, models.CASCADE, related_name="accommodation")
    extra_time_percent = models.PositiveSmallIntegerField(
        _("extra time in percent"), default=0, validators=[MaxValueValidator(MAX_EXTRA_PERCENT)]
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("accommodation")
        constraints = [
            models.CheckConstraint(
                condition=Q(extra_time_percent__lte=MAX_EXTRA_PERCENT), name="enrollments_accommodation_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment_id} +{self.extra_time_percent} %"


class Extension(models.Model):
    """Extra minutes, extra attempts or other dates for one student and one item. Empty dates are the item's own."""

    item = models.ForeignKey(GradedItem, models.CASCADE, related_name="extensions")
    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="extensions")
    extra_minutes = models.PositiveIntegerField(_("extra minutes"), default=0)
    extra_attempts = models.PositiveIntegerField(_("extra attempts"), default=0)
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["item_id", "enrollment_id"]
        verbose_name = _("extension")
        constraints = [
            models.UniqueConstraint(fields=["item", "enrollment"], name="enrollments_extension_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.enrollment_id}"


class GradeEntryQuerySet(models.QuerySet["GradeEntry"]):
    """QuerySet of grade entries."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own grades and those of the courses they teach; all for administrators."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(enrollment__user=user) | taught_by(user, "item__course"))

    def editable_by(self, user: Any) -> Self:
        """Return an empty QuerySet: grades are changed by appending an entry, never edited."""
        return self.none()


class GradeEntry(models.Model):
    """An entry of the ledger of grades: appended, never edited. The last entry of an item and enrollment is current.

    `points` is null for excused work and for a withdrawn grade.
    """

    item = models.ForeignKey(GradedItem, models.PROTECT, related_name="grades")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="grades")
    points = models.DecimalField(_("points"), max_digits=7, decimal_places=2, null=True)
    is_excused = models.BooleanField(_("excused"), default=False)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    source_id = models.UUIDField(null=True, help_text=_("The graded attempt or submission."))
    graded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("date"), default=timezone.now)

    objects = GradeEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("grade")
        constraints = [
            models.CheckConstraint(condition=Q(points=None) | Q(points__gte=0), name="enrollments_gradeentry_points"),
            models.CheckConstraint(
                condition=Q(is_excused=False) | Q(points=None), name="enrollments_gradeentry_excused_has_none"
            ),
        ]
        indexes = [
            models.Index(fields=["enrollment", "item", "-id"], name="enrollments_grade_latest"),
            models.Index(fields=["created_at"], name="enrollments_grade_at"),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.enrollment_id}: {self.points}"
