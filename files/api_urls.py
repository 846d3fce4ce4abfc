"""Paths of `/files/*` (seed, "Files Module"; API.md, "Files")."""

from django.urls import path

from files.api import FileViewSet
from files.kinds import LARGEST
from files.uploading import takes_uploads

upload = takes_uploads(file=max(LARGEST.values()))(FileViewSet.as_view({"post": "upload"}))

urlpatterns = [
    path("files/upload", upload),
    path("files/<file_id>", FileViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("files/<file_id>/download", FileViewSet.as_view({"get": "download"}), name="file-download"),
]
