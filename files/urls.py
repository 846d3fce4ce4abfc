"""URLs of the file pages."""

from django.urls import path

from files import views
from files.file_types import MB
from files.upload_handlers import accepts_uploads

app_name = "files"
urlpatterns = [
    path("files/signed/<str:token>", views.signed, name="signed"),
    path("files/<uuid:file_id>/", views.save, name="save"),
    path("files/<uuid:file_id>/play/", views.play, name="play"),
    path("files/<uuid:file_id>/preview/", views.preview, name="preview"),
    path("files/<uuid:file_id>/picture/<int:width>/", views.thumbnail, name="picture"),
    path("account/picture/", accepts_uploads(file=2 * MB)(views.avatar), name="avatar"),
]
