"""Writing courses: create, change, publish, and keep lessons in order."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, ProtectedError, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from courses.models import Course, Lesson, Section, Tag
from courses.signals import requirements_changed
from courses.stamp import catalogue_changed
from lms.lib.errors import DomainError
from lms.platform.audit import record
from realtime.models import Event
from realtime.services import push

# Larger than any course has lessons: rows are parked up there while they change places, since neither engine lets two
# rows share a number even within a transaction.
PARKED = 1_000_000
# What a lesson asks of a student who wants to complete the course.
COMPLETION_FIELDS = {"is_published", "completion_rule", "video_seconds", "video_share"}


class CourseError(DomainError):
    """The course, or one of its lessons, cannot do that now."""


class EditConflictError(CourseError):
    """Somebody saved in between: `current` is the row as it is now. Nothing was written."""

    needs_a_page = True

    def __init__(self, current: Course | Lesson) -> None:
        super().__init__("edit_conflict", _("This was saved by somebody else while you were writing."))
        self.current = current


@transaction.atomic
def create_course(*, actor: User, tags: Sequence[str] = (), **fields: Any) -> Course:
    """Create and return a draft of `actor`, with one empty section. Raises ValidationError for what does not fit."""
    course = Course(instructor=actor, **fields)
    course.claim_slug()
    course.full_clean()
    course.save(force_insert=True)
    Section.objects.create(course=course, title=_("Lessons"), order=1)
    _set_tags(course, tags)
    record(actor=actor, action="courses.created", target=course, changes={"title": course.title})
    return course


@transaction.atomic
def update_course(
    *, actor: User, course: Course, tags: Sequence[str] | None = None, version: int | None = None, **fields: Any
) -> Course:
    """Change a course; return it. Its students are told.

    `version` is the one that the author began with, where that is known. Raises EditConflictError when it is no longer
    the current one, ValidationError for what does not fit.
    """
    course = _locked(course)
    _require_version(course, version)
    changes = _changes(course, fields)
    if tags is not None and _tag_names(tags) != sorted(tag.name for tag in course.tags.all()):
        changes["tags"] = [sorted(tag.name for tag in course.tags.all()), _tag_names(tags)]
    for name, value in fields.items():
        setattr(course, name, value)
    course.version += bool(changes)
    course.full_clean()
    course.save()
    if tags is not None:
        _set_tags(course, tags)
    if changes:
        record(actor=actor, action="courses.updated", target=course, changes=changes)
        _tell_students(course, sorted(changes))
    return course


@transaction.atomic
def publish_course(*, actor: User, course: Course) -> Course:
    """Put a course into the catalogue; return it. A repeat changes nothing.

    Raises CourseError `nothing_to_publish` while it has no published lesson; AccountError `email_not_verified` (403)
    where the site wants the author's address confirmed.
    """
    require_verified_email(actor)
    course = _locked(course)
    if course.is_published:
        return course
    if not course.lessons.published().exists():
        raise CourseError("nothing_to_publish", _("Write and publish at least one lesson first."))
    course.is_published = True
    course.published_at = course.published_at or timezone.now()
    course.save(update_fields=["is_published", "published_at", "updated_at"])
    record(actor=actor, action="courses.published", target=course)
    requirements_changed.send(sender=Course, course_id=course.pk)
    return course


@transaction.atomic
def unpublish_course(*, actor: User, course: Course) -> Course:
    """Take a course out of the catalogue; return it. Enrolments stay, and open again when it is published again."""
    course = _locked(course)
    if course.is_published:
        course.is_published = False
        course.save(update_fields=["is_published", "updated_at"])
        record(actor=actor, action="courses.unpublished", target=course)
    return course


@transaction.atomic
def delete_course(*, actor: User, course: Course) -> None:
    """Delete a course that nobody has taken up. Raises CourseError `has_enrollments` otherwise (QUALITY C04)."""
    course = _locked(course)
    record(actor=actor, action="courses.deleted", target=course, changes={"title": course.title})
    try:
        course.lessons.all().delete()
        course.delete()
    except ProtectedError as error:
        raise CourseError("has_enrollments", _("This course has students. Unpublish it instead.")) from error


@transaction.atomic
def add_lesson(*, actor: User, course: Course, section: Section | None = None, **fields: Any) -> Lesson:
    """Append a lesson to a section (the last one by default); return it."""
    course = _locked(course)
    section = section or course.sections.order_by("-order").first() or _first_section(course)
    highest = course.lessons.aggregate(Max("order"))["order__max"] or 0
    lesson = Lesson(course=course, section=section, order=highest + 1, **fields)
    lesson.render()
    lesson.full_clean()
    lesson.save(force_insert=True)
    _renumber(course, _in_section_order(course))
    lesson.refresh_from_db(fields=["order"])
    _count_lessons(course)
    record(actor=actor, action="courses.lesson_added", target=lesson, changes={"title": lesson.title})
    _tell_students(course, ["lessons"])
    return lesson


@transaction.atomic
def update_lesson(*, actor: User, lesson: Lesson, version: int | None = None, **fields: Any) -> Lesson:
    """Change a lesson; return it.

    `version` is the one that the author began with, where that is known. Raises EditConflictError when it is no longer
    the current one, ValidationError for what does not fit.
    """
    course = _locked(lesson.course)
    lesson = Lesson.objects.select_for_update().get(pk=lesson.pk)
    _require_version(lesson, version)
    changes = _changes(lesson, fields)
    for name, value in fields.items():
        setattr(lesson, name, value)
    lesson.version += bool(changes)
    lesson.render()
    lesson.full_clean()
    lesson.save()
    if "section" in changes:
        _renumber(course, _in_section_order(course))
        lesson.refresh_from_db(fields=["order"])
    _count_lessons(course)
    if changes:
        text_is_long = {"content": "changed"} if "content" in changes else {}
        record(actor=actor, action="courses.lesson_updated", target=lesson, changes={**changes, **text_is_long})
        if changes.keys() & COMPLETION_FIELDS:
            requirements_changed.send(sender=Course, course_id=course.pk)
        _tell_students(course, ["lessons"])
    return lesson


@transaction.atomic
def delete_lesson(*, actor: User, lesson: Lesson) -> None:
    """Delete a lesson, and what students noted of their progress in it."""
    course = _locked(lesson.course)
    record(actor=actor, action="courses.lesson_deleted", target=lesson, changes={"title": lesson.title})
    lesson.delete()
    _renumber(course, _in_section_order(course))
    _count_lessons(course)
    requirements_changed.send(sender=Course, course_id=course.pk)
    _tell_students(course, ["lessons"])


@transaction.atomic
def reorder_lessons(*, actor: User, course: Course, lesson_ids: Sequence[uuid.UUID]) -> list[Lesson]:
    """Put a course's lessons into the order of `lesson_ids`, which names each once; return them in order.

    A lesson that is moved between lessons of another section becomes part of it. Raises CourseError
    `not_the_whole_list` (400) when a lesson is missing, foreign or named twice.
    """
    course = _locked(course)
    lessons = {lesson.pk: lesson for lesson in course.lessons.select_related("section")}
    if len(lesson_ids) != len(lessons) or set(lesson_ids) != lessons.keys():
        raise CourseError("not_the_whole_list", _("Name every lesson of the course exactly once."), status=400)
    ordered = [lessons[lesson_id] for lesson_id in lesson_ids]
    current: Section | None = None
    for lesson in ordered:
        if current is not None and lesson.section.order < current.order:
            lesson.section = current
        current = lesson.section
    _renumber(course, ordered)
    record(actor=actor, action="courses.lessons_reordered", target=course)
    _tell_students(course, ["lessons"])
    return ordered


@transaction.atomic
def arrange_course(*, actor: User, course: Course, sections: Sequence[tuple[uuid.UUID, Sequence[uuid.UUID]]]) -> None:
    """Put a course's sections, and in each the lessons that are named with it, into this order.

    Raises CourseError `not_the_whole_list` (400) when a section or a lesson is missing, foreign or named twice, since
    somebody has added or deleted one since.
    """
    course = _locked(course)
    known = {section.pk: section for section in course.sections.all()}
    lessons = {lesson.pk: lesson for lesson in course.lessons.all()}
    named = [section_id for section_id, _lessons in sections]
    placed = [lesson_id for _section, lesson_ids in sections for lesson_id in lesson_ids]
    if sorted(named) != sorted(known) or sorted(placed) != sorted(lessons):
        raise CourseError("not_the_whole_list", _("Name every lesson of the course exactly once."), status=400)
    _renumber_sections([known[section_id] for section_id in named])
    for section_id, lesson_ids in sections:
        for lesson_id in lesson_ids:
            lessons[lesson_id].section = known[section_id]
    _renumber(course, [lessons[lesson_id] for lesson_id in placed])
    record(actor=actor, action="courses.arranged", target=course)
    _tell_students(course, ["lessons"])


@transaction.atomic
def add_section(*, actor: User, course: Course, title: str) -> Section:
    """Append a section to a course; return it."""
    course = _locked(course)
    highest = course.sections.aggregate(Max("order"))["order__max"] or 0
    section = Section(course=course, title=title, order=highest + 1)
    section.full_clean()
    section.save(force_insert=True)
    record(actor=actor, action="courses.section_added", target=section, changes={"title": title})
    return section


@transaction.atomic
def rename_section(*, actor: User, section: Section, title: str) -> Section:
    """Give a section another title; return it."""
    _locked(section.course)
    section = Section.objects.get(pk=section.pk)
    before, section.title = section.title, title
    section.full_clean()
    section.save(update_fields=["title"])
    record(actor=actor, action="courses.section_renamed", target=section, changes={"title": [before, title]})
    return section


@transaction.atomic
def move_section(*, actor: User, section: Section, up: bool) -> list[Section]:
    """Move a section, with its lessons, one place up or down; return the course's sections in order."""
    course = _locked(section.course)
    sections = list(course.sections.order_by("order"))
    here = next(place for place, one in enumerate(sections) if one.pk == section.pk)
    there = max(0, min(len(sections) - 1, here + (-1 if up else 1)))
    sections.insert(there, sections.pop(here))
    _renumber_sections(sections)
    _renumber(course, _in_section_order(course))
    record(actor=actor, action="courses.sections_reordered", target=course)
    _tell_students(course, ["lessons"])
    return sections


@transaction.atomic
def delete_section(*, actor: User, section: Section) -> None:
    """Delete an empty section. Raises CourseError `section_not_empty`, or `last_section` for the only one."""
    course = _locked(section.course)
    if section.lessons.exists():
        raise CourseError("section_not_empty", _("Move or delete its lessons first."))
    if course.sections.count() == 1:
        raise CourseError("last_section", _("A course has at least one section."))
    record(actor=actor, action="courses.section_deleted", target=section, changes={"title": section.title})
    section.delete()


def _locked(course: Course) -> Course:
    """Return the course's row as it is now, locked until the transaction ends: changes of one course queue up here.

    Whatever changes, visitors get fresh pages after the commit.
    """
    catalogue_changed()
    return Course.objects.select_for_update(of=("self",)).get(pk=course.pk)


def _require_version(row: Course | Lesson, version: int | None) -> None:
    if version is not None and version != row.version:
        raise EditConflictError(row)


def _first_section(course: Course) -> Section:
    return Section.objects.create(course=course, title=_("Lessons"), order=1)


def _in_section_order(course: Course) -> list[Lesson]:
    return list(course.lessons.select_related("section").order_by("section__order", "order"))


def _renumber_sections(ordered: list[Section]) -> None:
    """Give `ordered` the numbers from 1. Two updates, whatever the number of sections."""
    for parked in (PARKED, 0):
        for number, section in enumerate(ordered, start=1):
            section.order = parked + number
        Section.objects.bulk_update(ordered, ["order"])


def _renumber(course: Course, ordered: list[Lesson]) -> None:
    """Give `ordered` the numbers from 1, and keep their sections. Two updates, whatever the number of lessons."""
    for number, lesson in enumerate(ordered, start=1):
        lesson.order = PARKED + number
    Lesson.objects.bulk_update(ordered, ["order", "section"])
    for number, lesson in enumerate(ordered, start=1):
        lesson.order = number
    Lesson.objects.bulk_update(ordered, ["order"])


@transaction.atomic
def recount_lessons(*, course: Course) -> None:
    """Bring a course's counters of lessons and minutes up to date after its lessons were inserted in bulk."""
    _count_lessons(_locked(course))


def _count_lessons(course: Course) -> None:
    """Bring the course's counters of published lessons and minutes up to date."""
    counted = course.lessons.filter(is_published=True).aggregate(n=Count("id"), minutes=Sum("duration_minutes"))
    course.lessons_count, course.duration_minutes = counted["n"], counted["minutes"] or 0
    course.save(update_fields=["lessons_count", "duration_minutes", "updated_at"])


def _tag_names(names: Sequence[str]) -> list[str]:
    return sorted({name.strip().lower() for name in names if name.strip()})


def _set_tags(course: Course, names: Sequence[str]) -> None:
    wanted = _tag_names(names)
    Tag.objects.bulk_create([Tag(name=name) for name in wanted], ignore_conflicts=True)
    course.tags.set(Tag.objects.filter(name__in=wanted))


def _changes(row: Course | Lesson, fields: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what `fields` would change, as {name: [before, after]} in a form that the audit log can keep."""
    changed = {name: (getattr(row, name), value) for name, value in fields.items() if getattr(row, name) != value}
    return {name: [_plain(before), _plain(after)] for name, (before, after) in changed.items()}


def _plain(value: Any) -> Any:
    return str(value.pk) if hasattr(value, "pk") else value


def _tell_students(course: Course, changes: list[str]) -> None:
    """Tell the students of a published course what changed."""
    if course.is_published:
        students = User.objects.get_queryset().filter(enrollments__course=course, enrollments__is_active=True)
        payload = {"course_id": str(course.pk), "title": course.title, "changes": changes}
        push(students.values_list("pk", flat=True), Event.COURSE_UPDATED, payload)
