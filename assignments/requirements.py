"""What assignments add to other apps: what is missing for completion, where an item is done, whose the files are,
and what there is about a person. Importing it registers all of it."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import registry as people
from accounts.models import User
from assignments.models import Assignment, AssignmentFile, Submission, SubmissionFile
from courses import file_access
from courses.models import Lesson
from enrollments import registry as learning
from enrollments.deadlines import terms_for_many
from enrollments.grades import current_grades
from enrollments.models import Enrollment, ItemKind
from files import access, registry
from files.models import Purpose
from lms.lib.scoping import visible_or_404


def missing_in_course(enrollment: Enrollment) -> list[str]:
    """Return the required assignments that are not graded at or over their pass mark. Two queries."""
    return _not_passed(enrollment, Assignment.objects.published().filter(course=enrollment.course_id, is_required=True))


def missing_in_lesson(enrollment: Enrollment, lesson: Lesson) -> list[str]:
    """Return the assignments of a lesson that are not passed. Two queries."""
    return _not_passed(enrollment, Assignment.objects.published().filter(lesson=lesson))


def _not_passed(enrollment: Enrollment, assignments: Iterable[Assignment]) -> list[str]:
    wanted = list(assignments)
    if not wanted:
        return []
    grades = current_grades(enrollment_ids=[enrollment.pk], item_ids=[one.pk for one in wanted])[enrollment.pk.int]
    return [_("the assignment “%s”") % one.title for one in wanted if not _is_done(one, grades.get(one.pk.int))]


def _is_done(assignment: Assignment, entry: Any) -> bool:
    return entry is not None and (entry.is_excused or assignment.is_passed_by(entry.points))


def work_of(enrollment: Enrollment) -> list[learning.Work]:
    """Return the published assignments of a course with how far the student is. Five queries."""
    published = Assignment.objects.published().filter(course=enrollment.course_id).select_related("course")
    assignments = list(published)
    if not assignments:
        return []
    terms = terms_for_many(assignments, enrollment)
    grades = current_grades(enrollment_ids=[enrollment.pk], item_ids=[one.pk for one in assignments])[enrollment.pk.int]
    handed_in = set(Submission.objects.filter(enrollment=enrollment).values_list("assignment_id", flat=True))
    return [
        learning.Work(
            kind=ItemKind.ASSIGNMENT,
            title=one.title,
            url=one.get_absolute_url(),
            lesson_id=one.lesson_id,
            state=_state(one, grades.get(one.pk.int), one.pk in handed_in),
            due_at=terms[one.pk].due_at,
            is_required=one.is_required,
            is_done=_is_done(one, grades.get(one.pk.int)),
        )
        for one in assignments
    ]


def _state(assignment: Assignment, entry: Any, is_handed_in: bool) -> str:
    """Return how far a student is with an assignment."""
    if entry is not None and entry.is_excused:
        return _("Excused")
    if entry is not None and entry.points is not None:
        graded = {"grade": int(entry.points), "points": assignment.points}
        return _("Graded, %(grade)d of %(points)d") % graded
    return _("Handed in") if is_handed_in else _("To do")


def door(actor: User, course_id: uuid.UUID | None, assignment_id: uuid.UUID | None) -> None:
    """Let those upload who see the assignment: its students, and who grades them; raise Http404 for anybody else."""
    visible_or_404(Assignment.objects.all(), actor, pk=assignment_id)


def of_graders(user: Any) -> Q:
    """Return what was handed in to the assignments that `user` may grade, and what they gave back."""
    grading = SubmissionFile.objects.filter(submission__in=Submission.objects.all().editable_by(user).values("pk"))
    return Q(pk__in=grading.values("file_id"))


def of_graded(user: Any) -> Q:
    """Return what came back to `user` with a grade that they may see."""
    if not user.is_authenticated:
        return registry.NOTHING
    back = SubmissionFile.objects.filter(is_feedback=True, submission__user=user, submission__released_at__isnull=False)
    return Q(pk__in=back.values("file_id"))


def of_briefs(user: Any) -> Q:
    """Return what stands beside the briefs that `user` may read."""
    readable = Assignment.objects.all().visible_to(user)
    return Q(pk__in=AssignmentFile.objects.filter(assignment__in=readable.values("pk")).values("file_id"))


def beside_a_brief() -> Q:
    """Return the material that stands beside a brief, whoever may read that."""
    return Q(pk__in=AssignmentFile.objects.values("file_id"))


def _export(user: User) -> list[dict[str, Any]]:
    """Return what a person has handed in, with the grades that they were shown. One query."""
    mine = Submission.objects.filter(user=user)
    fields = ("assignment__title", "attempt", "submitted_at", "content", "released_at")
    return list(mine.values(*fields))


learning.requirements.append(missing_in_course)
learning.lesson_requirements.append(missing_in_lesson)
learning.coursework.append(work_of)
learning.item_pages[ItemKind.ASSIGNMENT] = lambda item: Assignment(pk=item.pk, course=item.course).get_absolute_url()
registry.doors[Purpose.SUBMISSION] = door
registry.readers[Purpose.SUBMISSION] += [access.own, of_graders, of_graded]
registry.writers[Purpose.SUBMISSION].append(access.own)
registry.readers[Purpose.COURSE_MATERIAL].append(of_briefs)
file_access.hangs_elsewhere.append(beside_a_brief)
people.register(people.PersonalData("submissions", _export))
