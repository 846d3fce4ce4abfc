"""Shapes of the API's answers about notifications."""

from rest_framework import serializers

from realtime.models import Notification


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
