"""Checking a file: whether it is one of ours and untouched, without ever parsing it."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from certificates import checking, services
from certificates.models import Certificate
from certificates.numbers import new_number

ADDRESS = "/api/v1/certificates/verify-file"


def upload(content: bytes, name: str = "certificate.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


@pytest.fixture
def asked(api_of: Callable[[None], APIClient]) -> Callable[[bytes], Any]:
    return lambda content: api_of(None).post(ADDRESS, {"file": upload(content)}, format="multipart")


def test_the_file_that_was_printed_is_untouched(certificate: Certificate, asked: Callable) -> None:
    answer = asked(certificate.pdf.read())
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "untouched"
    assert answer.json()["certificate"]["valid"] is True
    assert answer.json()["certificate"]["certificate_number"] == certificate.certificate_number


def test_one_changed_byte_is_told_with_what_was_printed_in_truth(certificate: Certificate, asked: Callable) -> None:
    content = bytearray(certificate.pdf.read())
    content[len(content) // 3] ^= 1
    answer = asked(bytes(content)).json()
    assert answer["outcome"] == "altered"
    assert answer["certificate"]["student_name"] == "Bob Example"


@pytest.mark.quality("K05")
def test_an_untouched_file_of_a_revoked_certificate_says_when_and_why(
    dan: User, certificate: Certificate, asked: Callable
) -> None:
    services.revoke(actor=dan, certificate=certificate, reason="Issued by mistake.")
    found = asked(certificate.pdf.read()).json()["certificate"]
    assert (found["valid"], found["revoked_reason"]) == (False, "Issued by mistake.")
    assert found["revoked_at"]


@pytest.mark.parametrize(
    "content",
    [b"", b"%PDF-1.7\n" + b"[" * 100_000, b"\0" * 1000, new_number().encode(), (new_number() + " ").encode() * 1000],
    ids=["empty", "nested", "zeros", "a number of nobody", "many numbers"],
)
@pytest.mark.django_db
def test_what_is_none_of_ours_is_said_to_be_so(content: bytes, asked: Callable) -> None:
    answer = asked(content)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "unknown")
    assert answer.json()["certificate"] is None


@pytest.mark.quality("K03")
def test_the_answer_tells_no_more_than_the_paper_does(certificate: Certificate, asked: Callable) -> None:
    text = asked(certificate.pdf.read()).content.decode()
    for private in (certificate.user.email, str(certificate.user_id), str(certificate.pk), str(certificate.course_id)):
        assert private not in text


@pytest.mark.django_db
def test_a_file_that_is_too_large_is_refused(asked: Callable, client: Client) -> None:
    large = b"x" * (checking.LARGEST_FILE + 1)
    answer = asked(large)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")
    page = client.post("/certificates/verify-file/", {"file": upload(large)})
    assert page.status_code == 413
    assert "smaller than 5 MB" in page.content.decode()


@pytest.mark.django_db
def test_a_body_that_says_it_is_huge_is_not_read(client: Client) -> None:
    for address in ("/certificates/verify-file/", ADDRESS):
        body = BytesIO(b"")
        answer = client.generic(
            "POST", address, b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(10**12)
        )
        assert answer.status_code == 413
        assert body.tell() == 0


@pytest.mark.django_db
def test_a_request_without_a_file_is_told_what_is_missing(client: Client, api_of: Callable) -> None:
    answer = api_of(None).post(ADDRESS, {}, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "file")
    page = client.post("/certificates/verify-file/", {})
    assert page.status_code == 400
    assert "id_file_error" in page.content.decode()


@pytest.mark.parametrize("change", ["none", "byte", "revoked"])
def test_the_page_says_it_in_words(change: str, dan: User, certificate: Certificate, client: Client) -> None:
    content = bytearray(certificate.pdf.read())
    if change == "byte":
        content[len(content) // 3] ^= 1
    if change == "revoked":
        services.revoke(actor=dan, certificate=certificate, reason="Issued by mistake.")
    page = client.post("/certificates/verify-file/", {"file": upload(bytes(content))}).content.decode()
    heading = {"none": "This file is real", "byte": "This file was changed", "revoked": "This certificate was revoked"}
    assert heading[change] in page
    assert ("Issued by mistake." in page) is (change == "revoked")
    assert certificate.user.email not in page


@pytest.mark.quality("K03")
@pytest.mark.django_db
@pytest.mark.parametrize("door", ["/api/v1/certificates/verify/{}", "/certificates/verify/{}/"])
def test_of_a_thousand_guesses_none_hits_and_most_are_turned_away(door: str, client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False):  # all in one minute
        statuses = [client.get(door.format(new_number())).status_code for _ in range(1000)]
        turned_away = client.get(door.format(new_number()))
    assert set(statuses) == {404, 429}
    assert statuses.count(404) <= 30
    assert int(turned_away["Retry-After"]) > 0
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert client.get(door.format(new_number())).status_code == 404


@pytest.mark.quality("K03")
@pytest.mark.django_db
def test_files_count_with_the_numbers(client: Client) -> None:
    cache.clear()
    with time_machine.travel(timezone.now(), tick=False):  # all in one minute
        statuses = [client.post("/certificates/verify-file/", {"file": upload(b"x")}).status_code for _ in range(31)]
        assert statuses == [200] * 30 + [429]
        assert client.get(f"/api/v1/certificates/verify/{new_number()}").status_code == 429
