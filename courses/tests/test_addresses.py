"""URLs that instructors enter: only public ones are accepted, and the site never fetches them (quality row C07)."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course, Lesson
from enrollments.models import Enrollment
from tools.testing.urls import list_paths

pytestmark = pytest.mark.quality("C07")
REJECTED = (
    "javascript:alert(1)", "JAVASCRIPT:alert(1)", " javascript:alert(1)", "file:///etc/passwd", "ftp://a.test/x",
    "data:text/html,x", "gopher://a.test/", "169.254.169.254", "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:8000/x.mp4", "http://localhost/x.mp4", "http://10.0.0.1/x.mp4", "http://192.168.1.1/",
    "http://[::1]/x.mp4", "http://[::ffff:169.254.169.254]/", "http://[fe80::1]/", "http://0.0.0.0/",
    "http://2130706433/", "http://0x7f.1/", "http://metadata.google.internal/", "//a.test/x.mp4",
)  # fmt: skip


@pytest.mark.parametrize("address", REJECTED)
def test_urls_of_private_networks_and_other_schemes_are_rejected(
    address: str, alice: User, course: Course, api_of: Callable[[User], APIClient], browser_of: Callable[[User], Client]
) -> None:
    client = api_of(alice)
    assert client.patch(f"/api/v1/courses/{course.pk}", {"thumbnail_url": address}).status_code == 400
    lesson = {"title": "New", "video_url": address}
    assert client.post(f"/api/v1/courses/{course.pk}/lessons/", lesson).status_code == 400
    first = course.lessons.order_by("order")[0]
    assert client.patch(f"/api/v1/courses/{course.pk}/lessons/{first.pk}", {"video_url": address}).status_code == 400
    form = {"title": "New", "section": course.sections.get().pk, "content": "", "duration_minutes": 5}
    page = browser_of(alice).post(f"/teach/courses/{course.slug}/lessons/new/", {**form, "video_url": address})
    # The form adds https:// to a URL without a scheme, as browsers do.
    if page.status_code == 302:
        assert address in ("169.254.169.254", "//a.test/x.mp4")
    course.refresh_from_db()
    assert (course.thumbnail_url, course.lessons.exclude(video_url=None).filter(video_url=address).count()) == (None, 0)


def test_public_urls_are_accepted(alice: User, course: Course, api_of: Callable[[User], APIClient]) -> None:
    for address in ("https://example.com/a.png", "http://8.8.8.8/a.png", "https://xn--bcher-kva.example/a.png"):
        answer = api_of(alice).patch(f"/api/v1/courses/{course.pk}", {"thumbnail_url": address})
        assert (answer.status_code, answer.json()["thumbnail_url"]) == (200, address)


@pytest.fixture
def http_server() -> Iterator[tuple[str, list[str]]]:
    """Run an HTTP server; return its URL and the paths that were requested from it."""
    hits: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_HEAD = do_POST = do_GET  # noqa: N815  # the library's names

        def log_message(self, format: str, *args: Any) -> None:
            """Write no log."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", hits
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def test_the_site_never_fetches_linked_urls(
    http_server: tuple[str, list[str]],
    alice: User,
    course: Course,
    enrollment: Enrollment,
    api_of: Callable[[User], APIClient],
    browser_of: Callable[[User], Client],
) -> None:
    """The rows are written directly, as if a URL had passed the validation."""
    address, hits = http_server
    Course.objects.filter(pk=course.pk).update(
        thumbnail_url=f"{address}/thumbnail.png", description=f"![x]({address}/description.png)"
    )
    for lesson in course.lessons.all():
        lesson.content = f"![x]({address}/lesson.png) <{address}/link>"
        lesson.render()
        Lesson.objects.filter(pk=lesson.pk).update(
            video_url=f"{address}/video.mp4", content=lesson.content, content_html=lesson.content_html
        )
    course.refresh_from_db()
    for user in (alice, enrollment.user):
        browser, api = browser_of(user), api_of(user)
        for path in list_paths("/", course=course, enrollment=enrollment):
            b"".join((api if path.startswith("/api/") else browser).get(path))
    browser_of(alice).post("/teach/preview/", {"content": f"![x]({address}/preview.png)"})
    assert hits == []
