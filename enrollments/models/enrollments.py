"""Enrollments, invitations, lesson progress and reviews."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.core import signing
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Greatest, Least, Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from accounts.models.people import is_deleted_user
from core.text.validators import validate_visible
from courses.models import Course, Lesson, taught_by
from enrollments.states import EnrollmentState

INVITATION_SALT = "enrollments.invitation"
MAX_PLAYBACK_SPEED = 2  # times the normal speed
SLACK_SECONDS = 15  # slightly more than the interval between two position reports of the player


# Raw SQL, because building the equivalent ORM subqueries takes 3 ms of CPU per request (0.9 ms for the whole query with
# raw SQL, 4 ms without), more than a fifth of a dashboard or of a page of `GET /enrollments/`. The subqueries refer to
# the outer enrollment by its table name, so they don't work where the ORM aliases that table.
LESSONS_DONE = RawSQL(
    """SELECT COUNT(*) FROM "enrollments_lessonprogress" "done"
    JOIN "courses_lesson" "lesson" ON "lesson"."id" = "done"."lesson_id"
    WHERE "done"."enrollment_id" = "enrollments_enrollment"."id"
    AND "lesson"."is_published" AND "done"."completed_at" IS NOT NULL""",
    (),
    output_field=models.IntegerField(),
)
FIRST_UNFINISHED = """FROM "courses_lesson" "lesson"
    WHERE "lesson"."course_id" = "enrollments_enrollment"."course_id" AND "lesson"."is_published" AND NOT EXISTS (
        SELECT 1 FROM "enrollments_lessonprogress" "done" WHERE "done"."lesson_id" = "lesson"."id"
        AND "done"."enrollment_id" = "enrollments_enrollment"."id" AND "done"."completed_at" IS NOT NULL
    ) ORDER BY "lesson"."order" LIMIT 1"""
NEXT_LESSON_ID = RawSQL(f'SELECT "lesson"."id" {FIRST_UNFINISHED}', (), output_field=models.UUIDField())  # noqa: S611  # fixed SQL
NEXT_LESSON_TITLE = RawSQL(f'SELECT "lesson"."title" {FIRST_UNFINISHED}', (), output_field=models.CharField())  # noqa: S611  # fixed SQL

# A course has 23 columns. Loading all of them for 20 rows took most of the time of a list.
ROW_FIELDS = (
    "user", "source", "payment_id", "enrolled_at", "completed_at", "last_activity_at", "is_active", "is_barred",
    "course__slug",
    "course__title", "course__thumbnail", "course__thumbnail_url", "course__lessons_count",
)  # fmt: skip
# Fields of a model of a higher app, referred to by name; the dashboard's tests fail if one is renamed.
CERTIFICATE_FIELDS = ("certificate__pdf", "certificate__issued_at", "certificate__revoked_at")


class Source(models.TextChoices):
    """How a student enrolled."""

    FREE = "free", _("Free course")
    PAID = "paid", _("Purchase")
    INVITED = "invited", _("Invitation")
    ADDED = "added", _("Added by the instructor")
    LINK = "link", _("Join link")


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    """QuerySet of enrollments."""

    def active(self) -> Self:
        """Return the enrollments that have not ended."""
        return self.filter(is_active=True)

    def visible_to(self, user: Any) -> Self:
        """Return the user's own enrollments; all for administrators."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return the user's own enrollments; not even administrators record progress for others."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def barred(self) -> Self:
        """Return the enrollments of students who were removed and may not enroll again."""
        return self.filter(is_barred=True)

    def manageable_by(self, user: Any) -> Self:
        """Return the user's own enrollments and those of the courses that they teach; all for administrators."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(Q(user=user) | taught_by(user, "course")) if user.is_authenticated else self.none()

    def with_progress(self) -> Self:
        """Annotate `lessons_done`, the number of completed published lessons of the course."""
        return self.annotate(lessons_done=LESSONS_DONE)

    def with_next_lesson(self) -> Self:
        """Annotate `next_lesson_id`, the first published lesson that is not completed."""
        return self.annotate(next_lesson_id=NEXT_LESSON_ID)

    def for_roster(self, course: Course) -> Self:
        """Return the enrollments of `course` with `lessons_done`, `percent` and the user, newest first.

        Without deleted users.

        `percent` is `progress_percentage` as a column, to filter and to sort by.
        """
        share = Least(Value(100), 100 * LESSONS_DONE / Greatest(Value(1), Value(course.lessons_count)))
        percent = Case(When(completed_at__isnull=False, then=Value(100)), default=share, output_field=IntegerField())
        rows = self.filter(~is_deleted_user("user__"), course=course).with_progress().annotate(percent=percent)
        return rows.select_related("user", "course").order_by("-enrolled_at", "id")

    def for_rows(self) -> Self:
        """Load only the fields that lists of enrollments and their courses need."""
        return self.with_progress().with_next_lesson().select_related("course").only(*ROW_FIELDS)

    def for_dashboard(self) -> Self:
        """Load the fields of `for_rows()`, the certificate and `next_lesson_title`."""
        annotated = self.with_progress().with_next_lesson().annotate(next_lesson_title=NEXT_LESSON_TITLE)
        return annotated.select_related("course", "certificate").only(*ROW_FIELDS, *CERTIFICATE_FIELDS)


class Enrollment(models.Model):
    """One student in one course; at most one row for the pair.

    An enrollment that ends keeps its progress. Enrolling again resumes the same row, unless the student is barred.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="enrollments")
    course = models.ForeignKey(Course, models.PROTECT, related_name="enrollments")
    source = models.CharField(max_length=20, choices=Source.choices, default=Source.FREE)
    payment_id = models.UUIDField(null=True, blank=True, help_text=_("The payment for the course, if any."))
    enrolled_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    last_activity_at = models.DateTimeField(default=timezone.now)
    is_active = models.BooleanField(default=True)
    is_barred = models.BooleanField(
        _("removed"), default=False, db_default=False, help_text=_("The student may not enroll again.")
    )

    objects = EnrollmentQuerySet.as_manager()

    lessons_done: int
    next_lesson_id: uuid.UUID | None
    next_lesson_title: str | None

    class Meta:
        ordering = ["-last_activity_at", "id"]
        verbose_name = _("enrollment")
        constraints = [
            models.UniqueConstraint(fields=["user", "course"], name="enrollments_enrollment_once"),
            models.CheckConstraint(
                condition=Q(is_barred=False) | Q(is_active=False), name="enrollments_enrollment_barred_ended"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-last_activity_at"], name="enrollments_recent"),
            models.Index(fields=["course", "-enrolled_at"], name="enrollments_newest"),
            # Reports filter by time, over all courses or in one course.
            models.Index(fields=["enrolled_at", "course"], name="enrollments_enrolled_at"),
            models.Index(fields=["completed_at", "course"], name="enrollments_completed_at"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.course}"

    @property
    def state(self) -> EnrollmentState:
        """State of the enrollment (see `enrollments.states`)."""
        if not self.is_active:
            return EnrollmentState.BARRED if self.is_barred else EnrollmentState.ENDED
        return EnrollmentState.COMPLETED if self.completed_at else EnrollmentState.ACTIVE

    @property
    def end_text(self) -> str:
        """Sentence for the student about why the enrollment ended. One query."""
        event = self.events.filter(kind__in=EnrollmentEvent.ENDS).last()
        if event is not None and event.actor_id == self.user_id:
            return str(_("You left this course."))
        text = _("You were removed from this course.") if self.is_barred else _("Your enrollment has ended.")
        return f"{text} {_('Reason: %s') % event.reason}" if event is not None and event.reason else str(text)

    @property
    def progress_percentage(self) -> int:
        """Completed published lessons in percent of all published lessons, rounded down; 100 once completed.

        A lesson that is added after completion does not lower it (quality row E05). Needs `with_progress()`.
        """
        if self.completed_at is not None:
            return 100
        total = self.course.lessons_count
        return min(100, 100 * self.lessons_done // total) if total else 0


class EnrollmentEvent(models.Model):
    """An event in the history of an enrollment: appended in the transaction that causes it, never edited."""

    class Kind(models.TextChoices):
        """Type of the event."""

        ENROLLED = "enrolled", _("Enrolled")
        REVOKED = "revoked", _("Ended")
        RESUMED = "resumed", _("Enrolled again")
        COMPLETED = "completed", _("Completed")
        BARRED = "barred", _("Removed")
        READMITTED = "readmitted", _("Readmitted")

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="events")
    kind = models.CharField(_("event"), max_length=20, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("date"), default=timezone.now)

    ENDS = (Kind.REVOKED, Kind.BARRED)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("enrollment event")
        verbose_name_plural = _("history")
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment"], condition=Q(kind="completed"), name="enrollments_enrollmentevent_completed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment_id} {self.kind}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """QuerySet of invitations."""

    def pending(self) -> Self:
        """Return the invitations that are neither accepted nor expired, and whose address is no student's."""
        students = Enrollment.objects.active().filter(course=OuterRef("course"), user__email__iexact=OuterRef("email"))
        return self.filter(~Exists(students), accepted_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """An invitation by email. Its link enrolls one person, once, until it expires."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("email address"))
    full_name = models.CharField(_("full name"), max_length=120, blank=True, default="", db_default="")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("invitation")
        constraints = [
            models.UniqueConstraint(
                "course", Lower("email"), condition=Q(accepted_at=None), name="enrollments_invitation_open_once"
            ),
        ]
        indexes = [models.Index(fields=["invited_by", "-created_at"], name="enrollments_invited")]

    def __str__(self) -> str:
        return f"{self.email} {self.course_id}"

    @property
    def token(self) -> str:
        """Signed token of the invitation link. Any user who has the link may use it, whatever their email address."""
        return signing.Signer(salt=INVITATION_SALT).sign(str(self.pk))


class LessonProgress(models.Model):
    """Progress of one student in one lesson."""

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="lesson_progress")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="progress", db_index=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    position_seconds = models.PositiveIntegerField(default=0, help_text=_("Last position in the video."))
    watched_seconds = models.PositiveIntegerField(default=0, help_text=_("Seconds of the video that were watched."))
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["lesson__order", "id"]
        verbose_name = _("lesson progress")
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "lesson"], name="enrollments_lessonprogress_once"),
        ]
        indexes = [
            models.Index(fields=["lesson", "completed_at"], name="enrollments_progress_lesson"),
            models.Index(fields=["completed_at"], name="enrollments_progress_at"),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment_id} {self.lesson_id}"

    def update_position(self, seconds: int) -> None:
        """Set the position in the video, and add the seconds watched since the last update.

        A jump forward does not count: a step counts only if it fits into the time that passed on the server's clock, at
        double speed at most.
        """
        now = timezone.now()
        elapsed = (now - self.updated_at).total_seconds() if self.updated_at else 0.0
        step = seconds - self.position_seconds
        if 0 < step <= MAX_PLAYBACK_SPEED * elapsed + SLACK_SECONDS:
            self.watched_seconds += step
        self.position_seconds = seconds


class ReviewQuerySet(models.QuerySet["Review"]):
    """QuerySet of reviews."""

    def visible_to(self, user: Any) -> Self:
        """Return the reviews of the courses that are visible to `user`."""
        return self.filter(course__in=Course.objects.visible_to(user))

    def editable_by(self, user: Any) -> Self:
        """Return the user's own reviews."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class Review(models.Model):
    """A student's review of a course: one to five stars and an optional comment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="reviews")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField(_("stars"), validators=[MinValueValidator(1), MaxValueValidator(5)])
    comment = models.TextField(_("comment"), max_length=2000, blank=True, validators=[validate_visible])
    reply = models.TextField(_("instructor's reply"), max_length=2000, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("review")
        constraints = [
            models.UniqueConstraint(fields=["course", "user"], name="enrollments_review_once"),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="enrollments_review_stars"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id}: {self.rating}"


class ReviewReport(models.Model):
    """A report of a review to staff; one row for each user and review."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="reports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("reported by"))
    reason = models.TextField(_("reason"), max_length=1000)
    created_at = models.DateTimeField(_("date"), default=timezone.now)
    settled_at = models.DateTimeField(_("dismissed"), null=True, blank=True)

    class Meta:
        ordering = ["settled_at", "-created_at", "id"]
        verbose_name = _("reported review")
        constraints = [models.UniqueConstraint(fields=["review", "user"], name="enrollments_reviewreport_once")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.user_id}"
