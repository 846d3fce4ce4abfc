"""Serializers of certificates and their verification."""

from typing import Any

from rest_framework import serializers
from rest_framework.reverse import reverse

from certificates.models import Certificate, Status
from certificates.verification import Outcome
from core.text.validators import validate_visible


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    """A certificate, for its holder."""

    user_id = serializers.UUIDField(read_only=True)
    course_id = serializers.UUIDField(read_only=True)
    enrollment_id = serializers.UUIDField(read_only=True, allow_null=True)
    status = serializers.ChoiceField(choices=Status.choices, read_only=True)
    pdf_url = serializers.SerializerMethodField()
    verify_url = serializers.CharField(read_only=True)

    class Meta:
        model = Certificate
        fields = [
            "id", "user_id", "course_id", "enrollment_id", "certificate_number", "status", "student_name",
            "course_title", "instructor_name", "completed_at", "issued_at", "revoked_at", "revoked_reason", "pdf_url",
            "verify_url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_pdf_url(self, certificate: Certificate) -> str | None:
        """Return the download URL of the PDF; null until it is rendered."""
        if not certificate.pdf:
            return None
        return str(reverse("certificate-download", args=[certificate.pk], request=self.context.get("request")))


class VerificationSerializer(serializers.Serializer[Any]):
    """Public data of a certificate; the reason of a revocation is for its holder and admins (quality rows K03, V15)."""

    valid = serializers.BooleanField(source="is_valid")
    certificate_number = serializers.CharField()
    student_name = serializers.CharField()
    course_title = serializers.CharField()
    instructor_name = serializers.CharField()
    issued_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class FileSerializer(serializers.Serializer[Any]):
    """A file to verify."""

    file = serializers.FileField(allow_empty_file=True)


class FindingSerializer(serializers.Serializer[Any]):
    """Result of verifying a file, with the certificate that it is or claims to be."""

    outcome = serializers.ChoiceField(choices=Outcome.choices)
    detail = serializers.CharField(source="outcome.label")
    certificate = VerificationSerializer(allow_null=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """Reason for revoking or reissuing a certificate."""

    reason = serializers.CharField(max_length=300, validators=[validate_visible])
