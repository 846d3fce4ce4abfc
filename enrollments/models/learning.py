"""Enrolments, what their students have done, and what they say of the course."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.core import signing
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from courses.models import Course, Lesson
from enrollments.states import EnrollmentState

INVITATION_SALT = "enrollments.invitation"
FASTEST = 2  # times the normal speed
SLACK_SECONDS = 15  # a little more than between two notes of a player


# Fixed SQL, made once: the ORM's own subqueries cost four times as much to put together as the database needs to answer
# them, and these stand behind the dashboard, the learning room and every note of progress. They say where an
# enrolment's row is by its table's name.
LESSONS_DONE = RawSQL(
    """SELECT COUNT(*) FROM "enrollments_lessonprogress" "done"
    JOIN "courses_lesson" "lesson" ON "lesson"."id" = "done"."lesson_id"
    WHERE "done"."enrollment_id" = "enrollments_enrollment"."id"
    AND "lesson"."is_published" AND "done"."completed_at" IS NOT NULL""",
    (),
    output_field=models.IntegerField(),
)
WAITING = """FROM "courses_lesson" "lesson"
    WHERE "lesson"."course_id" = "enrollments_enrollment"."course_id" AND "lesson"."is_published" AND NOT EXISTS (
        SELECT 1 FROM "enrollments_lessonprogress" "done" WHERE "done"."lesson_id" = "lesson"."id"
        AND "done"."enrollment_id" = "enrollments_enrollment"."id" AND "done"."completed_at" IS NOT NULL
    ) ORDER BY "lesson"."order" LIMIT 1"""
NEXT_LESSON_ID = RawSQL(f'SELECT "lesson"."id" {WAITING}', (), output_field=models.UUIDField())  # noqa: S611  # fixed SQL
NEXT_LESSON_TITLE = RawSQL(f'SELECT "lesson"."title" {WAITING}', (), output_field=models.CharField())  # noqa: S611  # fixed SQL

# A course has 23 columns, and reading all of them for each of twenty rows was most of what a list cost.
SHOWN_IN_ROWS = (
    "user", "source", "payment_id", "enrolled_at", "completed_at", "last_activity_at", "is_active", "course__slug",
    "course__title", "course__thumbnail", "course__thumbnail_url", "course__lessons_count",
)  # fmt: skip
# The certificate belongs to an app above; the dashboard's tests pin its names.
SHOWN_OF_CERTIFICATES = ("certificate__pdf", "certificate__issued_at", "certificate__revoked_at")


class Source(models.TextChoices):
    """How somebody got into a course."""

    FREE = "free", _("Free course")
    PAID = "paid", _("Bought")
    INVITED = "invited", _("Invited")


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    """Enrolments by who may see them, and with how far they are."""

    def active(self) -> Self:
        """Return the enrolments that open their course."""
        return self.filter(is_active=True)

    def visible_to(self, user: Any) -> Self:
        """Return the user's own enrolments, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return the user's own enrolments: nobody else learns for them."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def with_progress(self) -> Self:
        """Return the enrolments with `lessons_done`: how many published lessons of the course are completed."""
        return self.annotate(lessons_done=LESSONS_DONE)

    def with_next_lesson(self) -> Self:
        """Return the enrolments with `next_lesson_id`: the first published lesson that is not completed."""
        return self.annotate(next_lesson_id=NEXT_LESSON_ID)

    def for_rows(self) -> Self:
        """Return the enrolments with what a list of them shows, and no more of their courses than that."""
        return self.with_progress().with_next_lesson().select_related("course").only(*SHOWN_IN_ROWS)

    def for_dashboard(self) -> Self:
        """Return the enrolments with what the dashboard shows: the next lesson's title, too, and the certificate."""
        shown = self.with_progress().with_next_lesson().annotate(next_lesson_title=NEXT_LESSON_TITLE)
        return shown.select_related("course", "certificate").only(*SHOWN_IN_ROWS, *SHOWN_OF_CERTIFICATES)


class Enrollment(models.Model):
    """One student in one course, once. Ending it keeps the progress, which an enrolment taken up again finds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="enrollments")
    course = models.ForeignKey(Course, models.PROTECT, related_name="enrollments")
    source = models.CharField(max_length=20, choices=Source.choices, default=Source.FREE)
    payment_id = models.UUIDField(null=True, blank=True, help_text=_("The payment that opened it, if one did."))
    enrolled_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    last_activity_at = models.DateTimeField(default=timezone.now)
    is_active = models.BooleanField(default=True)

    objects = EnrollmentQuerySet.as_manager()

    lessons_done: int
    next_lesson_id: uuid.UUID | None
    next_lesson_title: str | None

    class Meta:
        ordering = ["-last_activity_at", "id"]
        verbose_name = _("enrolment")
        constraints = [
            models.UniqueConstraint(fields=["user", "course"], name="enrollments_enrollment_once"),
        ]
        indexes = [
            models.Index(fields=["user", "-last_activity_at"], name="enrollments_recent"),
            models.Index(fields=["course", "-enrolled_at"], name="enrollments_newest"),
            # What happened today, over all courses or in one, is read by time.
            models.Index(fields=["enrolled_at", "course"], name="enrollments_enrolled_at"),
            models.Index(fields=["completed_at", "course"], name="enrollments_completed_at"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.course}"

    @property
    def state(self) -> EnrollmentState:
        """The state of the enrollment (enrollments/states.py)."""
        if not self.is_active:
            return EnrollmentState.ENDED
        return EnrollmentState.COMPLETED if self.completed_at else EnrollmentState.ACTIVE

    @property
    def progress_percentage(self) -> int:
        """Completed published lessons over all published lessons in percent, rounded down; 100 once completed.

        A lesson that is added after completion takes nothing away (QUALITY E05). Needs `with_progress()`.
        """
        if self.completed_at is not None:
            return 100
        total = self.course.lessons_count
        return min(100, 100 * self.lessons_done // total) if total else 0


class EnrollmentEvent(models.Model):
    """One line of an enrolment's history: appended in the transaction of the act, never edited."""

    class Kind(models.TextChoices):
        """What happened to the enrolment."""

        ENROLLED = "enrolled", _("Enrolled")
        REVOKED = "revoked", _("Ended")
        RESUMED = "resumed", _("Taken up again")
        COMPLETED = "completed", _("Completed")

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="events")
    kind = models.CharField(_("what"), max_length=20, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by")
    )
    reason = models.CharField(_("why"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("step of an enrolment")
        verbose_name_plural = _("history")
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment"], condition=Q(kind="completed"), name="enrollments_enrollmentevent_completed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrollment_id} {self.kind}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Invitations by whether they still open anything."""

    def waiting(self) -> Self:
        """Return the invitations that nobody has accepted and that have not run out."""
        return self.filter(accepted_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """An instructor's invitation by mail: its link lets one person in, once, until it runs out."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
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
        """The signed token of its link. Whoever was sent it may use it, whatever their own address."""
        return signing.Signer(salt=INVITATION_SALT).sign(str(self.pk))


class LessonProgress(models.Model):
    """What one student has done of one lesson."""

    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="lesson_progress")
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="progress", db_index=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    position_seconds = models.PositiveIntegerField(default=0, help_text=_("Where the video stopped."))
    watched_seconds = models.PositiveIntegerField(
        default=0, help_text=_("How much of the video went by while it could have been watched.")
    )
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

    def note_position(self, seconds: int) -> None:
        """Note where the video stands now, and count as watched what can have been watched since the last time.

        A jump forward counts for nothing: the server's clock says how much time there was, at double speed at most.
        """
        now = timezone.now()
        since = (now - self.updated_at).total_seconds() if self.updated_at else 0.0
        step = seconds - self.position_seconds
        if 0 < step <= FASTEST * since + SLACK_SECONDS:
            self.watched_seconds += step
        self.position_seconds = seconds


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews by who may see and change them."""

    def visible_to(self, user: Any) -> Self:
        """Return the reviews of the courses that `user` may see."""
        return self.filter(course__in=Course.objects.visible_to(user))

    def editable_by(self, user: Any) -> Self:
        """Return the user's own reviews."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class Review(models.Model):
    """What a student says of a course: one to five stars and a few sentences."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="reviews")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField(_("stars"), validators=[MinValueValidator(1), MaxValueValidator(5)])
    comment = models.TextField(_("comment"), max_length=2000, blank=True)
    reply = models.TextField(_("answer of the instructor"), max_length=2000, blank=True)
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
    """Somebody thinks that staff should look at a review. Once a person and review."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="reports")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("reported by"))
    reason = models.TextField(_("what is wrong with it"), max_length=1000)
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        ordering = ["settled_at", "-created_at", "id"]
        verbose_name = _("reported review")
        constraints = [models.UniqueConstraint(fields=["review", "user"], name="enrollments_reviewreport_once")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.user_id}"
