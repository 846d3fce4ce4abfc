"""Certificate pages: own certificates, those of a course, and public verification by number or file."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import ListView

from accounts.permissions import signed_in
from certificates.errors import CertificateError
from certificates.models import Certificate
from certificates.numbers import is_well_formed, normalize_number
from certificates.verification import check_file, reject_large_body
from core.access.scopes import editable_or_403, visible_or_404
from core.http.pagination import PAGE_SIZE
from core.http.throttles import Verify, throttled
from courses.models import Course


class FileForm(forms.Form):
    """Form to upload a PDF for verification."""

    file = forms.FileField(
        label=gettext_lazy("Certificate PDF"),
        allow_empty_file=True,
        help_text=gettext_lazy("Up to 5 MB. The file is not stored."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
    )


def pdf_response(certificate: Certificate) -> FileResponse:
    """Return the PDF as an attachment.

    Raise CertificateError `certificate_pending`, with Retry-After, until it is rendered (quality row K04).
    """
    if not certificate.pdf:
        raise CertificateError(
            "certificate_pending", _("Your certificate is being generated. Try again in a moment."), retry_after=2
        )
    name = f"certificate-{slugify(certificate.course_title) or certificate.certificate_number}.pdf"
    response = FileResponse(
        certificate.pdf.open("rb"), as_attachment=True, filename=name, content_type="application/pdf"
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


class CertificateListView(LoginRequiredMixin, ListView[Certificate]):
    """The user's own certificates."""

    template_name = "certificates/certificate_list.html"
    context_object_name = "certificates"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Certificate]:
        return Certificate.objects.filter(user=signed_in(self.request)).select_related("course")


@login_required
@require_safe
def download(request: HttpRequest, certificate_id: uuid.UUID) -> HttpResponseBase:
    """Return the PDF of a certificate; redirect to the list with a message until it is rendered."""
    certificate = visible_or_404(Certificate.objects.all(), request.user, pk=certificate_id)
    try:
        return pdf_response(certificate)
    except CertificateError as error:
        messages.info(request, str(error.detail))
        return redirect("certificates:list")


@require_safe
@throttled(Verify)
def verify_search(request: HttpRequest) -> HttpResponse:
    """Display the forms for a number or a file; redirect to the verification page of a well-formed number."""
    typed = request.GET.get("number", "")
    number = normalize_number(typed)
    if is_well_formed(number):
        return redirect("certificates:verify", number)
    return render(request, "certificates/verify_search.html", {"typed": typed, "form": FileForm()})


@require_safe
@throttled(Verify)
def verify(request: HttpRequest, certificate_number: str) -> HttpResponse:
    """Display the public data of the certificate with a number (quality row K03)."""
    certificate = get_object_or_404(Certificate, certificate_number=normalize_number(certificate_number))
    return render(request, "certificates/verify.html", {"certificate": certificate})


# Safe without a CSRF token: the view is anonymous and has no side effects. The CSRF check would read the body
# before its size is checked.
@csrf_exempt
@require_POST
@throttled(Verify)
def verify_file(request: HttpRequest) -> HttpResponse:
    """Display whether an uploaded PDF is an unmodified certificate. The file is not stored."""
    try:
        reject_large_body(request)
        form = FileForm(request.POST, request.FILES)
        if form.is_valid():
            finding = check_file(form.cleaned_data["file"])
            context = {"finding": finding, "certificate": finding.certificate}
            return render(request, "certificates/verify_file.html", context)
        status = 400
    except CertificateError as error:
        form, status = FileForm({}), error.status
        form.errors.clear()
        form.add_error("file", str(error.detail))
    return render(request, "certificates/verify_search.html", {"form": form}, status=status)


@require_safe
def signing_certificate(request: HttpRequest) -> HttpResponse:
    """Return the public certificate of the signing key, for verification without this site."""
    from certificates import signature  # noqa: PLC0415  # pyHanko takes a second to import

    response = HttpResponse(signature.public_certificate(), content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="certificate-signer.pem"'
    return response


class CourseCertificateListView(LoginRequiredMixin, ListView[Certificate]):
    """Certificates of a course, for its editors."""

    template_name = "certificates/course_certificates.html"
    context_object_name = "certificates"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Certificate]:
        """Return the course's certificates, newest first. Raise Http404 or PermissionDenied for courses of others."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        return Certificate.objects.of_course(self.course)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(course=self.course, **kwargs)
