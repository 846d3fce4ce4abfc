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
from files import downloads, services
from files.models import File
from files.serializers import FileSerializer, UploadSerializer
from files.uploading import received
from lms.lib.scoping import ScopedMixin


class FileViewSet(ScopedMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[File]):
    """Files that the caller may read, asked anew for every request (QUALITY F01)."""

    queryset = File.objects.all()
    serializer_class = FileSerializer
    permission_classes = (IsAuthenticated,)
    parser_classes = (MultiPartParser,)
    lookup_url_kwarg = "file_id"

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: FileSerializer})
    @action(detail=False, methods=["post"])
    def upload(self, request: Request) -> Response:
        """Upload: 201; 413 `too_large` or `quota_exceeded`, 415 `type_not_allowed`, 404 for what may not be seen."""
        data = request.data
        received(request._request)
        shape = UploadSerializer(data=data)
        shape.is_valid(raise_exception=True)
        fields = dict(shape.validated_data)
        file = services.upload(actor=signed_in(request), content=fields.pop("file"), **fields)
        return Response(self.get_serializer(file).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={302: OpenApiResponse(description="To a signed address that expires.")})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, file_id: str) -> HttpResponseRedirect:
        """302 to an address that carries its own signature and expires."""
        return HttpResponseRedirect(request.build_absolute_uri(downloads.signed_url(self.get_object())))

    def perform_destroy(self, instance: File) -> None:
        """Delete the file; 409 `file_in_use` while something shows it."""
        services.delete(actor=signed_in(self.request), file=instance)
