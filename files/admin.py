"""Uploaded files in the admin."""

from django.contrib import admin

from core.admin import ReadOnlyAdmin
from files.models import File


@admin.register(File)
class FileAdmin(ReadOnlyAdmin):
    """All uploads. Read-only, because a file is deleted by the app that uses it."""

    list_display = ["original_filename", "purpose", "content_type", "file_size", "uploaded_by", "created_at"]
    list_filter = ["purpose", "storage_provider"]
    search_fields = ["original_filename", "uploaded_by__email"]
    raw_id_fields = ["uploaded_by"]
    list_select_related = ["uploaded_by"]
