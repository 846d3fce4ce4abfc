"""Models of learning activity, of the daily roll-ups that reports read, and of exports.

A roll-up counts the rows of a closed day in the site's time zone. Weeks, months and years are sums of days, so that ten
years take about thirty rows per figure. `analytics.rollups` writes the roll-ups, `analytics.rollup_reader` reads them.
"""

import uuid
from datetime import date
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from accounts.models import Role, has_role
from courses.models import Course, taught_by
from files.models import File


class Learner(models.Model):
    """A small integer for each person with activity, because sets of people are stored as sets of integers."""

    number = models.AutoField(primary_key=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="learner")

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}"


class Activity(models.Model):
    """Activity of a learner in a course in one quarter of an hour: opened or completed a lesson, or submitted work.

    Rows are appended, never edited. Midnight in every time zone is the start of a quarter of an hour, so that days can
    be counted again after the site's time zone changes.
    """

    learner = models.ForeignKey(Learner, models.PROTECT, related_name="activity")
    course = models.ForeignKey(Course, models.PROTECT, related_name="activity")
    quarter_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "activity"
        constraints = [
            models.UniqueConstraint(fields=["learner", "course", "quarter_at"], name="analytics_activity_once"),
        ]
        indexes = [models.Index(fields=["quarter_at", "course", "learner"], name="analytics_activity_when")]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.course_id} {self.quarter_at}"


class Departure(models.Model):
    """Deletion of an account: people are counted again for the day on which it was created. Appended, never edited."""

    joined_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.joined_at}"


class Span(models.TextChoices):
    """Length of a roll-up."""

    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    YEAR = "y"


class Figure(models.TextChoices):
    """Figures that are counted. The subject of a tally is a lesson, a graded item, a currency or a time limit."""

    JOINED = "joined"  # accounts created; counted for the site only
    ENROLLMENTS = "enrollments"
    COMPLETIONS = "completions"
    SECONDS = "seconds"  # from enrollment to completion, summed over the completions
    TOOK = "took"  # completions by the number of days they took (subject)
    DONE = "done"  # completed lessons, by lesson (subject)
    SETTLED = "settled"  # lessons completed in completed courses, from the day on which both are completed
    GRADED = "graded"  # graded items (subject) that got a grade, less those that lost it
    POINTS = "points"  # change of the current grades of a graded item (subject), in hundredths of a point
    ORDERS = "orders"  # paid orders by currency (subject), like the next two
    GROSS = "gross"
    REFUNDS = "refunds"  # refunds and disputes, less won disputes


class Tally(models.Model):
    """Amount of one figure in one span of days, in a course or, without a course, on the whole site.

    Money is in minor units. A span without any has no row.
    """

    span = models.CharField(max_length=1, choices=Span.choices)
    begins_on = models.DateField()
    course = models.ForeignKey(Course, models.CASCADE, null=True, related_name="tallies")
    figure = models.CharField(max_length=11, choices=Figure.choices)
    subject = models.CharField(max_length=36, blank=True)
    amount = models.BigIntegerField()

    class Meta:
        ordering = ["begins_on", "id"]
        verbose_name_plural = "tallies"
        constraints = [
            models.UniqueConstraint(
                fields=["course", "figure", "span", "begins_on", "subject"],
                condition=Q(course__isnull=False),
                name="analytics_tally_course_once",
            ),
            models.UniqueConstraint(
                fields=["figure", "span", "begins_on", "subject"],
                condition=Q(course__isnull=True),
                name="analytics_tally_site_once",
            ),
        ]
        indexes = [models.Index(fields=["span", "figure", "begins_on"], name="analytics_tally_when")]

    def __str__(self) -> str:
        return f"{self.span}{self.begins_on} {self.figure} {self.subject} {self.amount}"


def deserialize_learners(numbers: Any) -> BitMap:
    """Return the set of learner numbers of a column of `ActiveSet`, from bytes or memoryview."""
    return BitMap.deserialize(bytes(numbers))


class ActiveSet(models.Model):
    """Learners active in a span of days, in a course or on the whole site, as a compressed set of their numbers.

    A set and not a count: a person active on Monday and on Friday is one person of the week.
    """

    span = models.CharField(max_length=1, choices=Span.choices)
    begins_on = models.DateField()
    course = models.ForeignKey(Course, models.CASCADE, null=True, related_name="active_sets")
    count = models.PositiveIntegerField()
    numbers = models.BinaryField()

    class Meta:
        ordering = ["begins_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["course", "span", "begins_on"],
                condition=Q(course__isnull=False),
                name="analytics_activeset_course_once",
            ),
            models.UniqueConstraint(
                fields=["span", "begins_on"], condition=Q(course__isnull=True), name="analytics_activeset_site_once"
            ),
        ]
        indexes = [models.Index(fields=["span", "begins_on"], name="analytics_activeset_when")]

    def __str__(self) -> str:
        return f"{self.span}{self.begins_on} {self.count}"

    @property
    def people(self) -> BitMap:
        """Set of learner numbers."""
        return deserialize_learners(self.numbers)


class RollupState(models.Model):
    """Days covered by the roll-ups, and the state they were made from. One row, locked during a roll-up."""

    time_zone = models.CharField(max_length=60, blank=True)
    rolled_from = models.DateField(null=True)
    rolled_to = models.DateField(null=True)
    marks = models.JSONField(default=dict, help_text=_("Newest ids of the append-only tables at the last two runs."))
    rolled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="analytics_rollupstate_one_row")]

    def __str__(self) -> str:
        return f"{self.time_zone} {self.rolled_from} to {self.rolled_to}"

    @classmethod
    def current(cls) -> Self:
        """Return the state; an unsaved one without days before the first roll-up. One query."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def last_usable_day(self) -> date | None:
        """Last day covered by the roll-ups; None without any, or if their time zone is not the site's."""
        return self.rolled_to if self.time_zone == settings.TIME_ZONE else None


class ExportKind(models.TextChoices):
    """Kinds of exports."""

    STUDENTS = "students", _("Students of a course")
    ENROLLMENTS = "enrollments", _("Enrollments")
    LEDGER = "ledger", _("Ledger")


class ExportQuerySet(models.QuerySet["Export"]):
    """Access to exports."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's exports, except those of courses that the user no longer teaches."""
        if not user.is_authenticated:
            return self.none()
        own_exports = self.filter(user=user)
        return own_exports if has_role(user, Role.ADMIN) else own_exports.filter(taught_by(user, "course"))

    def editable_by(self, user: Any) -> Self:
        """Return the user's own exports."""
        return self.visible_to(user)


class Export(models.Model):
    """A file requested by a user: written by a task, downloaded from the files, deleted after a week."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="exports")
    kind = models.CharField(max_length=12, choices=ExportKind.choices)
    course = models.ForeignKey(Course, models.CASCADE, null=True, related_name="+")
    first = models.DateField(null=True)
    last = models.DateField(null=True)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(default=0)
    file = models.OneToOneField(File, models.SET_NULL, null=True, related_name="+")
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("export")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="students") | Q(course__isnull=False), name="analytics_export_students_of_a_course"
            ),
            models.CheckConstraint(
                condition=Q(rows_done__lte=models.F("rows_total")), name="analytics_export_done_at_most_total"
            ),
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="analytics_export_mine")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def percent(self) -> int:
        """Share of the rows that are written, in percent."""
        return 100 * self.rows_done // self.rows_total if self.rows_total else 0

    @property
    def is_finished(self) -> bool:
        """Whether the export is finished, successfully or not."""
        return self.finished_at is not None
