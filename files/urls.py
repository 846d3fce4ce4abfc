"""Addresses of files."""

from django.urls import path

from files import views
from files.kinds import MB
from files.uploading import takes_uploads

app_name = "files"
urlpatterns = [
    path("files/signed/<str:token>", views.signed, name="signed"),
    path("files/<uuid:file_id>/", views.save, name="save"),
    path("files/<uuid:file_id>/play/", views.play, name="play"),
    path("files/<uuid:file_id>/preview/", views.preview, name="preview"),
    path("files/<uuid:file_id>/picture/<int:width>/", views.picture, name="picture"),
    path("account/picture/", takes_uploads(file=2 * MB)(views.avatar), name="avatar"),
]
