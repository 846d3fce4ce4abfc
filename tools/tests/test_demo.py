"""Tests of the demo's texts, of seed_demo, and of generated rows."""

from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from certificates.models import Certificate
from courses.models import Course, Lesson, Section
from enrollments.models import Enrollment, LessonProgress, Review
from instructors.models import Instructor
from realtime.models import Notification
from tools.demo.content import ContentError, parse_course, read_courses
from tools.demo.people import read_learners, read_opinions, read_teachers

COUNTED = (User, Instructor, Course, Section, Lesson, Enrollment, LessonProgress, Review, Certificate, Notification)
FRONT_MATTER = """\
+++
title = "Knots"
category = "Craft"
instructor = "Hana Sato"
level = "beginner"
price_cents = 0
published_days_ago = 3
tags = ["rope"]
short_description = "Three knots."
outcomes = ["Tie three knots"]
description = "For sailors."
+++
"""


@pytest.fixture(autouse=True)
def development(settings):
    """Turn DEBUG on, which the test runner turns off and the demo requires."""
    settings.DEBUG = True


def seed_demo(*options):
    """Run the command; return its output."""
    output = StringIO()
    call_command("seed_demo", *options, stdout=output)
    return output.getvalue()


def count_rows():
    return {model: model.objects.count() for model in COUNTED}


def write_course(tmp_path, body, front_matter=FRONT_MATTER):
    """Write a course file; return its path."""
    path = tmp_path / "knots.md"
    path.write_text(front_matter + body, encoding="utf-8")
    return path


def check_counters():
    """Assert that the counters of every course match its rows."""
    for course in Course.objects.all():
        lessons = [lesson.duration_minutes for lesson in course.lessons.all() if lesson.is_published]
        stars = [review.rating for review in course.reviews.all()]
        assert (course.lessons_count, course.duration_minutes) == (len(lessons), sum(lessons)), course
        assert course.enrollments_count == course.enrollments.filter(is_active=True).count(), course
        assert (course.ratings_count, course.ratings_sum) == (len(stars), sum(stars)), course


# --- The texts ---------------------------------------------------------------------------------------------------


def test_every_published_course_has_at_least_five_lessons_with_long_texts():
    published = [course for course in read_courses() if course.is_published]
    assert len(published) >= 7
    for course in published:
        assert len(course.lessons) >= 5, course.slug
        assert len(course.sections) in (2, 3, 4), course.slug
        assert 3 <= len(course.outcomes) <= 5, course.slug
        assert any(lesson.is_preview for lesson in course.lessons), course.slug
        for lesson in course.lessons:
            assert len(lesson.text.split()) >= 150, f"{course.slug}: {lesson.title}"


def test_no_two_lessons_share_a_title_or_a_paragraph():
    lessons = [lesson for course in read_courses() for lesson in course.lessons]
    paragraphs = Counter(part for lesson in lessons for part in lesson.text.split("\n\n"))
    assert len({lesson.title for lesson in lessons}) == len(lessons)
    assert [part for part, times in paragraphs.items() if times > 1 and len(part) > 10] == []


def test_the_catalog_has_five_categories_two_paid_courses_and_one_draft():
    courses = read_courses()
    published = [course for course in courses if course.is_published]
    assert len({course.category for course in published}) >= 5
    assert sorted(course.price_cents for course in published if course.price_cents) == [2400, 4900]
    assert [course.instructor for course in courses if not course.is_published] == ["Ines Okafor"]


def test_users_and_reviews_refer_to_existing_courses():
    courses = {course.slug: course for course in read_courses()}
    published = {slug for slug, course in courses.items() if course.is_published}
    taken = Counter(slug for learner in read_learners() for slug in learner.courses)
    assert {course.instructor for course in courses.values()} == {teacher.name for teacher in read_teachers()}
    assert taken.keys() == published
    for slug, opinions in read_opinions().items():
        assert len(opinions) <= taken[slug], f"{slug} has more reviews than students"


def test_headings_in_code_are_kept_and_other_headings_move_up(tmp_path):
    body = "# Start\n\n## Bowline {minutes=4 preview}\n\n### How\n\n```sh\n# Turn\n### twice\n```\n"
    course = parse_course(write_course(tmp_path, body))
    assert [section.title for section in course.sections] == ["Start"]
    assert course.lessons[0].is_preview
    assert course.lessons[0].text == "# How\n\n```sh\n# Turn\n### twice\n```"


@pytest.mark.parametrize(
    ("body", "place", "problem"),
    [
        ("", "knots.md:13:", "begin the text with a section"),
        ("## Bowline {minutes=4}\nRound.\n", "knots.md:13:", "begin the text with a section"),
        ("# Start\nHello.\n", "knots.md:14:", "text belongs to a lesson"),
        ("# Start\n## Bowline\nRound.\n", "knots.md:14:", "write a lesson's heading like this"),
        ("# Start\n## Bowline {preview}\nRound.\n", "knots.md:14:", "give minutes"),
        ("# Start\n## Bowline {minutes=4 hard}\nRound.\n", "knots.md:14:", "unknown option hard"),
        ("# Start\n## Bowline {minutes=4}\n\n", "knots.md:14:", "has no text"),
    ],
)
def test_errors_in_the_text_have_file_and_line(tmp_path, body, place, problem):
    with pytest.raises(ContentError) as error:
        parse_course(write_course(tmp_path, body))
    assert str(error.value).startswith(place)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("front_matter", "message"),
    [
        ("", "knots.md:1: begin with front matter"),
        ("+++\ntitle = 1\n", "knots.md:3: the front matter has no closing"),
        (FRONT_MATTER.replace('"Craft"', "Craft"), "knots.md:3: Invalid value"),
        (FRONT_MATTER.replace("level", "# level"), "knots.md:2: missing in the front matter: level"),
        (FRONT_MATTER.replace("level", 'grade = "A"\nlevel'), "knots.md:5: grade is unknown"),
        (FRONT_MATTER.replace("price_cents = 0", 'price_cents = "0"'), "knots.md:6: price_cents is not of type int"),
    ],
)
def test_errors_in_the_front_matter_have_file_and_line(tmp_path, front_matter, message):
    with pytest.raises(ContentError) as error:
        parse_course(write_course(tmp_path, "# Start\n", front_matter))
    assert str(error.value).startswith(message)


# --- Loading --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("options", [(), ("--reset",), ("--courses", "1")])
def test_the_demo_is_not_loaded_outside_development(settings, options):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG is off"):
        seed_demo(*options)
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)  # PostgreSQL can't truncate tables with pending changes
def test_reset_deletes_all_rows_and_loads_the_same_demo(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    seed_demo()
    before = count_rows()
    User.objects.create_user("visitor@example.com", "secret", full_name="A Visitor")
    seed_demo("--reset")
    assert count_rows() == before


# --- Generated rows ----------------------------------------------------------------------------------------


def read_rows():
    """Return the generated rows as sorted values."""
    return [
        sorted(Course.objects.values_list("id", "slug", "price_cents", "enrollments_count", "ratings_sum")),
        sorted(User.objects.values_list("id", "email", "full_name")),
        sorted(Enrollment.objects.values_list("id", "user", "course", "source")),
        sorted(LessonProgress.objects.values_list("enrollment", "lesson")),
    ]


@pytest.mark.django_db
def test_the_requested_numbers_are_generated_with_distinct_pairs():
    seed_demo("--courses", "12", "--students", "30", "--enrollments", "360", "--lessons", "5")
    assert Course.objects.published().count() == 12
    assert User.objects.filter(role=Role.STUDENT).count() == 30
    assert Lesson.objects.count() == 60
    assert Enrollment.objects.values("user", "course").distinct().count() == Enrollment.objects.count() == 360
    assert LessonProgress.objects.exists()
    assert Review.objects.exists()
    assert not Certificate.objects.exists()


@pytest.mark.django_db
def test_the_same_seed_generates_the_same_rows_and_another_seed_does_not():
    size = ("--courses", "3", "--students", "8", "--enrollments", "20")
    made = []
    for seed in ("7", "7", "8"):
        with transaction.atomic():
            seed_demo(*size, "--seed", seed)
            made.append(read_rows())
            transaction.set_rollback(True)
    assert made[0] == made[1]
    assert made[0] != made[2]


@pytest.mark.django_db
def test_a_second_run_adds_rows():
    size = ("--courses", "3", "--students", "8", "--enrollments", "20")
    seed_demo(*size)
    seed_demo(*size)
    assert (Course.objects.count(), Enrollment.objects.count()) == (6, 40)
    check_counters()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--courses", "2", "--students", "3", "--enrollments", "7"), "make 6 pairs"),
        (("--courses", "1", "--reset"), "--reset can only be used without"),
        (("--courses", "-1"), "not a number of rows"),
    ],
)
def test_impossible_numbers_are_refused(options, message):
    with pytest.raises(CommandError, match=message):
        seed_demo(*options)
    assert not Course.objects.exists()


@pytest.mark.django_db
def test_ten_times_the_enrollments_need_at_most_eight_more_queries():
    size = ("--courses", "10", "--students", "40")
    with CaptureQueriesContext(connection) as few:
        seed_demo(*size, "--enrollments", "20")
    with CaptureQueriesContext(connection) as many:
        seed_demo(*size, "--enrollments", "200")
    # SQLite accepts about a thousand values per statement, so 200 rows need two or three statements and 20 need one.
    assert len(many) - len(few) <= 8
