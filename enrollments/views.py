"""The student's pages: dashboard, learning room, enrolling, reviewing."""

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
from courses.first_steps import first_steps
from courses.models import Course, Lesson
from courses.videos import video_of_lesson
from enrollments import services
from enrollments.calendar import due_for
from enrollments.errors import EnrollmentError
from enrollments.explaining import explain
from enrollments.forms import ReviewForm
from enrollments.models import Enrollment, LessonProgress, Review
from enrollments.outline import neighbours, outline
from enrollments.registry import work_for
from enrollments.rooms import room_of
from enrollments.signals import learned
from lms.lib.pages import attempt, attempt_or_say
from lms.lib.pagination import PAGE_SIZE
from lms.lib.prepared import Prepared
from lms.lib.scoping import visible_or_404
from realtime.chat import unread_in

MOST_DUE = 5  # on the dashboard; the calendar has them all
SUGGESTED = 3  # to somebody who has no course yet


_FIRST_PAGE = Prepared(
    lambda user_id: (
        Enrollment.objects.active()
        .filter(user=user_id)
        .for_dashboard()
        .annotate(in_all=Window(Count("pk")))[:PAGE_SIZE]
    )
)


class FirstPage(list[Any]):
    """The rows of a list's first page, each of which knows in `in_all` how many the list has: one query for both."""

    def count(self) -> int:  # type: ignore[override]  # as a QuerySet's, which Django's paginator asks
        """Return how many rows the list has."""
        return self[0].in_all if self else 0


class DashboardView(LoginRequiredMixin, ListView[Enrollment]):
    """My learning: go on where I stopped."""

    template_name = "enrollments/dashboard.html"
    context_object_name = "enrollments"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> Any:
        """Return the user's active enrolments, last used first, with progress and next lesson."""
        learner = signed_in(self.request)
        if self.request.GET.get(self.page_kwarg, "1") == "1":
            return FirstPage(_FIRST_PAGE.rows(learner.pk))
        return Enrollment.objects.active().filter(user=learner).for_dashboard()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course to go on with, and what is due; for somebody who has no course yet, a few to begin with; for
        staff of an empty site, what is done first."""
        context = super().get_context_data(**kwargs)
        if not context["enrollments"]:
            popular = Course.objects.published().for_cards().order_by("price_cents", "-enrollments_count", "id")
            suggested = list(popular[:SUGGESTED])
            steps = [] if suggested else first_steps(self.request.user)
            return {**context, "suggested": suggested, "first_steps": steps}
        open_ones = [one for one in context["enrollments"] if one.completed_at is None and one.next_lesson_id]
        due = [one for one in due_for(signed_in(self.request), after=timezone.now()) if not one.is_graded]
        return {**context, "current": open_ones[0] if open_ones else None, "due": due[:MOST_DUE]}


class EnrolledMixin(LoginRequiredMixin):
    """Pages of a course for those who are in it."""

    request: HttpRequest
    kwargs: dict[str, Any]

    def _enrollment(self) -> Enrollment:
        """Return the visitor's enrolment in the course that the address names; 404 without one."""
        mine = Enrollment.objects.active().filter(user=signed_in(self.request), course__is_published=True)
        return get_object_or_404(
            mine.with_progress().with_next_lesson().select_related("course", "certificate"),
            course__slug=self.kwargs["slug"],
        )


class ProgressView(EnrolledMixin, TemplateView):
    """Why my progress is what it is."""

    template_name = "enrollments/progress.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the enrolment, and what makes its percentage."""
        enrollment = self._enrollment()
        why = explain(enrollment=enrollment)
        return super().get_context_data(enrollment=enrollment, course=enrollment.course, why=why, **kwargs)


class LearningRoomView(EnrolledMixin, TemplateView):
    """A lesson, with the course's outline beside it. The same queries, whatever the number of lessons."""

    template_name = "enrollments/learning_room.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the lesson; without one in the address, the first that is not done."""
        enrollment = self._enrollment()
        lesson_id = kwargs.get("lesson_id")
        if lesson_id is None:
            first = (
                enrollment.next_lesson_id
                or Lesson.objects.published().filter(course=enrollment.course).values_list("pk", flat=True).first()
            )
            if first is None:
                raise Http404
            return redirect("enrollments:lesson", enrollment.course.slug, first)
        room = self._room(enrollment, lesson_id)
        learned.send(sender=Enrollment, user_id=enrollment.user_id, course_id=enrollment.course_id)
        return self.render_to_response(room)

    def _room(self, enrollment: Enrollment, lesson_id: uuid.UUID) -> dict[str, Any]:
        """Return what the page shows."""
        lessons = list(Lesson.objects.published().filter(course=enrollment.course).for_room())
        previous, here, following = neighbours(lessons, lesson_id)
        if here is None:
            raise Http404
        progress = {row.lesson_id: row for row in LessonProgress.objects.filter(enrollment=enrollment)}
        done = {row.lesson_id for row in progress.values() if row.completed_at}
        lesson = Lesson.objects.get(pk=lesson_id)
        position = progress[lesson_id].position_seconds if lesson_id in progress else 0
        work = work_for(enrollment)
        return self.get_context_data(
            room="enrollments:lesson",
            enrollment=enrollment,
            course=enrollment.course,
            lesson=lesson,
            video=video_of_lesson(lesson, position),
            is_done=lesson_id in done,
            position_seconds=position,
            outline=outline(lessons, done, lesson_id),
            lesson_work=[one for one in work if one.lesson_id == lesson_id],
            course_work=work,
            chat_unread=unread_in(user=signed_in(self.request), room=room_of(enrollment.course)),
            previous=previous,
            next=following,
        )


@login_required
@require_POST
def enroll(request: HttpRequest, slug: str) -> HttpResponse:
    """Enrol in a course, and open it."""
    course = visible_or_404(Course.objects.published(), request.user, slug=slug)
    try:
        services.enroll(actor=signed_in(request), user=signed_in(request), course=course)
    except EnrollmentError as error:
        if error.code != "already_enrolled":
            messages.error(request, str(error.detail))
            return redirect("courses:course", slug)
    return redirect("enrollments:learn", slug)


@login_required
@require_POST
def finish_lesson(request: HttpRequest, slug: str, lesson_id: uuid.UUID) -> HttpResponse:
    """Mark a lesson as done, and go on to the next one; after the last, to the dashboard."""
    mine = Enrollment.objects.active().filter(user=signed_in(request), course__is_published=True)
    enrollment = get_object_or_404(mine, course__slug=slug)
    finished = attempt_or_say(
        request, services.complete_lesson, actor=signed_in(request), enrollment=enrollment, lesson_id=lesson_id
    )
    if finished is None:
        return redirect("enrollments:learn", slug)
    if finished.completed_at is not None and enrollment.completed_at is None:
        messages.success(request, _("You have completed “%s”. Your certificate is on its way.") % finished.course.title)
        return redirect("enrollments:dashboard")
    following = Lesson.objects.published().filter(course=finished.course, order__gt=_place(lesson_id)).first()
    return redirect("enrollments:lesson", slug, following.pk if following else finished.next_lesson_id or lesson_id)


def _place(lesson_id: uuid.UUID) -> int:
    return Lesson.objects.values_list("order", flat=True).get(pk=lesson_id)


class ReviewView(LoginRequiredMixin, FormView[ReviewForm]):
    """Review a course, or change what one wrote."""

    template_name = "enrollments/review.html"
    form_class = ReviewForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add the course that the address names, and the visitor's review of it if there is one."""
        self.course = visible_or_404(Course.objects.all(), self.request.user, slug=self.kwargs["slug"])
        self.review = Review.objects.filter(course=self.course, user=signed_in(self.request)).first()
        return {**super().get_form_kwargs(), "instance": self.review}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the course."""
        context = super().get_context_data(**kwargs)
        return {**context, "course": self.course, "review": self.review}

    def form_valid(self, form: ReviewForm) -> HttpResponse:
        """Save the review."""
        fields = {"rating": form.cleaned_data["rating"], "comment": form.cleaned_data["comment"]}
        actor = signed_in(self.request)
        if self.review is None:
            saved = attempt(form, services.write_review, actor=actor, course=self.course, **fields)
        else:
            saved = attempt(form, services.change_review, actor=actor, review=self.review, **fields)
        if saved is None:
            return self.form_invalid(form)
        messages.success(self.request, _("Thank you. Your review helps others to choose."))
        return redirect("courses:course", self.course.slug)
