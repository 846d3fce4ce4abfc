"""Every list of quizzes costs the same for two rows and for twenty."""

from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from lms.platform.models import SiteSettings
from lms.testing.plugin import person
from quizzes import attempts, authoring
from quizzes.models import Attempt, Quiz
from quizzes.tests.conftest import QUESTIONS, answers_for, begin, make_quiz

# The list, whose it is, and how many queries it may take.
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
    """A course with quizzes, and one of them with questions and attempts, Bob's and others'."""

    def __init__(self, alice: User, bob: User, course: Course) -> None:
        self.alice, self.bob, self.course = alice, bob, course
        self.quiz = make_quiz(alice, course, QUESTIONS[:2], title="The one")
        self.attempt = self.take(bob)
        self.size = 0

    def take(self, user: User) -> Any:
        """Let somebody take the quiz."""
        attempt = begin(user, self.quiz)
        return attempts.submit(actor=user, attempt=attempt, answers=answers_for(attempt, ["a", True]))

    def grow_to(self, size: int) -> None:
        """Add rows of everything until there are `size` of each; the key of the first question changes each time."""
        for number in range(self.size, size):
            make_quiz(self.alice, self.course, QUESTIONS[:1], title=f"Quiz {number}")
            authoring.add_question(actor=self.alice, quiz=self.quiz, **QUESTIONS[number % len(QUESTIONS)])
            self.take(self.bob)
            student = person(f"Student{number}")
            Enrollment.objects.create(user=student, course=self.course)
            self.take(student)
        first = self.quiz.questions.order_by("order")[0]
        authoring.change_question(actor=self.alice, question=first, correct_answer="b", points=size)
        self.size = size


def queries_of(client: Client, address: str) -> int:
    cache.clear()
    SiteSettings.current()  # the one thing that every page takes from the cache
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200, address
    return len(captured)


def test_no_list_of_quizzes_asks_more_for_twenty_rows_than_for_two(
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
    asked = {path.format(**names): (browser_of(people[who]), most) for path, (who, most) in PAGES.items()}
    asked |= {f"/api/v1/{path.format(**names)}": (api_of(people[who]), most) for path, (who, most) in API_LISTS.items()}
    ContentType.objects.get_for_models(Quiz, Attempt)  # the admin asks for them once in a process
    counts: dict[int, dict[str, int]] = {}
    for size in (2, 20):
        world.grow_to(size)
        counts[size] = {address: queries_of(client, address) for address, (client, _most) in asked.items()}
    assert counts[2] == counts[20]
    assert {address: count for address, count in counts[20].items() if count > asked[address][1]} == {}
    assert Quiz.objects.count() == 21
