"""Pages of students: dashboard, learning room, progress, enrollment and review."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Count, Window
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView, TemplateView

from accounts.permissions import signed_in
from core.access.impersonation import allow_while_impersonating
from core.access.scopes import visible_or_404
from core.http.forms import call_or_show_message, call_service
from core.http.pagination import PAGE_SIZE
from courses.models import Course, Lesson, price_in_thousandths
from courses.setup_guide import list_setup_steps
from courses.videos import get_lesson_video
from enrollments import services
from enrollments.calendar import list_due_work
from enrollments.errors import EnrollmentError
from enrollments.forms import ReviewForm
from enrollments.models import Enrollment, LessonProgress, Review
from enrollments.outline import build_outline, find_neighbors
from enrollments.progress import explain_progress
from enrollments.registry import list_coursework
from enrollments.rooms import course_room
from enrollments.signals import learned
from realtime.chat import count_unread

MAX_UPCOMING = 5  # on the dashboard; the calendar page lists all
SUGGESTED_COURSES = 3  # for users without an enrollment


class FirstPage(list[Any]):
    """First page of a list whose rows are annotated with `total_count`, so that rows and count take one query."""

    def count(self) -> int:  # type: ignore[override]  # the paginator calls it as QuerySet.count()
        """Return the number of rows in the whole list."""
        return self[0].total_count if self else 0


class DashboardView(LoginRequiredMixin, ListView[Enrollment]):
    """The student's courses, the upcoming work and the lesson to continue with."""

    template_name = "enrollments/dashboard.html"
    context_object_name = "enrollments"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> Any:
        """Return the user's active enrollments with progress and next lesson, last active first."""
        enrollments = Enrollment.objects.active().filter(user=signed_in(self.request)).for_dashboard()
        if self.request.GET.get(self.page_kwarg, "1") == "1":
            return FirstPage(enrollments.annotate(total_count=Window(Count("pk")))[:PAGE_SIZE])
        return enrollments

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the enrollment to continue with and the upcoming work.

        For users without enrollments, add suggested courses instead; on a site without courses, the setup steps.
        """
        context = super().get_context_data(**kwargs)
        if not context["enrollments"]:
            popular = (
                Course.objects.published().for_cards().order_by(price_in_thousandths(), "-enrollments_count", "id")
            )
            suggested = list(popular[:SUGGESTED_COURSES])
            steps = [] if suggested else list_setup_steps(self.request.user)
            return {**context, "suggested": suggested, "first_steps": steps}
        unfinished = [row for row in context["enrollments"] if row.completed_at is None and row.next_lesson_id]
        due_work = list_due_work(signed_in(self.request), after=timezone.now())
        upcoming = [due for due in due_work if not due.is_done]
        return {**context, "current": unfinished[0] if unfinished else None, "upcoming": upcoming[:MAX_UPCOMING]}


class EnrolledMixin(LoginRequiredMixin):
    """Mixin for pages of a course that require an active enrollment."""

    request: HttpRequest
    kwargs: dict[str, Any]

    def get_enrollment(self) -> Enrollment:
        """Return the user's active enrollment in the course of the URL; raise Http404 if there is none."""
        active = Enrollment.objects.active().filter(user=signed_in(self.request), course__is_published=True)
        return get_object_or_404(
            active.with_progress().with_next_lesson().select_related("course", "certificate"),
            course__slug=self.kwargs["slug"],
        )


class ProgressView(EnrolledMixin, TemplateView):
    """Explanation of the student's progress in a course."""

    template_name = "enrollments/progress.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the enrollment, the course and the explanation of the progress."""
        enrollment = self.get_enrollment()
        return super().get_context_data(
            enrollment=enrollment,
            course=enrollment.course,
            explanation=explain_progress(enrollment=enrollment),
            **kwargs,
        )


class LearningRoomView(EnrolledMixin, TemplateView):
    """A lesson with the outline of its course. A constant number of queries for any number of lessons."""

    template_name = "enrollments/learning_room.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the lesson of the URL; without one, redirect to the first lesson that is not completed."""
        enrollment = self.get_enrollment()
        lesson_id = kwargs.get("lesson_id")
        if lesson_id is None:
            first = (
                enrollment.next_lesson_id
                or Lesson.objects.published().filter(course=enrollment.course).values_list("pk", flat=True).first()
            )
            if first is None:
                raise Http404
            return redirect("enrollments:lesson", enrollment.course.slug, first)
        context = self._build_context(enrollment, lesson_id)
        learned.send(sender=Enrollment, user_id=enrollment.user_id, course_id=enrollment.course_id)
        return self.render_to_response(context)

    def _build_context(self, enrollment: Enrollment, lesson_id: uuid.UUID) -> dict[str, Any]:
        """Return the template context; raise Http404 if the lesson is not a published lesson of the course."""
        lessons = list(Lesson.objects.published().filter(course=enrollment.course).for_learning_room())
        previous, current, following = find_neighbors(lessons, lesson_id)
        if current is None:
            raise Http404
        progress = {row.lesson_id: row for row in LessonProgress.objects.filter(enrollment=enrollment)}
        done = {row.lesson_id for row in progress.values() if row.completed_at}
        lesson = Lesson.objects.get(pk=lesson_id)
        position = progress[lesson_id].position_seconds if lesson_id in progress else 0
        coursework = list_coursework(enrollment)
        return self.get_context_data(
            lesson_view="enrollments:lesson",
            enrollment=enrollment,
            course=enrollment.course,
            lesson=lesson,
            video=get_lesson_video(lesson, position),
            is_done=lesson_id in done,
            position_seconds=position,
            outline=build_outline(lessons, done, lesson_id),
            lesson_work=[item for item in coursework if item.lesson_id == lesson_id],
            course_work=coursework,
            chat_unread=count_unread(user=signed_in(self.request), room=course_room(enrollment.course)),
            previous=previous,
            next=following,
        )


@login_required
@require_POST
def enroll(request: HttpRequest, slug: str) -> HttpResponse:
    """Enroll in a course and redirect to its learning room."""
    course = visible_or_404(Course.objects.published(), request.user, slug=slug)
    try:
        services.enroll(actor=signed_in(request), user=signed_in(request), course=course)
    except EnrollmentError as error:
        if error.code != "already_enrolled":
            messages.error(request, str(error.detail))
            return redirect("courses:course", slug)
    return redirect("enrollments:learn", slug)


@allow_while_impersonating
@login_required
@require_POST
def finish_lesson(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Mark a lesson as complete and redirect to the next one; after the last lesson, to the dashboard."""
    active = Enrollment.objects.active().filter(user=signed_in(request), course__is_published=True)
    enrollment = get_object_or_404(active, course__slug=slug)
    finished = call_or_show_message(
        request, services.complete_lesson, actor=signed_in(request), enrollment=enrollment, lesson_id=lesson_id
    )
    if finished is None:
        return redirect("enrollments:learn", slug)
    if finished.completed_at is not None and enrollment.completed_at is None:
        messages.success(
            request, _("You completed “%s”. Your certificate will be emailed to you.") % finished.course.title
        )
        return redirect("enrollments:dashboard")
    following = Lesson.objects.published().filter(course=finished.course, order__gt=_get_order(lesson_id)).first()
    return redirect("enrollments:lesson", slug, following.pk if following else finished.next_lesson_id or lesson_id)


def _get_order(lesson_id: uuid.UUID) -> int:
    return Lesson.objects.values_list("order", flat=True).get(pk=lesson_id)


class ReviewView(LoginRequiredMixin, FormView[ReviewForm]):
    """Write or edit the user's review of a course."""

    template_name = "enrollments/review.html"
    form_class = ReviewForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Set the course of the URL and the user's review of it, if any, as the form's instance."""
        self.course = visible_or_404(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        self.review = Review.objects.filter(course=self.course, user=signed_in(self.request)).first()
        return {**super().get_form_kwargs(), "instance": self.review}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course and the review."""
        context = super().get_context_data(**kwargs)
        return {**context, "course": self.course, "review": self.review}

    def form_valid(self, form: ReviewForm) -> HttpResponse:
        """Save the review and redirect to the course page."""
        fields = {"rating": form.cleaned_data["rating"], "comment": form.cleaned_data["comment"]}
        actor = signed_in(self.request)
        if self.review is None:
            saved = call_service(form, services.write_review, actor=actor, course=self.course, **fields)
        else:
            saved = call_service(form, services.change_review, actor=actor, review=self.review, **fields)
        if saved is None:
            return self.form_invalid(form)
        messages.success(self.request, _("Thank you for your review."))
        return redirect("courses:course", self.course.slug)
