"""API views of `/certificates/*`."""

from typing import Any

from django.http import FileResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import IsAdmin, signed_in
from certificates import services
from certificates.models import Certificate
from certificates.numbers import normalize_number
from certificates.serializers import (
    CertificateSerializer,
    FileSerializer,
    FindingSerializer,
    ReasonSerializer,
    VerificationSerializer,
)
from certificates.verification import check_file, reject_large_body
from certificates.views import pdf_response
from core.access.scopes import ScopedMixin, editable_or_403
from core.http.throttles import Verify
from enrollments.models import Enrollment


class CertificateViewSet(
    ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Certificate]
):
    """The caller's certificates; admins can access all of them."""

    queryset = Certificate.objects.all()
    serializer_class = CertificateSerializer
    lookup_url_kwarg = "certificate_id"

    def get_permissions(self) -> list[Any]:
        """Restrict revoking and reissuing to admins."""
        return [IsAdmin()] if self.action in ("revoke", "reissue") else [IsAuthenticated()]

    def get_queryset(self) -> Any:
        """Return the visible certificates; for the list, the caller's own."""
        certificates = super().get_queryset()
        return certificates.filter(user=signed_in(self.request)) if self.action == "list" else certificates

    @extend_schema(request=None, responses={200: CertificateSerializer, 201: CertificateSerializer})
    @action(detail=False, methods=["post"])
    def generate(self, request: Request, enrollment_id: str) -> Response:
        """Issue the certificate of a completed enrollment: 201 the first time, 200 afterwards; 409 `not_completed`."""
        enrollments = Enrollment.objects.select_related("course__instructor", "user")
        enrollment = editable_or_403(enrollments, request.user, pk=enrollment_id)
        certificate, is_created = services.generate(actor=signed_in(request), enrollment=enrollment)
        code = status.HTTP_201_CREATED if is_created else status.HTTP_200_OK
        return Response(self.get_serializer(certificate).data, status=code)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, certificate_id: str) -> FileResponse:
        """Return the PDF; 409 `certificate_pending` until it is rendered."""
        return pdf_response(self.get_object())

    @extend_schema(request=ReasonSerializer, responses=CertificateSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, certificate_id: str) -> Response:
        """Revoke a certificate, with a reason."""
        serializer = ReasonSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        revoked = services.revoke(actor=signed_in(request), certificate=self.get_object(), **serializer.validated_data)
        return Response(self.get_serializer(revoked).data)

    @extend_schema(request=ReasonSerializer, responses={201: CertificateSerializer})
    @action(detail=True, methods=["post"])
    def reissue(self, request: Request, certificate_id: str) -> Response:
        """Reissue a certificate with current names, and revoke the old one.

        Answers 409 `already_replaced` if it was reissued before.
        """
        serializer = ReasonSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        new = services.reissue(actor=signed_in(request), certificate=self.get_object(), **serializer.validated_data)
        return Response(self.get_serializer(new).data, status=status.HTTP_201_CREATED)


class VerifyView(APIView):
    """Public verification of a certificate by its number."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (Verify,)

    @extend_schema(
        parameters=[OpenApiParameter("certificate_number", str, OpenApiParameter.PATH)],
        responses=VerificationSerializer,
        operation_id="certificates_verify",
    )
    def get(self, request: Request, certificate_number: str) -> Response:
        """Return the public data of a certificate; 404 for an unknown number."""
        certificate = get_object_or_404(Certificate, certificate_number=normalize_number(certificate_number))
        return Response(VerificationSerializer(certificate).data)


class VerifyFileView(APIView):
    """Public verification of a PDF file."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (MultiPartParser,)
    throttle_classes = (Verify,)

    @extend_schema(request=FileSerializer, responses=FindingSerializer, operation_id="certificates_verify_file")
    def post(self, request: Request) -> Response:
        """Return whether the file is an unmodified certificate; 413 `too_large` over 5 MB. The file is not stored."""
        reject_large_body(request)
        serializer = FileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(FindingSerializer(check_file(serializer.validated_data["file"])).data)
