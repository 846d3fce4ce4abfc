"""Services that create, update, publish and delete courses, and order their sections and lessons."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, ProtectedError, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from core.audit.entries import record
from core.http.errors import DomainError
from core.text import money
from core.text.characters import is_blank
from courses.models import Course, Lesson, Section, Tag
from courses.public_cache import bump_catalog_version
from courses.signals import requirements_changed
from realtime.models import Event
from realtime.services import push

# Offset for temporary order numbers while rows are renumbered, larger than the number of lessons of any course: the
# unique constraints on `order` are checked immediately, even within a transaction.
PARKING_OFFSET = 1_000_000
# Lesson fields that affect the completion of the course.
COMPLETION_FIELDS = {"is_published", "completion_rule", "video_seconds", "video_share"}


class CourseError(DomainError):
    """An operation that the state of the course or lesson does not allow."""


class EditConflictError(CourseError):
    """Another user saved a newer version, which `current` holds. No change was saved."""

    needs_a_page = True

    def __init__(self, current: Course | Lesson) -> None:
        super().__init__(
            "edit_conflict",
            _("Another user saved changes while you were editing. Compare both versions, then save again."),
        )
        self.current = current


@transaction.atomic
def create_course(*, actor: User, tags: Sequence[str] = (), **fields: Any) -> Course:
    """Create and return a draft owned by `actor`, with one empty section. Raise ValidationError for invalid fields."""
    course = Course(instructor=actor, **fields)
    _validate_price(course)
    course.assign_slug()
    course.full_clean()
    course.save(force_insert=True)
    _create_first_section(course)
    _set_tags(course, tags)
    record(actor=actor, action="courses.created", target=course, changes={"title": course.title})
    return course


@transaction.atomic
def update_course(
    *, actor: User, course: Course, tags: Sequence[str] | None = None, version: int | None = None, **fields: Any
) -> Course:
    """Update a course, notify its students and return the course.

    `version` is the version that the change is based on, if known. Raise EditConflictError if it is not the current
    version, ValidationError for invalid fields.
    """
    course = _lock_course(course)
    _require_version(course, version)
    changes = _diff_fields(course, fields)
    if tags is not None and _normalize_tags(tags) != sorted(tag.name for tag in course.tags.all()):
        changes["tags"] = [sorted(tag.name for tag in course.tags.all()), _normalize_tags(tags)]
    for name, value in fields.items():
        setattr(course, name, value)
    course.version += bool(changes)
    if changes.keys() & {"price_cents", "currency"}:
        _validate_price(course)
    course.full_clean()
    course.save()
    if tags is not None:
        _set_tags(course, tags)
    if changes:
        record(actor=actor, action="courses.updated", target=course, changes=changes)
        _notify_students(course, sorted(changes))
    return course


def _validate_price(course: Course) -> None:
    """Raise ValidationError for a price that Stripe does not charge because it is too low."""
    least = money.LEAST_CHARGES.get(course.currency, 0)
    if 0 < course.price_cents < least:
        text = _("The lowest price in %(currency)s is %(price)s. Enter 0 for a free course.")
        params = {"currency": course.currency, "price": money.format_amount(least, course.currency)}
        raise ValidationError({"price": ValidationError(text, code="price_too_low", params=params)})


@transaction.atomic
def publish_course(*, actor: User, course: Course) -> Course:
    """Publish a course and return it. Publishing a published course has no effect.

    Raise CourseError `nothing_to_publish` if it has no published lesson, AccountError `email_not_verified` (403) if the
    site requires a confirmed email address and the actor's is not.
    """
    require_verified_email(actor)
    course = _lock_course(course)
    if course.is_published:
        return course
    if not course.lessons.published().exists():
        raise CourseError("nothing_to_publish", _("Publish at least one lesson first."))
    course.is_published = True
    course.published_at = course.published_at or timezone.now()
    course.save(update_fields=["is_published", "published_at", "updated_at"])
    record(actor=actor, action="courses.published", target=course)
    requirements_changed.send(sender=Course, course_id=course.pk)
    return course


@transaction.atomic
def unpublish_course(*, actor: User, course: Course) -> Course:
    """Unpublish a course and return it. Enrollments remain, and work again after it is published again."""
    course = _lock_course(course)
    if course.is_published:
        course.is_published = False
        course.save(update_fields=["is_published", "updated_at"])
        record(actor=actor, action="courses.unpublished", target=course)
    return course


@transaction.atomic
def delete_course(*, actor: User, course: Course) -> None:
    """Delete a course. Raise CourseError `has_enrollments` if it has enrollments (quality row C04)."""
    course = _lock_course(course)
    record(actor=actor, action="courses.deleted", target=course, changes={"title": course.title})
    try:
        course.lessons.all().delete()
        course.delete()
    except ProtectedError as error:
        raise CourseError("has_enrollments", _("This course has students. Unpublish it instead.")) from error


@transaction.atomic
def add_lesson(*, actor: User, course: Course, section: Section | None = None, **fields: Any) -> Lesson:
    """Append a lesson to a section, by default the last one, and return the lesson."""
    course = _lock_course(course)
    section = section or course.sections.order_by("-order").first() or _create_first_section(course)
    highest = course.lessons.aggregate(Max("order"))["order__max"] or 0
    lesson = Lesson(course=course, section=section, order=highest + 1, **fields)
    lesson.render()
    lesson.full_clean()
    lesson.save(force_insert=True)
    _renumber_lessons(course, _lessons_in_section_order(course))
    lesson.refresh_from_db(fields=["order"])
    _count_lessons(course)
    record(actor=actor, action="courses.lesson_added", target=lesson, changes={"title": lesson.title})
    _notify_students(course, ["lessons"])
    return lesson


@transaction.atomic
def update_lesson(*, actor: User, lesson: Lesson, version: int | None = None, **fields: Any) -> Lesson:
    """Update a lesson and return it.

    `version` is the version that the change is based on, if known. Raise EditConflictError if it is not the current
    version, ValidationError for invalid fields.
    """
    course = _lock_course(lesson.course)
    lesson = Lesson.objects.select_for_update().get(pk=lesson.pk)
    _require_version(lesson, version)
    changes = _diff_fields(lesson, fields)
    for name, value in fields.items():
        setattr(lesson, name, value)
    lesson.version += bool(changes)
    lesson.render()
    lesson.full_clean()
    lesson.save()
    if "section" in changes:
        _renumber_lessons(course, _lessons_in_section_order(course))
        lesson.refresh_from_db(fields=["order"])
    _count_lessons(course)
    if changes:
        text_summary = {"content": "changed"} if "content" in changes else {}
        record(actor=actor, action="courses.lesson_updated", target=lesson, changes={**changes, **text_summary})
        if changes.keys() & COMPLETION_FIELDS:
            requirements_changed.send(sender=Course, course_id=course.pk)
        _notify_students(course, ["lessons"])
    return lesson


@transaction.atomic
def delete_lesson(*, actor: User, lesson: Lesson) -> None:
    """Delete a lesson together with the students' progress in it."""
    course = _lock_course(lesson.course)
    record(actor=actor, action="courses.lesson_deleted", target=lesson, changes={"title": lesson.title})
    lesson.delete()
    _renumber_lessons(course, _lessons_in_section_order(course))
    _count_lessons(course)
    requirements_changed.send(sender=Course, course_id=course.pk)
    _notify_students(course, ["lessons"])


@transaction.atomic
def reorder_lessons(*, actor: User, course: Course, lesson_ids: Sequence[uuid.UUID]) -> list[Lesson]:
    """Set the order of a course's lessons to `lesson_ids` and return the lessons in order.

    A lesson that is moved between lessons of another section moves to this section. Raise CourseError
    `not_the_whole_list` (400) unless `lesson_ids` contains each lesson of the course exactly once.
    """
    course = _lock_course(course)
    lessons = {lesson.pk: lesson for lesson in course.lessons.select_related("section")}
    if len(lesson_ids) != len(lessons) or set(lesson_ids) != lessons.keys():
        raise CourseError("not_the_whole_list", _("List every lesson of the course exactly once."), status=400)
    ordered = [lessons[lesson_id] for lesson_id in lesson_ids]
    current: Section | None = None
    for lesson in ordered:
        if current is not None and lesson.section.order < current.order:
            lesson.section = current
        current = lesson.section
    _renumber_lessons(course, ordered)
    record(actor=actor, action="courses.lessons_reordered", target=course)
    _notify_students(course, ["lessons"])
    return ordered


@transaction.atomic
def arrange_course(*, actor: User, course: Course, sections: Sequence[tuple[uuid.UUID, Sequence[uuid.UUID]]]) -> None:
    """Set the order of a course's sections and of the lessons in each section.

    Raise CourseError `not_the_whole_list` (400) unless each section and lesson of the course is listed exactly once,
    for example because another user has added or deleted one in the meantime.
    """
    course = _lock_course(course)
    known_sections = {section.pk: section for section in course.sections.all()}
    lessons = {lesson.pk: lesson for lesson in course.lessons.all()}
    section_ids = [section_id for section_id, _lessons in sections]
    ordered_ids = [lesson_id for _section, lesson_ids in sections for lesson_id in lesson_ids]
    if sorted(section_ids) != sorted(known_sections) or sorted(ordered_ids) != sorted(lessons):
        raise CourseError("not_the_whole_list", _("List every lesson of the course exactly once."), status=400)
    _renumber_sections([known_sections[section_id] for section_id in section_ids])
    for section_id, lesson_ids in sections:
        for lesson_id in lesson_ids:
            lessons[lesson_id].section = known_sections[section_id]
    _renumber_lessons(course, [lessons[lesson_id] for lesson_id in ordered_ids])
    record(actor=actor, action="courses.arranged", target=course)
    _notify_students(course, ["lessons"])


@transaction.atomic
def move_lesson(*, actor: User, lesson: Lesson, up: bool) -> None:
    """Move a lesson one position up or down, at the end of a section into the next one.

    The first lesson of the first section does not move up, nor the last one down.
    """
    course = _lock_course(lesson.course)
    sections = [
        (section.pk, [row.pk for row in section.lessons.all()])
        for section in course.sections.prefetch_related("lessons")
    ]
    if _shift_lesson(sections, lesson.pk, up=up):
        arrange_course(actor=actor, course=course, sections=sections)


def _shift_lesson(sections: list[tuple[uuid.UUID, list[uuid.UUID]]], lesson_id: uuid.UUID, *, up: bool) -> bool:
    """Move a lesson one position within `sections`; return False if it is the first or last already."""
    place = next(place for place, (_pk, lessons) in enumerate(sections) if lesson_id in lessons)
    lessons, step = sections[place][1], -1 if up else 1
    index = lessons.index(lesson_id)
    if 0 <= index + step < len(lessons):
        lessons.insert(index + step, lessons.pop(index))
        return True
    if not 0 <= place + step < len(sections):
        return False
    neighbor = sections[place + step][1]
    neighbor.insert(len(neighbor) if up else 0, lessons.pop(index))
    return True


@transaction.atomic
def add_section(*, actor: User, course: Course, title: str) -> Section:
    """Append a section to a course and return it."""
    course = _lock_course(course)
    highest = course.sections.aggregate(Max("order"))["order__max"] or 0
    section = Section(course=course, title=title, order=highest + 1)
    section.full_clean()
    section.save(force_insert=True)
    record(actor=actor, action="courses.section_added", target=section, changes={"title": title})
    return section


@transaction.atomic
def rename_section(*, actor: User, section: Section, title: str) -> Section:
    """Rename a section and return it."""
    _lock_course(section.course)
    section = Section.objects.get(pk=section.pk)
    before, section.title = section.title, title
    section.full_clean()
    section.save(update_fields=["title"])
    record(actor=actor, action="courses.section_renamed", target=section, changes={"title": [before, title]})
    return section


@transaction.atomic
def move_section(*, actor: User, section: Section, up: bool) -> list[Section]:
    """Move a section with its lessons one position up or down; return the course's sections in order."""
    course = _lock_course(section.course)
    sections = list(course.sections.order_by("order"))
    index = next(index for index, candidate in enumerate(sections) if candidate.pk == section.pk)
    new_index = max(0, min(len(sections) - 1, index + (-1 if up else 1)))
    sections.insert(new_index, sections.pop(index))
    _renumber_sections(sections)
    _renumber_lessons(course, _lessons_in_section_order(course))
    record(actor=actor, action="courses.sections_reordered", target=course)
    _notify_students(course, ["lessons"])
    return sections


@transaction.atomic
def delete_section(*, actor: User, section: Section) -> None:
    """Delete an empty section. Raise CourseError `section_not_empty`, or `last_section` for the only section."""
    course = _lock_course(section.course)
    if section.lessons.exists():
        raise CourseError("section_not_empty", _("This section has lessons. Move or delete them first."))
    if course.sections.count() == 1:
        raise CourseError("last_section", _("A course needs at least one section."))
    record(actor=actor, action="courses.section_deleted", target=section, changes={"title": section.title})
    section.delete()


def _lock_course(course: Course) -> Course:
    """Return the current row of the course, locked until the transaction ends, to serialize changes of one course.

    The public cache is invalidated after the commit.
    """
    bump_catalog_version()
    return Course.objects.select_for_update(of=("self",)).get(pk=course.pk)


def _require_version(row: Course | Lesson, version: int | None) -> None:
    if version is not None and version != row.version:
        raise EditConflictError(row)


def _create_first_section(course: Course) -> Section:
    return Section.objects.create(course=course, title=_("Lessons"), order=1)


def _lessons_in_section_order(course: Course) -> list[Lesson]:
    return list(course.lessons.select_related("section").order_by("section__order", "order"))


def _renumber_sections(ordered: list[Section]) -> None:
    """Renumber the sections from 1 in the given order. Two statements for any number."""
    for offset in (PARKING_OFFSET, 0):
        for number, section in enumerate(ordered, start=1):
            section.order = offset + number
        Section.objects.bulk_update(ordered, ["order"])


def _renumber_lessons(course: Course, ordered: list[Lesson]) -> None:
    """Renumber the lessons from 1 in the given order and save their sections. Two statements for any number."""
    for number, lesson in enumerate(ordered, start=1):
        lesson.order = PARKING_OFFSET + number
    Lesson.objects.bulk_update(ordered, ["order", "section"])
    for number, lesson in enumerate(ordered, start=1):
        lesson.order = number
    Lesson.objects.bulk_update(ordered, ["order"])


@transaction.atomic
def recount_lessons(*, course: Course) -> None:
    """Update a course's counters of lessons and minutes after a bulk insert of lessons."""
    _count_lessons(_lock_course(course))


def _count_lessons(course: Course) -> None:
    """Update the course's counters of published lessons and minutes."""
    totals = course.lessons.filter(is_published=True).aggregate(n=Count("id"), minutes=Sum("duration_minutes"))
    course.lessons_count, course.duration_minutes = totals["n"], totals["minutes"] or 0
    course.save(update_fields=["lessons_count", "duration_minutes", "updated_at"])


def _normalize_tags(names: Sequence[str]) -> list[str]:
    return sorted({name.strip().lower() for name in names if not is_blank(name)})


def _set_tags(course: Course, names: Sequence[str]) -> None:
    normalized = _normalize_tags(names)
    Tag.objects.bulk_create([Tag(name=name) for name in normalized], ignore_conflicts=True)
    course.tags.set(Tag.objects.filter(name__in=normalized))


def _diff_fields(row: Course | Lesson, fields: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the fields that change, as {name: [before, after]} with JSON values for the audit log."""
    changed = {name: (getattr(row, name), value) for name, value in fields.items() if getattr(row, name) != value}
    return {name: [_serialize_value(before), _serialize_value(after)] for name, (before, after) in changed.items()}


def _serialize_value(value: Any) -> Any:
    return str(value.pk) if hasattr(value, "pk") else value


def _notify_students(course: Course, changes: list[str]) -> None:
    """Notify the students of a published course of changed fields."""
    if course.is_published:
        students = User.objects.get_queryset().filter(enrollments__course=course, enrollments__is_active=True)
        payload = {"course_id": str(course.pk), "title": course.title, "changes": changes}
        push(students.values_list("pk", flat=True), Event.COURSE_UPDATED, payload)
