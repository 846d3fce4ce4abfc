"""The catalogue's pages: home, list, course, free lesson."""

import uuid
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.generic import DetailView, TemplateView
from django_filters.views import FilterView

from courses import patterns
from courses.filters import CourseFilter
from courses.first_steps import first_steps
from courses.models import Category, Course, Lesson
from courses.public_pages import PublicPageMixin
from courses.videos import video_of_lesson
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import ScopedMixin

HOME_CARDS = 6
REVIEWS_SHOWN = 5


class HomeView(PublicPageMixin, TemplateView):
    """What this site is, and a few courses to begin with."""

    template_name = "courses/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the most popular courses, the subjects, the headline's two numbers; for staff of an empty site, what is
        done first."""
        published = Course.objects.published()
        counts = published.aggregate(courses=Count("id"), free=Count("id", filter=Q(price_cents=0)))
        popular = published.for_cards().order_by("-enrollments_count", "id")[:HOME_CARDS]
        steps = [] if counts["courses"] else first_steps(self.request.user)
        categories = Category.objects.all()
        return super().get_context_data(
            courses=popular, categories=categories, counts=counts, first_steps=steps, **kwargs
        )


class CatalogueView(PublicPageMixin, FilterView):
    """The catalogue: search, filters, sort and page all stand in the address."""

    template_name = "courses/catalogue.html"
    filterset_class = CourseFilter
    paginate_by = PAGE_SIZE
    context_object_name = "courses"
    strict = False

    def get_queryset(self) -> QuerySet[Course]:
        """Return the published courses, most popular first unless the address says otherwise."""
        return Course.objects.published().for_cards().order_by("-enrollments_count", "id")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the subjects, how many courses each choice leaves, and the address without its page number."""
        query = self.request.GET.copy()
        query.pop("page", None)
        facets = kwargs["filter"].facets()
        categories = list(Category.objects.all())
        return super().get_context_data(categories=categories, facets=facets, query=query.urlencode(), **kwargs)


class CourseView(PublicPageMixin, ScopedMixin, DetailView[Course]):
    """One course: what it teaches, by whom, what others say, and one clear button."""

    template_name = "courses/course.html"
    queryset = Course.objects.all()
    context_object_name = "course"

    def get_queryset(self) -> QuerySet[Course]:
        """Return the visible courses with their sections and visible lessons."""
        user = self.request.user
        lessons = Lesson.objects.visible_to(user).for_outline()
        if user.is_authenticated:
            lessons = lessons.done_by(user)
        return (
            super()
            .get_queryset()
            .for_cards()
            .prefetch_related("sections", Prefetch("sections__lessons", lessons, to_attr="shown_lessons"))
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the newest reviews, whether the visitor is in and how far, and whether they write this course."""
        course: Course = self.object
        user = self.request.user
        # `reviews` and `enrollments` belong to the app above; their names are pinned by enrollments/tests.
        reviews = course.reviews.select_related("user")[:REVIEWS_SHOWN]
        enrollment = None
        if user.is_authenticated:
            enrollment = course.enrollments.with_progress().filter(user=user).first()
        return super().get_context_data(
            reviews=reviews,
            enrollment=enrollment,
            is_enrolled=enrollment is not None and enrollment.is_active,
            my_review=next((review for review in reviews if review.user_id == user.pk), None),
            can_edit=Course.objects.filter(pk=course.pk).editable_by(user).exists(),
            **kwargs,
        )


class LessonPreviewView(DetailView[Lesson]):
    """A lesson outside the learning room: free previews for everybody, any lesson for the author."""

    template_name = "courses/lesson_preview.html"
    context_object_name = "lesson"

    def get_object(self, queryset: Any = None) -> Lesson:
        """Return the lesson; 404 where it is neither a free preview nor the visitor's own writing."""
        lessons = Lesson.objects.visible_to(self.request.user).select_related("course", "course__instructor")
        lesson = get_object_or_404(lessons, pk=self.kwargs["lesson_id"], course__slug=self.kwargs["slug"])
        if lesson.is_preview or Lesson.objects.filter(pk=lesson.pk).editable_by(self.request.user).exists():
            return lesson
        raise Http404

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add how its video is shown."""
        return super().get_context_data(video=video_of_lesson(self.object), **kwargs)


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def pattern(request: HttpRequest, course_id: uuid.UUID) -> HttpResponse:
    """The picture of a course that has none. A pure function of the id: no query, cached for good."""
    return HttpResponse(patterns.svg(course_id), content_type="image/svg+xml")
