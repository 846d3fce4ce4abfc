"""The site's mails: every kind can be looked at, and staff word them without touching what they must not lose."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail as outbox
from django.urls import reverse

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from lms.lib import mail, mail_kinds
from lms.lib.mail_kinds import Wording
from lms.platform import wordings
from lms.platform.models import AuditEntry, MailWording
from lms.testing.plugin import staff_of

ENROLLED = "/admin/mails/enrolled/en/"
KINDS = [kind.name for kind in mail_kinds.every_kind()]


@pytest.fixture
def word(dan: User, browser_of: Any, django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    """Word a mail as an administrator does; return the answer."""
    browser = browser_of(dan)

    def worded(address: str = ENROLLED, **fields: str) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return browser.post(address, fields)

    return worded


def welcome(bob: User, course: Course, callbacks: Any) -> Any:
    """Enrol bob; return the mail that he gets."""
    outbox.outbox.clear()
    with callbacks(execute=True):
        enrollments.enroll(actor=bob, user=bob, course=course)
    return next(one for one in outbox.outbox if one.to == [bob.email])


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_mail_has_words_and_a_sample_that_fit_each_other(name: str, db: None) -> None:
    kind = mail_kinds.kind_of(name)
    for text in (kind.subject, kind.text, kind.heading, kind.teaser, kind.after):
        assert kind.unknown(str(text)) == []
    letter = mail.sample(kind)
    for shown in (letter.subject, letter.text, letter.html):
        assert shown.strip()
        assert "{" not in shown.replace("{ ", "").split("</style>")[-1]
    assert str(kind.why) in letter.text
    if kind.address:
        assert kind.address(kind.sample()).split("?")[0] in letter.html
        assert str(kind.label) in letter.text


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_mail_can_be_looked_at(name: str, client: Any, db: None) -> None:
    page = client.get(f"/dev/mail/kinds/{name}/")
    assert page.status_code == 200
    light, dark = (client.get(f"/dev/mail/kinds/{name}/html/{query}") for query in ("", "?dark"))
    assert "@media not all" in light.content.decode()
    assert "@media all" in dark.content.decode()
    assert "script-src 'none'" in dark.headers["Content-Security-Policy"]


def test_words_of_the_site_reach_the_next_mail_as_text_and_html_and_the_audit_log(
    word: Any, bob: User, course: Course, django_capture_on_commit_callbacks: Any
) -> None:
    answer = word(subject="Welcome to {course}", text="Dear {name},\r\n\r\nit <begins> with {teacher}.")
    assert answer.status_code == 302
    letter = welcome(bob, course, django_capture_on_commit_callbacks)
    html = letter.alternatives[0][0]
    assert letter.subject == f"Welcome to {course.title}"
    assert f"it <begins> with {course.instructor.full_name}." in letter.body
    assert "it &lt;begins&gt; with" in html
    for body in (letter.body, html):
        assert f"/learn/{course.slug}/" in body
        assert "You get this mail because you enrolled in this course." in body
    line = AuditEntry.objects.get(action="platform.mail_worded")
    assert line.changes["subject"] == ["", "Welcome to {course}"]


def test_a_mail_can_be_taken_back_to_what_it_came_with(
    word: Any, bob: User, course: Course, django_capture_on_commit_callbacks: Any
) -> None:
    word(subject="Welcome to {course}", text="Hi.")
    assert word(reset="1").status_code == 302
    assert not MailWording.objects.exists()
    assert AuditEntry.objects.get(action="platform.mail_unworded").changes["subject"] == ["Welcome to {course}", ""]
    assert welcome(bob, course, django_capture_on_commit_callbacks).subject == f"You are in: {course.title}"


@pytest.mark.parametrize(
    "text", ["Dear {nam}", "{user.password}", "{{ settings.SECRET_KEY }}", "{% load x %}", "{name.__class__}", "{}"]
)
def test_names_that_a_mail_does_not_know_are_refused_with_those_that_it_does(text: str, word: Any) -> None:
    for fields in ({"subject": "Hello", "text": text}, {"subject": text, "text": "Hello"}):
        answer = word(**fields)
        assert answer.status_code == 400
        assert "It knows {name}, {course}, {teacher}." in answer.content.decode()
    assert not MailWording.objects.exists()


def test_the_service_refuses_them_too(dan: User) -> None:
    kind = mail_kinds.kind_of("enrolled")
    with pytest.raises(wordings.WordingError, match=r"knows nothing of \{nam\}"):
        wordings.word_mail(actor=dan, kind=kind, language="en", wording=Wording("Hello", "Dear {nam}"))


def test_braces_in_a_value_are_a_value(
    word: Any, bob: User, course: Course, django_capture_on_commit_callbacks: Any
) -> None:
    Course.objects.filter(pk=course.pk).update(title="{teacher} {{ settings }}")
    course.refresh_from_db()
    word(subject="{course}", text="{course}")
    letter = welcome(bob, course, django_capture_on_commit_callbacks)
    assert letter.subject == "{teacher} {{ settings }}"
    assert "{teacher} {{ settings }}" in letter.body


def test_a_preview_shows_what_is_not_saved(word: Any) -> None:
    shown = word(f"{ENROLLED}preview/", subject="Unsaved {course}", text="Dear {name}", **{"as": "html"})
    assert "Unsaved A working introduction to SQL" in shown.content.decode()
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "script-src 'none'" in shown.headers["Content-Security-Policy"]
    text = word(f"{ENROLLED}preview/", subject="Unsaved {course}", text="Dear {name}", **{"as": "text"})
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "Dear Maya" in text.content.decode()
    refused = word(f"{ENROLLED}preview/", subject="Hello", text="Dear {nam}")
    assert (refused.status_code, "knows nothing of {nam}" in refused.content.decode()) == (400, True)
    assert not MailWording.objects.exists()


def test_each_language_has_words_of_its_own(word: Any, bob: User, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    word("/admin/mails/enrolled/de/", subject="Willkommen: {course}", text="Hallo {name}")
    kind = mail_kinds.kind_of("enrolled")
    assert mail.sample(kind, language="de").subject.startswith("Willkommen: ")
    assert mail.sample(kind, language="en").subject.startswith("You are in: ")


def test_the_list_says_which_mails_the_site_words_itself(word: Any, dan: User, browser_of: Any) -> None:
    word(subject="Hi", text="Hi {name}")
    page = browser_of(dan).get(reverse("admin:mails")).content.decode()
    assert page.count("in your words") == 1
    assert page.count('class="mail-language"') == len(KINDS) * len(django_settings.LANGUAGES)


@pytest.mark.parametrize("group", ["Support", "Content", "Finance"])
def test_only_administrators_word_mails(group: str, browser_of: Any, db: None) -> None:
    browser = browser_of(staff_of(group, "Fay"))
    for address in (reverse("admin:mails"), ENROLLED, f"{ENROLLED}preview/"):
        assert browser.get(address).status_code == 403
    assert browser.post(ENROLLED, {"subject": "Mine", "text": "Mine"}).status_code == 403


def test_mails_and_languages_that_there_are_not_are_not_found(dan: User, browser_of: Any) -> None:
    browser = browser_of(dan)
    for address in ("/admin/mails/none/en/", "/admin/mails/enrolled/xx/", "/admin/mails/enrolled/xx/preview/"):
        assert browser.get(address).status_code == 404


def test_a_mail_takes_no_query_for_its_words_once_they_are_known(
    word: Any, django_assert_num_queries: Any, dan: User
) -> None:
    word(subject="Hi", text="Hi {name}")
    kind = mail_kinds.kind_of("enrolled")
    mail.sample(kind)
    with django_assert_num_queries(0):
        mail.sample(kind)
