"""Uploads: what is known of them. The bytes lie in the storage, under a key that says nothing."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from files import registry


class Purpose(models.TextChoices):
    """What a file is for; it decides what may be in it, and who may read it (API.md, "Files")."""

    COURSE_MATERIAL = "course_material", _("Course material")
    SUBMISSION = "submission", _("Submission")
    AVATAR = "avatar", _("Picture of a person")
    THUMBNAIL = "thumbnail", _("Picture of a course")


# The widths in pixels that pictures are made in.
WIDTHS: dict[str, tuple[int, ...]] = {
    Purpose.AVATAR: (96, 256),
    Purpose.THUMBNAIL: (640, 1280),
    Purpose.SUBMISSION: (1280,),
    Purpose.COURSE_MATERIAL: (1280,),
}


class FileQuerySet(models.QuerySet["File"]):
    """Files, by what the owners of the things they hang on say of access; asked anew for every request."""

    def visible_to(self, user: Any) -> Self:
        """Return the files whose bytes `user` may read, all for admins."""
        return self if has_role(user, Role.ADMIN) else self.filter(registry.readable(user))

    def editable_by(self, user: Any) -> Self:
        """Return the files that `user` may delete, all for admins."""
        return self if has_role(user, Role.ADMIN) else self.filter(registry.writable(user))

    def pictured_to(self, user: Any) -> Self:
        """Return the files whose small pictures `user` may see: an avatar is shown to people who may not read it."""
        return self if has_role(user, Role.ADMIN) else self.filter(registry.pictured(user) | registry.readable(user))

    def bytes_of(self, user: Any) -> int:
        """Return how many bytes `user` keeps here."""
        return self.filter(uploaded_by=user).aggregate(total=Sum("file_size"))["total"] or 0


class File(models.Model):
    """One upload. `filename` is its name in the storage, `original_filename` the one that people see.

    `course_id` and `assignment_id` say what it was uploaded for. They are no foreign keys: this app knows neither, and
    the apps that do register who may read what (`files.registry`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose.choices)
    original_filename = models.CharField(_("name"), max_length=200)
    file_size = models.PositiveBigIntegerField(_("bytes"))
    content_type = models.CharField(_("type"), max_length=100)
    extension = models.CharField(max_length=10)
    storage_provider = models.CharField(max_length=10)
    storage_path = models.CharField(max_length=200, unique=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="files", verbose_name=_("uploaded by")
    )
    course_id = models.UUIDField(null=True, blank=True, db_index=True)
    assignment_id = models.UUIDField(null=True, blank=True, db_index=True)
    pictures_made_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("uploaded at"), default=timezone.now, editable=False)

    objects = FileQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("file")
        constraints = [
            models.CheckConstraint(condition=~Q(storage_path=""), name="files_file_has_blob"),
            models.CheckConstraint(
                condition=~Q(purpose__in=["course_material", "thumbnail"]) | Q(course_id__isnull=False),
                name="files_file_of_a_course",
            ),
            models.CheckConstraint(
                condition=~Q(purpose="submission") | Q(assignment_id__isnull=False), name="files_file_of_an_assignment"
            ),
        ]
        indexes = [models.Index(fields=["uploaded_by", "-created_at"], name="files_file_newest")]

    def __str__(self) -> str:
        return self.original_filename

    @property
    def filename(self) -> str:
        """The name in the storage, without its folder."""
        return self.storage_path.rpartition("/")[2]

    @property
    def is_image(self) -> bool:
        """Whether pictures are made of it."""
        return self.content_type.startswith("image/")

    @property
    def is_video(self) -> bool:
        """Whether a player can show it."""
        return self.content_type.startswith("video/")

    @property
    def is_pdf(self) -> bool:
        """Whether a browser shows it page by page."""
        return self.content_type == "application/pdf"

    @property
    def is_text(self) -> bool:
        """Whether it can be read as plain text."""
        return self.content_type.startswith("text/")

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths that its pictures are made in; none for what is no image."""
        return WIDTHS[self.purpose] if self.is_image else ()

    def picture_path(self, width: int) -> str:
        """Return where the picture of one width lies in the storage."""
        return f"pictures/{self.pk.hex}-{width}.webp"


class Avatar(models.Model):
    """The picture that a person shows of themselves."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="avatar")
    file = models.OneToOneField(File, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.user_id}"
