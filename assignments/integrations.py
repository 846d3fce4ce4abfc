"""Registration of assignments with completion, coursework, file access and personal data."""

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.registry import PersonalData, personal_data
from assignments.models import Assignment, AssignmentFile, Submission, SubmissionFile
from core.access.scopes import visible_or_404
from courses.models import Lesson
from courses.registry import other_attachments
from enrollments import registry as learning
from enrollments.deadlines import get_terms_by_item
from enrollments.grades import current_grades
from enrollments.models import Enrollment, GradedItem, ItemKind
from files import registry
from files.models import Purpose
from files.registry import FileAccess


def missing_assignments(enrollment: Enrollment) -> list[learning.MissingWork]:
    """Return the required assignments of the course that the student has not passed. Two queries."""
    return _not_passed(enrollment, Assignment.objects.published().filter(course=enrollment.course_id, is_required=True))


def missing_lesson_assignments(enrollment: Enrollment, lesson: Lesson) -> list[learning.MissingWork]:
    """Return the assignments of the lesson that the student has not passed. Two queries."""
    return _not_passed(enrollment, Assignment.objects.published().filter(lesson=lesson))


def _not_passed(enrollment: Enrollment, assignments: Iterable[Assignment]) -> list[learning.MissingWork]:
    required = list(assignments)
    if not required:
        return []
    grades = current_grades(enrollment_ids=[enrollment.pk], item_ids=[assignment.pk for assignment in required])[
        enrollment.pk
    ]
    return [
        learning.MissingWork(
            _("the assignment “%s”") % assignment.title,
            reverse("assignments:assignment", args=[enrollment.course.slug, assignment.pk]),
        )
        for assignment in required
        if not _is_done(assignment, grades.get(assignment.pk))
    ]


def _is_done(assignment: Assignment, entry: Any) -> bool:
    return entry is not None and (entry.is_excused or assignment.is_passed_by(entry.points))


def list_work(enrollment: Enrollment) -> list[learning.CourseworkItem]:
    """Return the published assignments of a course with the student's state in each. Five queries."""
    published = Assignment.objects.published().filter(course=enrollment.course_id).select_related("course")
    assignments = list(published)
    if not assignments:
        return []
    terms = get_terms_by_item(assignments, enrollment)
    grades = current_grades(enrollment_ids=[enrollment.pk], item_ids=[assignment.pk for assignment in assignments])[
        enrollment.pk
    ]
    submitted_ids = set(Submission.objects.filter(enrollment=enrollment).values_list("assignment_id", flat=True))
    return [
        learning.CourseworkItem(
            kind=ItemKind.ASSIGNMENT,
            title=assignment.title,
            url=assignment.get_absolute_url(),
            lesson_id=assignment.lesson_id,
            state=_state_label(assignment, grades.get(assignment.pk), assignment.pk in submitted_ids),
            due_at=terms[assignment.pk].due_at,
            is_required=assignment.is_required,
            is_done=_is_done(assignment, grades.get(assignment.pk)),
        )
        for assignment in assignments
    ]


def list_submitted_assignments(enrollment_ids: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, uuid.UUID], bool]:
    """Return the assignments with a submission, by enrollment id and item id; False for returned work. One query."""
    rows = Submission.objects.current().filter(enrollment__in=enrollment_ids).order_by()
    columns = rows.values_list("enrollment_id", "assignment_id", "returned_at")
    return {(enrollment_id, item_id): returned_at is None for enrollment_id, item_id, returned_at in columns}


def _state_label(assignment: Assignment, entry: Any, is_submitted: bool) -> str:
    """Return the label of the student's state in an assignment."""
    if entry is not None and entry.is_excused:
        return _("Excused")
    if entry is not None and entry.points is not None:
        graded = {"grade": int(entry.points), "points": assignment.points}
        return _("Graded, %(grade)d of %(points)d") % graded
    return _("Submitted") if is_submitted else _("To do")


def check_upload(actor: User, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None) -> None:
    """Raise Http404 unless the actor may see the assignment, as a student or grader."""
    visible_or_404(Assignment.objects.all(), actor, pk=assignment_id)


def item_url(item: GradedItem) -> str:
    """Return the URL of an assignment's page."""
    return Assignment(pk=item.pk, course=item.course).get_absolute_url()


def submission_files(user: Any) -> Q:
    """Return the condition for submission files that `user` uploaded, may grade, or received as feedback."""
    return registry.owned_by(user) | gradable_files(user) | feedback_files(user)


def gradable_files(user: Any) -> Q:
    """Return the condition for files of submissions that `user` may grade, including feedback."""
    rows = SubmissionFile.objects.filter(submission__in=Submission.objects.all().editable_by(user).values("pk"))
    return Q(pk__in=rows.values("file_id"))


def feedback_files(user: Any) -> Q:
    """Return the condition for feedback files that `user` may see: of released grades and of returned work."""
    if not user.is_authenticated:
        return registry.NO_FILES
    is_visible = Q(submission__released_at__isnull=False) | Q(submission__returned_at__isnull=False)
    rows = SubmissionFile.objects.filter(is_visible, is_feedback=True, submission__user=user)
    return Q(pk__in=rows.values("file_id"))


def assignment_files(user: Any) -> Q:
    """Return the condition for files of assignments that `user` may see."""
    visible = Assignment.objects.all().visible_to(user)
    return Q(pk__in=AssignmentFile.objects.filter(assignment__in=visible.values("pk")).values("file_id"))


def attached_to_assignment() -> Q:
    """Return the condition for course material that is attached to any assignment."""
    return Q(pk__in=AssignmentFile.objects.values("file_id"))


def _export(user: User) -> list[dict[str, Any]]:
    """Return the submissions of a user for the export of personal data. One query."""
    submissions = Submission.objects.filter(user=user)
    fields = ("assignment__title", "attempt", "submitted_at", "content", "released_at")
    return list(submissions.values(*fields))


learning.requirements.register("assignments", missing_assignments)
learning.lesson_requirements.register("assignments", missing_lesson_assignments)
learning.coursework.register("assignments", list_work)
learning.submitted_work.register("assignments", list_submitted_assignments)
learning.item_pages.register(ItemKind.ASSIGNMENT, item_url)
registry.upload_checks.register(Purpose.SUBMISSION, check_upload)
registry.access.register("submissions", FileAccess(Purpose.SUBMISSION, submission_files, registry.owned_by))
registry.access.register("briefs", FileAccess(Purpose.COURSE_MATERIAL, assignment_files))
other_attachments.register("briefs", attached_to_assignment)
personal_data.register("submissions", PersonalData(_export))
