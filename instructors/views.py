"""Pages of instructors: the public profile, its form, and the teaching dashboard."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.generic import DetailView, FormView, TemplateView

from accounts.permissions import signed_in
from analytics import presentation
from core.access.scopes import ScopedMixin
from core.http.forms import call_service
from core.http.pagination import paginate
from core.text import money
from courses.editor_views import TeachersOnlyMixin
from courses.models import Course
from instructors.dashboard import new_enrollments, teaching_dashboard
from instructors.forms import ProfileForm
from instructors.models import Instructor
from instructors.services import update_profile


class InstructorView(ScopedMixin, DetailView[Instructor]):
    """Public profile of an instructor, with their published courses."""

    template_name = "instructors/instructor.html"
    context_object_name = "instructor"
    queryset = Instructor.objects.all()
    slug_field = "user_id"
    slug_url_kwarg = "instructor_id"

    def get_queryset(self) -> QuerySet[Instructor]:
        return super().get_queryset().select_related("user__avatar")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the published courses, and their totals of students and ratings."""
        courses = Course.objects.published().filter(instructor=self.object.user).for_cards()
        page = paginate(self.request, courses.order_by("-enrollments_count", "id"))
        sums = courses.order_by().aggregate(
            students=Sum("enrollments_count"), stars=Sum("ratings_sum"), ratings=Sum("ratings_count")
        )
        rating = round(sums["stars"] / sums["ratings"], 1) if sums["ratings"] else None
        return super().get_context_data(
            page_obj=page, courses=page.object_list, students=sums["students"] or 0, rating=rating,
            ratings=sums["ratings"] or 0, **kwargs,
        )  # fmt: skip


class DashboardView(TeachersOnlyMixin, TemplateView):
    """Teaching dashboard: courses, work awaiting grading, students at risk, and revenue."""

    template_name = "instructors/dashboard.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the dashboard, its tiles and the chart of new students."""
        user = signed_in(self.request)
        board = teaching_dashboard(user)
        month, now, before = new_enrollments(user)
        waiting = {"essays": 0, "submissions": 0}
        for row in board["courses"]:
            waiting["essays"] += row["waiting_essays"]
            waiting["submissions"] += row["waiting_submissions"]
        return super().get_context_data(
            board=board,
            tiles=_tiles(board, sum(now.values()), sum(before.values())),
            chart=presentation.build_chart(_("New students (30 days)"), month, now, before),
            waiting=waiting,
            **kwargs,
        )


def _tiles(board: dict[str, Any], new: int, before: int) -> list[presentation.Tile]:
    return [
        presentation.Tile(_("Students"), presentation.format_number(board["total_students"])),
        presentation.comparison_tile(_("New (30 days)"), new, before),
        presentation.Tile(_("Active (30 days)"), presentation.format_number(board["active_students_30d"])),
        presentation.Tile(_("Awaiting grading"), presentation.format_number(board["waiting_for_grading"])),
        *(
            presentation.Tile(_("Net revenue (30 days)"), money.format_amount(row["net_30d"], row["currency"]))
            for row in board["revenue"]
        ),
    ]


class OwnProfileView(TeachersOnlyMixin, FormView[ProfileForm]):
    """Form of the user's own public profile."""

    template_name = "instructors/profile.html"
    form_class = ProfileForm

    def get_form_kwargs(self) -> dict[str, Any]:
        user = signed_in(self.request)
        profile = Instructor.objects.filter(user=user).first() or Instructor(user=user)
        return {**super().get_form_kwargs(), "initial": ProfileForm.initial_from(profile)}

    def form_valid(self, form: ProfileForm) -> HttpResponse:
        profile = call_service(form, update_profile, actor=signed_in(self.request), changes=form.cleaned_data)
        if profile is None:
            return self.form_invalid(form)
        messages.success(self.request, _("Profile saved."))
        return redirect("instructors:instructor", profile.user_id)
