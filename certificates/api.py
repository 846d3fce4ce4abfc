"""`/certificates/*` of the API."""

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
from certificates.checking import check_file, refuse_large_body
from certificates.downloads import as_download
from certificates.models import Certificate
from certificates.numbers import normalised
from certificates.serializers import (
    CertificateSerializer,
    FileSerializer,
    FindingSerializer,
    ReasonSerializer,
    VerificationSerializer,
)
from enrollments.models import Enrollment
from lms.lib.scoping import ScopedMixin, editable_or_403
from lms.lib.throttling import Verify


class CertificateViewSet(
    ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Certificate]
):
    """The caller's certificates; an admin may look at any."""

    queryset = Certificate.objects.all()
    serializer_class = CertificateSerializer
    lookup_url_kwarg = "certificate_id"

    def get_permissions(self) -> list[Any]:
        """Return who may do what: revoking and issuing anew are for admins."""
        return [IsAdmin()] if self.action in ("revoke", "reissue") else [IsAuthenticated()]

    def get_queryset(self) -> Any:
        """Return the visible certificates; the list is of one's own."""
        certificates = super().get_queryset()
        return certificates.filter(user=signed_in(self.request)) if self.action == "list" else certificates

    @extend_schema(request=None, responses={200: CertificateSerializer, 201: CertificateSerializer})
    @action(detail=False, methods=["post"])
    def generate(self, request: Request, enrollment_id: str) -> Response:
        """Issue the certificate of a completed enrolment: 201 the first time, 200 after; 409 `not_completed`."""
        enrollments = Enrollment.objects.select_related("course__instructor", "user")
        enrollment = editable_or_403(enrollments, request.user, pk=enrollment_id)
        certificate, made = services.generate(actor=signed_in(request), enrollment=enrollment)
        code = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(self.get_serializer(certificate).data, status=code)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, certificate_id: str) -> FileResponse:
        """The PDF; 409 `certificate_pending` while it is being printed."""
        return as_download(self.get_object())

    @extend_schema(request=ReasonSerializer, responses=CertificateSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, certificate_id: str) -> Response:
        """Take a certificate back, with a reason."""
        shape = ReasonSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        revoked = services.revoke(actor=signed_in(request), certificate=self.get_object(), **shape.validated_data)
        return Response(self.get_serializer(revoked).data)

    @extend_schema(request=ReasonSerializer, responses={201: CertificateSerializer})
    @action(detail=True, methods=["post"])
    def reissue(self, request: Request, certificate_id: str) -> Response:
        """Issue a certificate anew, with the names as they are now; the old one is revoked, 409 `already_replaced`
        where it was replaced before."""
        shape = ReasonSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        new = services.reissue(actor=signed_in(request), certificate=self.get_object(), **shape.validated_data)
        return Response(self.get_serializer(new).data, status=status.HTTP_201_CREATED)


class VerifyView(APIView):
    """Anybody checks a certificate by its number."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (Verify,)

    @extend_schema(
        parameters=[OpenApiParameter("certificate_number", str, OpenApiParameter.PATH)],
        responses=VerificationSerializer,
        operation_id="certificates_verify",
    )
    def get(self, request: Request, certificate_number: str) -> Response:
        """Answer what the certificate says; 404 for an unknown number."""
        certificate = get_object_or_404(Certificate, certificate_number=normalised(certificate_number))
        return Response(VerificationSerializer(certificate).data)


class VerifyFileView(APIView):
    """Anybody checks a PDF that they were given."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (MultiPartParser,)
    throttle_classes = (Verify,)

    @extend_schema(request=FileSerializer, responses=FindingSerializer, operation_id="certificates_verify_file")
    def post(self, request: Request) -> Response:
        """Answer whether the file is one of ours and untouched; 413 `too_large` beyond 5 MB. Nothing is kept."""
        refuse_large_body(request._request)
        shape = FileSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        return Response(FindingSerializer(check_file(shape.validated_data["file"])).data)
