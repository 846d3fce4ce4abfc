"""Tests for public pages: canonical URLs, descriptions, robots.txt and compression."""

import gzip
import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from core.http.middleware import compress_responses
from courses.models import Course

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
def test_a_page_has_a_canonical_url_without_its_query(
    client: Client, course: Course, settings: Any, path: str, address: str
) -> None:
    settings.SITE_URL = "https://campus.example"
    found = canonical(client, path.format(slug=course.slug))
    assert found == "https://campus.example" + address.format(slug=course.slug)


def test_a_course_without_a_short_description_has_a_meta_description(client: Client, course: Course) -> None:
    Course.objects.filter(pk=course.pk).update(short_description="")
    assert DESCRIPTION.search(client.get(f"/courses/{course.slug}/").text)


def test_robots_txt_excludes_the_login_and_the_api(client: Client) -> None:
    rules = client.get("/robots.txt")
    assert rules.headers["Content-Type"].startswith("text/plain")
    assert {"Disallow: /account/", "Disallow: /api/"} <= set(rules.text.splitlines())
    assert "Disallow: /courses/" not in rules.text


@pytest.mark.parametrize(
    "path", ["/", "/courses/", "/courses/{slug}/", "/api/v1/courses/", "/courses/{id}/pattern.svg"]
)
def test_responses_are_compress_responses_if_the_client_accepts_it(client: Client, course: Course, path: str) -> None:
    address = path.format(slug=course.slug, id=course.pk)
    plain, packed = client.get(address), client.get(address, headers=PACKED)
    assert plain.status_code == 200
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.content) < len(plain.content)
    assert len(gzip.decompress(packed.content)) == pytest.approx(len(plain.content), abs=100)


def test_a_compress_responses_page_supports_304(client: Client, course: Course) -> None:
    tag = client.get("/courses/", headers=PACKED).headers["ETag"]
    assert client.get("/courses/", headers={**PACKED, "If-None-Match": tag}).status_code == 304


def test_the_first_images_of_the_catalog_have_high_priority(client: Client, course: Course) -> None:
    assert 'fetchpriority="high"' in client.get("/courses/").text


def test_files_are_not_compress_responses(rf: RequestFactory) -> None:
    def video(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"moving" * 1000, content_type="video/mp4")

    assert "Content-Encoding" not in compress_responses(video)(rf.get("/", headers=PACKED)).headers
