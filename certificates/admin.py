"""Certificates in the admin."""

from django.contrib import admin

from certificates.models import Certificate
from lms.platform.admin import ReadOnlyAdmin


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """What was issued, to whom, for what."""

    list_display = ["certificate_number", "student_name", "course_title", "issued_at", "revoked_at"]
    search_fields = ["certificate_number", "student_name", "course_title"]
