"""Makes a school of any size out of word lists, for measuring."""

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
from lms.demo.counting import recount_courses
from lms.demo.loading import HISTORY, PASSWORD, progress_of, save_categories, save_tags

BATCH = 5_000  # rows that are in memory at once
COURSES_PER_TEACHER = 50
LESSONS_PER_SECTION = 4
STARTED = 0.4  # the share of the enrolments with some progress,
FINISHED = 0.1  # with all of it,
REVIEWED = 0.1  # and with a review
PAID = 0.3  # the share of the courses that cost something
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
    "maps", "spreadsheets", "colour", "sourdough", "letters", "rivers", "time series", "joinery", "interviews",
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
    """There cannot be as many rows as were asked for."""


@dataclass(frozen=True)
class Size:
    """How many rows to make; `lessons` counts those of each course."""

    courses: int
    students: int
    enrollments: int
    lessons: int = 8

    def check(self) -> None:
        """Raise SizeError where there are not enough students and courses for so many different pairs."""
        pairs = self.courses * self.students
        if self.enrollments > pairs:
            raise SizeError(
                f"{self.enrollments} enrolments do not fit: {self.students} students in {self.courses} courses "
                f"make {pairs} pairs."
            )


@transaction.atomic
def load_sized(size: Size, seed: int = 1) -> None:
    """Make published courses, students, and enrolments of those in these, with progress and reviews for a share.

    The same seed on the same database makes the same rows, ids included; on top of an earlier run it makes new ones. A
    few hundred statements per 10,000 rows on SQLite, fewer on PostgreSQL: about 10 s for 10,000 courses and 100,000
    enrolments. No certificates, no mails, no notifications. Raises SizeError.
    """
    size.check()
    rng = random.Random(f"{seed}-{Course.objects.count()}-{User.objects.count()}")  # noqa: S311  # made-up rows only
    now = timezone.now()
    students = list(_people(size.students, Role.STUDENT, rng, now))
    teachers = list(_people(-(-size.courses // COURSES_PER_TEACHER), Role.INSTRUCTOR, rng, now))
    insert([*students, *teachers])
    insert(Instructor(user=teacher, title="Teaches what she does", expertise=[]) for teacher in teachers)
    courses = list(_courses(size.courses, teachers, rng, now))
    insert(courses)
    insert(_tagged(courses, rng))
    lessons = _save_lessons(courses, size.lessons, rng)
    _save_enrollments(size, students, courses, lessons, rng, now)
    recount_courses()


def insert(rows: Iterable[Row]) -> None:
    """Insert rows of one model, BATCH in memory at a time."""
    for batch in batches(rows):
        type(batch[0])._default_manager.bulk_create(batch)


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in lists of at most BATCH."""
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _made_id(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def _people(number: int, role: Role, rng: random.Random, now: datetime) -> Iterator[User]:
    """Yield users that are not saved yet; all share the demo's password, hashed once."""
    password = make_password(PASSWORD)
    for _number in range(number):
        made_id = _made_id(rng)
        yield User(
            id=made_id,
            email=f"{role}-{made_id.hex[:16]}@example.com",
            full_name=f"{rng.choice(GIVEN_NAMES)} {rng.choice(FAMILY_NAMES)}",
            role=role,
            password=password,
            created_at=now - HISTORY * (1 + rng.random()),
        )


def _courses(number: int, teachers: Sequence[User], rng: random.Random, now: datetime) -> Iterator[Course]:
    """Yield published courses that are not saved yet, shared out among `teachers`."""
    categories: list[Category] = list(save_categories().values())
    for index in range(number):
        made_id = _made_id(rng)
        title = f"{rng.choice(APPROACHES)} {rng.choice(TOPICS)} {rng.choice(READERS)}"
        published_at = now - HISTORY * (1 + 4 * rng.random())
        yield Course(
            id=made_id,
            slug=f"{slugify(title)}-{made_id.hex[:12]}",
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


def _tagged(courses: Sequence[Course], rng: random.Random) -> Iterator[models.Model]:
    """Yield two tags for each course."""
    tags: list[Tag] = list(save_tags(TAGS).values())
    for course in courses:
        for tag in rng.sample(tags, 2):
            yield Course.tags.through(course_id=course.pk, tag_id=tag.pk)


def _save_lessons(courses: Sequence[Course], number: int, rng: random.Random) -> dict[uuid.UUID, list[Lesson]]:
    """Insert sections and `number` lessons for each course, all with one text; return the lessons by course."""
    model = Lesson(content=LESSON_TEXT)
    model.render()
    made: dict[uuid.UUID, list[Lesson]] = {}
    for some in batches(courses):
        sections = {course.pk: list(_sections(course, number, rng)) for course in some}
        insert(section for course in some for section in sections[course.pk])
        for course in some:
            made[course.pk] = [
                Lesson(
                    id=_made_id(rng),
                    course=course,
                    section=sections[course.pk][index // LESSONS_PER_SECTION],
                    title=LESSON_TITLES[index % len(LESSON_TITLES)],
                    content=LESSON_TEXT,
                    content_html=model.content_html,
                    duration_minutes=5 + 5 * (index % 4),
                    order=index + 1,
                    is_preview=index == 0,
                )
                for index in range(number)
            ]
        insert(lesson for course in some for lesson in made[course.pk])
    return made


def _sections(course: Course, lessons: int, rng: random.Random) -> Iterator[Section]:
    """Yield as many sections, not saved yet, as that many lessons need."""
    for order in range(1, -(-lessons // LESSONS_PER_SECTION) + 1):
        yield Section(id=_made_id(rng), course=course, title=f"Part {order}", order=order)


def _save_enrollments(
    size: Size,
    students: Sequence[User],
    courses: Sequence[Course],
    lessons: dict[uuid.UUID, list[Lesson]],
    rng: random.Random,
    now: datetime,
) -> None:
    """Insert the enrolments, every pair once, with the progress and the reviews of a share of them."""
    pairs = rng.sample(range(size.courses * size.students), size.enrollments)
    for some in _slices(pairs):
        enrollments: list[Enrollment] = []
        progress: list[LessonProgress] = []
        for pair in some:
            course = courses[pair // size.students]
            done = lessons[course.pk][: _lessons_done(size.lessons, rng)]
            enrollment = Enrollment(
                id=_made_id(rng),
                user=students[pair % size.students],
                course=course,
                source=Source.FREE if course.is_free else Source.INVITED,
                enrolled_at=now - HISTORY * rng.random(),
            )
            progress.extend(progress_of(enrollment, done, rng, now))
            enrollment.completed_at = enrollment.last_activity_at if done and len(done) == size.lessons else None
            enrollments.append(enrollment)
        insert(enrollments)
        insert(progress)
        insert(_reviews(enrollments, rng))


def _slices(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the numbers in slices of at most BATCH."""
    for start in range(0, len(numbers), BATCH):
        yield numbers[start : start + BATCH]


def _lessons_done(lessons: int, rng: random.Random) -> int:
    """Return how many lessons somebody has completed: none for most, all of them for FINISHED."""
    drawn = rng.random()
    if drawn < FINISHED:
        return lessons
    return rng.randint(0, lessons) if drawn < FINISHED + STARTED else 0


def _reviews(enrollments: Iterable[Enrollment], rng: random.Random) -> Iterator[Review]:
    """Yield reviews, not saved yet, by REVIEWED of the students."""
    for enrollment in enrollments:
        if rng.random() < REVIEWED:
            stars = rng.choices(list(COMMENTS), weights=[1, 2, 5, 6])[0]
            yield Review(
                id=_made_id(rng),
                course=enrollment.course,
                user=enrollment.user,
                rating=stars,
                comment=COMMENTS[stars],
                created_at=enrollment.last_activity_at,
            )
