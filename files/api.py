"""`/files/*` of the API."""

from django.http import HttpResponseRedirect
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import signed_in
from core.access.scopes import ScopedMixin
from files import downloads, services
from files.models import File
from files.serializers import FileSerializer, UploadSerializer
from files.upload_handlers import received_files


class FileViewSet(ScopedMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[File]):
    """Files that the caller may read. Access is checked for every request (quality row F01)."""

    queryset = File.objects.all()
    serializer_class = FileSerializer
    permission_classes = (IsAuthenticated,)
    parser_classes = (MultiPartParser,)
    lookup_url_kwarg = "file_id"

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: FileSerializer})
    @action(detail=False, methods=["post"])
    def upload(self, request: Request) -> Response:
        """Upload a file.

        Errors: 413 `too_large` or `quota_exceeded`, 415 `type_not_allowed`, 404 for a course or assignment that the
        caller may not see.
        """
        data = request.data
        received_files(request)  # raises the error of an upload that was stopped while it arrived
        shape = UploadSerializer(data=data)
        shape.is_valid(raise_exception=True)
        fields = dict(shape.validated_data)
        file = services.upload(actor=signed_in(request), content=fields.pop("file"), **fields)
        return Response(self.get_serializer(file).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={302: OpenApiResponse(description="Redirect to a signed URL that expires.")})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, file_id: str) -> HttpResponseRedirect:
        """Redirect to a signed URL that expires."""
        return HttpResponseRedirect(request.build_absolute_uri(downloads.signed_url(self.get_object())))

    def perform_destroy(self, instance: File) -> None:
        """Delete the file. Returns 409 `file_in_use` while a lesson, submission or other object uses it."""
        services.delete(actor=signed_in(self.request), file=instance)
