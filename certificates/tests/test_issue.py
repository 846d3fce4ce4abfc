"""Tests of issuing: one certificate per enrollment, with an immutable snapshot."""

from collections.abc import Callable
from io import BytesIO

import pytest
from django.core import mail
from pypdf import PdfReader
from rest_framework.test import APIClient
from weasyprint.urls import URLFetcher

from accounts.models import User
from certificates import pdf, renderer, services
from certificates.models import Certificate
from core.models import AuditEntry
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from realtime.models import Notification
from tools.testing.plugin import complete_all_lessons
from tools.testing.races import run_concurrently


@pytest.mark.postgres
@pytest.mark.quality("K01")
@pytest.mark.django_db(transaction=True)
def test_concurrent_completion_and_requests_create_one_certificate(
    bob: User, course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    *all_but_last, last = course.lessons.values_list("pk", flat=True)
    for lesson_id in all_but_last:
        enrollments.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson_id)
    clients = [api_of(bob) for _ in range(20)]

    def send_request(number: int) -> object:
        if number == 0:
            return enrollments.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=last)
        return clients[number].post(f"/api/v1/certificates/generate/{enrollment.pk}")

    run_concurrently(20, send_request)
    responses = [clients[0].post(f"/api/v1/certificates/generate/{enrollment.pk}") for _ in range(2)]
    assert [response.status_code for response in responses] == [200, 200]
    made = Certificate.objects.get()
    assert {response.json()["id"] for response in responses} == {str(made.pk)}
    assert len([message for message in mail.outbox if "certificate" in message.subject.lower()]) == 1
    assert Notification.objects.filter(event="certificate_issued").count() == 1
    assert AuditEntry.objects.filter(action="certificates.issued").count() == 1


@pytest.mark.quality("K01")
@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_requests_create_one_certificate(
    bob: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    complete_all_lessons(enrollment)
    Certificate.objects.all().delete()
    mail.outbox.clear()
    clients = [api_of(bob) for _ in range(20)]
    outcomes = run_concurrently(
        20, lambda number: clients[number].post(f"/api/v1/certificates/generate/{enrollment.pk}")
    )
    assert sorted(outcome.status_code for outcome in outcomes) == [200] * 19 + [201]
    assert len({outcome.json()["certificate_number"] for outcome in outcomes}) == 1
    assert len(mail.outbox) == 1


@pytest.mark.quality("K01")
def test_an_incomplete_enrollment_gets_no_certificate(bob: User, enrollment: Enrollment) -> None:
    with pytest.raises(services.CertificateError) as refused:
        services.generate(actor=bob, enrollment=enrollment)
    assert refused.value.code == "not_completed"


@pytest.mark.quality("K01")
def test_generate_requires_a_completed_enrollment_of_the_caller(
    bob: User, carol: User, erin: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    address = f"/api/v1/certificates/generate/{enrollment.pk}"
    unfinished = api_of(bob).post(address)
    assert (unfinished.status_code, unfinished.json()["errors"][0]["code"]) == (409, "not_completed")
    complete_all_lessons(enrollment)
    for stranger in (carol, erin):
        assert api_of(stranger).post(address).status_code == 404
    assert Certificate.objects.get().user == bob


def test_rendering_and_emailing_again_has_no_effect(certificate: Certificate) -> None:
    sent = len(mail.outbox)
    name = certificate.pdf.name
    assert renderer.render_pdf(str(certificate.pk)) is False
    assert renderer.send_certificate_email(str(certificate.pk)) is False
    certificate.refresh_from_db()
    assert (certificate.pdf.name, len(mail.outbox)) == (name, sent)


@pytest.mark.quality("K04")
def test_downloading_a_pending_certificate_answers_409_with_retry_after(
    bob: User, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    complete_all_lessons(enrollment)  # the test's transaction never commits, so no PDF is rendered
    certificate = Certificate.objects.get()
    response = api_of(bob).get(f"/api/v1/certificates/{certificate.pk}/download")
    assert (response.status_code, response["Retry-After"]) == (409, "2")
    assert response.json()["errors"][0]["code"] == "certificate_pending"


@pytest.mark.quality("K05")
def test_later_name_changes_do_not_affect_the_certificate(bob: User, course: Course, certificate: Certificate) -> None:
    User.objects.filter(pk=bob.pk).update(full_name="Robert Renamed")
    Course.objects.filter(pk=course.pk).update(title="Another title")
    certificate.refresh_from_db()
    assert (certificate.student_name, certificate.course_title) == ("Bob Example", "Tea")


@pytest.mark.quality("K05")
def test_public_verification_shows_a_revocation(
    dan: User, certificate: Certificate, api_of: Callable[[User | None], APIClient]
) -> None:
    revoked = api_of(dan).post(f"/api/v1/certificates/{certificate.pk}/revoke", {"reason": "Issued by mistake."})
    assert revoked.json()["status"] == "revoked"
    response = api_of(None).get(f"/api/v1/certificates/verify/{certificate.certificate_number}").json()
    assert response["valid"] is False
    assert response["revoked_at"]


@pytest.mark.quality("K03")
def test_verification_exposes_public_fields_only(
    certificate: Certificate, api_of: Callable[[None], APIClient], client
) -> None:
    response = api_of(None).get(f"/api/v1/certificates/verify/{certificate.certificate_number.lower()}/")
    assert response.json().keys() == {
        "valid", "certificate_number", "student_name", "course_title", "instructor_name", "issued_at", "revoked_at",
    }  # fmt: skip
    page = client.get(f"/certificates/verify/{certificate.certificate_number}/").content.decode()
    for text in (response.content.decode(), page):
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
def test_markup_in_names_is_rendered_as_text(certificate: Certificate, text: str) -> None:
    certificate.student_name = certificate.course_title = certificate.instructor_name = text[:120]
    reader = PdfReader(BytesIO(pdf.render(certificate, issuer=text)))
    printed = "".join(reader.pages[0].extract_text().split())
    assert "".join(text.split()) in printed
    assert reader.attachments == {}
    assert "root:" not in printed


@pytest.mark.quality("K02")
def test_the_renderer_has_no_network_or_file_access(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even unescaped markup reads no file and opens no connection."""
    fetched: list[str] = []
    original = URLFetcher.fetch

    def fetch(self: object, url: str, *args: object, **kwargs: object) -> object:
        fetched.append(url)
        return original(self, url, *args, **kwargs)

    monkeypatch.setattr(URLFetcher, "fetch", fetch)
    monkeypatch.setattr(pdf, "render_to_string", lambda *args: "".join(INJECTIONS) + "<p>printed</p>")
    reader = PdfReader(BytesIO(pdf.render(certificate, issuer="")))
    assert reader.attachments == {}
    assert "root:" not in reader.pages[0].extract_text()
    assert any(url.startswith("file:") for url in fetched)


def test_the_pdf_is_one_a4_landscape_page_with_all_data(certificate: Certificate) -> None:
    reader = PdfReader(certificate.pdf.open())
    assert len(reader.pages) == 1
    width, height = reader.pages[0].mediabox.width, reader.pages[0].mediabox.height
    assert (round(width), round(height)) == (842, 595)
    text = " ".join(reader.pages[0].extract_text().split())
    for expected in ("Bob Example", "Tea", "Alice Example", certificate.certificate_number):
        assert expected in text
