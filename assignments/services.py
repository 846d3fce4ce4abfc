"""Writing assignments: what they ask, when they are due, and what stands beside the brief."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, ProtectedError
from django.utils.translation import gettext as _

from accounts.models import User
from assignments.errors import AssignmentError
from assignments.models import Assignment, AssignmentFile
from courses.attachments import delete_unless_shown
from courses.models import Course, Lesson
from enrollments.models import GradedItem
from enrollments.tasks import complete_finished_enrollments
from files import services as files
from files.models import Purpose
from lms.platform.audit import record


@transaction.atomic
def create_assignment(*, actor: User, course: Course, **fields: Any) -> Assignment:
    """Create an assignment in a course; return it. Raises ValidationError for what does not fit."""
    Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    last = GradedItem.objects.filter(course=course).aggregate(Max("position"))["position__max"] or 0
    assignment = Assignment(course=course, position=last + 1, **fields)
    _check_lesson(assignment)
    assignment.full_clean()
    assignment.save(force_insert=True)
    record(actor=actor, action="assignments.created", target=assignment, changes={"title": assignment.title})
    return assignment


@transaction.atomic
def update_assignment(*, actor: User, assignment: Assignment, **fields: Any) -> Assignment:
    """Change an assignment; return it. What was handed in keeps the penalty that held then.

    Raises AssignmentError `points_below_grades` (409) when somebody has more points than it would give, and
    ValidationError.
    """
    assignment = Assignment.objects.select_for_update(of=("self",)).select_related("course").get(pk=assignment.pk)
    before = {name: getattr(assignment, name) for name in fields}
    for name, value in fields.items():
        setattr(assignment, name, value)
    _check_lesson(assignment)
    assignment.full_clean()
    highest = assignment.submissions.aggregate(Max("raw_grade"))["raw_grade__max"] or 0
    if assignment.points_possible < highest:
        said = _("Somebody has %d points already; it cannot give less.") % highest
        raise AssignmentError("points_below_grades", said)
    assignment.save()
    changes = {name: [str(before[name]), str(value)] for name, value in fields.items() if before[name] != value}
    if "description" in changes:
        changes["description"] = ["changed", "changed"]
    record(actor=actor, action="assignments.updated", target=assignment, changes=changes)
    complete_finished_enrollments.delay_on_commit(str(assignment.course_id))
    return assignment


@transaction.atomic
def delete_assignment(*, actor: User, assignment: Assignment) -> None:
    """Delete an assignment that nobody has handed in to. Raises AssignmentError `has_submissions` (409) otherwise."""
    shown = [attached.file for attached in assignment.files.select_related("file")]
    record(actor=actor, action="assignments.deleted", target=assignment, changes={"title": assignment.title})
    try:
        assignment.delete()
    except ProtectedError as error:
        said = _("Students have handed in to this. Take it out of sight instead.")
        raise AssignmentError("has_submissions", said) from error
    for file in shown:
        delete_unless_shown(actor, file)
    complete_finished_enrollments.delay_on_commit(str(assignment.course_id))


def _check_lesson(assignment: Assignment) -> None:
    lesson: Lesson | None = assignment.lesson
    if lesson is not None and lesson.course_id != assignment.course_id:
        raise AssignmentError("wrong_lesson", _("This lesson is of another course."), status=400)


def attach(*, actor: User, assignment: Assignment, content: UploadedFile) -> AssignmentFile:
    """Upload a file that stands beside the brief; return it. Raises what `files.services.upload` raises."""
    file = files.upload(actor=actor, content=content, purpose=Purpose.COURSE_MATERIAL, course_id=assignment.course_id)
    with transaction.atomic():
        record(actor=actor, action="assignments.file_added", target=assignment, changes={"name": str(file)})
        return AssignmentFile.objects.create(assignment=assignment, file=file)


@transaction.atomic
def take_out(*, actor: User, attached: AssignmentFile) -> None:
    """Take a file away from a brief, and delete it."""
    file = attached.file
    record(actor=actor, action="assignments.file_removed", target=attached.assignment, changes={"name": str(file)})
    attached.delete()
    delete_unless_shown(actor, file)
