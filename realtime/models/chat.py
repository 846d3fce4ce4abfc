"""What people say to each other in a room, numbered per room so that a client can ask for what it missed."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime.rooms import Room

LONGEST_MESSAGE = 2000
EDITABLE_FOR = timedelta(minutes=15)
DELETABLE_FOR = timedelta(hours=24)


class Conversation(models.Model):
    """All that is said in one room.

    Locked while a message is added or changed, so that numbers become visible in order: who has heard of change 7 will
    never find a late 6.
    """

    field = models.CharField(max_length=40, help_text=_("By which field clients name this kind of room."))
    room_id = models.UUIDField()
    last_number = models.PositiveBigIntegerField(default=0)
    last_change = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text=_("Grows by one with whatever happens to a message.")
    )

    class Meta:
        ordering = ["id"]
        verbose_name = _("conversation")
        constraints = [models.UniqueConstraint(fields=["field", "room_id"], name="realtime_conversation_once")]

    def __str__(self) -> str:
        return str(self.room)

    @property
    def room(self) -> Room:
        """The room that it belongs to."""
        return Room(self.field, self.room_id)


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages by room and by what can still be read of them."""

    def said_in(self, room: Room) -> Self:
        """Return a room's messages, with their authors."""
        mine = self.filter(conversation__field=room.field, conversation__room_id=room.id)
        return mine.select_related("author", "conversation")

    def readable(self) -> Self:
        """Return the messages that are neither deleted nor hidden."""
        return self.filter(deleted_at=None, hidden_at=None)

    def changed_since(self, change: int) -> Self:
        """Return the messages to which something happened after that change, in the order in which it did."""
        return self.filter(change__gt=change).order_by("change")


class Message(models.Model):
    """One message. What is deleted or hidden keeps its place, and nothing else."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    number = models.PositiveBigIntegerField(help_text=_("Grows by one per room; the API's id."))
    change = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text=_("Which of the room's changes it was that made it as it is.")
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages")
    text = models.TextField(_("text"), max_length=LONGEST_MESSAGE)
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
    def state(self) -> str:
        """What is left of it: "shown", "hidden" or "deleted"."""
        if self.deleted_at is not None:
            return "deleted"
        return "hidden" if self.hidden_at is not None else "shown"

    def may_be_edited_by(self, user: Any) -> bool:
        """Return whether `user` may change its text: their own, for a quarter of an hour, as long as it is shown."""
        recent = timezone.now() - self.created_at <= EDITABLE_FOR
        return self.author_id == user.pk and self.state == "shown" and recent

    def may_be_deleted_by(self, user: Any) -> bool:
        """Return whether `user` may take it back: their own, for a day."""
        recent = timezone.now() - self.created_at <= DELETABLE_FOR
        return self.author_id == user.pk and self.state != "deleted" and recent


class ReadMark(models.Model):
    """Up to which message a user has read a conversation."""

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

    def made_in(self, room: Room) -> Self:
        """Return who may only read in a room."""
        return self.filter(conversation__field=room.field, conversation__room_id=room.id)


class Mute(models.Model):
    """Somebody who may read a conversation, but not write in it."""

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
