"""What is graded in a course, when it is open to whom, and the ledger of grades.

A quiz or an assignment *is* a graded item: their models inherit from `GradedItem`, so that the gradebook, the calendar
and the clock read one table, whatever hangs on it.
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

from accounts.models import Role, has_role, one_line
from courses.models import Course, Lesson
from enrollments.models.learning import Enrollment

MOST_POINTS = Decimal("99999.99")
MOST_EXTRA_PERCENT = 300

Item = TypeVar("Item", bound="GradedItem")


class ItemKind(models.TextChoices):
    """What sort of work an item is."""

    QUIZ = "quiz", _("Quiz")
    ASSIGNMENT = "assignment", _("Assignment")


class GradedItemQuerySet(models.QuerySet[Item]):
    """Graded items by who may see them; quizzes and assignments inherit these rules."""

    def published(self) -> Self:
        """Return the items that students can see."""
        return self.filter(is_published=True)

    def visible_to(self, user: Any) -> Self:
        """Return the published items of the courses that `user` learns in, all of those they teach, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        learning = Enrollment.objects.active().filter(user=user, course__is_published=True).values("course_id")
        open_to_them = Q(is_published=True, course__in=learning)
        if has_role(user, Role.INSTRUCTOR):
            return self.filter(Q(course__instructor=user) | open_to_them)
        return self.filter(open_to_them)

    def editable_by(self, user: Any) -> Self:
        """Return the items of the courses that `user` teaches, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(course__instructor=user) if has_role(user, Role.INSTRUCTOR) else self.none()


class GradedItem(models.Model):
    """A piece of work in a course that earns points: the parent of every quiz and assignment.

    Times are UTC. `opens_at` to `closes_at` is when work is taken at all; `due_at` is when it is on time. What holds
    for one student, with their extensions, is said by `enrollments.deadlines.terms_for` alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="graded_items", verbose_name=_("course"))
    lesson = models.ForeignKey(
        Lesson, models.SET_NULL, null=True, blank=True, related_name="graded_items", verbose_name=_("lesson")
    )
    kind = models.CharField(max_length=20, choices=ItemKind.choices, editable=False)
    title = models.CharField(_("title"), max_length=200, validators=[one_line])
    is_published = models.BooleanField(_("published"), default=False)
    is_required = models.BooleanField(
        _("required"), default=False, help_text=_("The course is not completed until this is passed.")
    )
    points_possible = models.DecimalField(
        _("points"),
        max_digits=7,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(MOST_POINTS)],
    )
    weight = models.DecimalField(
        _("weight"),
        max_digits=6,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("How much it counts in the final grade, next to the others. 0 does not count."),
    )
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    time_limit_minutes = models.PositiveIntegerField(
        _("time limit in minutes"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(10_080)]
    )
    max_attempts = models.PositiveIntegerField(
        _("attempts"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: any number.")
    )
    position = models.PositiveIntegerField(_("place"), default=0)
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
        """Whether a grade of it is part of the final grade: possible to score in, and of some weight."""
        return bool(self.points_possible and self.weight)


class Accommodation(models.Model):
    """More time for one student in all timed work of a course. The latest word stands; the audit log keeps the rest."""

    enrollment = models.OneToOneField(Enrollment, models.CASCADE, related_name="accommodation")
    extra_time_percent = models.PositiveSmallIntegerField(
        _("more time in percent"), default=0, validators=[MaxValueValidator(MOST_EXTRA_PERCENT)]
    )
    reason = models.CharField(_("why"), max_length=300, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("accommodation")
        constraints = [
            models.CheckConstraint(
                condition=Q(extra_time_percent__lte=MOST_EXTRA_PERCENT), name="enrollments_accommodation_percent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment_id} +{self.extra_time_percent} %"


class Extension(models.Model):
    """Other terms for one student and one item: more minutes, more attempts, other dates. Empty means as everybody."""

    item = models.ForeignKey(GradedItem, models.CASCADE, related_name="extensions")
    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="extensions")
    extra_minutes = models.PositiveIntegerField(_("more minutes"), default=0)
    extra_attempts = models.PositiveIntegerField(_("more attempts"), default=0)
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)
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
    """Grades by who may see them, and the ones that stand."""

    def visible_to(self, user: Any) -> Self:
        """Return one's own grades, those of the courses one teaches, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(enrollment__user=user) | Q(item__course__instructor=user))

    def editable_by(self, user: Any) -> Self:
        """Return nothing: a grade is answered by another entry, never edited."""
        return self.none()


class GradeEntry(models.Model):
    """One line of the ledger of grades: appended, never edited. The last one of an item and enrolment stands.

    `points` is null for work that is excused, or whose grade was taken back.
    """

    item = models.ForeignKey(GradedItem, models.PROTECT, related_name="grades")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="grades")
    points = models.DecimalField(_("points"), max_digits=7, decimal_places=2, null=True)
    is_excused = models.BooleanField(_("excused"), default=False)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    source_id = models.UUIDField(null=True, help_text=_("The attempt or submission that earned it."))
    graded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("when"), default=timezone.now)

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
