"""Files in the admin: what lies in the storage, and whose it is."""

from django.contrib import admin

from files.models import File
from lms.platform.admin import ReadOnlyAdmin


@admin.register(File)
class FileAdmin(ReadOnlyAdmin):
    """Every upload; read-only, since whatever shows a file deletes it."""

    list_display = ["original_filename", "purpose", "content_type", "file_size", "uploaded_by", "created_at"]
    list_filter = ["purpose", "storage_provider"]
    search_fields = ["original_filename", "uploaded_by__email"]
    raw_id_fields = ["uploaded_by"]
    list_select_related = ["uploaded_by"]
