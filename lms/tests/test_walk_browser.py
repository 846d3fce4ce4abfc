"""Browser tests of the complete flow: registration, course, certificate, verification."""

from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from accounts.models import User
from certificates.models import Certificate
from tools.testing.browser import assert_accessible
from tools.testing.plugin import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def write_a_course(page: Page, site: str, teacher: User) -> None:
    """Log in as an instructor, write a course with two lessons, and publish it."""
    page.goto(f"{site}/account/login/?next=/teach/courses/new/")
    page.get_by_label("Email").fill(teacher.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.get_by_label("Title").fill("Knots that hold")
    page.get_by_role("button", name="Create course").click()
    for title, text in (
        ("The bowline", "A loop that *never* slips."),
        ("The clove hitch", "Round, and **round** again."),
    ):
        page.get_by_role("link", name="Add lesson").click()
        page.get_by_label("Title").fill(title)
        page.get_by_label("Text").fill(text)
        expect(page.locator("#preview")).to_contain_text(text.replace("*", ""))
        page.get_by_role("button", name="Save lesson").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("is published").first).to_be_visible()


def register(page: Page, site: str) -> None:
    """Find the course as a visitor, and register to enroll."""
    page.goto(site)
    page.get_by_role("link", name="Courses").first.click()
    page.get_by_role("link", name="Knots that hold").click()
    page.get_by_role("link", name="Enroll for free").click()
    page.get_by_label("Full name").fill("Wanda Walker")
    page.get_by_label("Email").fill("wanda@example.com")
    page.get_by_label("Password").fill("a long walk home")
    page.get_by_role("main").get_by_role("button", name="Create account").click()


def test_from_registration_to_a_verified_certificate(
    page: Page, browser: Browser, live_site: str, alice: User, tmp_path: Path
) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    teaching = browser.new_page()
    write_a_course(teaching, live_site, alice)
    teaching.close()

    register(page, live_site)
    assert_accessible(page)
    page.get_by_role("button", name="Enroll for free").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The bowline")
    assert_accessible(page)

    second_tab = page.context.new_page()
    second_tab.goto(f"{live_site}/dashboard/")
    progress = second_tab.locator("[data-course-progress]").first
    expect(progress).to_contain_text("0%")

    page.get_by_role("button", name="Mark as complete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The clove hitch")
    expect(progress).to_contain_text("50%")  # without reloading the second tab
    page.get_by_role("button", name="Mark as complete").click()
    expect(page.get_by_text("You completed").first).to_be_visible()

    page.goto(f"{live_site}/certificates/")
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    pdf = Path(download.value.path()).read_bytes()
    assert "Wanda Walker" in PdfReader(BytesIO(pdf)).pages[0].extract_text()

    stranger = browser.new_page()
    stranger.goto(f"{live_site}/certificates/verify/")
    stranger.get_by_label("Certificate number").fill(
        Certificate.objects.get().certificate_number.lower().replace("-", " ")
    )
    stranger.get_by_role("button", name="Verify number").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("This certificate is valid")
    expect(stranger.get_by_text("Wanda Walker")).to_be_visible()
    stranger.close()
    assert problems == []


@pytest.mark.quality("C03")
def test_scripts_in_a_lesson_are_not_executed(page: Page, live_site: str, alice: User) -> None:
    """No dialog opens, whatever an author pastes."""
    from_author = "\n\n".join(
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[click](javascript:alert(1))",
            "<svg onload=alert(1)>",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        ]
    )
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(f"{live_site}/account/login/?next=/teach/courses/new/")
    page.get_by_label("Email").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.get_by_label("Title").fill("<script>alert(2)</script>")
    page.get_by_role("button", name="Create course").click()
    page.get_by_role("link", name="Add lesson").click()
    page.get_by_label("Title").fill("<img src=x onerror=alert(3)>")
    page.get_by_label("Text").fill(from_author)
    expect(page.locator("#preview")).to_contain_text("click")
    page.get_by_role("button", name="Save lesson").click()
    page.get_by_role("link", name="<img src=x onerror=alert(3)>").click()
    expect(page.locator("#preview")).to_contain_text("click")
    assert page.locator("#preview a[href^=javascript]").count() == 0
    assert page.locator("#preview :is(script, svg, iframe:not([sandbox]), [onerror], [onload], [srcdoc])").count() == 0
    assert dialogs == []
