"""Shapes of the API's answers about notifications."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from realtime.models import DEFAULT_WAYS, Announcement, Message, Notification, Way
from realtime.models.chat import LONGEST_MESSAGE


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """A notification as the socket sends it, with when it was read."""

    id = serializers.IntegerField(source="number", read_only=True)

    class Meta:
        model = Notification
        fields = ["id", "event", "payload", "created_at", "read_at"]
        read_only_fields = fields


class ReadCountSerializer(serializers.Serializer[dict[str, int]]):
    """How many notifications were marked as read."""

    read = serializers.IntegerField()


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message of a conversation. Needs `moderates` in the context: who keeps order reads what is hidden."""

    id = serializers.IntegerField(source="number", read_only=True)
    author_id = serializers.UUIDField(read_only=True)
    author_name = serializers.CharField(source="author.full_name", read_only=True)
    text = serializers.SerializerMethodField()
    state = serializers.ChoiceField(["shown", "hidden", "deleted"], read_only=True)
    posted_at = serializers.DateTimeField(source="created_at", read_only=True)
    may_edit = serializers.SerializerMethodField()
    may_delete = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = ["id", "author_id", "author_name", "text", "state", "posted_at", "edited_at", "may_edit", "may_delete"]
        read_only_fields = fields

    def get_text(self, message: Message) -> str:
        """Return the text, unless it is hidden from the caller."""
        return message.text if message.state == "shown" or self.context.get("moderates") else ""

    def get_may_edit(self, message: Message) -> bool:
        """Return whether the caller may still change it."""
        return message.may_be_edited_by(self.context["request"].user)

    def get_may_delete(self, message: Message) -> bool:
        """Return whether the caller may still take it back."""
        return message.may_be_deleted_by(self.context["request"].user)


class MessageWriteSerializer(serializers.Serializer[Any]):
    """What somebody wants to say."""

    text = serializers.CharField(max_length=LONGEST_MESSAGE)


class ReadMarkSerializer(serializers.Serializer[Any]):
    """Up to which message one has read."""

    id = serializers.IntegerField(min_value=0, max_value=2**62)


class UnreadSerializer(serializers.Serializer[dict[str, int]]):
    """How many messages of others one has not read."""

    unread = serializers.IntegerField()


class AnnouncementSerializer(serializers.ModelSerializer[Announcement]):
    """An announcement."""

    author_name = serializers.CharField(source="author.full_name", read_only=True, default="")

    class Meta:
        model = Announcement
        fields = ["id", "subject", "text", "author_name", "created_at"]
        read_only_fields = ["id", "created_at"]


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "enum": Way.values}})
class WaysField(serializers.DictField):
    """For each kind of event that is a choice, the way to hear of it."""

    child = serializers.ChoiceField(Way.choices)


class ChoicesSerializer(serializers.Serializer[Any]):
    """How one wants to hear of things."""

    ways = WaysField(help_text="By event: " + ", ".join(DEFAULT_WAYS))
