"""Finding a course: the same filters on the page and in the API."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Category, Course
from lms.testing.plugin import make_course


@pytest.fixture
def shelf(alice: User, erin: User, category: Category) -> dict[str, Course]:
    tea = make_course(alice, "Tea", lessons=1, category=category, tags=["hot"])
    bread = make_course(erin, "Bread", lessons=1, price_cents=2900, level="advanced")
    coffee = make_course(alice, "Coffee", lessons=1, price_cents=900, tags=["hot", "dark"])
    Course.objects.filter(pk=tea.pk).update(ratings_count=2, ratings_sum=6, enrollments_count=1)
    Course.objects.filter(pk=bread.pk).update(ratings_count=1, ratings_sum=5, enrollments_count=9)
    return {"Tea": tea, "Bread": bread, "Coffee": coffee}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ordering=newest", ["Coffee", "Bread", "Tea"]),
        ("ordering=popular", ["Bread", "Tea", "Coffee"]),
        ("ordering=rating", ["Bread", "Tea", "Coffee"]),
        ("ordering=price", ["Tea", "Coffee", "Bread"]),
        ("ordering=-price", ["Bread", "Coffee", "Tea"]),
        ("ordering=title", ["Bread", "Coffee", "Tea"]),
        ("ordering=title&search=all about tea", ["Tea"]),
        ("ordering=title&search=alice", ["Coffee", "Tea"]),
        ("ordering=title&category=craft", ["Tea"]),
        ("ordering=title&tag=HOT", ["Coffee", "Tea"]),
        ("ordering=title&is_free=true", ["Tea"]),
        ("ordering=title&is_free=false", ["Bread", "Coffee"]),
        ("ordering=title&price_max=9", ["Coffee", "Tea"]),
        ("ordering=title&price_min=10", ["Bread"]),
        ("ordering=title&level=advanced", ["Bread"]),
    ],
)
def test_page_and_api_find_the_same(
    query: str, expected: list[str], shelf: dict[str, Course], client, api_of: Callable[[None], APIClient]
) -> None:
    found = api_of(None).get(f"/api/v1/courses/?{query}").json()["results"]
    assert [course["title"] for course in found] == expected
    assert [course.title for course in client.get(f"/courses/?{query}").context["courses"]] == expected


def test_by_instructor(shelf: dict[str, Course], erin: User, api_of: Callable[[None], APIClient]) -> None:
    found = api_of(None).get(f"/api/v1/courses/?instructor_id={erin.pk}").json()["results"]
    assert [course["title"] for course in found] == ["Bread"]
    assert found[0]["instructor"] == {"id": str(erin.pk), "full_name": "Erin Example", "title": None}


@pytest.mark.parametrize("query", ["is_free=maybe", "ordering=best", "price_min=x", "level=expert", "category=none"])
def test_an_unknown_value_is_refused_by_name_and_the_page_shows_what_it_can(
    query: str, shelf: dict[str, Course], client, api_of: Callable[[None], APIClient]
) -> None:
    answer = api_of(None).get(f"/api/v1/courses/?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, query.partition("=")[0])
    assert client.get(f"/courses/?{query}").status_code == 200


def test_the_page_of_an_address_with_a_wrong_filter_still_shows_something(shelf: dict[str, Course], client) -> None:
    answer = client.get("/courses/?ordering=best&price_min=x")
    assert answer.status_code == 200
