"""Who learned when; the daily roll-ups that reports are made of; and the exports that people asked for.

A roll-up counts what the rows say of a closed day, in the site's time zone. Weeks, months and years are sums of days,
so that ten years are some thirty rows of each figure. `analytics.rollups` keeps them, `analytics.tallies` reads them.
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
from courses.models import Course
from files.models import File


class Learner(models.Model):
    """A small number for each person who ever learned, as sets of people are kept by number."""

    number = models.AutoField(primary_key=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="learner")

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}"


class Activity(models.Model):
    """Somebody did something in a course within a quarter of an hour: opened a lesson, finished one, handed in work.

    Appended, never edited. A quarter of an hour, because every time zone's midnight falls on one: days can be counted
    anew when the site moves.
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
    """An account was deleted: of the day on which it had been made, people are counted anew. Appended, never edited."""

    joined_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.joined_at}"


class Span(models.TextChoices):
    """How long a stretch of days is."""

    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    YEAR = "y"


class Figure(models.TextChoices):
    """What is counted. `subject` of a tally says of what: a lesson, a piece of work, a currency, a class of time."""

    JOINED = "joined"  # people who have an account since then; of the site only
    ENROLLMENTS = "enrollments"
    COMPLETIONS = "completions"
    SECONDS = "seconds"  # from enrolling to completing, summed over the completions
    TOOK = "took"  # completions by how many days they took (subject)
    DONE = "done"  # completed lessons (subject)
    SETTLED = "settled"  # of those, the ones of people who have completed the course, from the day that both are true
    GRADED = "graded"  # work (subject) that came to have a grade, less that which lost it
    POINTS = "points"  # by how much the standing grades of a piece of work (subject) grew, in hundredths
    ORDERS = "orders"  # paid ones, by currency (subject), as the next two
    GROSS = "gross"
    REFUNDS = "refunds"  # refunds and disputes, less disputes that were won


class Tally(models.Model):
    """How much of one figure there was in one stretch of days: in a course, or, without one, on the whole site.

    Money is in the minor unit. A stretch without anything has no row.
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


def people_in(numbers: Any) -> BitMap:
    """Return the set of learners that a column of `ActiveSet` holds, whatever kind of bytes the database gave."""
    return BitMap.deserialize(bytes(numbers))


class ActiveSet(models.Model):
    """Who learned in a stretch of days, in a course or on the whole site: a compressed set of learners' numbers.

    Sets, not counts: who came on Monday and on Friday is one person of the week.
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
        """The set itself."""
        return people_in(self.numbers)


class RollupState(models.Model):
    """Up to which day the roll-ups reach, and what they were made of; one row, locked by whoever rolls."""

    time_zone = models.CharField(max_length=60, blank=True)
    rolled_from = models.DateField(null=True)
    rolled_to = models.DateField(null=True)
    marks = models.JSONField(default=dict, help_text=_("The newest ids of appended rows, two runs ago and one."))
    rolled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="analytics_rollupstate_one_row")]

    def __str__(self) -> str:
        return f"{self.time_zone} {self.rolled_from} to {self.rolled_to}"

    @classmethod
    def current(cls) -> Self:
        """Return the state; one that reaches nowhere before anything was rolled. One query."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def reach(self) -> date | None:
        """The last day that the roll-ups know; None where there are none, or of another time zone than the site's."""
        return self.rolled_to if self.time_zone == settings.TIME_ZONE else None


class ExportKind(models.TextChoices):
    """What a large file holds."""

    STUDENTS = "students", _("Students of a course")
    ENROLLMENTS = "enrollments", _("Enrolments")
    LEDGER = "ledger", _("Ledger")


class ExportQuerySet(models.QuerySet["Export"]):
    """Exports by who may see them."""

    def visible_to(self, user: Any) -> Self:
        """Return what the user asked for, and may still read: a course that somebody else teaches now is not theirs."""
        if not user.is_authenticated:
            return self.none()
        mine = self.filter(user=user)
        return mine if has_role(user, Role.ADMIN) else mine.filter(course__instructor=user)

    def editable_by(self, user: Any) -> Self:
        """Return the user's own exports."""
        return self.visible_to(user)


class Export(models.Model):
    """A large file that somebody asked for: made by a task, fetched from the files, forgotten after a week."""

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
        """How much of it is written, in percent."""
        return 100 * self.rows_done // self.rows_total if self.rows_total else 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.finished_at is not None
