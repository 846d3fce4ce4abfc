"""Every list of quizzes takes the same number of queries for 2 rows and for 20."""

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from core.models import SiteSettings
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor
from quizzes.models import Attempt, Quiz
from quizzes.tests.conftest import QUESTIONS, answers_for, begin, make_quiz
from tools.testing.plugin import make_user

# Page, user, and maximum number of queries.
PAGES = {
    "/quizzes/{quiz}/": ("bob", 12),
    "/quizzes/attempts/{attempt}/review/": ("bob", 12),
    "/teach/courses/tea/quizzes/": ("alice", 8),
    "/teach/quizzes/{quiz}/": ("alice", 8),
    "/teach/quizzes/{quiz}/results/": ("alice", 12),
    "/teach/quizzes/{quiz}/results.csv": ("alice", 8),
    "/teach/quizzes/{quiz}/regrade/": ("alice", 10),
    "/teach/quizzes/attempts/{attempt}/": ("alice", 12),
    "/admin/quizzes/quiz/": ("dan", 10),
    "/admin/quizzes/quiz/{quiz}/change/": ("dan", 12),
    "/admin/quizzes/questionversion/": ("dan", 10),
    "/admin/quizzes/attempt/": ("dan", 10),
    "/admin/quizzes/attempt/{attempt}/change/": ("dan", 12),
}
API_LISTS = {
    "quizzes/": ("bob", 6),
    "quizzes/{quiz}/attempts/": ("bob", 6),
    "quizzes/{quiz}/questions/": ("alice", 6),
    "quizzes/{quiz}/results": ("alice", 6),
    "quizzes/{quiz}/regrade": ("alice", 8),
}


class World:
    """A course with quizzes, one of which has questions and attempts of several students."""

    def __init__(self, alice: User, bob: User, course: Course) -> None:
        self.alice, self.bob, self.course = alice, bob, course
        self.quiz = make_quiz(alice, course, QUESTIONS[:2], title="The one")
        self.attempt = self.take(bob)
        self.size = 0

    def take(self, user: User) -> Any:
        """Start and submit an attempt of `user`."""
        attempt = begin(user, self.quiz)
        return attempts.submit_attempt(actor=user, attempt=attempt, answers=answers_for(attempt, ["a", True]))

    def grow_to(self, size: int) -> None:
        """Add rows until there are `size` of each kind, and change the key of the first question."""
        for number in range(self.size, size):
            make_quiz(self.alice, self.course, QUESTIONS[:1], title=f"Quiz {number}")
            editor.add_question(actor=self.alice, quiz=self.quiz, **QUESTIONS[number % len(QUESTIONS)])
            self.take(self.bob)
            student = make_user(f"Student{number}")
            Enrollment.objects.create(user=student, course=self.course)
            self.take(student)
        first = self.quiz.questions.order_by("order")[0]
        editor.change_question(actor=self.alice, question=first, correct_answer="b", points=size)
        self.size = size


def count_queries(client: Client, address: str) -> int:
    cache.clear()
    SiteSettings.current()  # every page reads the settings from the cache
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200, address
    return len(captured)


def test_lists_of_quizzes_take_as_many_queries_for_20_rows_as_for_2(
    alice: User,
    bob: User,
    dan: User,
    course: Course,
    enrollment: Enrollment,
    browser_of: Callable[..., Client],
    api_of: Callable[..., APIClient],
) -> None:
    dan.is_staff = dan.is_superuser = True
    dan.save()
    world, people = World(alice, bob, course), {"alice": alice, "bob": bob, "dan": dan}
    names = {"quiz": world.quiz.pk, "attempt": world.attempt.pk}
    limits = {path.format(**names): (browser_of(people[who]), limit) for path, (who, limit) in PAGES.items()}
    limits |= {
        f"/api/v1/{path.format(**names)}": (api_of(people[who]), limit) for path, (who, limit) in API_LISTS.items()
    }
    ContentType.objects.get_for_models(Quiz, Attempt)  # cached per process
    counts: dict[int, dict[str, int]] = {}
    for size in (2, 20):
        world.grow_to(size)
        counts[size] = {address: count_queries(client, address) for address, (client, _limit) in limits.items()}
    assert counts[2] == counts[20]
    assert {address: count for address, count in counts[20].items() if count > limits[address][1]} == {}
    assert Quiz.objects.count() == 21
