"""Pages about certificates: mine, and anybody's by its number."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe
from django.views.generic import ListView

from accounts.permissions import signed_in
from certificates.downloads import as_download
from certificates.models import Certificate
from certificates.numbers import is_well_formed, normalised
from certificates.services import CertificateError
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import visible_or_404


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
def verify_search(request: HttpRequest) -> HttpResponse:
    """Ask for a number; go to its page when it can be one."""
    typed = request.GET.get("number", "")
    number = normalised(typed)
    if is_well_formed(number):
        return redirect("certificates:verify", number)
    return render(request, "certificates/verify_search.html", {"typed": typed})


@require_safe
def verify(request: HttpRequest, certificate_number: str) -> HttpResponse:
    """What a certificate says, for whoever holds its number; and no more than that (QUALITY K03)."""
    certificate = get_object_or_404(Certificate, certificate_number=normalised(certificate_number))
    return render(request, "certificates/verify.html", {"certificate": certificate})
