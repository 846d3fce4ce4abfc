"""Public pages: home, catalog, course, lesson preview."""

import uuid
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.generic import DetailView, TemplateView
from django_filters.views import FilterView

from core.access.scopes import ScopedMixin
from core.http.pagination import PAGE_SIZE
from courses import cover_patterns
from courses.filters import CourseFilter
from courses.models import Category, Course, Lesson
from courses.public_cache import PublicPageMixin
from courses.setup_guide import list_setup_steps
from courses.videos import get_lesson_video

HOME_COURSES = 6
MAX_REVIEWS = 5


class HomeView(PublicPageMixin, TemplateView):
    """Home page with popular courses and subjects."""

    template_name = "courses/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the most popular courses, the subjects, the counts of all and of free courses, and the setup guide.

        The setup guide is empty unless the user is staff and no course is published.
        """
        published = Course.objects.published()
        counts = published.aggregate(courses=Count("id"), free=Count("id", filter=Q(price_cents=0)))
        popular = published.for_cards().order_by("-enrollments_count", "id")[:HOME_COURSES]
        steps = [] if counts["courses"] else list_setup_steps(self.request.user)
        categories = Category.objects.all()
        return super().get_context_data(
            courses=popular, categories=categories, counts=counts, setup_steps=steps, **kwargs
        )


class CatalogView(PublicPageMixin, FilterView):
    """Catalog page. Search, filters, sort order and page number are query parameters."""

    template_name = "courses/catalog.html"
    filterset_class = CourseFilter
    paginate_by = PAGE_SIZE
    context_object_name = "courses"
    strict = False

    def get_queryset(self) -> QuerySet[Course]:
        """Return the published courses, by default most popular first."""
        return Course.objects.published().for_cards().order_by("-enrollments_count", "id")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the subjects, the facet counts, and the query string without the page number."""
        query = self.request.GET.copy()
        query.pop("page", None)
        facets = kwargs["filter"].facets()
        categories = list(Category.objects.all())
        return super().get_context_data(categories=categories, facets=facets, query=query.urlencode(), **kwargs)


class CourseView(PublicPageMixin, ScopedMixin, DetailView[Course]):
    """Course page with description, syllabus, reviews and enrollment."""

    template_name = "courses/course.html"
    queryset = Course.objects.all()
    context_object_name = "course"

    def get_queryset(self) -> QuerySet[Course]:
        """Return the visible courses with their sections and visible lessons."""
        user = self.request.user
        lessons = Lesson.objects.visible_to(user).for_outline()
        if user.is_authenticated:
            lessons = lessons.with_is_done(user)
        return (
            super()
            .get_queryset()
            .for_cards()
            .select_related("instructor__avatar")
            .prefetch_related("sections", Prefetch("sections__lessons", lessons, to_attr="visible_lessons"))
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the newest reviews, the user's enrollment, and whether the user has reviewed or may edit the course."""
        course: Course = self.object
        user = self.request.user
        # `reviews` and `enrollments` are relations of the app enrollments, whose tests check these names.
        reviews = list(course.reviews.select_related("user__avatar")[:MAX_REVIEWS])
        for review in reviews:
            review.author_name = review.user.get_name_for(user)  # type: ignore[attr-defined]  # for the template
            # Visitors see no full names and thus no pictures of students either.
            review.author_picture = review.user.picture_id if user.is_authenticated else None  # type: ignore[attr-defined]  # for the page
        enrollment = None
        if user.is_authenticated:
            enrollment = course.enrollments.with_progress().filter(user=user).first()
        is_enrolled = enrollment is not None and enrollment.is_active
        return super().get_context_data(
            reviews=reviews,
            enrollment=enrollment,
            is_enrolled=is_enrolled,
            has_reviewed=is_enrolled and course.reviews.filter(user=user.pk).exists(),
            can_edit=course.is_editable_by(user),
            **kwargs,
        )


class LessonPreviewView(DetailView[Lesson]):
    """Lesson page outside the learning room: free previews for all visitors, any lesson for its editors."""

    template_name = "courses/lesson_preview.html"
    context_object_name = "lesson"

    def get_object(self, queryset: Any = None) -> Lesson:
        """Return the lesson; raise Http404 unless it is a free preview or the user may edit it."""
        lessons = Lesson.objects.visible_to(self.request.user).select_related("course", "course__instructor")
        lesson = get_object_or_404(lessons, pk=self.kwargs["lesson_id"], course__slug=self.kwargs["slug"])
        if lesson.is_preview or lesson.course.is_editable_by(self.request.user):
            return lesson
        raise Http404

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the lesson's video."""
        return super().get_context_data(video=get_lesson_video(self.object), **kwargs)


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def cover_pattern(request: HttpRequest, course_id: uuid.UUID) -> HttpResponse:
    """Return the generated cover picture of a course. It depends on the id only: no query, cached for a year."""
    return HttpResponse(cover_patterns.render_svg(course_id), content_type="image/svg+xml")
