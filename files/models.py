"""Uploaded files. Their bytes are in the storage, under a random key."""

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
    """The use of a file. It determines the accepted types and who may read it (docs/api-contract.md, "Files")."""

    COURSE_MATERIAL = "course_material", _("Course material")
    SUBMISSION = "submission", _("Submission")
    AVATAR = "avatar", _("Profile picture")
    THUMBNAIL = "thumbnail", _("Course image")


# The types of images that thumbnails are rendered of. Neither Pillow nor most browsers read HEIC photos.
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
# The widths in pixels of the thumbnails.
THUMBNAIL_WIDTHS: dict[str, tuple[int, ...]] = {
    Purpose.AVATAR: (96, 256),
    Purpose.THUMBNAIL: (640, 1280),
    Purpose.SUBMISSION: (1280,),
    Purpose.COURSE_MATERIAL: (1280,),
}
THUMBNAIL_FOLDER = "pictures"


class FileQuerySet(models.QuerySet["File"]):
    """Files by access, which the apps that own the attached objects decide for every request (`files.registry`)."""

    def visible_to(self, user: Any) -> Self:
        """Return the files whose bytes `user` may read, all for admins."""
        return self if has_role(user, Role.ADMIN) else self.filter(registry.readable(user))

    def editable_by(self, user: Any) -> Self:
        """Return the files that `user` may delete, all for admins."""
        return self if has_role(user, Role.ADMIN) else self.filter(registry.writable(user))

    def thumbnails_visible_to(self, user: Any) -> Self:
        """Return the files whose thumbnails `user` may see, such as avatars that only their owners may read whole."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(registry.thumbnail_visible(user) | registry.readable(user))

    def total_size(self, user: Any) -> int:
        """Return the total size in bytes of the files that `user` uploaded. One query."""
        return self.filter(uploaded_by=user).aggregate(total=Sum("file_size"))["total"] or 0


class File(models.Model):
    """An uploaded file. `filename` is its name in the storage, `original_filename` the name that users see.

    `course_id` and `assignment_id` name the object that it was uploaded for. They are not foreign keys, because this
    app is below the apps of those models; these register who may read which files (`files.registry`).
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
        """The name in the storage, without the folder."""
        return self.storage_path.rpartition("/")[2]

    @property
    def is_image(self) -> bool:
        """Whether thumbnails are rendered of the file."""
        return self.content_type in IMAGE_TYPES

    @property
    def is_video(self) -> bool:
        return self.content_type.startswith("video/")

    @property
    def is_pdf(self) -> bool:
        return self.content_type == "application/pdf"

    @property
    def is_text(self) -> bool:
        """Whether the file is served as plain text."""
        return self.content_type.startswith("text/")

    @property
    def thumbnail_widths(self) -> tuple[int, ...]:
        """The widths in pixels of the thumbnails; empty unless the file is an image."""
        return THUMBNAIL_WIDTHS[self.purpose] if self.is_image else ()

    def thumbnail_path(self, width: int) -> str:
        """Return the key of the thumbnail of this width in the storage."""
        return f"{THUMBNAIL_FOLDER}/{self.pk.hex}-{width}.webp"


class Avatar(models.Model):
    """The profile picture of a user."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="avatar")
    file = models.OneToOneField(File, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"{self.user_id}"
