"""Conversations: messages, read marks and mutes of a room."""

from datetime import timedelta
from functools import lru_cache
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.text import markdown
from realtime.rooms import Room

MAX_MESSAGE_LENGTH = 2000
RENDERED_MESSAGES = 2_000  # kept per process: rendering the 50 messages of a page takes 13 ms
EDITABLE_FOR = timedelta(minutes=15)
DELETABLE_FOR = timedelta(hours=24)


@lru_cache(maxsize=RENDERED_MESSAGES)
def _render_message(text: str) -> str:
    return markdown.to_html(text, breaks=True) if text else ""


class Conversation(models.Model):
    """The conversation of one room.

    The row is locked while a message is added or changed, so that change numbers become visible in order: a client that
    has received change 7 never misses a change 6 that is committed later.
    """

    field = models.CharField(max_length=40, help_text=_("The field that names this type of room in clients' messages."))
    room_id = models.UUIDField()
    last_number = models.PositiveBigIntegerField(default=0)
    last_change = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text=_("Increases by one with each change of a message.")
    )

    class Meta:
        ordering = ["id"]
        verbose_name = _("conversation")
        constraints = [models.UniqueConstraint(fields=["field", "room_id"], name="realtime_conversation_once")]

    def __str__(self) -> str:
        return str(self.room)

    @property
    def room(self) -> Room:
        return Room(self.field, self.room_id)


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages by room, visibility and change."""

    def in_room(self, room: Room) -> Self:
        """Return the messages of a room, with their authors."""
        messages = self.filter(conversation__field=room.field, conversation__room_id=room.id)
        return messages.select_related("author__avatar", "conversation")

    def readable(self) -> Self:
        """Return the messages that are neither deleted nor hidden."""
        return self.filter(deleted_at=None, hidden_at=None)

    def changed_since(self, change: int) -> Self:
        """Return the messages that changed after `change`, in the order of their latest changes."""
        return self.filter(change__gt=change).order_by("change")


class Message(models.Model):
    """One message. Deleting clears the text, hiding keeps it for moderators; the row and its number stay."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    number = models.PositiveBigIntegerField(help_text=_("Increases by one per room. The id in the API."))
    change = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text=_("The number of the conversation's change that last changed this message.")
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages")
    text = models.TextField(_("text"), max_length=MAX_MESSAGE_LENGTH)
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("message")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "number"], name="realtime_message_number_once"),
            models.CheckConstraint(
                condition=models.Q(deleted_at=None) | models.Q(text=""), name="realtime_message_deleted_is_empty"
            ),
        ]
        indexes = [
            models.Index(fields=["author", "-created_at"], name="realtime_message_by_author"),
            models.Index(fields=["conversation", "change"], name="realtime_message_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} #{self.number}"

    @property
    def text_html(self) -> str:
        """Return the text, written in Markdown, as safe HTML."""
        return _render_message(self.text)

    @property
    def state(self) -> str:
        """Return "shown", "hidden" or "deleted"."""
        if self.deleted_at is not None:
            return "deleted"
        return "hidden" if self.hidden_at is not None else "shown"

    def can_be_edited_by(self, user: Any) -> bool:
        """Return whether `user` wrote the message at most 15 minutes ago and it is neither hidden nor deleted."""
        recent = timezone.now() - self.created_at <= EDITABLE_FOR
        return self.author_id == user.pk and self.state == "shown" and recent

    def can_be_deleted_by(self, user: Any) -> bool:
        """Return whether `user` wrote the message at most 24 hours ago and it is not deleted yet."""
        recent = timezone.now() - self.created_at <= DELETABLE_FOR
        return self.author_id == user.pk and self.state != "deleted" and recent


class ReadMark(models.Model):
    """The number of the last message that a user has read in a conversation."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="read_marks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="realtime_readmark_once")]

    def __str__(self) -> str:
        return f"{self.user_id} up to {self.number}"


class MuteQuerySet(models.QuerySet["Mute"]):
    """Mutes by room."""

    def in_room(self, room: Room) -> Self:
        """Return the mutes of a room."""
        return self.filter(conversation__field=room.field, conversation__room_id=room.id)


class Mute(models.Model):
    """A user who can read a conversation but not post in it."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="mutes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    muted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = MuteQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="realtime_mute_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"
