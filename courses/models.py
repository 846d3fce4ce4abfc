"""Courses, the sections they are cut into, and the lessons that stand in those."""

import ipaddress
import uuid
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role, one_line
from files.models import File
from lms.lib import markdown, money

web_address = URLValidator(schemes=["http", "https"], message=_("Give an address that begins with https://."))
MOST_TAGS, LONGEST_TAG = 10, 40
MOST_OUTCOMES, LONGEST_OUTCOME = 12, 160
HIGHEST_PRICE_CENTS = 99_999_999


def validate_currency(code: str) -> None:
    """Raise ValidationError for a currency that courses are not sold in."""
    if code not in money.CURRENCIES:
        raise ValidationError(
            _("%(code)s is not one of: %(known)s."),
            params={"code": code, "known": ", ".join(money.CURRENCIES)},
            code="unknown_currency",
        )


def refuse_inner_address(field: str, address: str | None) -> None:
    """Raise ValidationError for an address inside somebody's network, which no student's browser should be sent to.

    The site itself never fetches what authors link (QUALITY C07).
    """
    host = (urlsplit(address or "").hostname or "").rstrip(".").lower()
    try:
        is_inner = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_inner = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if is_inner:
        raise ValidationError({field: _("Give an address that everybody can reach.")})


class Category(models.Model):
    """A subject of the catalogue; staff manage them."""

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
    """A short free word that authors give courses."""

    name = models.CharField(_("name"), max_length=40, unique=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("tag")

    def __str__(self) -> str:
        return self.name


class Level(models.TextChoices):
    """Whom a course is written for."""

    BEGINNER = "beginner", _("Beginner")
    INTERMEDIATE = "intermediate", _("Intermediate")
    ADVANCED = "advanced", _("Advanced")


class CourseQuerySet(models.QuerySet["Course"]):
    """Courses by who may see them, and with what a list shows."""

    def published(self) -> Self:
        """Return the courses in the catalogue."""
        return self.filter(is_published=True)

    def visible_to(self, user: Any) -> Self:
        """Return published courses for everybody, an instructor's own drafts too, all for admins (QUALITY C01)."""
        if has_role(user, Role.ADMIN):
            return self
        if has_role(user, Role.INSTRUCTOR):
            return self.filter(Q(is_published=True) | Q(instructor=user))
        return self.published()

    def editable_by(self, user: Any) -> Self:
        """Return an instructor's own courses, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(instructor=user) if has_role(user, Role.INSTRUCTOR) else self.none()

    def open_to(self, user: Any) -> Self:
        """Return the courses whose lessons `user` may read whole: editors, and those with an active enrolment."""
        if has_role(user, Role.ADMIN):
            return self
        if not user.is_authenticated:
            return self.none()
        enrolled = Q(enrollments__user=user, enrollments__is_active=True, is_published=True)
        return self.filter(Q(instructor=user) | enrolled).distinct()

    def for_cards(self) -> Self:
        """Return the courses with what a card shows: two queries for any number of rows."""
        return self.select_related("category", "instructor", "instructor__instructor_profile").prefetch_related("tags")


class Course(models.Model):
    """Something to learn, written by one instructor.

    `lessons_count`, `duration_minutes`, `enrollments_count`, `ratings_count` and `ratings_sum` are kept by the services
    that change what they count, in the same transaction; the catalogue sorts by them without touching other tables.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("address"), max_length=140, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=120, validators=[one_line])
    short_description = models.CharField(_("in one or two sentences"), max_length=300, blank=True)
    description = models.TextField(_("description"), max_length=20_000, blank=True, help_text=_("Markdown."))
    outcomes = models.JSONField(_("what one can do afterwards"), default=list, blank=True)
    level = models.CharField(_("level"), max_length=20, choices=Level.choices, default=Level.BEGINNER)
    thumbnail_url = models.URLField(_("picture"), max_length=500, null=True, blank=True, validators=[web_address])
    thumbnail = models.ForeignKey(
        File, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("uploaded picture")
    )
    price_cents = models.PositiveBigIntegerField(
        _("price in minor units"), default=0, validators=[MaxValueValidator(HIGHEST_PRICE_CENTS)]
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
    version = models.PositiveIntegerField(default=1, editable=False, help_text=_("Counts the saves of its details."))

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
        """Whether the course costs nothing."""
        return self.price_cents == 0

    @property
    def average_rating(self) -> float | None:
        """The mean of the reviews' stars, 1 to 5, with one decimal; None without reviews."""
        return round(self.ratings_sum / self.ratings_count, 1) if self.ratings_count else None

    @property
    def formatted_price(self) -> str:
        """The price as the reader writes it."""
        return money.formatted(self.price_cents, self.currency)

    @property
    def picture_url(self) -> str | None:
        """The absolute address of its picture: the uploaded one, or the one that its author linked; None without."""
        if self.thumbnail_id is None:
            return self.thumbnail_url
        return settings.SITE_URL + reverse("files:picture", args=[self.thumbnail_id, 1280])

    @property
    def description_html(self) -> str:
        """The description as safe HTML."""
        return markdown.to_html(self.description)

    def clean(self) -> None:
        """Refuse a picture that nobody can reach."""
        refuse_inner_address("thumbnail_url", self.thumbnail_url)

    def claim_slug(self) -> None:
        """Set an address made from the title, and part of the id where another course has it."""
        wanted = slugify(self.title)[:120] or "course"
        taken = Course.objects.filter(slug=wanted).exclude(pk=self.pk).exists()
        self.slug = f"{wanted}-{self.pk.hex[:8]}" if taken or wanted == "course" else wanted

    def is_open_to(self, user: Any) -> bool:
        """Return whether `user` may read the lessons whole. One query."""
        return Course.objects.filter(pk=self.pk).open_to(user).exists()


class Section(models.Model):
    """A part of a course, with its lessons in order. A course has at least one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="sections")
    title = models.CharField(_("title"), max_length=120, validators=[one_line])
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
    """When a lesson counts as done."""

    BUTTON = "button", _("When the student says so")
    VIDEO = "video", _("When enough of the video was watched")
    WORK = "work", _("When its quiz or assignment is passed")


class LessonQuerySet(models.QuerySet["Lesson"]):
    """Lessons by who may see that they exist."""

    def published(self) -> Self:
        """Return the lessons that students see."""
        return self.filter(is_published=True)

    def visible_to(self, user: Any) -> Self:
        """Return published lessons of visible courses; an instructor's own drafts too; all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        if has_role(user, Role.INSTRUCTOR):
            return self.filter(Q(is_published=True, course__is_published=True) | Q(course__instructor=user))
        return self.filter(is_published=True, course__is_published=True)

    def editable_by(self, user: Any) -> Self:
        """Return the lessons of an instructor's own courses, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(course__instructor=user) if has_role(user, Role.INSTRUCTOR) else self.none()

    def for_outline(self) -> Self:
        """Return the lessons with what a list of them shows: a long course's texts stay where they are."""
        return self.only("title", "order", "section", "duration_minutes", "is_published", "is_preview", "video_url")

    def done_by(self, user: Any) -> Self:
        """Return the lessons with `is_done`: whether this user has finished each. `progress` belongs to the app above;
        its names are pinned by enrollments/tests."""
        finished = Lesson.objects.filter(
            pk=OuterRef("pk"), progress__enrollment__user=user, progress__completed_at__isnull=False
        )
        return self.annotate(is_done=Exists(finished))

    def for_room(self) -> Self:
        """Return the lessons with their sections, and what the learning room's outline shows of both."""
        outlined = self.select_related("section")
        return outlined.only("title", "order", "duration_minutes", "section__title", "section__order")


class Lesson(models.Model):
    """One sitting's worth of a course: text, and perhaps a video.

    `order` counts through the whole course, section by section, so that a client that ignores sections still sees the
    seed's flat list. `content_html` is the sanitised rendering of `content`, kept by the services: a course page with
    60 lessons renders nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, models.CASCADE, related_name="lessons")
    section = models.ForeignKey(Section, models.PROTECT, related_name="lessons", verbose_name=_("section"))
    title = models.CharField(_("title"), max_length=120, validators=[one_line])
    content = models.TextField(_("text"), max_length=100_000, blank=True, help_text=_("Markdown."))
    content_html = models.TextField(editable=False, blank=True)
    video_url = models.URLField(_("video"), max_length=500, null=True, blank=True, validators=[web_address])
    duration_minutes = models.PositiveIntegerField(
        _("minutes"), default=5, validators=[MinValueValidator(0), MaxValueValidator(600)]
    )
    completion_rule = models.CharField(
        _("it is done"), max_length=10, choices=CompletionRule.choices, default=CompletionRule.BUTTON
    )
    video_seconds = models.PositiveIntegerField(
        _("length of the video in seconds"), null=True, blank=True, validators=[MaxValueValidator(24 * 3600)]
    )
    video_share = models.PositiveSmallIntegerField(
        _("percent of the video to watch"), default=90, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    order = models.PositiveIntegerField(_("order"))
    is_published = models.BooleanField(_("published"), default=True)
    is_preview = models.BooleanField(_("free preview"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1, editable=False, help_text=_("Counts the saves of its text."))

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
        """Refuse a rule that nobody could ever meet, and a video that nobody can reach."""
        refuse_inner_address("video_url", self.video_url)
        if self.completion_rule != CompletionRule.VIDEO:
            return
        if not self.video_seconds or not (self.video_url or self.files.filter(is_video=True).exists()):
            raise ValidationError({"completion_rule": _("This rule needs a video, and how long it is.")})

    @property
    def seconds_to_watch(self) -> int:
        """How much of the video has to be watched before the lesson is done; 0 under another rule."""
        if self.completion_rule != CompletionRule.VIDEO:
            return 0
        return -(-(self.video_seconds or 0) * self.video_share // 100)

    @cached_property
    def shown_files(self) -> "list[LessonFile]":
        """The files that it shows, its video among them. One query, the first time."""
        return list(self.files.select_related("file"))

    @property
    def kept_files(self) -> "list[LessonFile]":
        """The files to keep."""
        return [shown for shown in self.shown_files if not shown.is_video]

    @property
    def video_file(self) -> File | None:
        """The uploaded video."""
        return next((shown.file for shown in self.shown_files if shown.is_video), None)

    def render(self) -> None:
        """Set `content_html` from `content`."""
        self.content_html = markdown.to_html(self.content)


class LessonFile(models.Model):
    """A file that a lesson shows: its video, or something to keep. One file may stand in several lessons."""

    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="files")
    file = models.ForeignKey(File, models.PROTECT, related_name="lesson_files")
    is_video = models.BooleanField(_("the lesson's video"), default=False)
    added_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["added_at", "id"]
        verbose_name = _("file of a lesson")
        constraints = [
            models.UniqueConstraint(fields=["lesson", "file"], name="courses_lessonfile_once"),
            models.UniqueConstraint(fields=["lesson"], condition=Q(is_video=True), name="courses_lessonfile_one_video"),
        ]

    def __str__(self) -> str:
        return f"{self.lesson_id} {self.file_id}"


class LessonDraft(models.Model):
    """What an author has typed into the lesson form and not saved yet; one for each author and form.

    `lesson` is null for a lesson that does not exist yet. `base_version` is the lesson's version that the author began
    with: saving over a newer one is a conflict, however long the draft lay.
    """

    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    course = models.ForeignKey(Course, models.CASCADE, related_name="lesson_drafts")
    lesson = models.ForeignKey(Lesson, models.CASCADE, null=True, related_name="drafts")
    fields = models.JSONField(default=dict)
    base_version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at", "id"]
        verbose_name = _("unsaved lesson")
        constraints = [
            models.UniqueConstraint(
                fields=["author", "course"], condition=Q(lesson=None), name="courses_lessondraft_new_once"
            ),
            models.UniqueConstraint(fields=["author", "lesson"], name="courses_lessondraft_once"),
        ]

    def __str__(self) -> str:
        return f"{self.author_id} {self.lesson_id or self.course_id}"


class CatalogueStamp(models.Model):
    """One row: a number that grows after every change of what visitors are shown (see `courses.stamp`)."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="courses_cataloguestamp_one_row")]

    def __str__(self) -> str:
        return str(self.number)
