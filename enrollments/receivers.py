"""Receivers of signals of lower apps."""

import uuid
from typing import Any

from django.dispatch import receiver

from courses.models import Course
from courses.signals import requirements_changed
from enrollments.tasks import complete_finished_enrollments


@receiver(requirements_changed, dispatch_uid="enrollments.complete_finished")
def complete_students_after_change(sender: type[Course], course_id: uuid.UUID, **kwargs: Any) -> None:
    """Complete the enrollments that meet all requirements after a change of the course, once it is committed."""
    complete_finished_enrollments.delay_on_commit(str(course_id))
