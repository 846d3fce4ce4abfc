"""Shapes of the API's answers about files, and of what it takes."""

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from files.models import File, Purpose


class FileSerializer(serializers.ModelSerializer[File]):
    """What is known of a file; never where anybody could read it without asking."""

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
        """Return the call that leads to the bytes."""
        return str(reverse("file-download", args=[file.pk], request=self.context.get("request")))


class UploadSerializer(serializers.Serializer[Any]):
    """What uploading takes."""

    file = serializers.FileField(help_text="The bytes, not the name or the client's header, decide the type.")
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    course_id = serializers.UUIDField(required=False, help_text="Needed for course material and thumbnails.")
    assignment_id = serializers.UUIDField(required=False, help_text="Needed for submissions.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for what the file hangs on, and for nothing else."""
        needs = {
            Purpose.COURSE_MATERIAL: "course_id",
            Purpose.THUMBNAIL: "course_id",
            Purpose.SUBMISSION: "assignment_id",
        }.get(attrs["purpose"])
        if needs and needs not in attrs:
            raise serializers.ValidationError({needs: "This purpose needs it."}, code="required")
        kept = ("file", "purpose", needs)
        return {name: value for name, value in attrs.items() if name in kept}
