"""Which pages are photographed, and as whom: the ways of a visitor, a student, a teacher and staff through the demo."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from accounts.models import User
from assignments.models import Assignment, Submission
from certificates.models import Certificate
from courses.models import Course
from enrollments.models import Enrollment
from payments.models import Order
from quizzes.models import Attempt, Quiz

PEOPLE = {
    "visitor": "",
    "student": "student@example.com",
    "instructor": "instructor@example.com",
    "admin": "admin@example.com",
}

# What a picture is called, who looks, and where. A placeholder stands for something of the demo; see `values`.
TABLE = """
home                visitor     /
catalogue           visitor     /courses/
nothing-found       visitor     /courses/?search=xyzzy
course              visitor     /courses/{open_slug}/
paid-course         visitor     /courses/{priced_slug}/
instructor          visitor     /instructors/{instructor}/
verify              visitor     /certificates/verify/
certificate         visitor     /certificates/verify/{number}/
login               visitor     /account/login/
register            visitor     /account/register/
reset               visitor     /account/reset/
not-found           visitor     /nowhere/
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
checkout            student     /checkout/{priced_slug}/
orders              student     /orders/
receipt             student     /orders/{order}/receipt/
notifications       student     /notifications/
profile             student     /account/profile/
security            student     /account/security/
close-account       student     /account/close/
teaching            instructor  /teach/
editor              instructor  /teach/courses/{own_slug}/
course-details      instructor  /teach/courses/{own_slug}/details/
lesson-form         instructor  /teach/courses/{own_slug}/lessons/{own_lesson}/
new-course          instructor  /teach/courses/new/
students            instructor  /teach/courses/{own_slug}/students/
student             instructor  /teach/courses/{own_slug}/students/{enrollment}/
gradebook           instructor  /teach/courses/{own_slug}/gradebook/
assignments         instructor  /teach/courses/{own_slug}/assignments/
quizzes             instructor  /teach/courses/{own_slug}/quizzes/
quiz-builder        instructor  /teach/quizzes/{own_quiz}/
quiz-results        instructor  /teach/quizzes/{own_quiz}/results/
course-certificates instructor  /teach/courses/{own_slug}/certificates/
grading-queue       instructor  /teach/grading/
grading             instructor  /teach/grading/{submission}/
admin               admin       /admin/
admin-users         admin       /admin/accounts/user/
admin-courses       admin       /admin/courses/course/
admin-orders        admin       /admin/payments/order/
admin-mails         admin       /admin/mails/
admin-mail          admin       /admin/mails/enrolled/en/
"""


class Place(NamedTuple):
    """One page: the name of its picture, the address of who looks at it (empty for a visitor), and where it is."""

    name: str
    person: str
    path: str


def places() -> Iterator[Place]:
    """Yield every page of the table whose things the demo has."""
    known = {name: value for name, value in values().items() if value}
    for line in TABLE.strip().splitlines():
        name, person, path = line.split()
        try:
            yield Place(name, PEOPLE[person], path.format(**known))
        except KeyError:  # the demo has no such thing yet
            continue


def values() -> dict[str, Any]:
    """Return what the table's placeholders stand for; None where the demo has nothing of the kind."""
    student = User.objects.get(email=PEOPLE["student"])
    teacher = User.objects.get(email=PEOPLE["instructor"])
    joined = Enrollment.objects.filter(user=student, completed_at=None).order_by("-last_activity_at")
    popular = Course.objects.published().order_by("-enrollments_count", "slug")
    own = popular.filter(instructor=teacher)[0]
    waiting = Submission.objects.filter(assignment__course__instructor=teacher).order_by("pk").last()
    mine = Assignment.objects.filter(course__enrollments__user=student, is_published=True).order_by("pk").last()
    attempts = Attempt.objects.filter(enrollment__user=student).order_by("started_at")
    paid = Order.objects.filter(user=student, status="completed").order_by("created_at").last()
    return {
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
        "own_quiz": _first(Quiz.objects.filter(course__instructor=teacher).values_list("pk", flat=True)),
        "enrollment": _first(own.enrollments.order_by("-last_activity_at").values_list("pk", flat=True)),
        "submission": waiting and waiting.pk,
    }


def _first(found: Any) -> Any:
    return next(iter(found[:1]), None)
