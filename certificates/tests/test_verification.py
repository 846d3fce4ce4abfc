"""Tests of the verification of files, which are never parsed."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from certificates import services, verification
from certificates.models import Certificate
from certificates.numbers import new_number

ADDRESS = "/api/v1/certificates/verify-file"


def upload(content: bytes, name: str = "certificate.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


@pytest.fixture
def post_file(api_of: Callable[[None], APIClient]) -> Callable[[bytes], Any]:
    return lambda content: api_of(None).post(ADDRESS, {"file": upload(content)}, format="multipart")


def test_an_original_file_is_untouched(certificate: Certificate, post_file: Callable) -> None:
    response = post_file(certificate.pdf.read())
    assert response.status_code == 200
    assert response.json()["outcome"] == "untouched"
    assert response.json()["certificate"]["valid"] is True
    assert response.json()["certificate"]["certificate_number"] == certificate.certificate_number


def test_a_modified_file_is_altered_and_shows_the_original_data(certificate: Certificate, post_file: Callable) -> None:
    content = bytearray(certificate.pdf.read())
    content[len(content) // 3] ^= 1
    response = post_file(bytes(content)).json()
    assert response["outcome"] == "altered"
    assert response["certificate"]["student_name"] == "Bob Example"


@pytest.mark.quality("K05", "V15")
def test_the_reason_of_a_revocation_is_shown_to_the_holder_only(
    dan: User, certificate: Certificate, post_file: Callable, client: Client, api_of: Callable
) -> None:
    services.revoke(actor=dan, certificate=certificate, reason="Issued by mistake.")
    content = certificate.pdf.read()
    found = post_file(content).json()["certificate"]
    assert found["valid"] is False
    assert found["revoked_at"]
    altered = SimpleUploadedFile("altered.pdf", content + b" ")
    public = [
        post_file(content),
        api_of(None).get(f"/api/v1/certificates/verify/{certificate.certificate_number}"),
        client.get(f"/certificates/verify/{certificate.certificate_number}/"),
        client.post(reverse("certificates:verify_file"), {"file": SimpleUploadedFile("original.pdf", content)}),
        client.post(reverse("certificates:verify_file"), {"file": altered}),
    ]
    for answer in public:
        assert answer.status_code == 200
        assert "revoked" in answer.content.decode()
        assert "by mistake" not in answer.content.decode()
    own = api_of(certificate.user).get(f"/api/v1/certificates/{certificate.pk}").json()
    assert own["revoked_reason"] == "Issued by mistake."


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7\n" + b"[" * 100_000, b"\0" * 1000, new_number().encode(), (new_number() + " ").encode() * 1000],
    ids=["empty", "nested", "zeros", "unknown number", "many numbers"],
)
@pytest.mark.django_db
def test_other_files_are_unknown(content: bytes, post_file: Callable) -> None:
    response = post_file(content)
    assert (response.status_code, response.json()["outcome"]) == (200, "unknown")
    assert response.json()["certificate"] is None


@pytest.mark.quality("K03")
def test_file_verification_exposes_public_fields_only(certificate: Certificate, post_file: Callable) -> None:
    text = post_file(certificate.pdf.read()).content.decode()
    for private in (certificate.user.email, str(certificate.user_id), str(certificate.pk), str(certificate.course_id)):
        assert private not in text


@pytest.mark.django_db
def test_a_file_over_the_limit_is_rejected_with_413(post_file: Callable, client: Client) -> None:
    large = b"x" * (verification.MAX_FILE_BYTES + 1)
    response = post_file(large)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (413, "too_large")
    page = client.post("/certificates/verify-file/", {"file": upload(large)})
    assert page.status_code == 413
    assert "smaller than 5 MB" in page.content.decode()


@pytest.mark.django_db
def test_a_body_with_a_large_content_length_is_not_read(client: Client) -> None:
    for address in ("/certificates/verify-file/", ADDRESS):
        body = BytesIO(b"")
        response = client.generic(
            "POST", address, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(10**12)
        )
        assert response.status_code == 413
        assert body.tell() == 0


@pytest.mark.django_db
def test_a_request_without_a_file_answers_400_for_the_field(client: Client, api_of: Callable) -> None:
    response = api_of(None).post(ADDRESS, {}, format="multipart")
    assert (response.status_code, response.json()["errors"][0]["attr"]) == (400, "file")
    page = client.post("/certificates/verify-file/", {})
    assert page.status_code == 400
    assert "id_file_error" in page.content.decode()


@pytest.mark.parametrize("change", ["none", "byte", "revoked"])
def test_the_page_shows_the_result_of_the_verification(
    change: str, dan: User, certificate: Certificate, client: Client
) -> None:
    content = bytearray(certificate.pdf.read())
    if change == "byte":
        content[len(content) // 3] ^= 1
    if change == "revoked":
        services.revoke(actor=dan, certificate=certificate, reason="Issued by mistake.")
    page = client.post("/certificates/verify-file/", {"file": upload(bytes(content))}).content.decode()
    heading = {
        "none": "This file is authentic",
        "byte": "This file has been modified",
        "revoked": "This certificate was revoked",
    }
    assert heading[change] in page
    assert "Issued by mistake." not in page
    assert certificate.user.email not in page


@pytest.mark.quality("K03")
@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/api/v1/certificates/verify/{}", "/certificates/verify/{}/"])
def test_guessing_numbers_is_throttled(url: str, client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False):  # all in one minute
        statuses = [client.get(url.format(new_number())).status_code for _ in range(1000)]
        throttled = client.get(url.format(new_number()))
    assert set(statuses) == {404, 429}
    assert statuses.count(404) <= 30
    assert int(throttled["Retry-After"]) > 0
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert client.get(url.format(new_number())).status_code == 404


@pytest.mark.quality("K03")
@pytest.mark.django_db
def test_file_and_number_verification_share_the_throttle(client: Client) -> None:
    cache.clear()
    with time_machine.travel(timezone.now(), tick=False):  # all in one minute
        statuses = [client.post("/certificates/verify-file/", {"file": upload(b"x")}).status_code for _ in range(31)]
        assert statuses == [200] * 30 + [429]
        assert client.get(f"/api/v1/certificates/verify/{new_number()}").status_code == 429
