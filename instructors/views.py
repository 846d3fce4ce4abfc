"""Public pages about instructors."""

from typing import Any

from django.db.models import QuerySet
from django.views.generic import DetailView

from courses.models import Course
from instructors.models import Instructor
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
        return super().get_queryset().select_related("user")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the instructor's published courses."""
        courses = Course.objects.published().filter(instructor=self.object.user).for_cards()
        page = page_of(self.request, courses.order_by("-enrollments_count", "id"))
        return super().get_context_data(page_obj=page, courses=page.object_list, **kwargs)
