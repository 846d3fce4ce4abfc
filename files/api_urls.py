"""Paths of `/files/*` (docs/api-contract.md, "Files")."""

from django.urls import path

from files.api import FileViewSet
from files.file_types import MAX_SIZES
from files.upload_handlers import accepts_uploads

upload = accepts_uploads(file=max(MAX_SIZES.values()))(FileViewSet.as_view({"post": "upload"}))

urlpatterns = [
    path("files/upload", upload),
    path("files/<file_id>", FileViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("files/<file_id>/download", FileViewSet.as_view({"get": "download"}), name="file-download"),
]
