"""Pages about certificates: mine, those of a course, and anybody's by its number or its file."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import ListView

from accounts.permissions import signed_in
from certificates.checking import check_file, refuse_large_body
from certificates.downloads import as_download
from certificates.errors import CertificateError
from certificates.forms import FileForm
from certificates.models import Certificate
from certificates.numbers import is_well_formed, normalised
from courses.models import Course
from lms.lib.lazy_modules import lazily
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import editable_or_403, visible_or_404
from lms.lib.throttling import Verify, throttled

signing = lazily("certificates.signing")


class CertificateListView(LoginRequiredMixin, ListView[Certificate]):
    """The user's own certificates."""

    template_name = "certificates/certificate_list.html"
    context_object_name = "certificates"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Certificate]:
        """Return the user's own certificates, newest first."""
        return Certificate.objects.filter(user=signed_in(self.request)).select_related("course")


@login_required
@require_safe
def download(request: HttpRequest, certificate_id: uuid.UUID) -> HttpResponseBase:
    """The PDF of a certificate; while it is being printed, back to the list with a word about it."""
    certificate = visible_or_404(Certificate.objects.all(), request.user, pk=certificate_id)
    try:
        return as_download(certificate)
    except CertificateError as error:
        messages.info(request, str(error.detail))
        return redirect("certificates:list")


@require_safe
@throttled(Verify)
def verify_search(request: HttpRequest) -> HttpResponse:
    """Ask for a number, or for a file; go to the number's page when it can be one."""
    typed = request.GET.get("number", "")
    number = normalised(typed)
    if is_well_formed(number):
        return redirect("certificates:verify", number)
    return render(request, "certificates/verify_search.html", {"typed": typed, "form": FileForm()})


@require_safe
@throttled(Verify)
def verify(request: HttpRequest, certificate_number: str) -> HttpResponse:
    """What a certificate says, for whoever holds its number; and no more than that (QUALITY K03)."""
    certificate = get_object_or_404(Certificate, certificate_number=normalised(certificate_number))
    return render(request, "certificates/verify.html", {"certificate": certificate})


# It changes nothing and knows nobody; looking for a token would read the body before its size is looked at.
@csrf_exempt
@require_POST
@throttled(Verify)
def verify_file(request: HttpRequest) -> HttpResponse:
    """Whether an uploaded PDF is one of ours and untouched. It is not kept."""
    try:
        refuse_large_body(request)
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
    """The public half of the key that signs certificates, for whoever wants to check them without us."""
    response = HttpResponse(signing.public_certificate(), content_type="application/x-pem-file")
    response["Content-Disposition"] = 'attachment; filename="certificate-signer.pem"'
    return response


class CourseCertificateListView(LoginRequiredMixin, ListView[Certificate]):
    """Who has earned the certificate of a course, for whoever teaches it."""

    template_name = "certificates/course_certificates.html"
    context_object_name = "certificates"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Certificate]:
        """Return the course's certificates, newest first; raise Http404 or PermissionDenied for another's course."""
        self.course = editable_or_403(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        return Certificate.objects.of_course(self.course)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course."""
        return super().get_context_data(course=self.course, **kwargs)
