"""What pages owe search engines and slow connections: one address each, a word about themselves, few bytes."""

import gzip
import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from courses.models import Course
from lms.lib.middleware import compressed

PACKED = {"Accept-Encoding": "gzip"}
CANONICAL = re.compile(r'<link rel="canonical" href="([^"]*)">')
DESCRIPTION = re.compile(r'<meta name="description" content="([^"]+)">')


def canonical(client: Client, path: str) -> str:
    return "".join(CANONICAL.findall(client.get(path).text))


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/", "/"),
        ("/?utm_source=letter", "/"),
        ("/courses/?ordering=newest&is_free=true", "/courses/"),
        ("/courses/{slug}/?ref=bob", "/courses/{slug}/"),
    ],
)
def test_a_page_names_its_one_address(client: Client, course: Course, settings: Any, path: str, address: str) -> None:
    settings.SITE_URL = "https://campus.example"
    found = canonical(client, path.format(slug=course.slug))
    assert found == "https://campus.example" + address.format(slug=course.slug)


def test_a_course_without_a_short_description_still_says_something(client: Client, course: Course) -> None:
    Course.objects.filter(pk=course.pk).update(short_description="")
    assert DESCRIPTION.search(client.get(f"/courses/{course.slug}/").text)


def test_search_engines_are_kept_from_logins_and_answers_that_are_no_pages(client: Client) -> None:
    rules = client.get("/robots.txt")
    assert rules.headers["Content-Type"].startswith("text/plain")
    assert {"Disallow: /account/", "Disallow: /api/"} <= set(rules.text.splitlines())
    assert "Disallow: /courses/" not in rules.text


@pytest.mark.parametrize(
    "path", ["/", "/courses/", "/courses/{slug}/", "/api/v1/courses/", "/courses/{id}/pattern.svg"]
)
def test_an_answer_is_packed_for_those_who_take_it(client: Client, course: Course, path: str) -> None:
    address = path.format(slug=course.slug, id=course.pk)
    plain, packed = client.get(address), client.get(address, headers=PACKED)
    assert plain.status_code == 200
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.content) < len(plain.content)
    assert len(gzip.decompress(packed.content)) == pytest.approx(len(plain.content), abs=100)


def test_a_packed_page_is_still_a_304(client: Client, course: Course) -> None:
    tag = client.get("/courses/", headers=PACKED).headers["ETag"]
    assert client.get("/courses/", headers={**PACKED, "If-None-Match": tag}).status_code == 304


def test_the_first_pictures_of_the_catalogue_come_at_once(client: Client, course: Course) -> None:
    assert 'fetchpriority="high"' in client.get("/courses/").text


def test_a_file_is_sent_as_it_is(rf: RequestFactory) -> None:
    def video(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"moving" * 1000, content_type="video/mp4")

    assert "Content-Encoding" not in compressed(video)(rf.get("/", headers=PACKED)).headers
