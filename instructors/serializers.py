"""Shapes of the API's answers about instructors."""

from rest_framework import serializers

from instructors.models import Instructor


class InstructorSerializer(serializers.ModelSerializer[Instructor]):
    """A public profile; its id is the user's (API.md, "Courses"). No address, ever (QUALITY I01)."""

    id = serializers.UUIDField(source="user_id", read_only=True)
    full_name = serializers.CharField(source="user.full_name", read_only=True)
    expertise = serializers.ListField(child=serializers.CharField(max_length=60), max_length=12, required=False)

    class Meta:
        model = Instructor
        fields = ["id", "full_name", "title", "bio", "expertise", "created_at", "updated_at"]
        read_only_fields = ["created_at", "updated_at"]
