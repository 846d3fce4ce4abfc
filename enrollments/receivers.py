"""Receivers of signals that the apps below send."""

import uuid
from typing import Any

from django.dispatch import receiver

from courses.models import Course
from courses.signals import requirements_changed
from enrollments.tasks import complete_finished_enrollments


@receiver(requirements_changed, dispatch_uid="enrollments.complete_finished")
def review_completion(sender: type[Course], course_id: uuid.UUID, **kwargs: Any) -> None:
    """Complete the students who miss nothing any more, once the change is committed."""
    complete_finished_enrollments.delay_on_commit(str(course_id))
