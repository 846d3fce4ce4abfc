"""Receivers of changes of quizzes that can make a course complete.

Saving and deleting a quiz are received, instead of called by each service that does it: rules, publication and deletion
are written in several places, the admin among them.
"""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from enrollments.tasks import complete_finished_enrollments
from quizzes.models import Quiz
from quizzes.tasks import apply_pass_mark


@receiver(post_save, sender=Quiz, dispatch_uid="quizzes.review_passes")
def review_passes(sender: type[Quiz], instance: Quiz, created: bool, raw: bool, **kwargs: Any) -> None:
    """Apply the pass mark to the attempts, and complete who misses nothing any more, once the change is committed."""
    if not created and not raw:
        apply_pass_mark.delay_on_commit(str(instance.pk))


@receiver(post_delete, sender=Quiz, dispatch_uid="quizzes.review_completion")
def review_completion(sender: type[Quiz], instance: Quiz, **kwargs: Any) -> None:
    """Complete the students who missed only the deleted quiz."""
    complete_finished_enrollments.delay_on_commit(str(instance.course_id))
