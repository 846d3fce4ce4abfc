"""Pages to reply to a review and to report it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import signed_in
from core.access.scopes import visible_or_404
from core.http.forms import call_service
from enrollments import reviews as enrollment_reviews
from enrollments.forms import ReplyForm, ReportForm
from enrollments.models import Review


def _get_review(request: HttpRequest, slug: str, review_id: uuid.UUID) -> Review:
    reviews = Review.objects.select_related("course", "user")
    return visible_or_404(reviews, request.user, pk=review_id, course__slug=slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reply_to_review(request: HttpRequest, slug: str, review_id: uuid.UUID) -> HttpResponse:
    """Reply to a review as the course's instructor."""
    review = _get_review(request, slug, review_id)
    if not review.course.is_editable_by(request.user):
        raise PermissionDenied(_("Only the course's instructor can reply to its reviews."))
    form = ReplyForm(request.POST or None, initial={"reply": review.reply})
    if form.is_valid() and call_service(
        form, enrollment_reviews.reply_to_review, actor=signed_in(request), review=review, **form.cleaned_data
    ):
        messages.success(request, _("Reply saved."))
        return redirect("courses:course", slug)
    context = {"form": form, "review": review, "title": _("Reply to review"), "action": _("Save reply")}
    return render(request, "enrollments/about_review.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report_review(request: HttpRequest, slug: str, review_id: uuid.UUID) -> HttpResponse:
    """Report a review to staff."""
    review = _get_review(request, slug, review_id)
    form = ReportForm(request.POST or None)
    if form.is_valid() and call_service(
        form, enrollment_reviews.report_review, actor=signed_in(request), review=review, **form.cleaned_data
    ):
        messages.success(request, _("Report sent. Our staff will check the review."))
        return redirect("courses:course", slug)
    context = {"form": form, "review": review, "title": _("Report review"), "action": _("Send report")}
    return render(request, "enrollments/about_review.html", context)
