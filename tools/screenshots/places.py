"""The pages of the screenshots, each with the user who opens it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from accounts.models import User
from assignments.models import Assignment, Submission
from certificates.models import Certificate
from courses.models import Course
from enrollments.models import Enrollment
from payments.models import Order
from quizzes.models import Attempt, Question, Quiz

PEOPLE = {
    "visitor": "",
    "student": "student@example.com",
    "instructor": "instructor@example.com",
    "admin": "admin@example.com",
}

# Name of the screenshot, user, path, and optionally an action (`ACTIONS` of photographs.py). Placeholders are replaced
# by rows of the demo (`placeholder_values`).
TABLE = """
home                visitor     /
catalog           visitor     /courses/
catalog-filtered  visitor     /courses/?level=beginner&ordering=rating
nothing-found       visitor     /courses/?search=xyzzy
course              visitor     /courses/{open_slug}/
paid-course         visitor     /courses/{priced_slug}/
instructor          visitor     /instructors/{instructor}/
verify              visitor     /certificates/verify/
certificate         visitor     /certificates/verify/{number}/
login               visitor     /account/login/
register            visitor     /account/register/
reset               visitor     /account/reset/
verify-email        visitor     /account/verify/
search              visitor     /search/?search=bread
palette             visitor     /courses/ search
offline             visitor     /courses/ offline
not-found           visitor     /nowhere/ lose
broken              visitor     /broken/ break
components          visitor     /dev/components/
mail                visitor     /dev/mail/
mail-certificate    visitor     /dev/mail/kinds/certificate/
mail-receipt        visitor     /dev/mail/kinds/receipt/
mail-digest         visitor     /dev/mail/kinds/digest/
dashboard           student     /dashboard/
course-enrolled     student     /courses/{slug}/
learning-room       student     /learn/{slug}/
progress            student     /learn/{slug}/progress/
quiz                student     /quizzes/{quiz}/
quiz-taking         student     /quizzes/attempts/{running}/
quiz-review         student     /quizzes/attempts/{submitted}/review/
assignment          student     /learn/{assignment_slug}/assignments/{assignment}/
chat                student     /learn/{assignment_slug}/chat/
announcements       student     /learn/{assignment_slug}/announcements/
grades              student     /grades/
course-grades       student     /learn/{slug}/grades/
calendar            student     /calendar/
certificates        student     /certificates/
checkout            student     /courses/{priced_slug}/ buy
orders              student     /orders/
receipt             student     /orders/{order}/receipt/
notifications       student     /notifications/
profile             student     /account/profile/
security            student     /account/security/
close-account       student     /account/close/
password            student     /account/security/password/
choices             student     /notifications/choices/
exports             student     /exports/
review-form         student     /courses/{slug}/review/
menu                student     /dashboard/ menu
forbidden           student     /teach/
teaching            instructor  /teach/
teaching-figures    instructor  /teach/dashboard/
editor              instructor  /teach/courses/{own_slug}/
course-details      instructor  /teach/courses/{own_slug}/details/
lesson-form         instructor  /teach/courses/{own_slug}/lessons/{own_lesson}/
new-course          instructor  /teach/courses/new/
new-lesson          instructor  /teach/courses/{own_slug}/lessons/new/
lesson-preview      instructor  /teach/courses/{own_slug}/preview/{own_lesson}/
students            instructor  /teach/courses/{own_slug}/students/
student             instructor  /teach/courses/{own_slug}/students/{enrollment}/
gradebook           instructor  /teach/courses/{own_slug}/gradebook/
weights             instructor  /teach/courses/{own_slug}/gradebook/weights/
announce            instructor  /teach/courses/{own_slug}/announcements/
course-analytics    instructor  /teach/courses/{own_slug}/analytics/
student-activity    instructor  /teach/courses/{own_slug}/students/{enrollment}/activity/
own-profile         instructor  /teach/profile/
assignments         instructor  /teach/courses/{own_slug}/assignments/
new-assignment      instructor  /teach/courses/{own_slug}/assignments/new/
quizzes             instructor  /teach/courses/{own_slug}/quizzes/
quiz-builder        instructor  /teach/quizzes/{own_quiz}/
quiz-results        instructor  /teach/quizzes/{own_quiz}/results/
question            instructor  /teach/quizzes/{own_quiz}/questions/{own_question}/
new-question        instructor  /teach/quizzes/{own_quiz}/questions/new/?type=matching
course-certificates instructor  /teach/courses/{own_slug}/certificates/
grading-queue       instructor  /teach/grading/
grading             instructor  /teach/grading/{submission}/
admin               admin       /admin/
admin-users         admin       /admin/accounts/user/
admin-courses       admin       /admin/courses/course/
admin-orders        admin       /admin/payments/order/
admin-mails         admin       /admin/mails/
admin-mail          admin       /admin/mails/enrolled/en/
admin-user          admin       /admin/accounts/user/{student}/change/
admin-course        admin       /admin/courses/course/{own_course}/change/
admin-order         admin       /admin/payments/order/{order}/change/
admin-settings      admin       /admin/platform/sitesettings/
admin-audit         admin       /admin/platform/auditentry/
admin-jobs          admin       /admin/jobs/
analytics           admin       /analytics/
"""


# A new site without data: its administrator and the first users.
EMPTY_TABLE = """
first-run           admin       /
first-settings      admin       /admin/platform/sitesettings/
first-student       student     /dashboard/
first-teacher       instructor  /teach/dashboard/
"""


class Place(NamedTuple):
    """A page: the name of its screenshot, the user's email address (empty for a visitor), its path and an action."""

    name: str
    person: str
    path: str
    action: str = ""


def demo_places() -> Iterator[Place]:
    """Yield every page whose placeholders the demo has rows for."""
    known = {name: value for name, value in placeholder_values().items() if value}
    for place in _lines(TABLE):
        try:
            yield place._replace(path=place.path.format(**known))
        except KeyError:  # the demo has no such row
            continue


def empty_places() -> Iterator[Place]:
    """Yield the pages of a site without data except its first users."""
    yield from _lines(EMPTY_TABLE)


def _lines(table: str) -> Iterator[Place]:
    for line in table.strip().splitlines():
        name, person, *rest = line.split()
        yield Place(name, PEOPLE[person], *rest)


def placeholder_values() -> dict[str, Any]:
    """Return the values of the placeholders; None if the demo has no such row."""
    student = User.objects.get(email=PEOPLE["student"])
    teacher = User.objects.get(email=PEOPLE["instructor"])
    joined = Enrollment.objects.filter(user=student, completed_at=None).order_by("-last_activity_at")
    popular = Course.objects.published().order_by("-enrollments_count", "slug")
    own = popular.filter(instructor=teacher)[0]
    waiting = Submission.objects.filter(assignment__course__instructor=teacher).order_by("pk").last()
    mine = Assignment.objects.filter(course__enrollments__user=student, is_published=True).order_by("pk").last()
    attempts = Attempt.objects.filter(enrollment__user=student).order_by("started_at")
    paid = Order.objects.filter(user=student, status="completed").order_by("created_at").last()
    own_quiz = _first(Quiz.objects.filter(course__instructor=teacher).values_list("pk", flat=True))
    return {
        "student": student.pk,
        "open_slug": popular.filter(price_cents=0)[0].slug,
        "priced_slug": popular.filter(price_cents__gt=0).exclude(enrollments__user=student)[0].slug,
        "instructor": teacher.pk,
        "number": _first(Certificate.objects.filter(revoked_at=None).values_list("certificate_number", flat=True)),
        "slug": joined[0].course.slug,
        "quiz": _first(
            Quiz.objects.filter(course__enrollments__user=student, is_published=True).values_list("pk", flat=True)
        ),
        "running": _first(attempts.filter(submitted_at=None).values_list("pk", flat=True)),
        "submitted": _first(attempts.exclude(submitted_at=None).values_list("pk", flat=True)),
        "assignment_slug": mine and mine.course.slug,
        "assignment": mine and mine.pk,
        "order": paid and paid.pk,
        "own_slug": own.slug,
        "own_lesson": own.lessons.all()[0].pk,
        "own_course": own.pk,
        "own_quiz": own_quiz,
        "own_question": own_quiz and _first(Question.objects.filter(quiz=own_quiz).values_list("pk", flat=True)),
        "enrollment": _first(own.enrollments.order_by("-last_activity_at").values_list("pk", flat=True)),
        "submission": waiting and waiting.pk,
    }


def _first(found: Any) -> Any:
    return next(iter(found[:1]), None)
