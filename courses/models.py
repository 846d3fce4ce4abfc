"""Models of courses, sections, lessons, their files and drafts, and the catalog version."""

import ipaddress
import uuid
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import CombinedExpression
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from core.text import markdown, money
from core.text.validators import validate_one_line
from files.models import File

validate_web_url = URLValidator(schemes=["http", "https"], message=_("Enter a URL that starts with https://."))
MAX_TAGS, MAX_TAG_LENGTH = 10, 40
MAX_OUTCOMES, MAX_OUTCOME_LENGTH = 12, 160
MAX_PRICE_CENTS = 99_999_999


def validate_currency(code: str) -> None:
    """Raise ValidationError `unknown_currency` for an unsupported currency."""
    if code not in money.CURRENCIES:
        raise ValidationError(
            _("The currency %(code)s is not supported. Use one of: %(known)s."),
            params={"code": code, "known": ", ".join(money.CURRENCIES)},
            code="unknown_currency",
        )


def validate_public_url(field: str, url: str | None) -> None:
    """Raise ValidationError for a URL of a private network, to which students' browsers must not be sent.

    The site itself never fetches URLs that instructors enter (quality row C07).
    """
    host = (urlsplit(url or "").hostname or "").rstrip(".").lower()
    try:
        is_private = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_private = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if is_private:
        raise ValidationError({field: _("Enter a URL that is reachable from the internet.")})


class Category(models.Model):
    """A subject of the catalog, managed by staff."""

    slug = models.SlugField(unique=True)
    name = models.CharField(_("name"), max_length=60)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["order", "name", "id"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A keyword that instructors add to courses."""

    name = models.CharField(_("name"), max_length=40, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("tag")

    def __str__(self) -> str:
        return self.name


class Level(models.TextChoices):
    """The previous knowledge that a course expects."""

    BEGINNER = "beginner", _("Beginner")
    INTERMEDIATE = "intermediate", _("Intermediate")
    ADVANCED = "advanced", _("Advanced")


def taught_by(user: Any, course: str = "") -> Q:
    """Return the condition for rows of the courses that `user` teaches now; no row unless the user is an instructor.

    `course` is the path to the course, such as "quiz__course". Owning a course does not suffice, because the role of
    its instructor may have ended.
    """
    if not has_role(user, Role.INSTRUCTOR):
        return Q(pk__in=[])
    return Q((f"{course}__instructor" if course else "instructor", user))


def price_in_thousandths() -> CombinedExpression:
    """Return the price of a course in thousandths of the major unit, to compare courses of different currencies."""
    factors = [When(currency=code, then=Value(factor)) for code, factor in money.THOUSANDTHS_PER_MINOR.items()]
    return F("price_cents") * Case(*factors, default=Value(10), output_field=models.BigIntegerField())


class CourseQuerySet(models.QuerySet["Course"]):
    """QuerySet of courses with filters for visibility and permissions."""

    def published(self) -> Self:
        """Return the courses in the catalog."""
        return self.filter(is_published=True)

    def visible_to(self, user: Any) -> Self:
        """Return published courses, for instructors also their own drafts, for admins all (quality row C01)."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(Q(is_published=True) | taught_by(user))

    def editable_by(self, user: Any) -> Self:
        """Return an instructor's own courses, or all courses for an admin."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(taught_by(user))

    def open_to(self, user: Any) -> Self:
        """Return the courses whose lessons `user` may read: as their editor or with an active enrollment."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        enrolled = Q(enrollments__user=user, enrollments__is_active=True, is_published=True)
        return self.filter(taught_by(user) | enrolled).distinct()

    def for_cards(self) -> Self:
        """Load the related objects that a course card needs. Two queries for any number of rows."""
        return self.select_related("category", "instructor", "instructor__instructor_profile").prefetch_related("tags")


class Course(models.Model):
    """A course of one instructor.

    `lessons_count`, `duration_minutes`, `enrollments_count`, `ratings_count` and `ratings_sum` are updated by the
    services in the same transaction as the rows that they count. The catalog sorts by them without joins.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("slug"), max_length=140, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=120, validators=[validate_one_line])
    short_description = models.CharField(_("short description"), max_length=300, blank=True)
    description = models.TextField(_("description"), max_length=20_000, blank=True, help_text=_("Markdown."))
    outcomes = models.JSONField(_("learning outcomes"), default=list, blank=True)
    level = models.CharField(_("level"), max_length=20, choices=Level.choices, default=Level.BEGINNER)
    thumbnail_url = models.URLField(_("picture"), max_length=500, null=True, blank=True, validators=[validate_web_url])
    thumbnail = models.ForeignKey(
        File, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("uploaded picture")
    )
    price_cents = models.PositiveBigIntegerField(
        _("price in minor units"), default=0, validators=[MaxValueValidator(MAX_PRICE_CENTS)]
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR", validators=[validate_currency])
    category = models.ForeignKey(
        Category, models.SET_NULL, null=True, blank=True, related_name="courses", verbose_name=_("subject")
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="courses", verbose_name=_("tags"))
    instructor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="courses", verbose_name=_("instructor")
    )
    is_published = models.BooleanField(_("published"), default=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text=_("Incremented when the details change.")
    )

    lessons_count = models.PositiveIntegerField(default=0, editable=False)
    duration_minutes = models.PositiveIntegerField(default=0, editable=False)
    enrollments_count = models.PositiveIntegerField(default=0, editable=False)
    ratings_count = models.PositiveIntegerField(default=0, editable=False)
    ratings_sum = models.PositiveIntegerField(default=0, editable=False)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ["-published_at", "-created_at", "id"]
        verbose_name = _("course")
        constraints = [
            models.CheckConstraint(
                condition=Q(ratings_sum__lte=F("ratings_count") * 5), name="courses_course_ratings_at_most_five"
            ),
            models.CheckConstraint(
                condition=Q(is_published=False) | Q(published_at__isnull=False), name="courses_course_published_when"
            ),
        ]
        indexes = [
            models.Index(fields=["is_published", "-published_at", "id"], name="courses_course_newest"),
            models.Index(fields=["is_published", "-enrollments_count", "id"], name="courses_course_popular"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_free(self) -> bool:
        """Return whether the price is 0."""
        return self.price_cents == 0

    @property
    def average_rating(self) -> float | None:
        """Return the mean rating, from 1 to 5 with one decimal; None without reviews."""
        return round(self.ratings_sum / self.ratings_count, 1) if self.ratings_count else None

    @property
    def formatted_price(self) -> str:
        """Return the price in the format of the active language."""
        return money.format_amount(self.price_cents, self.currency)

    @property
    def picture_url(self) -> str | None:
        """Return the absolute URL of the picture, uploaded or linked; None without a picture."""
        if self.thumbnail_id is None:
            return self.thumbnail_url
        return settings.SITE_URL + reverse("files:picture", args=[self.thumbnail_id, 1280])

    @property
    def description_html(self) -> str:
        """Return the description as safe HTML."""
        return markdown.to_html(self.description, allow_html=True, id_prefix=markdown.MAIN_TEXT)

    def clean(self) -> None:
        """Reject a picture in a private network."""
        validate_public_url("thumbnail_url", self.thumbnail_url)

    def assign_slug(self) -> None:
        """Set the slug from the title; append part of the id if another course has this slug."""
        slug = slugify(self.title)[:120] or "course"
        is_taken = Course.objects.filter(slug=slug).exclude(pk=self.pk).exists()
        self.slug = f"{slug}-{self.pk.hex[:8]}" if is_taken or slug == "course" else slug

    def is_editable_by(self, user: Any) -> bool:
        """Return whether `user` may edit the course, by the rule of `editable_by()`, without a query."""
        return has_role(user, Role.ADMIN) or (has_role(user, Role.INSTRUCTOR) and self.instructor_id == user.pk)

    def is_open_to(self, user: Any) -> bool:
        """Return whether `user` may read the lessons. One query."""
        return Course.objects.filter(pk=self.pk).open_to(user).exists()


class Section(models.Model):
    """A part of a course with ordered lessons. Each course has at least one section."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="sections")
    title = models.CharField(_("title"), max_length=120, validators=[validate_one_line])
    order = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["order", "id"]
        verbose_name = _("section")
        constraints = [
            models.UniqueConstraint(fields=["course", "order"], name="courses_section_order_once"),
        ]

    def __str__(self) -> str:
        return self.title


class CompletionRule(models.TextChoices):
    """The condition under which a lesson is completed."""

    BUTTON = "button", _("The student marks it done")
    VIDEO = "video", _("The student watches enough of the video")
    WORK = "work", _("The student passes its quiz or assignment")


class LessonQuerySet(models.QuerySet["Lesson"]):
    """QuerySet of lessons with filters for visibility and permissions."""

    def published(self) -> Self:
        """Return the published lessons."""
        return self.filter(is_published=True)

    def visible_to(self, user: Any) -> Self:
        """Return the published lessons of published courses, for instructors also their own, for admins all."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(Q(is_published=True, course__is_published=True) | taught_by(user, "course"))

    def editable_by(self, user: Any) -> Self:
        """Return the lessons of an instructor's own courses, or all lessons for an admin."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(taught_by(user, "course"))

    def for_outline(self) -> Self:
        """Load only the fields of a list of lessons, without their texts."""
        return self.only("title", "order", "section", "duration_minutes", "is_published", "is_preview", "video_url")

    def with_has_video(self) -> Self:
        """Annotate each lesson with `has_video`: whether it has a video, linked or uploaded."""
        uploaded = LessonFile.objects.filter(lesson=OuterRef("pk"), is_video=True)
        return self.annotate(has_video=Q(video_url__gt="") | Exists(uploaded))

    def with_is_done(self, user: Any) -> Self:
        """Annotate each lesson with `is_done`: whether `user` has completed it.

        `progress` is a relation of the app enrollments, whose tests check the names that are used here.
        """
        completed = Lesson.objects.filter(
            pk=OuterRef("pk"), progress__enrollment__user=user, progress__completed_at__isnull=False
        )
        return self.annotate(is_done=Exists(completed))

    def for_learning_room(self) -> Self:
        """Load only the fields of lessons and sections that the outline of the learning room needs."""
        with_sections = self.select_related("section")
        return with_sections.only("title", "order", "duration_minutes", "section__title", "section__order")


class Lesson(models.Model):
    """A lesson: a text, optionally with a video and files.

    `order` is consecutive across the whole course, section by section, so that API clients may ignore sections.
    `content_html` is the sanitized HTML of `content`. The services store it, so that pages need not render Markdown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="lessons")
    section = models.ForeignKey(Section, models.PROTECT, related_name="lessons", verbose_name=_("section"))
    title = models.CharField(_("title"), max_length=120, validators=[validate_one_line])
    content = models.TextField(_("text"), max_length=100_000, blank=True, help_text=_("Markdown."))
    content_html = models.TextField(editable=False, blank=True)
    video_url = models.URLField(_("video"), max_length=500, null=True, blank=True, validators=[validate_web_url])
    duration_minutes = models.PositiveIntegerField(
        _("minutes"), default=5, validators=[MinValueValidator(0), MaxValueValidator(600)]
    )
    completion_rule = models.CharField(
        _("completion"), max_length=10, choices=CompletionRule.choices, default=CompletionRule.BUTTON
    )
    video_seconds = models.PositiveIntegerField(
        _("video length in seconds"), null=True, blank=True, validators=[MaxValueValidator(24 * 3600)]
    )
    video_share = models.PositiveSmallIntegerField(
        _("percent of the video to watch"), default=90, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    order = models.PositiveIntegerField(_("order"))
    is_published = models.BooleanField(_("published"), default=True)
    is_preview = models.BooleanField(_("free preview"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text=_("Incremented when the lesson changes.")
    )

    objects = LessonQuerySet.as_manager()

    class Meta:
        ordering = ["order", "id"]
        verbose_name = _("lesson")
        constraints = [
            models.UniqueConstraint(fields=["course", "order"], name="courses_lesson_order_once"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Reject a video in a private network, and the video rule without a video or its length."""
        validate_public_url("video_url", self.video_url)
        if self.completion_rule != CompletionRule.VIDEO:
            return
        if not self.video_seconds or not (self.video_url or self.files.filter(is_video=True).exists()):
            raise ValidationError({"completion_rule": _("This rule requires a video and its length.")})

    @property
    def seconds_to_watch(self) -> int:
        """Return the seconds of video that complete the lesson, rounded up; 0 for other completion rules."""
        if self.completion_rule != CompletionRule.VIDEO:
            return 0
        return -(-(self.video_seconds or 0) * self.video_share // 100)

    @cached_property
    def all_files(self) -> "list[LessonFile]":
        """Return the files of the lesson, including its video. One query on first access."""
        return list(self.files.select_related("file"))

    @property
    def downloads(self) -> "list[LessonFile]":
        """Return the files without the video."""
        return [lesson_file for lesson_file in self.all_files if not lesson_file.is_video]

    @property
    def video_file(self) -> File | None:
        """Return the uploaded video, or None."""
        return next((lesson_file.file for lesson_file in self.all_files if lesson_file.is_video), None)

    def render(self) -> None:
        """Set `content_html` from `content`."""
        self.content_html = markdown.to_html(self.content, allow_html=True, id_prefix=markdown.MAIN_TEXT)


class LessonFile(models.Model):
    """A file of a lesson: its video or a download. A file may belong to several lessons, for example of a copy."""

    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="files")
    file = models.ForeignKey(File, models.PROTECT, related_name="lesson_files")
    is_video = models.BooleanField(_("lesson video"), default=False)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["added_at", "id"]
        verbose_name = _("lesson file")
        constraints = [
            models.UniqueConstraint(fields=["lesson", "file"], name="courses_lessonfile_once"),
            models.UniqueConstraint(fields=["lesson"], condition=Q(is_video=True), name="courses_lessonfile_one_video"),
        ]

    def __str__(self) -> str:
        return f"{self.lesson_id} {self.file_id}"


class LessonDraft(models.Model):
    """Unsaved data of the lesson form; one row per author and form.

    `lesson` is null for a new lesson. `base_version` is the version of the lesson that the author started from: saving
    the draft after a newer version was saved is an edit conflict.
    """

    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    course = models.ForeignKey(Course, models.CASCADE, related_name="lesson_drafts")
    lesson = models.ForeignKey(Lesson, models.CASCADE, null=True, related_name="drafts")
    fields = models.JSONField(default=dict)
    base_version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at", "id"]
        verbose_name = _("lesson draft")
        constraints = [
            models.UniqueConstraint(
                fields=["author", "course"], condition=Q(lesson=None), name="courses_lessondraft_new_once"
            ),
            models.UniqueConstraint(fields=["author", "lesson"], name="courses_lessondraft_once"),
        ]

    def __str__(self) -> str:
        return f"{self.author_id} {self.lesson_id or self.course_id}"


class CatalogueStamp(models.Model):
    """The catalog version: a single row, incremented when public data changes (see `courses.public_cache`)."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="courses_cataloguestamp_one_row")]

    def __str__(self) -> str:
        return str(self.number)
