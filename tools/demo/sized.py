"""Generated courses, users and enrollments of any number, for benchmarks."""

import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from django.contrib.auth.hashers import make_password
from django.db import models, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Role, User
from courses.models import Category, Course, Lesson, Level, Section, Tag
from enrollments.models import Enrollment, LessonProgress, Review, Source
from instructors.models import Instructor
from tools.demo.counters import recount_courses
from tools.demo.loader import HISTORY, PASSWORD, build_progress, save_categories, save_tags

BATCH = 5_000  # rows in memory at once
COURSES_PER_TEACHER = 50
LESSONS_PER_SECTION = 4
STARTED = 0.25  # share of the enrollments that may have progress
FINISHED = 0.05  # share of the enrollments that are completed, included in STARTED
REVIEWED = 0.1  # share of the enrollments with a review
PAID = 0.3  # share of paid courses
PRICES = (900, 1900, 2400, 3900, 4900, 9900)

GIVEN_NAMES = (
    "Aiko", "Amir", "Anna", "Bilal", "Carla", "Chidi", "Dara", "Elif", "Emil", "Fatou", "Goran", "Hugo", "Ida", "Jonas",
    "Kofi", "Lena", "Luis", "Mina", "Nadia", "Noor", "Olga", "Petra", "Rafael", "Sara", "Tariq", "Uma", "Vera", "Wen",
)  # fmt: skip
FAMILY_NAMES = (
    "Abebe", "Bauer", "Costa", "Dahl", "Eriksen", "Fofana", "Garcia", "Haddad", "Ivanova", "Jansen", "Kim", "Larsen",
    "Mensah", "Nakamura", "Olsen", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Usman", "Vogel", "Weber", "Zhang",
)  # fmt: skip
APPROACHES = (
    "A first look at", "A field guide to", "The craft of", "Thinking in", "Everyday", "Practical", "A short history of",
    "Notes on", "The patient way to", "Working with", "Understanding", "A week of", "The grammar of", "Beyond",
)  # fmt: skip
TOPICS = (
    "maps", "spreadsheets", "color", "sourdough", "letters", "rivers", "time series", "joinery", "interviews",
    "databases", "moss", "icons", "proofreading", "clouds", "knots", "surveys", "posters", "compost", "translation",
    "glazes", "forecasts", "grids", "birdsong", "footnotes", "baskets", "dashboards", "hedges", "speeches", "leather",
    "sampling", "signage", "wetlands", "dictionaries", "bicycles", "queries", "book covers", "orchards", "summaries",
)  # fmt: skip
READERS = (
    "for beginners", "for teams", "for the curious", "at work", "at home", "step by step", "in practice",
    "for people in a hurry", "with a pencil", "from the start", "for teachers", "by example",
)  # fmt: skip
LESSON_TITLES = (
    "Where to start", "The tools you need", "A first attempt", "What goes wrong", "Looking closely", "A worked example",
    "Doing it again, faster", "Judging the result", "Asking for criticism", "What to learn next",
)  # fmt: skip
LESSON_TEXT = """\
Every subject looks larger from outside than from within. Pick **one** small question, and let it lead you:

1. Write the question down in one sentence.
2. Collect three examples, good or bad.
3. Say what they have in common, and check that against a fourth.

> A question that you can answer by Friday teaches more than one that you cannot.

| Step | Time |
| --- | --- |
| Question | 5 minutes |
| Examples | 20 minutes |
| Check | 10 minutes |
"""
TAGS = ("beginner-friendly", "hands-on", "reading", "weekend", "theory", "tools", "short", "project")
COMMENTS = {
    2: "Too short where it gets interesting.",
    3: "Solid, though I knew half of it.",
    4: "Clear, with examples that I could use the same day.",
    5: "The best hour I have spent on this subject.",
}

Row = TypeVar("Row", bound=models.Model)


class SizeError(ValueError):
    """The requested number of rows is impossible."""


@dataclass(frozen=True)
class Size:
    """Numbers of rows to generate; `lessons` is the number for each course."""

    courses: int
    students: int
    enrollments: int
    lessons: int = 8

    def check(self) -> None:
        """Raise SizeError if there are fewer pairs of student and course than enrollments."""
        pairs = self.courses * self.students
        if self.enrollments > pairs:
            raise SizeError(
                f"{self.enrollments} enrollments are too many: {self.students} students and {self.courses} courses "
                f"make {pairs} pairs."
            )


@transaction.atomic
def load_sized(size: Size, seed: int = 1) -> None:
    """Insert published courses, students and their enrollments, with progress and reviews for a share of them.

    The same seed on an equal database generates the same rows, including ids; a second run adds new rows. 10,000
    courses, 10,000 students and 100,000 enrollments are 370,000 rows and took 49 s of CPU on SQLite. Memory grows with
    the number of courses and lessons. No certificates, mails or notifications are created. Raises SizeError.
    """
    size.check()
    rng = random.Random(f"{seed}-{Course.objects.count()}-{User.objects.count()}")  # noqa: S311  # generated rows
    now = timezone.now()
    students = list(_build_users(size.students, Role.STUDENT, rng, now))
    teachers = list(_build_users(-(-size.courses // COURSES_PER_TEACHER), Role.INSTRUCTOR, rng, now))
    insert([*students, *teachers])
    insert(Instructor(user=teacher, title="Instructor", expertise=[]) for teacher in teachers)
    courses = list(_build_courses(size.courses, teachers, rng, now))
    insert(courses)
    insert(_build_course_tags(courses, rng))
    lessons = _save_lessons(courses, size.lessons, rng)
    _save_enrollments(size, students, courses, lessons, rng, now)
    recount_courses()


def insert(rows: Iterable[Row]) -> None:
    """Insert rows of one model in batches."""
    for batch in batches(rows):
        type(batch[0])._default_manager.bulk_create(batch)


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in lists of at most BATCH."""
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _random_id(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def _build_users(number: int, role: Role, rng: random.Random, now: datetime) -> Iterator[User]:
    """Yield unsaved users with the demo's password, hashed once."""
    password = make_password(PASSWORD)
    for _number in range(number):
        new_id = _random_id(rng)
        yield User(
            id=new_id,
            email=f"{role}-{new_id.hex[:16]}@example.com",
            full_name=f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}",
            role=role,
            password=password,
            created_at=now - HISTORY * (1 + rng.random()),
        )


def _build_courses(number: int, teachers: Sequence[User], rng: random.Random, now: datetime) -> Iterator[Course]:
    """Yield unsaved published courses, distributed among `teachers`."""
    categories: list[Category] = list(save_categories().values())
    for index in range(number):
        new_id = _random_id(rng)
        title = f"{rng.choice(APPROACHES)} {rng.choice(TOPICS)} {rng.choice(READERS)}"
        published_at = now - HISTORY * (1 + 4 * rng.random())
        yield Course(
            id=new_id,
            slug=f"{slugify(title)}-{new_id.hex[:12]}",
            title=title,
            short_description=f"{title}: small steps, and something to show at the end of each.",
            description="What you need is **paper**, an hour a week and some patience.",
            outcomes=["Ask a question that can be answered", "Judge your own work"],
            level=rng.choice(Level.values),
            price_cents=rng.choice(PRICES) if rng.random() < PAID else 0,
            category=rng.choice(categories),
            instructor=teachers[index // COURSES_PER_TEACHER],
            is_published=True,
            published_at=published_at,
            created_at=published_at,
        )


def _build_course_tags(courses: Sequence[Course], rng: random.Random) -> Iterator[models.Model]:
    """Yield two unsaved tag relations for each course."""
    tags: list[Tag] = list(save_tags(TAGS).values())
    for course in courses:
        for tag in rng.sample(tags, 2):
            yield Course.tags.through(course_id=course.pk, tag_id=tag.pk)


def _save_lessons(courses: Sequence[Course], number: int, rng: random.Random) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Insert sections and `number` lessons for each course, all with one text; return the lessons' ids by course."""
    text = Lesson(content=LESSON_TEXT)
    text.render()
    lessons: dict[uuid.UUID, list[uuid.UUID]] = {}
    for some in batches(courses):
        sections = {course.pk: list(_build_sections(course, number, rng)) for course in some}
        lessons |= {course.pk: [_random_id(rng) for _number in range(number)] for course in some}
        insert(section for course in some for section in sections[course.pk])
        insert(
            Lesson(
                id=lesson_id,
                course_id=course.pk,
                section_id=sections[course.pk][index // LESSONS_PER_SECTION].pk,
                title=LESSON_TITLES[index % len(LESSON_TITLES)],
                content=text.content,
                content_html=text.content_html,
                duration_minutes=5 + 5 * (index % 4),
                order=index + 1,
                is_preview=index == 0,
            )
            for course in some
            for index, lesson_id in enumerate(lessons[course.pk])
        )
    return lessons


def _build_sections(course: Course, lessons: int, rng: random.Random) -> Iterator[Section]:
    """Yield the unsaved sections for this number of lessons."""
    for order in range(1, -(-lessons // LESSONS_PER_SECTION) + 1):
        yield Section(id=_random_id(rng), course_id=course.pk, title=f"Part {order}", order=order)


def _save_enrollments(
    size: Size,
    students: Sequence[User],
    courses: Sequence[Course],
    lessons: dict[uuid.UUID, list[uuid.UUID]],
    rng: random.Random,
    now: datetime,
) -> None:
    """Insert enrollments of distinct pairs, with progress and reviews for a share of them."""
    pairs = rng.sample(range(size.courses * size.students), size.enrollments)
    for some in _slices(pairs):
        enrollments: list[Enrollment] = []
        progress: list[LessonProgress] = []
        for pair in some:
            course = courses[pair // size.students]
            done = lessons[course.pk][: _random_lessons_done(size.lessons, rng)]
            enrollment = Enrollment(
                id=_random_id(rng),
                user_id=students[pair % size.students].pk,
                course_id=course.pk,
                source=Source.FREE if course.is_free else Source.INVITED,
                enrolled_at=now - HISTORY * rng.random(),
            )
            progress.extend(build_progress(enrollment, done, rng, now))
            enrollment.completed_at = enrollment.last_activity_at if done and len(done) == size.lessons else None
            enrollments.append(enrollment)
        insert(enrollments)
        insert(progress)
        insert(_build_reviews(enrollments, rng))


def _slices(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers in slices of at most BATCH."""
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]


def _random_lessons_done(lessons: int, rng: random.Random) -> int:
    """Return a number of completed lessons: all for FINISHED, any for the rest of STARTED, otherwise 0."""
    drawn = rng.random()
    if drawn < FINISHED:
        return lessons
    return rng.randint(0, lessons) if drawn < STARTED else 0


def _build_reviews(enrollments: Iterable[Enrollment], rng: random.Random) -> Iterator[Review]:
    """Yield unsaved reviews for the share REVIEWED of the enrollments."""
    for enrollment in enrollments:
        if rng.random() < REVIEWED:
            stars = rng.choices(list(COMMENTS), weights=[1, 2, 5, 6])[0]
            yield Review(
                id=_random_id(rng),
                course_id=enrollment.course_id,
                user_id=enrollment.user_id,
                rating=stars,
                comment=COMMENTS[stars],
                created_at=enrollment.last_activity_at,
            )
