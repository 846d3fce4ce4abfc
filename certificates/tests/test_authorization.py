"""Tests of revoking, reissuing and templates in the API and the admin, and of permissions."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from PIL import Image
from pypdf import PdfReader
from rest_framework.test import APIClient

from accounts.models import User
from certificates import designs, renderer, services
from certificates.designs import CertificateTemplate, CourseTemplate, PageSize
from certificates.models import Certificate
from core.models import AuditEntry
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from tools.testing.plugin import complete_all_lessons, make_course, make_staff
from tools.testing.races import run_concurrently


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 90)) -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("L", size, 200).save(content, kind)
    return SimpleUploadedFile(f"signature.{kind.lower()}", content.getvalue())


@pytest.fixture
def admin(dan: User, browser_of: Callable[[User], Client]) -> Client:
    """Client of Dan as a superuser."""
    User.objects.filter(pk=dan.pk).update(is_staff=True, is_superuser=True)
    return browser_of(User.objects.get(pk=dan.pk))


@pytest.mark.quality("K05")
def test_revoking_emails_the_holder_once_and_is_audited(
    dan: User, certificate: Certificate, django_capture_on_commit_callbacks: Callable
) -> None:
    mail.outbox.clear()
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            services.revoke(actor=dan, certificate=certificate, reason="Issued by mistake.")
    (message,) = mail.outbox
    assert message.to == [certificate.user.email]
    assert "Issued by mistake." in message.body
    assert renderer.send_revocation_email(str(certificate.pk)) is False
    (entry,) = AuditEntry.objects.filter(action="certificates.revoked")
    assert (entry.actor_id, entry.changes) == (dan.pk, {"reason": "Issued by mistake."})


@pytest.mark.quality("K05")
def test_reissuing_uses_the_new_name_and_revokes_the_old_certificate(
    bob: User, dan: User, certificate: Certificate, api_of: Callable, django_capture_on_commit_callbacks: Callable
) -> None:
    mail.outbox.clear()
    User.objects.filter(pk=bob.pk).update(full_name="Robert Renamed")
    with django_capture_on_commit_callbacks(execute=True):
        response = api_of(dan).post(f"/api/v1/certificates/{certificate.pk}/reissue", {"reason": "A new name."})
    assert response.status_code == 201
    new = Certificate.objects.get(pk=response.json()["id"])
    certificate.refresh_from_db()
    assert new.student_name == "Robert Renamed"
    assert new.certificate_number != certificate.certificate_number
    assert (certificate.student_name, certificate.revoked_reason, certificate.enrollment) == (
        "Bob Example", "A new name.", None,
    )  # fmt: skip
    assert "Robert Renamed" in PdfReader(new.pdf.open()).pages[0].extract_text()
    (message,) = mail.outbox
    assert certificate.certificate_number in message.body
    assert AuditEntry.objects.filter(action="certificates.reissued").count() == 1
    old = api_of(None).get(f"/api/v1/certificates/verify/{certificate.certificate_number}").json()
    assert (old["valid"], "A new name." in str(old)) == (False, False)
    again = api_of(dan).post(f"/api/v1/certificates/{certificate.pk}/reissue", {"reason": "Again."})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "already_replaced")
    assert api_of(bob).post(f"/api/v1/certificates/generate/{new.enrollment_id}").json()["id"] == str(new.pk)


@pytest.mark.quality("K05")
def test_holders_cannot_reissue_a_revoked_certificate(
    bob: User, dan: User, certificate: Certificate, api_of: Callable
) -> None:
    services.revoke(actor=dan, certificate=certificate, reason="Copied homework.")
    response = api_of(bob).post(f"/api/v1/certificates/generate/{certificate.enrollment_id}")
    assert (response.status_code, response.json()["status"]) == (200, "revoked")
    assert api_of(bob).post(f"/api/v1/certificates/{certificate.pk}/reissue", {"reason": "Mine!"}).status_code == 403


@pytest.mark.postgres
@pytest.mark.quality("K01")
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_reissues_create_one_certificate(dan: User, enrollment: Enrollment) -> None:
    complete_all_lessons(enrollment)
    old = Certificate.objects.get()
    run_concurrently(10, lambda _number: services.reissue(actor=dan, certificate=old, reason="A new name."))
    assert Certificate.objects.count() == 2
    assert Certificate.objects.filter(revoked_at=None).count() == 1


def test_a_valid_certificate_requires_an_enrollment(certificate: Certificate) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.filter(pk=certificate.pk).update(enrollment=None)


@pytest.mark.parametrize(("group", "is_revoked"), [("Content", True), ("Support", False)])
def test_only_content_staff_can_revoke_in_the_admin(
    group: str, is_revoked: bool, certificate: Certificate, browser_of: Callable[[User], Client]
) -> None:
    address = "/admin/certificates/certificate/"
    browser = browser_of(make_staff(group, "Cora"))
    assert browser.get(address).status_code == 200
    form = {"action": "revoke", "confirmed": "1", "reason": "By mistake.", "_selected_action": [certificate.pk]}
    browser.post(address, form)
    certificate.refresh_from_db()
    assert (certificate.revoked_at is not None) is is_revoked


def test_admin_actions_ask_for_a_reason_and_keep_the_selection(admin: Client, certificate: Certificate) -> None:
    address = "/admin/certificates/certificate/"
    selected = {"_selected_action": str(certificate.pk)}
    asked = admin.post(address, {"action": "revoke", **selected})
    assert "The reason is sent to the holders." in asked.content.decode()
    selected["confirmed"] = "1"
    rejected = admin.post(address, {"action": "revoke", "reason": " ", **selected})
    assert "This field is required" in rejected.content.decode()
    assert f'name="_selected_action" value="{certificate.pk}"' in rejected.content.decode()
    certificate.refresh_from_db()
    assert certificate.is_valid
    admin.post(address, {"action": "revoke", "reason": "By mistake.", **selected})
    admin.post(address, {"action": "reissue", "reason": "It was none.", **selected})
    certificate.refresh_from_db()
    assert certificate.revoked_reason == "By mistake."
    assert certificate.replaced_by.is_valid
    again = admin.post(address, {"action": "reissue", "reason": "Again.", **selected}, follow=True)
    assert "was already reissued" in again.content.decode()


def test_the_instructor_can_list_the_certificates_of_the_course(
    alice: User, erin: User, certificate: Certificate, browser_of: Callable
) -> None:
    address = f"/teach/courses/{certificate.course.slug}/certificates/"
    page = browser_of(alice).get(address).content.decode()
    assert "Bob Example" in page
    assert certificate.certificate_number in page
    assert browser_of(erin).get(address).status_code == 403
    empty = make_course(alice, "Cocoa")
    assert "No certificates yet" in browser_of(alice).get(f"/teach/courses/{empty.slug}/certificates/").content.decode()


@pytest.fixture
def templates(db: None, course: Course) -> tuple[CertificateTemplate, CertificateTemplate]:
    """The default template, and the template of the course."""
    site = CertificateTemplate.objects.create(name="Site", heading="Site's own", is_default=True)
    own = CertificateTemplate.objects.create(
        name="Tea", heading="Tea diploma", page_size=PageSize.LETTER, signature=picture()
    )
    CourseTemplate.objects.create(course=course, template=own)
    return site, own


def test_a_course_uses_its_own_template_and_others_the_default(
    templates: Any, alice: User, bob: User, certificate: Certificate, django_capture_on_commit_callbacks: Callable
) -> None:
    site, own = templates
    assert certificate.template == own
    page = PdfReader(certificate.pdf.open()).pages[0]
    assert "TEA DIPLOMA" in page.extract_text()
    assert round(page.mediabox.width) == 792
    assert len(page.images) == 2  # the signature and the code
    cocoa = make_course(alice, "Cocoa", lessons=1)
    with django_capture_on_commit_callbacks(execute=True):
        complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=cocoa))
    assert Certificate.objects.get(course=cocoa).template == site
    own.delete()
    certificate.refresh_from_db()
    assert certificate.template is None
    assert certificate.pdf


def test_only_one_template_can_be_the_default(templates: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CertificateTemplate.objects.create(name="Another", is_default=True)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"accent": "red;} @import url(http://127.0.0.1:9/)"}, "max_length"),
        ({"accent": "#0e645;"}, "invalid"),
        ({"signature": SimpleUploadedFile("x.svg", b"<svg onload='alert(1)'/>")}, "not_a_picture"),
        ({"signature": SimpleUploadedFile("x.png", b"x" * (designs.MAX_SIGNATURE_BYTES + 1))}, "too_large"),
    ],
)
@pytest.mark.quality("K02")
def test_a_template_rejects_invalid_colors_and_images(fields: dict[str, Any], code: str, db: None) -> None:
    with pytest.raises(ValidationError) as rejected:
        CertificateTemplate(name="Bad", **fields).full_clean()
    (field,) = fields
    assert code in [error.code for error in rejected.value.error_dict[field]]


def test_a_signature_image_is_limited_in_size(db: None) -> None:
    CertificateTemplate(name="Good", signature=picture("JPEG")).full_clean()
    with pytest.raises(ValidationError):
        CertificateTemplate(name="Bad", signature=picture(size=(2001, 10))).full_clean()


@pytest.mark.quality("K02")
def test_markup_in_template_texts_is_rendered_as_text(templates: Any, admin: Client) -> None:
    site, _own = templates
    CertificateTemplate.objects.filter(pk=site.pk).update(note='<link rel=attachment href="file:///etc/passwd">')
    response = admin.get(f"/admin/certificates/certificatetemplate/{site.pk}/preview.pdf")
    reader = PdfReader(BytesIO(response.content))
    assert reader.attachments == {}
    assert "file:///etc/passwd" in reader.pages[0].extract_text()


def test_an_admin_can_create_and_preview_a_template(admin: Client, course: Course, client: Client) -> None:
    add = "/admin/certificates/certificatetemplate/add/"
    assert admin.get(add).status_code == 200
    form = {
        "name": "Winter", "page_size": "letter", "heading": "Diploma", "before_name": "We say", "after_name": "did",
        "accent": "#123456", "signature": picture(), "is_default": "on",
        "courses-TOTAL_FORMS": "1", "courses-INITIAL_FORMS": "0", "courses-0-course": str(course.pk),
    }  # fmt: skip
    assert admin.post(add, form).status_code == 302
    template = CertificateTemplate.objects.get(name="Winter")
    assert CertificateTemplate.objects.chosen_for(course) == template
    assert AuditEntry.objects.filter(action="certificates.template_saved").count() == 1
    preview = f"/admin/certificates/certificatetemplate/{template.pk}/preview.pdf"
    assert preview in admin.get("/admin/certificates/certificatetemplate/").content.decode()
    response = admin.get(preview)
    assert response["Content-Type"] == "application/pdf"
    assert "DIPLOMA" in PdfReader(BytesIO(response.content)).pages[0].extract_text()
    assert admin.get(preview.replace(str(template.pk), "999999")).status_code == 404
    assert client.get(preview).status_code == 302
    assert APIClient().get(preview).status_code == 302
