"""Serializers of notifications, messages, announcements and preferences."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.text.validators import validate_visible
from realtime.models import DEFAULT_CHANNELS, Announcement, DeliveryChannel, Message, Notification
from realtime.models.chat import MAX_MESSAGE_LENGTH


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """A notification as the WebSocket sends it, and when it was read."""

    id = serializers.IntegerField(source="number", read_only=True)

    class Meta:
        model = Notification
        fields = ["id", "event", "payload", "created_at", "read_at"]
        read_only_fields = fields


class ReadCountSerializer(serializers.Serializer[dict[str, int]]):
    """The number of notifications that were marked as read."""

    read = serializers.IntegerField()


class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message. Requires `moderates` in the context, because moderators can read hidden messages."""

    id = serializers.IntegerField(source="number", read_only=True)
    author_id = serializers.UUIDField(read_only=True)
    author_name = serializers.CharField(source="author.full_name", read_only=True)
    author_avatar_url = serializers.CharField(source="author.avatar_url", read_only=True, allow_null=True)
    text = serializers.SerializerMethodField()
    text_html = serializers.SerializerMethodField()
    state = serializers.ChoiceField(["shown", "hidden", "deleted"], read_only=True)
    posted_at = serializers.DateTimeField(source="created_at", read_only=True)
    may_edit = serializers.SerializerMethodField()
    may_delete = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id", "author_id", "author_name", "author_avatar_url", "text", "text_html", "state", "posted_at",
            "edited_at", "may_edit", "may_delete",
        ]  # fmt: skip
        read_only_fields = fields

    def get_text(self, message: Message) -> str:
        """Return the text, or an empty string if it is hidden from the caller."""
        return message.text if message.state == "shown" or self.context.get("moderates") else ""

    def get_text_html(self, message: Message) -> str:
        """Return the text, written in Markdown, as safe HTML, or an empty string if it is hidden from the caller."""
        return message.text_html if self.get_text(message) else ""

    def get_may_edit(self, message: Message) -> bool:
        """Return whether the caller can still edit the message."""
        return message.can_be_edited_by(self.context["request"].user)

    def get_may_delete(self, message: Message) -> bool:
        """Return whether the caller can still delete the message."""
        return message.can_be_deleted_by(self.context["request"].user)


class MessageWriteSerializer(serializers.Serializer[Any]):
    """The text of a message to post."""

    text = serializers.CharField(max_length=MAX_MESSAGE_LENGTH, validators=[validate_visible])


class ReadMarkSerializer(serializers.Serializer[Any]):
    """The number of the last message that the caller has read."""

    id = serializers.IntegerField(min_value=0, max_value=2**62)


class UnreadSerializer(serializers.Serializer[dict[str, int]]):
    """The number of unread messages by other users."""

    unread = serializers.IntegerField()


class AnnouncementSerializer(serializers.ModelSerializer[Announcement]):
    """An announcement."""

    author_name = serializers.CharField(source="author.full_name", read_only=True, default="")
    text_html = serializers.CharField(read_only=True)

    class Meta:
        model = Announcement
        fields = ["id", "subject", "text", "text_html", "author_name", "created_at"]
        read_only_fields = ["id", "created_at"]


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "enum": DeliveryChannel.values}})
class ChannelsField(serializers.DictField):
    """The delivery channel of each event that has a preference."""

    child = serializers.ChoiceField(DeliveryChannel.choices)


class ChoicesSerializer(serializers.Serializer[Any]):
    """Notification preferences by event."""

    ways = ChannelsField(help_text="By event: " + ", ".join(DEFAULT_CHANNELS))
