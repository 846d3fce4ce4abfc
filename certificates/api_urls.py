"""URLs of `/certificates/*` (docs/api-contract.md, "Certificates")."""

from django.urls import path

from certificates.api import CertificateViewSet, VerifyFileView, VerifyView

urlpatterns = [
    path("certificates/", CertificateViewSet.as_view({"get": "list"})),
    path("certificates/generate/<enrollment_id>", CertificateViewSet.as_view({"post": "generate"})),
    path("certificates/verify/<certificate_number>", VerifyView.as_view()),
    path("certificates/verify-file", VerifyFileView.as_view()),
    path("certificates/<certificate_id>", CertificateViewSet.as_view({"get": "retrieve"})),
    path(
        "certificates/<certificate_id>/download",
        CertificateViewSet.as_view({"get": "download"}),
        name="certificate-download",
    ),
    path("certificates/<certificate_id>/revoke", CertificateViewSet.as_view({"post": "revoke"})),
    path("certificates/<certificate_id>/reissue", CertificateViewSet.as_view({"post": "reissue"})),
]
