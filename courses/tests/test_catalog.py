"""Filters and sort orders of the catalog, on the page and in the API."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Category, Course
from tools.testing.plugin import make_course


@pytest.fixture
def catalog(alice: User, erin: User, category: Category) -> dict[str, Course]:
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
def test_page_and_api_list_the_same_courses(
    query: str, expected: list[str], catalog: dict[str, Course], client, api_of: Callable[[None], APIClient]
) -> None:
    results = api_of(None).get(f"/api/v1/courses/?{query}").json()["results"]
    assert [course["title"] for course in results] == expected
    assert [course.title for course in client.get(f"/courses/?{query}").context["courses"]] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ordering=price", ["Dinar", "Euro", "Yen"]),
        ("ordering=-price", ["Yen", "Euro", "Dinar"]),
        ("ordering=title&price_min=500", ["Yen"]),
        ("ordering=title&price_max=499", ["Dinar", "Euro"]),
        ("ordering=title&price_min=20", ["Euro", "Yen"]),
        ("ordering=title&price_max=20", ["Dinar"]),
        ("ordering=title&price_min=4.501", ["Euro", "Yen"]),
        ("ordering=title&price_max=4.499", []),
    ],
)
def test_prices_are_compared_in_the_major_unit_of_their_currency(
    query: str, expected: list[str], alice: User, client, api_of: Callable[[None], APIClient]
) -> None:
    for title, price_cents, currency in (("Yen", 500, "JPY"), ("Euro", 2900, "EUR"), ("Dinar", 4500, "KWD")):
        make_course(alice, title, lessons=1, price_cents=price_cents, currency=currency)
    results = api_of(None).get(f"/api/v1/courses/?{query}").json()["results"]
    assert [course["title"] for course in results] == expected
    assert [course.title for course in client.get(f"/courses/?{query}").context["courses"]] == expected


def test_the_api_filters_by_instructor(
    catalog: dict[str, Course], erin: User, api_of: Callable[[None], APIClient]
) -> None:
    results = api_of(None).get(f"/api/v1/courses/?instructor_id={erin.pk}").json()["results"]
    assert [course["title"] for course in results] == ["Bread"]
    assert results[0]["instructor"] == {"id": str(erin.pk), "full_name": "Erin Example", "title": None}


@pytest.mark.parametrize("query", ["is_free=maybe", "ordering=best", "price_min=x", "level=expert", "category=none"])
def test_an_invalid_filter_is_400_in_the_api_and_ignored_on_the_page(
    query: str, catalog: dict[str, Course], client, api_of: Callable[[None], APIClient]
) -> None:
    answer = api_of(None).get(f"/api/v1/courses/?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, query.partition("=")[0])
    assert client.get(f"/courses/?{query}").status_code == 200


def test_the_page_ignores_several_invalid_filters(catalog: dict[str, Course], client) -> None:
    answer = client.get("/courses/?ordering=best&price_min=x")
    assert answer.status_code == 200
