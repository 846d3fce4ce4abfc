"""Experiments 2, 3 and 4: refreshing, enrolling and completing, all at once."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken

from accounts.models import Role, User
from accounts.tokens import start_session
from certificates.models import Certificate
from courses import services as courses
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, LessonProgress
from lms.experiments.crowd import Answers, all_at_once
from lms.platform.models import AuditEntry

CROWD = 20
LESSONS = 30


@dataclass
class Result:
    """What an experiment found: how many of its rounds broke the invariant, and how the server answered."""

    number: str
    what: str
    rounds: int
    broken: int = 0
    answers: Answers = field(default_factory=Answers)
    notes: str = ""


# Runs on the site at this address for so many rounds.
Experiment = Callable[[str, int], Result]


def someone(role: Role = Role.STUDENT) -> User:
    """Make a user with a name of their own."""
    return User.objects.create_user(f"{uuid.uuid4().hex}@example.com", None, full_name="Somebody", role=role)


def bearer(user: User) -> dict[str, str]:
    """Return the header of a new login of `user`."""
    return {"Authorization": f"Bearer {start_session(user=user).access_token}"}


def a_course(lessons: int) -> Course:
    """Make a published course with so many lessons."""
    teacher = someone(Role.INSTRUCTOR)
    course = courses.create_course(actor=teacher, title="An experiment")
    for number in range(lessons):
        courses.add_lesson(actor=teacher, course=course, title=f"Lesson {number}")
    return courses.publish_course(actor=teacher, course=course)


def refreshes(site: str, rounds: int) -> Result:
    """Experiment 2: twenty refreshes of one token at once; one succeeds. Then a late replay leaves nothing alive."""
    result = Result("2", f"{CROWD} refreshes of one token at once: exactly one succeeds", rounds)
    survivors = 0
    for _round in range(rounds):
        user = someone()
        token = start_session(user=user).refresh_token
        answers = all_at_once(CROWD, _post(f"{site}/api/v1/auth/refresh", {}, {"refresh_token": token}))
        result.answers.add(answers)
        result.broken += answers.statuses[200] != 1
        survivors += _alive_after_replay(site, user, token)
    result.notes = f"{result.answers.statuses[200]} successes in {rounds} rounds; {survivors} alive after a replay"
    return result


def _alive_after_replay(site: str, user: User, token: str) -> int:
    """Replay a spent token after the time of grace; return how many logins of its user are alive then."""
    BlacklistedToken.objects.filter(token__user=user).update(
        blacklisted_at=timezone.now() - settings.REFRESH_REUSE_GRACE - timedelta(seconds=1)
    )
    httpx.post(f"{site}/api/v1/auth/refresh", json={"refresh_token": token})
    return user.login_sessions.filter(ended_at=None).count()


def certificates(site: str, rounds: int) -> Result:
    """Experiment 3: twenty enrolments at once; after the lesson is done, twenty requests for the certificate."""
    result = Result("3", f"{CROWD} enrol at once, then {CROWD} ask for the certificate: one of each", rounds)
    for _round in range(rounds):
        user, course = someone(), a_course(1)
        headers, body = bearer(user), {"course_id": str(course.pk)}
        result.answers.add(all_at_once(CROWD, _post(f"{site}/api/v1/enrollments/", headers, body)))
        enrollment = Enrollment.objects.filter(user=user).first()
        if enrollment is None:  # all twenty were sent away: one enrolment is what there must be
            result.broken += 1
            continue
        enrollments.complete_lesson(actor=user, enrollment=enrollment, lesson_id=course.lessons.get().pk)
        Certificate.objects.filter(user=user).delete()  # the crowd is to make it
        address = f"{site}/api/v1/certificates/generate/{enrollment.pk}"
        result.answers.add(all_at_once(CROWD, _post(address, headers, {})))
        made = Enrollment.objects.filter(user=user).count(), Certificate.objects.filter(user=user).count()
        result.broken += made != (1, 1)
    result.notes = f"{result.broken} rounds with anything but one enrolment and one certificate"
    return result


def _post(address: str, headers: dict[str, str], body: dict[str, str]) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each of a crowd does: post the same body to the same address."""
    return lambda client, _number: client.post(address, json=body, headers=headers)


def completions(site: str, rounds: int) -> Result:
    """Experiment 4: thirty lessons, each finished twice, all at once; thirty count, and the course completes once."""
    result = Result("4", f"{LESSONS} lessons twice, all at once: {LESSONS} rows, 100 %, completed once", rounds)
    for _round in range(rounds):
        user, course = someone(), a_course(LESSONS)
        enrollment = enrollments.enroll(actor=user, user=user, course=course)
        headers, address = bearer(user), f"{site}/api/v1/enrollments/{enrollment.pk}/progress"
        ids = [str(pk) for pk in course.lessons.values_list("pk", flat=True)] * 2
        answers = all_at_once(len(ids), _finish_each(address, headers, ids))
        result.answers.add(answers)
        done = LessonProgress.objects.filter(enrollment=enrollment, completed_at__isnull=False).count()
        completed = AuditEntry.objects.filter(action="enrollments.completed", target_id=str(enrollment.pk)).count()
        result.broken += (done, completed) != (LESSONS, 1)
    result.notes = f"{result.broken} of {rounds} runs ended in anything else"
    return result


def _finish_each(
    address: str, headers: dict[str, str], ids: list[str]
) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each of a crowd does: finish the lesson of its number."""
    return lambda client, number: client.put(address, json={"lesson_id": ids[number]}, headers=headers)
