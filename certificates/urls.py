"""URLs of the certificate pages."""

from django.urls import path

from certificates import views

app_name = "certificates"
urlpatterns = [
    path("certificates/", views.CertificateListView.as_view(), name="list"),
    path("certificates/verify/", views.verify_search, name="verify_search"),
    path("certificates/verify-file/", views.verify_file, name="verify_file"),
    path("certificates/signer.pem", views.signing_certificate, name="signing_certificate"),
    path("certificates/verify/<str:certificate_number>/", views.verify, name="verify"),
    path("certificates/<uuid:certificate_id>/download/", views.download, name="download"),
    path("teach/courses/<str:slug>/certificates/", views.CourseCertificateListView.as_view(), name="course"),
]
