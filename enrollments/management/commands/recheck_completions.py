"""Complete the enrollments that meet all requirements of their courses."""

from typing import Any

from django.core.management.base import BaseCommand

from courses.models import Course
from enrollments.tasks import complete_finished_enrollments


class Command(BaseCommand):
    """Queue the check that follows a change of a course's requirements, for every published course."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        course_ids = Course.objects.published().order_by("pk").values_list("pk", flat=True)
        for course_id in course_ids:
            complete_finished_enrollments.delay_on_commit(str(course_id))
        self.stdout.write(f"Queued the check of {len(course_ids)} published courses.")
