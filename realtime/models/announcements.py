"""Announcements to all members of a room."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.text import markdown
from core.text.validators import validate_one_line, validate_visible
from realtime.rooms import Room


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    """Announcements by room."""

    def in_room(self, room: Room) -> Self:
        """Return the announcements of a room, with their authors."""
        return self.filter(field=room.field, room_id=room.id).select_related("author")


class Announcement(models.Model):
    """One announcement. It is never changed, because it has been emailed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    field = models.CharField(max_length=40, editable=False)
    room_id = models.UUIDField(editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    subject = models.CharField(_("subject"), max_length=120, validators=[validate_one_line])
    text = models.TextField(_("text"), max_length=5000, validators=[validate_visible])
    created_at = models.DateTimeField(default=timezone.now)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("announcement")
        indexes = [models.Index(fields=["field", "room_id", "-created_at"], name="realtime_announcement_of_room")]

    def __str__(self) -> str:
        return self.subject

    @property
    def text_html(self) -> str:
        """Return the text, written in Markdown or HTML, as safe HTML."""
        return markdown.to_html(self.text, breaks=True, allow_html=True)
