"""Certificates: one each, whoever asks, and what is printed stays."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.core import mail
from pypdf import PdfReader
from rest_framework.test import APIClient

from accounts.models import User
from certificates import pdf, printing, services
from certificates.models import Certificate
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from lms.platform.models import AuditEntry
from lms.testing.plugin import complete_all_lessons
from lms.testing.racing import at_once
from realtime.models import Notification


@pytest.mark.postgres
@pytest.mark.quality("K01")
@pytest.mark.django_db(transaction=True)
def test_of_twenty_requests_and_the_completion_at_once_one_certificate_is_made(
    bob: User, course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    *all_but_last, last = course.lessons.values_list("pk", flat=True)
    for lesson_id in all_but_last:
        enrollments.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson_id)
    clients = [api_of(bob) for _ in range(20)]

    def ask(number: int) -> object:
        if number == 0:
            return enrollments.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=last)
        return clients[number].post(f"/api/v1/certificates/generate/{enrollment.pk}")

    at_once(20, ask)
    answers = [clients[0].post(f"/api/v1/certificates/generate/{enrollment.pk}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    made = Certificate.objects.get()
    assert {answer.json()["id"] for answer in answers} == {str(made.pk)}
    assert len([message for message in mail.outbox if "certificate" in message.subject.lower()]) == 1
    assert Notification.objects.filter(event="certificate_issued").count() == 1
    assert AuditEntry.objects.filter(action="certificates.issued").count() == 1


@pytest.mark.quality("K01")
@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_for_a_completed_enrolment_make_one(
    bob: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    complete_all_lessons(enrollment)
    Certificate.objects.all().delete()
    mail.outbox.clear()
    clients = [api_of(bob) for _ in range(20)]
    outcomes = at_once(20, lambda number: clients[number].post(f"/api/v1/certificates/generate/{enrollment.pk}"))
    assert sorted(outcome.status_code for outcome in outcomes) == [200] * 19 + [201]
    assert len({outcome.json()["certificate_number"] for outcome in outcomes}) == 1
    assert len(mail.outbox) == 1


@pytest.mark.quality("K01")
def test_an_incomplete_enrolment_has_no_certificate(bob: User, enrollment: Enrollment) -> None:
    with pytest.raises(services.CertificateError) as refused:
        services.generate(actor=bob, enrollment=enrollment)
    assert refused.value.code == "not_completed"


@pytest.mark.quality("K01")
def test_nobody_asks_for_the_certificate_of_another_or_of_an_unfinished_course(
    bob: User, carol: User, erin: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    address = f"/api/v1/certificates/generate/{enrollment.pk}"
    unfinished = api_of(bob).post(address)
    assert (unfinished.status_code, unfinished.json()["errors"][0]["code"]) == (409, "not_completed")
    complete_all_lessons(enrollment)
    for stranger in (carol, erin):
        assert api_of(stranger).post(address).status_code == 404
    assert Certificate.objects.get().user == bob


def test_printing_twice_prints_and_writes_once(certificate: Certificate) -> None:
    sent = len(mail.outbox)
    name = certificate.pdf.name
    assert printing.print_pdf(str(certificate.pk)) is False
    assert printing.write_to_holder(str(certificate.pk)) is False
    certificate.refresh_from_db()
    assert (certificate.pdf.name, len(mail.outbox)) == (name, sent)


@pytest.mark.quality("K04")
def test_a_download_while_it_is_being_printed_says_when_to_come_back(
    bob: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    complete_all_lessons(enrollment)  # the test's transaction never commits, so nothing is printed
    certificate = Certificate.objects.get()
    answer = api_of(bob).get(f"/api/v1/certificates/{certificate.pk}/download")
    assert (answer.status_code, answer["Retry-After"]) == (409, "2")
    assert answer.json()["errors"][0]["code"] == "certificate_pending"


@pytest.mark.quality("K05")
def test_a_later_change_of_names_is_not_printed_over_it(bob: User, course: Course, certificate: Certificate) -> None:
    User.objects.filter(pk=bob.pk).update(full_name="Robert Renamed")
    Course.objects.filter(pk=course.pk).update(title="Another title")
    certificate.refresh_from_db()
    assert (certificate.student_name, certificate.course_title) == ("Bob Example", "Tea")


@pytest.mark.quality("K05")
def test_a_revoked_certificate_says_so_to_anybody(
    dan: User, certificate: Certificate, api_of: Callable[[User | None], APIClient]
) -> None:
    revoked = api_of(dan).post(f"/api/v1/certificates/{certificate.pk}/revoke", {"reason": "Issued by mistake."})
    assert revoked.json()["status"] == "revoked"
    answer = api_of(None).get(f"/api/v1/certificates/verify/{certificate.certificate_number}").json()
    assert answer["valid"] is False
    assert answer["revoked_at"]


@pytest.mark.quality("K03")
def test_verifying_tells_no_more_than_the_certificate_does(
    certificate: Certificate, api_of: Callable[[None], APIClient], client
) -> None:
    answer = api_of(None).get(f"/api/v1/certificates/verify/{certificate.certificate_number.lower()}/")
    assert answer.json().keys() == {
        "valid", "certificate_number", "student_name", "course_title", "instructor_name", "issued_at", "revoked_at",
        "revoked_reason",
    }  # fmt: skip
    page = client.get(f"/certificates/verify/{certificate.certificate_number}/").content.decode()
    for text in (answer.content.decode(), page):
        assert certificate.user.email not in text
        assert str(certificate.user.pk) not in text


INJECTIONS = [
    '<link rel="attachment" href="file:///etc/passwd">',
    '<img src="http://127.0.0.1:9/canary.png">',
    "<style>@import url(http://127.0.0.1:9/canary.css);</style>",
    '</h1><object data="file:///etc/passwd"></object>',
    "{{ 7 }}{% now 'Y' %}",
]


@pytest.mark.quality("K02")
@pytest.mark.parametrize("text", INJECTIONS)
def test_a_name_that_is_markup_is_printed_as_text(certificate: Certificate, text: str) -> None:
    certificate.student_name = certificate.course_title = certificate.instructor_name = text[:120]
    reader = PdfReader(BytesIO(pdf.render(certificate, issuer=text)))
    printed = "".join(reader.pages[0].extract_text().split())
    assert "".join(text.split()) in printed
    assert reader.attachments == {}
    assert "root:" not in printed


@pytest.mark.quality("K02")
def test_the_printer_fetches_nothing(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even markup that came past the escaping reads no file and opens no connection."""
    fetched: list[str] = []
    original = pdf.URLFetcher.fetch

    def fetch(self: object, url: str, *args: object, **kwargs: object) -> object:
        fetched.append(url)
        return original(self, url, *args, **kwargs)

    monkeypatch.setattr(pdf.URLFetcher, "fetch", fetch)
    monkeypatch.setattr(pdf, "render_to_string", lambda *args: "".join(INJECTIONS) + "<p>printed</p>")
    reader = PdfReader(BytesIO(pdf.render(certificate, issuer="")))
    assert reader.attachments == {}
    assert "root:" not in reader.pages[0].extract_text()
    assert any(url.startswith("file:") for url in fetched)


def test_the_holder_gets_one_page_a4_landscape_with_everything_on_it(certificate: Certificate) -> None:
    reader = PdfReader(certificate.pdf.open())
    assert len(reader.pages) == 1
    width, height = reader.pages[0].mediabox.width, reader.pages[0].mediabox.height
    assert (round(width), round(height)) == (842, 595)
    text = " ".join(reader.pages[0].extract_text().split())
    for expected in ("Bob Example", "Tea", "Alice Example", certificate.certificate_number):
        assert expected in text
