"""Serializers of the files API."""

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from files.models import File, Purpose


class FileSerializer(serializers.ModelSerializer[File]):
    """A file, with the path of its download endpoint. The storage's own URL is never included."""

    filename = serializers.CharField(read_only=True)
    uploaded_by = serializers.UUIDField(source="uploaded_by_id", read_only=True)
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = File
        fields = [
            "id", "filename", "original_filename", "file_size", "content_type", "purpose", "storage_provider",
            "storage_path", "uploaded_by", "course_id", "assignment_id", "created_at", "download_url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_download_url(self, file: File) -> str:
        """Return the URL of the endpoint that redirects to the content."""
        return str(reverse("file-download", args=[file.pk], request=self.context.get("request")))


class UploadSerializer(serializers.Serializer[Any]):
    """The fields of an upload."""

    file = serializers.FileField(
        help_text="The type is detected from the content, not from the name or the client's header."
    )
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    course_id = serializers.UUIDField(required=False, help_text="Required for course material and thumbnails.")
    assignment_id = serializers.UUIDField(required=False, help_text="Required for submissions.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require the object that the purpose belongs to, and drop all other fields."""
        required = {
            Purpose.COURSE_MATERIAL: "course_id",
            Purpose.THUMBNAIL: "course_id",
            Purpose.SUBMISSION: "assignment_id",
        }.get(attrs["purpose"])
        if required and required not in attrs:
            raise serializers.ValidationError({required: "This field is required for this purpose."}, code="required")
        accepted = ("file", "purpose", required)
        return {name: value for name, value in attrs.items() if name in accepted}
