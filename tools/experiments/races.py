"""Experiments 2, 3 and 4: concurrent token refreshes, enrollments and lesson completions."""

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
from core.models import AuditEntry
from courses import services as courses
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, LessonProgress
from tools.experiments.crowd import Answers, send_concurrently

CROWD = 20
LESSONS = 30


@dataclass
class Result:
    """The result of an experiment: the number of rounds that broke the invariant, and the responses."""

    number: str
    what: str
    rounds: int
    broken: int = 0
    answers: Answers = field(default_factory=Answers)
    notes: str = ""


# Called with the address of the site and the number of rounds.
Experiment = Callable[[str, int], Result]


def create_user(role: Role = Role.STUDENT) -> User:
    """Create a user with a unique address."""
    return User.objects.create_user(f"{uuid.uuid4().hex}@example.com", None, full_name="Test User", role=role)


def bearer_headers(user: User) -> dict[str, str]:
    """Return the Authorization header of a new session of `user`."""
    return {"Authorization": f"Bearer {start_session(user=user).access_token}"}


def create_course(lessons: int) -> Course:
    """Create a published course with this number of lessons."""
    teacher = create_user(Role.INSTRUCTOR)
    course = courses.create_course(actor=teacher, title="An experiment")
    for number in range(lessons):
        courses.add_lesson(actor=teacher, course=course, title=f"Lesson {number}")
    return courses.publish_course(actor=teacher, course=course)


def refresh_tokens(site: str, rounds: int) -> Result:
    """Run experiment 2: of twenty concurrent refreshes of one token one succeeds; a late replay ends all sessions."""
    result = Result("2", f"{CROWD} refreshes of one token at once: exactly one succeeds", rounds)
    survivors = 0
    for _round in range(rounds):
        user = create_user()
        token = start_session(user=user).refresh_token
        answers = send_concurrently(CROWD, _post(f"{site}/api/v1/auth/refresh", {}, {"refresh_token": token}))
        result.answers.add(answers)
        result.broken += answers.statuses[200] != 1
        survivors += _count_sessions_after_replay(site, user, token)
    result.notes = (
        f"{result.answers.statuses[200]} successes in {rounds} rounds; {survivors} sessions open after a replay"
    )
    return result


def _count_sessions_after_replay(site: str, user: User, token: str) -> int:
    """Replay a used token after the grace period; return how many sessions of its user are open then."""
    BlacklistedToken.objects.filter(token__user=user).update(
        blacklisted_at=timezone.now() - settings.REFRESH_REUSE_GRACE - timedelta(seconds=1)
    )
    httpx.post(f"{site}/api/v1/auth/refresh", json={"refresh_token": token})
    return user.login_sessions.filter(ended_at=None).count()


def request_certificates(site: str, rounds: int) -> Result:
    """Run experiment 3: twenty concurrent enrollments, then twenty concurrent requests for the certificate."""
    result = Result("3", f"{CROWD} enrollments at once, then {CROWD} certificate requests: one of each", rounds)
    for _round in range(rounds):
        user, course = create_user(), create_course(1)
        headers, body = bearer_headers(user), {"course_id": str(course.pk)}
        result.answers.add(send_concurrently(CROWD, _post(f"{site}/api/v1/enrollments/", headers, body)))
        enrollment = Enrollment.objects.filter(user=user).first()
        if enrollment is None:  # all twenty were refused, although one must succeed
            result.broken += 1
            continue
        enrollments.complete_lesson(actor=user, enrollment=enrollment, lesson_id=course.lessons.get().pk)
        Certificate.objects.filter(user=user).delete()  # so that the concurrent requests create it
        address = f"{site}/api/v1/certificates/generate/{enrollment.pk}"
        result.answers.add(send_concurrently(CROWD, _post(address, headers, {})))
        made = Enrollment.objects.filter(user=user).count(), Certificate.objects.filter(user=user).count()
        result.broken += made != (1, 1)
    result.notes = f"{result.broken} rounds without exactly one enrollment and one certificate"
    return result


def _post(address: str, headers: dict[str, str], body: dict[str, str]) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return the request of each client: post the same body to the same address."""
    return lambda client, _number: client.post(address, json=body, headers=headers)


def complete_lessons(site: str, rounds: int) -> Result:
    """Run experiment 4: thirty lessons, each completed twice concurrently; the course is completed once."""
    result = Result("4", f"{LESSONS} lessons twice, all at once: {LESSONS} rows, 100 %, completed once", rounds)
    for _round in range(rounds):
        user, course = create_user(), create_course(LESSONS)
        enrollment = enrollments.enroll(actor=user, user=user, course=course)
        headers, address = bearer_headers(user), f"{site}/api/v1/enrollments/{enrollment.pk}/progress"
        ids = [str(pk) for pk in course.lessons.values_list("pk", flat=True)] * 2
        answers = send_concurrently(len(ids), _complete_lesson(address, headers, ids))
        result.answers.add(answers)
        done = LessonProgress.objects.filter(enrollment=enrollment, completed_at__isnull=False).count()
        completed = AuditEntry.objects.filter(action="enrollments.completed", target_id=str(enrollment.pk)).count()
        result.broken += (done, completed) != (LESSONS, 1)
    result.notes = f"{result.broken} of {rounds} rounds had another result"
    return result


def _complete_lesson(
    address: str, headers: dict[str, str], ids: list[str]
) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return the request of each client: complete the lesson with the client's number."""
    return lambda client, number: client.put(address, json={"lesson_id": ids[number]}, headers=headers)
