"""The public page of an instructor, and what they see first when they come to teach."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import DetailView, FormView, TemplateView

from accounts.permissions import signed_in
from analytics import showing
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from instructors.dashboard import dashboard_of, enrollments_of
from instructors.forms import ProfileForm
from instructors.models import Instructor
from instructors.services import update_profile
from lms.lib import money
from lms.lib.pages import attempt
from lms.lib.paging import page_of
from lms.lib.scoping import ScopedMixin


class InstructorView(ScopedMixin, DetailView[Instructor]):
    """Who somebody is, and what they teach."""

    template_name = "instructors/instructor.html"
    context_object_name = "instructor"
    queryset = Instructor.objects.all()
    slug_field = "user_id"
    slug_url_kwarg = "instructor_id"

    def get_queryset(self) -> QuerySet[Instructor]:
        """Return the visible profiles."""
        return super().get_queryset().select_related("user__avatar")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the instructor's published courses."""
        courses = Course.objects.published().filter(instructor=self.object.user).for_cards()
        page = page_of(self.request, courses.order_by("-enrollments_count", "id"))
        sums = courses.order_by().aggregate(
            students=Sum("enrollments_count"), stars=Sum("ratings_sum"), ratings=Sum("ratings_count")
        )
        rating = round(sums["stars"] / sums["ratings"], 1) if sums["ratings"] else None
        return super().get_context_data(
            page_obj=page, courses=page.object_list, students=sums["students"] or 0, rating=rating,
            ratings=sums["ratings"] or 0, **kwargs,
        )  # fmt: skip


class DashboardView(TeachersOnlyMixin, TemplateView):
    """A teacher's courses, what waits for them, who may be lost, what came in."""

    template_name = "instructors/dashboard.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the dashboard, and the chart of new students."""
        user = signed_in(self.request)
        board = dashboard_of(user)
        month, now, before = enrollments_of(user)
        waiting = {"essays": 0, "submissions": 0}
        for row in board["courses"]:
            waiting["essays"] += row["waiting_essays"]
            waiting["submissions"] += row["waiting_submissions"]
        return super().get_context_data(
            board=board,
            tiles=_tiles(board, sum(now.values()), sum(before.values())),
            chart=showing.chart_of(_("New students in 30 days"), month, now, before),
            waiting=waiting,
            **kwargs,
        )


def _tiles(board: dict[str, Any], new: int, before: int) -> list[showing.Tile]:
    return [
        showing.Tile(_("Students now"), showing.counted(board["total_students"])),
        showing.compared(_("New in 30 days"), new, before),
        showing.Tile(_("Active in 30 days"), showing.counted(board["active_students_30d"])),
        showing.Tile(_("Waits for grading"), showing.counted(board["waiting_for_grading"])),
        *(
            showing.Tile(_("Revenue in 30 days, net"), money.formatted(row["net_30d"], row["currency"]))
            for row in board["revenue"]
        ),
    ]


class OwnProfileView(TeachersOnlyMixin, FormView[ProfileForm]):
    """What an instructor says of themselves on their public page."""

    template_name = "instructors/profile.html"
    form_class = ProfileForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Fill in what stands there now."""
        user = signed_in(self.request)
        profile = Instructor.objects.filter(user=user).first() or Instructor(user=user)
        return {**super().get_form_kwargs(), "initial": ProfileForm.filled(profile)}

    def form_valid(self, form: ProfileForm) -> HttpResponse:
        """Save it."""
        profile = attempt(form, update_profile, actor=signed_in(self.request), changes=form.cleaned_data)
        if profile is None:
            return self.form_invalid(form)
        messages.success(self.request, _("Saved."))
        return redirect("instructors:instructor", profile.user_id)
