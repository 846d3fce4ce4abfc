"""Autosaved drafts of the lesson form: one draft per instructor and form."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from courses import services
from courses.models import Course, Lesson, LessonDraft

MAX_LENGTHS = {"content": 100_000}
DEFAULT_MAX_LENGTH = 600
DRAFT_FIELDS = ("title", "section", "content", "video_url", "duration_minutes", "is_published", "is_preview",
                "completion_rule", "video_seconds", "video_share")  # fmt: skip


@transaction.atomic
def save_draft(
    *, actor: User, course: Course, lesson: Lesson | None, data: Mapping[str, Any], version: int
) -> LessonDraft:
    """Store the form data of `actor` unvalidated, and return the draft. The lesson itself does not change.

    The last of several tabs wins. Two statements.
    """
    fields = {
        name: str(data[name]).replace("\0", "")[: MAX_LENGTHS.get(name, DEFAULT_MAX_LENGTH)]
        for name in DRAFT_FIELDS
        if name in data
    }
    # Lock the course: otherwise two tabs that save the first draft at once would both insert a row.
    Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    draft, _created = LessonDraft.objects.update_or_create(
        author=actor, course=course, lesson=lesson, defaults={"fields": fields, "base_version": version}
    )
    return draft


def get_draft(*, actor: User, course: Course, lesson: Lesson | None) -> LessonDraft | None:
    """Return the draft of `actor` for this form, or None."""
    return LessonDraft.objects.filter(author=actor, course=course, lesson=lesson).first()


def discard_draft(*, actor: User, course: Course, lesson: Lesson | None) -> None:
    """Delete the draft of `actor` for this form, if there is one."""
    LessonDraft.objects.filter(author=actor, course=course, lesson=lesson).delete()


@transaction.atomic
def save_lesson(*, actor: User, course: Course, lesson: Lesson | None, version: int | None, **fields: Any) -> Lesson:
    """Create the lesson, or update it if `lesson` is given, and delete its draft; return the lesson.

    Raise the errors of `add_lesson` and `update_lesson`; the draft is retained in this case.
    """
    if lesson is None:
        saved = services.add_lesson(actor=actor, course=course, **fields)
    else:
        saved = services.update_lesson(actor=actor, lesson=lesson, version=version, **fields)
    discard_draft(actor=actor, course=course, lesson=lesson)
    return saved
