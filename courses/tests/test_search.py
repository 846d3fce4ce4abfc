"""Full-text search of courses, and facet counts of the catalog."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses import services
from courses.models import Category, Course
from courses.search import search_courses
from tools.demo.sized import Size, load_sized
from tools.testing.plugin import make_course


def search_titles(words: str) -> list[str]:
    return [course.title for course in search_courses(Course.objects.published(), words)]


def test_title_matches_rank_first_and_instructors_are_searched(alice: User, erin: User) -> None:
    services.update_course(actor=erin, course=make_course(erin, "Bread", lessons=1), description="Goes well with tea.")
    make_course(alice, "Tea", lessons=1)
    services.update_course(
        actor=alice, course=make_course(alice, "Water", lessons=1), short_description="The half of every tea."
    )
    assert search_titles("tea") == ["Tea", "Water", "Bread"]
    assert search_titles("TEA bread") == ["Bread"]
    assert search_titles("erin") == ["Bread"]
    assert search_titles("alice water") == ["Water"]
    assert search_titles("coffee") == search_titles("!!!") == []


def test_search_terms_are_not_parsed_as_a_query_language(alice: User, api_of: Callable[[None], APIClient]) -> None:
    make_course(alice, "Tea", lessons=1)
    for words in ("'", "tea:*", "!tea", "tea & (", "\\", "%", "tea' | 'x", "te<->a", "a" * 200):
        assert api_of(None).get("/api/v1/courses/", {"search": words}).status_code == 200


@pytest.mark.postgres
def test_the_search_index_is_updated_with_texts_and_names(alice: User) -> None:
    course = make_course(alice, "Tea", lessons=1)
    services.update_course(actor=alice, course=course, title="Coffee", short_description="")
    assert (search_titles("tea"), search_titles("coffee")) == ([], ["Coffee"])
    User.objects.filter(pk=alice.pk).update(full_name="Alicia Nueva")
    assert (search_titles("nueva"), search_titles("example")) == (["Coffee"], [])


@pytest.mark.postgres
def test_the_search_uses_the_index(db: None) -> None:
    load_sized(Size(courses=300, students=1, lessons=1, enrollments=1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE courses_course")
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = search_courses(Course.objects.all(), "tea").explain()
    assert "courses_course_search" in plan


@pytest.fixture
def catalog(alice: User, category: Category) -> None:
    make_course(alice, "Tea", lessons=1, category=category, tags=["hot"])
    make_course(alice, "Bread", lessons=1, category=category, level="advanced", price_cents=900)
    make_course(alice, "Coffee", lessons=1, level="advanced", price_cents=2900, tags=["hot", "dark"])
    services.create_course(actor=alice, title="Draft", category=category)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"category": {"craft": 2}, "level": {"beginner": 1, "advanced": 2}, "price": {"free": 1, "paid": 2}}),
        # The counts of a facet ignore its own filter: they show the result of choosing another option.
        ("level=advanced", {"category": {"craft": 1}, "level": {"beginner": 1, "advanced": 2}, "price": {"paid": 2}}),
        ("is_free=true", {"category": {"craft": 1}, "level": {"beginner": 1}, "price": {"free": 1, "paid": 2}}),
        (
            "tag=hot",
            {"category": {"craft": 1}, "level": {"beginner": 1, "advanced": 1}, "price": {"free": 1, "paid": 1}},
        ),
        ("search=bread", {"category": {"craft": 1}, "level": {"advanced": 1}, "price": {"paid": 1}}),
        ("search=zzz", {"category": {}, "level": {}, "price": {}}),
    ],
)
def test_facets_count_the_courses_of_each_option(query: str, expected: dict, catalog: None, client: Client) -> None:
    facets = client.get(f"/courses/?{query}").context["facets"]
    assert {name: {value: n for value, n in counts.items() if value} for name, counts in facets.items()} == expected
