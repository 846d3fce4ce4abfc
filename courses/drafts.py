"""What authors have typed and not saved: kept on the server every few seconds, and given back (one draft a form)."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from courses import services
from courses.models import Course, Lesson, LessonDraft

LONGEST = {"content": 100_000}
LONGEST_OTHER = 600
KEPT = ("title", "section", "content", "video_url", "duration_minutes", "is_published", "is_preview",
        "completion_rule", "video_seconds", "video_share")  # fmt: skip


@transaction.atomic
def keep_draft(
    *, actor: User, course: Course, lesson: Lesson | None, typed: Mapping[str, Any], version: int
) -> LessonDraft:
    """Keep what `actor` has typed so far, as it is, valid or not; return the draft. The lesson itself stays as it is.

    Two statements; of two tabs, the last one to type wins.
    """
    fields = {
        name: str(typed[name]).replace("\0", "")[: LONGEST.get(name, LONGEST_OTHER)] for name in KEPT if name in typed
    }
    # The course's row stands between two tabs that make the first draft at once.
    Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    draft, _made = LessonDraft.objects.update_or_create(
        author=actor, course=course, lesson=lesson, defaults={"fields": fields, "base_version": version}
    )
    return draft


def draft_of(*, actor: User, course: Course, lesson: Lesson | None) -> LessonDraft | None:
    """Return what `actor` has typed into this form and not saved; None where there is nothing."""
    return LessonDraft.objects.filter(author=actor, course=course, lesson=lesson).first()


def discard_draft(*, actor: User, course: Course, lesson: Lesson | None) -> None:
    """Forget what `actor` has typed into this form."""
    LessonDraft.objects.filter(author=actor, course=course, lesson=lesson).delete()


@transaction.atomic
def save_written(*, actor: User, course: Course, lesson: Lesson | None, version: int | None, **fields: Any) -> Lesson:
    """Save what the form holds, as a new lesson or over the one that is there, and forget its draft; return the lesson.

    Raises what `add_lesson` and `update_lesson` raise; the draft stays then.
    """
    if lesson is None:
        saved = services.add_lesson(actor=actor, course=course, **fields)
    else:
        saved = services.update_lesson(actor=actor, lesson=lesson, version=version, **fields)
    discard_draft(actor=actor, course=course, lesson=lesson)
    return saved
