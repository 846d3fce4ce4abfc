"""Browser tests that no script of an author or a student is executed (quality row C03)."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from accounts.models import User
from core.tests.test_markdown import PAYLOADS
from courses import attachments, services
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from lms.tests.test_learning_room_browser import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.quality("C03")]
SHORT = "<img src=x onerror=alert(1)>"
# Script elements of the page that are inline or from another origin.
FOREIGN_SCRIPTS = """() => [...document.scripts].filter(one =>
    one.textContent.trim() || new URL(one.src, location).origin !== location.origin).map(one => one.outerHTML)"""


@pytest.fixture
def poisoned(alice: User, bob: User) -> Course:
    """Return a course of Alice whose texts are all script payloads, with such a review by Bob."""
    assert len(PAYLOADS) >= 30
    whole = "\n\n".join(PAYLOADS)
    course = services.create_course(
        actor=alice, title=SHORT, short_description=f"<script>alert(1)</script> {SHORT}", description=whole,
        outcomes=PAYLOADS[:12], tags=["<svg onload=alert(1)>", "\" onfocus=alert(1) autofocus x=\""],
    )  # fmt: skip
    services.rename_section(actor=alice, section=course.sections.get(), title=SHORT)
    for number, payload in enumerate(PAYLOADS):
        services.add_lesson(
            actor=alice, course=course, title=payload.replace("\n", " ")[:120], content=payload, is_preview=number == 0
        )
    lesson = services.add_lesson(actor=alice, course=course, title="All of them", content=whole, is_preview=True)
    name = "<img src=x onerror=alert(1)>.txt"
    attachments.attach_file(actor=alice, lesson=lesson, content=SimpleUploadedFile(name, b"text", "text/plain"))
    services.publish_course(actor=alice, course=course)
    Enrollment.objects.create(
        user=bob, course=course
    )  # `enroll` sends to sockets, which Playwright's event loop forbids here
    enrollments.write_review(actor=bob, course=course, rating=1, comment=whole[:2000])
    return course


def test_no_payload_opens_a_dialog_or_adds_a_script(
    page: Page, live_site: str, alice: User, bob: User, poisoned: Course
) -> None:
    dialogs: list[str] = []
    foreign: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    last = poisoned.lessons.order_by("-order")[0]
    room = [f"/learn/{poisoned.slug}/{lesson.pk}/" for lesson in poisoned.lessons.order_by("order")]
    editor = f"/teach/courses/{poisoned.slug}/"
    visits: list[tuple[User, list[str]]] = [
        (bob, ["/", "/courses/", f"/courses/{poisoned.slug}/", "/dashboard/", *room]),
        (alice, [editor, f"{editor}details/", f"{editor}lessons/{last.pk}/", f"{editor}preview/{last.pk}/"]),
    ]
    for user, paths in visits:
        log_in(page, live_site, user, paths[-1])
        for path in paths:
            page.goto(f"{live_site}{path}")
            foreign += page.evaluate(FOREIGN_SCRIPTS)
        page.context.clear_cookies()
    page.goto(f"{live_site}/courses/{poisoned.slug}/lessons/{last.pk}/")
    foreign += page.evaluate(FOREIGN_SCRIPTS)
    # No link leads to a script.
    for link in page.locator(".prose a[href]").all():
        assert (link.get_attribute("href") or "").startswith(("http://", "https://", "mailto:", "/", "#"))
    expect(page.locator(".prose").first).to_be_visible()
    assert (
        page.locator(".prose :is(script, iframe:not([sandbox]), object, embed, form, base, meta, style, link)").count()
        == 0
    )
    assert (dialogs, foreign) == ([], [])
