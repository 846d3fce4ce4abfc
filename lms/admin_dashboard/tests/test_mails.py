"""Tests for mail types, their previews, and the mail texts that staff edit."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail as outbox
from django.urls import reverse

from accounts.models import User
from core.mail import delivery, mail_types, texts
from core.mail.mail_types import MailText
from core.models import AuditEntry, MailWording
from courses.models import Course
from enrollments import services as enrollments
from tools.testing.plugin import make_staff

ENROLLED = "/admin/mails/enrolled/en/"
NAMES = [mail_type.name for mail_type in mail_types.get_mail_types()]


@pytest.fixture
def post_text(dan: User, browser_of: Any, django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    """Post the form of a mail text as an administrator; return the response."""
    browser = browser_of(dan)

    def post(address: str = ENROLLED, **fields: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return browser.post(address, fields)

    return post


def enroll_bob(bob: User, course: Course, callbacks: Any) -> Any:
    """Enroll bob; return the mail that he receives."""
    outbox.outbox.clear()
    with callbacks(execute=True):
        enrollments.enroll(actor=bob, user=bob, course=course)
    return next(one for one in outbox.outbox if one.to == [bob.email])


@pytest.mark.parametrize("name", NAMES)
def test_the_texts_of_each_mail_type_match_its_placeholders_and_sample(name: str, db: None) -> None:
    mail_type = mail_types.get_mail_type(name)
    for text in (mail_type.subject, mail_type.text, mail_type.heading, mail_type.teaser, mail_type.after):
        assert mail_type.find_unknown_placeholders(str(text)) == []
    mail = delivery.render_sample(mail_type)
    for content in (mail.subject, mail.text, mail.html):
        assert content.strip()
        assert "{" not in content.replace("{ ", "").split("</style>")[-1]
    assert str(mail_type.why) in mail.text
    if mail_type.address:
        assert mail_type.address(mail_type.sample()).split("?")[0] in mail.html
        assert str(mail_type.label) in mail.text


@pytest.mark.parametrize("name", NAMES)
def test_each_mail_type_has_a_preview_page(name: str, client: Any, db: None) -> None:
    page = client.get(f"/dev/mail/kinds/{name}/")
    assert page.status_code == 200
    light, dark = (client.get(f"/dev/mail/kinds/{name}/html/{query}") for query in ("", "?dark"))
    assert "@media not all" in light.content.decode()
    assert "@media all" in dark.content.decode()
    assert "script-src 'none'" in dark.headers["Content-Security-Policy"]


def test_an_edited_text_is_used_in_the_next_mail_and_audited(
    post_text: Any, bob: User, course: Course, django_capture_on_commit_callbacks: Any
) -> None:
    answer = post_text(subject="Welcome to {course}", text="Dear {name},\r\n\r\nit <begins> with {teacher}.")
    assert answer.status_code == 302
    mail = enroll_bob(bob, course, django_capture_on_commit_callbacks)
    html = mail.alternatives[0][0]
    assert mail.subject == f"Welcome to {course.title}"
    assert f"it <begins> with {course.instructor.full_name}." in mail.body
    assert "it &lt;begins&gt; with" in html
    for body in (mail.body, html):
        assert f"/learn/{course.slug}/" in body
        assert "You received this email because you enrolled in this course." in body
    line = AuditEntry.objects.get(action="platform.mail_worded")
    assert line.changes["subject"] == ["", "Welcome to {course}"]


def test_the_default_text_of_a_mail_can_be_restored(
    post_text: Any, bob: User, course: Course, django_capture_on_commit_callbacks: Any
) -> None:
    post_text(subject="Welcome to {course}", text="Hi.")
    assert post_text(reset="1").status_code == 302
    assert not MailWording.objects.exists()
    assert AuditEntry.objects.get(action="platform.mail_unworded").changes["subject"] == ["Welcome to {course}", ""]
    assert enroll_bob(bob, course, django_capture_on_commit_callbacks).subject == f"Welcome to {course.title}"


@pytest.mark.parametrize(
    "text", ["Dear {nam}", "{user.password}", "{{ settings.SECRET_KEY }}", "{% load x %}", "{name.__class__}", "{}"]
)
def test_unknown_placeholders_are_rejected_with_a_list_of_the_known_ones(text: str, post_text: Any) -> None:
    for fields in ({"subject": "Hello", "text": text}, {"subject": text, "text": "Hello"}):
        answer = post_text(**fields)
        assert answer.status_code == 400
        assert "Use any of these: {name}, {course}, {teacher}." in answer.content.decode()
    assert not MailWording.objects.exists()


def test_the_service_rejects_unknown_placeholders(dan: User) -> None:
    mail_type = mail_types.get_mail_type("enrolled")
    with pytest.raises(texts.MailTextError, match=r"Unknown placeholders: \{nam\}"):
        texts.save_mail_text(actor=dan, mail_type=mail_type, language="en", text=MailText("Hello", "Dear {nam}"))


def test_braces_inside_a_value_are_not_replaced(
    post_text: Any, bob: User, course: Course, django_capture_on_commit_callbacks: Any
) -> None:
    Course.objects.filter(pk=course.pk).update(title="{teacher} {{ settings }}")
    course.refresh_from_db()
    post_text(subject="{course}", text="{course}")
    mail = enroll_bob(bob, course, django_capture_on_commit_callbacks)
    assert mail.subject == "{teacher} {{ settings }}"
    assert "{teacher} {{ settings }}" in mail.body


def test_a_preview_shows_the_unsaved_text(post_text: Any) -> None:
    content = post_text(f"{ENROLLED}preview/", subject="Unsaved {course}", text="Dear {name}", **{"as": "html"})
    assert "Unsaved A working introduction to SQL" in content.content.decode()
    assert content.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "script-src 'none'" in content.headers["Content-Security-Policy"]
    text = post_text(f"{ENROLLED}preview/", subject="Unsaved {course}", text="Dear {name}", **{"as": "text"})
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "Dear Maya" in text.content.decode()
    refused = post_text(f"{ENROLLED}preview/", subject="Hello", text="Dear {nam}")
    assert (refused.status_code, "Unknown placeholders: {nam}" in refused.content.decode()) == (400, True)
    assert not MailWording.objects.exists()


def test_each_language_has_its_own_text(post_text: Any, bob: User, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    post_text("/admin/mails/enrolled/de/", subject="Willkommen: {course}", text="Hallo {name}")
    mail_type = mail_types.get_mail_type("enrolled")
    assert delivery.render_sample(mail_type, language="de").subject.startswith("Willkommen: ")
    assert delivery.render_sample(mail_type, language="en").subject.startswith("Welcome to ")


def test_the_list_marks_edited_mail_texts(post_text: Any, dan: User, browser_of: Any) -> None:
    post_text(subject="Hi", text="Hi {name}")
    page = browser_of(dan).get(reverse("admin:mails")).content.decode()
    assert page.count(">edited<") == 1
    assert page.count('class="mail-language"') == len(NAMES) * len(django_settings.LANGUAGES)


@pytest.mark.parametrize("group", ["Support", "Content", "Finance"])
def test_only_administrators_can_edit_mail_texts(group: str, browser_of: Any, db: None) -> None:
    browser = browser_of(make_staff(group, "Fay"))
    for address in (reverse("admin:mails"), ENROLLED, f"{ENROLLED}preview/"):
        assert browser.get(address).status_code == 403
    assert browser.post(ENROLLED, {"subject": "Mine", "text": "Mine"}).status_code == 403


def test_unknown_mail_types_and_languages_are_not_found(dan: User, browser_of: Any) -> None:
    browser = browser_of(dan)
    for address in ("/admin/mails/none/en/", "/admin/mails/enrolled/xx/", "/admin/mails/enrolled/xx/preview/"):
        assert browser.get(address).status_code == 404


def test_a_cached_mail_text_needs_no_query(post_text: Any, django_assert_num_queries: Any, dan: User) -> None:
    post_text(subject="Hi", text="Hi {name}")
    mail_type = mail_types.get_mail_type("enrolled")
    delivery.render_sample(mail_type)
    with django_assert_num_queries(0):
        delivery.render_sample(mail_type)
