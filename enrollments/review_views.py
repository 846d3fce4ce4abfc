"""Pages about somebody else's review: answer it, report it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.permissions import signed_in
from courses.models import Course
from enrollments import reviewing
from enrollments.forms import ReplyForm, ReportForm
from enrollments.models import Review
from lms.lib.pages import attempt
from lms.lib.scoping import may_edit, visible_or_404


def _review(request: HttpRequest, slug: str, review_id: uuid.UUID) -> Review:
    reviews = Review.objects.select_related("course", "user")
    return visible_or_404(reviews, request.user, pk=review_id, course__slug=slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: HttpRequest, slug: str, review_id: uuid.UUID) -> HttpResponse:
    """Answer a review, as the course's instructor."""
    review = _review(request, slug, review_id)
    if not may_edit(Course.objects.get(pk=review.course_id), request.user):
        raise PermissionDenied(_("Only the course's instructor answers its reviews."))
    form = ReplyForm(request.POST or None, initial={"reply": review.reply})
    if form.is_valid() and attempt(
        form, reviewing.reply_to_review, actor=signed_in(request), review=review, **form.cleaned_data
    ):
        messages.success(request, _("Your answer stands below the review."))
        return redirect("courses:course", slug)
    words = {"title": _("Answer a review"), "action": _("Publish my answer")}
    return render(request, "enrollments/about_review.html", {"form": form, "review": review, "words": words})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, slug: str, review_id: uuid.UUID) -> HttpResponse:
    """Ask staff to look at a review."""
    review = _review(request, slug, review_id)
    form = ReportForm(request.POST or None)
    if form.is_valid() and attempt(
        form, reviewing.report_review, actor=signed_in(request), review=review, **form.cleaned_data
    ):
        messages.success(request, _("Thank you. Staff will look at it."))
        return redirect("courses:course", slug)
    words = {"title": _("Report a review"), "action": _("Report it")}
    return render(request, "enrollments/about_review.html", {"form": form, "review": review, "words": words})
