"""Services that create, update and delete assignments and their files."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, ProtectedError
from django.utils.translation import gettext as _

from accounts.models import User
from assignments.errors import AssignmentError
from assignments.models import Assignment, AssignmentFile
from core.audit.entries import record
from courses.attachments import delete_unused_file
from courses.models import Course, Lesson
from enrollments.models import GradedItem
from enrollments.tasks import complete_finished_enrollments
from files import services as files
from files.models import Purpose


@transaction.atomic
def create_assignment(*, actor: User, course: Course, **fields: Any) -> Assignment:
    """Create an assignment in a course and return it. Raise ValidationError for invalid fields."""
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
    """Update an assignment and return it. Existing submissions keep their late penalty.

    Raise AssignmentError `points_below_grades` (409) if a student has more points than the new maximum, and
    ValidationError for invalid fields.
    """
    assignment = Assignment.objects.select_for_update(of=("self",)).select_related("course").get(pk=assignment.pk)
    before = {name: getattr(assignment, name) for name in fields}
    for name, value in fields.items():
        setattr(assignment, name, value)
    _check_lesson(assignment)
    assignment.full_clean()
    highest = assignment.submissions.aggregate(Max("raw_grade"))["raw_grade__max"] or 0
    if assignment.points_possible < highest:
        detail = _("A submission was graded with %d points. Enter at least this number of points.") % highest
        raise AssignmentError("points_below_grades", detail)
    assignment.save()
    changes = {name: [str(before[name]), str(value)] for name, value in fields.items() if before[name] != value}
    if "description" in changes:
        changes["description"] = ["changed", "changed"]
    record(actor=actor, action="assignments.updated", target=assignment, changes=changes)
    complete_finished_enrollments.delay_on_commit(str(assignment.course_id))
    return assignment


@transaction.atomic
def delete_assignment(*, actor: User, assignment: Assignment) -> None:
    """Delete an assignment. Raise AssignmentError `has_submissions` (409) if it has submissions."""
    attached_files = [row.file for row in assignment.files.select_related("file")]
    record(actor=actor, action="assignments.deleted", target=assignment, changes={"title": assignment.title})
    try:
        assignment.delete()
    except ProtectedError as error:
        detail = _("This assignment has submissions. Unpublish it instead.")
        raise AssignmentError("has_submissions", detail) from error
    for file in attached_files:
        delete_unused_file(actor, file)
    complete_finished_enrollments.delay_on_commit(str(assignment.course_id))


def _check_lesson(assignment: Assignment) -> None:
    lesson: Lesson | None = assignment.lesson
    if lesson is not None and lesson.course_id != assignment.course_id:
        raise AssignmentError(
            "wrong_lesson", _("This lesson belongs to another course. Choose a lesson of this course."), status=400
        )


def attach_file(*, actor: User, assignment: Assignment, content: UploadedFile) -> AssignmentFile:
    """Upload a file, attach it to the assignment and return it. Raise the errors of `files.services.upload`."""
    file = files.upload(actor=actor, content=content, purpose=Purpose.COURSE_MATERIAL, course_id=assignment.course_id)
    with transaction.atomic():
        record(actor=actor, action="assignments.file_added", target=assignment, changes={"name": str(file)})
        return AssignmentFile.objects.create(assignment=assignment, file=file)


@transaction.atomic
def detach_file(*, actor: User, assignment_file: AssignmentFile) -> None:
    """Remove a file from an assignment, and delete it if it is not used elsewhere."""
    file = assignment_file.file
    record(
        actor=actor, action="assignments.file_removed", target=assignment_file.assignment, changes={"name": str(file)}
    )
    assignment_file.delete()
    delete_unused_file(actor, file)
