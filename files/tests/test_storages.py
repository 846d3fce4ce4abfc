"""Uploads and downloads on the local storage and on Azure Blob Storage, emulated by Azurite."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from courses import attachments
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from files import services, tasks
from files.errors import FileError
from files.models import File, Purpose
from files.storage import AzureFiles, FileStorage
from files.tests.conftest import use_azure
from files.tests.samples import ACCEPTED, PDF, form, image, upload
from tools.testing.azurite import CONTAINER, KEY

TEXT = bytes(range(32, 127)) * 50


class Fetched:
    """The response of a URL, from this site or from the emulator."""

    def __init__(self, status: int, headers: Any, content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content


def fetch(address: str, **headers: str) -> Fetched:
    """Request a URL anonymously, from this site or from the emulator."""
    if urlsplit(address).hostname == "127.0.0.1":
        answer = httpx.get(address, headers=headers)
        return Fetched(answer.status_code, answer.headers, answer.content)
    parts = urlsplit(address)
    local = Client().get(f"{parts.path}?{parts.query}", headers=headers)
    content = b"".join(local.streaming_content) if local.streaming else local.content
    return Fetched(local.status_code, local.headers, content)


@pytest.fixture
def material(alice: User, course: Course, storage: FileStorage) -> File:
    """Return a text file of Alice's course."""
    return services.upload(
        actor=alice, content=upload("notes.txt", TEXT), purpose=Purpose.COURSE_MATERIAL, course_id=course.pk
    )


def download_url(file: File, client: APIClient) -> str:
    answer = client.get(f"/api/v1/files/{file.pk}/download")
    assert answer.status_code == 302
    return str(answer["Location"])


@pytest.mark.quality("F02")
def test_an_upload_is_downloaded_unchanged_by_a_signed_url(
    material: File, enrollment: Enrollment, api_of: Callable[[User], APIClient], storage: FileStorage
) -> None:
    assert material.storage_provider == storage.provider
    fetched = fetch(download_url(material, api_of(enrollment.user)))
    assert (fetched.status, fetched.content) == (200, TEXT)
    assert fetched.headers["Content-Type"].startswith("text/plain")
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="notes.txt"'


@pytest.mark.quality("F10")
def test_a_byte_range_of_a_file_is_served(
    material: File, alice: User, api_of: Callable[[User], APIClient], storage: FileStorage
) -> None:
    address = download_url(material, api_of(alice))
    middle = fetch(address, Range="bytes=100-199")
    assert (middle.status, middle.content) == (206, TEXT[100:200])
    assert middle.headers["Content-Range"] == f"bytes 100-199/{len(TEXT)}"
    assert fetch(address, Range=f"bytes={len(TEXT) - 10}-").content == TEXT[-10:]
    beyond = fetch(address, Range="bytes=999999-")
    assert beyond.status == 416


@pytest.mark.quality("F02")
def test_an_altered_signed_url_is_rejected(
    material: File, alice: User, course: Course, api_of: Callable[[User], APIClient], storage: FileStorage
) -> None:
    other = services.upload(
        actor=alice, content=upload("b.txt", b"secret"), purpose=Purpose.COURSE_MATERIAL, course_id=course.pk
    )
    client = api_of(alice)
    address = download_url(material, client)
    secret = signature_of(address)
    plain = unquote(secret)  # changing half of an escape sequence would make the URL malformed
    for place in range(0, len(plain), 3):
        flipped = quote(plain[:place] + ("A" if plain[place] != "A" else "B") + plain[place + 1 :], safe=":")
        assert fetch(address.replace(secret, flipped)).status in (400, 403), flipped
    assert fetch(address.replace(secret, "")).status in (400, 401, 403, 404)
    mixed = address.replace(secret, signature_of(download_url(other, client)))
    assert fetch(mixed).content != TEXT
    swapped = address.replace(material.storage_path, other.storage_path)
    assert swapped == address or fetch(swapped).status == 403


def signature_of(address: str) -> str:
    """Return the secret part of a signed URL: the signature of a SAS URL, or the local token."""
    parts = urlsplit(address)
    if parts.query:
        return next(part for part in parts.query.split("&") if part.startswith("sig=")).removeprefix("sig=")
    return parts.path.rpartition("/")[2]


@pytest.mark.quality("F02")
def test_a_signed_url_expires_and_ends_with_its_file(
    material: File, alice: User, api_of: Callable[[User], APIClient], storage: FileStorage, settings: Any
) -> None:
    settings.FILE_DOWNLOAD_URL_EXPIRE_SECONDS = 2
    client = api_of(alice)
    address = download_url(material, client)
    assert fetch(address).status == 200
    time.sleep(3.1)
    assert fetch(address).status == 403
    settings.FILE_DOWNLOAD_URL_EXPIRE_SECONDS = 900
    address = download_url(material, client)
    assert client.delete(f"/api/v1/files/{material.pk}").status_code == 204
    assert client.get(f"/api/v1/files/{material.pk}").status_code == 404
    services.discard_blobs([material.storage_path])  # the test's transaction is never committed
    assert fetch(address).status == 404


@pytest.mark.quality("F02")
def test_a_sas_url_grants_reading_one_blob_over_https_for_15_minutes(settings: Any) -> None:
    real = f"DefaultEndpointsProtocol=https;AccountName=campus;AccountKey={KEY};EndpointSuffix=core.windows.net"
    storage = AzureFiles(connection_string=real, azure_container=CONTAINER)
    address = storage.signed_url(
        "uploads/ab/abc.pdf", file_id=File().pk, filename="a.pdf", content_type="application/pdf", inline=False
    )
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.path) == ("https", f"/{CONTAINER}/uploads/ab/abc.pdf")
    assert (query["sp"], query["sr"], query["spr"]) == ("r", "b", "https")
    left = timezone.datetime.fromisoformat(query["se"]) - timezone.now()
    assert timedelta(0) < left <= timedelta(seconds=900)


@pytest.mark.quality("F01")
def test_access_is_checked_for_every_request(
    material: File,
    enrollment: Enrollment,
    carol: User,
    erin: User,
    dan: User,
    api_of: Callable[[Any], APIClient],
    storage: FileStorage,
) -> None:
    bob = enrollment.user
    paths = (f"/api/v1/files/{material.pk}", f"/api/v1/files/{material.pk}/download")
    for path in paths:
        assert api_of(None).get(path).status_code == 401
        for stranger in (carol, erin):
            unknown = api_of(stranger).get(path.replace(str(material.pk), str(enrollment.pk)))
            assert (api_of(stranger).get(path).status_code, unknown.status_code) == (404, 404)
            assert api_of(stranger).get(path).content == unknown.content
        assert api_of(bob).get(path).status_code in (200, 302)
        assert api_of(dan).get(path).status_code in (200, 302)
    assert api_of(bob).delete(paths[0]).status_code == 403
    enrollments.end_enrollment(actor=dan, enrollment=enrollment, reason="refunded")
    for path in paths:
        assert api_of(bob).get(path).status_code == 404
    assert api_of(bob).delete(paths[0]).status_code == 404
    assert Client().get(f"/media/{material.storage_path}").status_code == 404
    assert Client().get(f"/{material.storage_path}").status_code == 404


@pytest.mark.quality("C01")
def test_a_file_of_a_draft_lesson_is_readable_by_its_author_only(
    alice: User, course: Course, enrollment: Enrollment, api_of: Callable[[Any], APIClient], storage: FileStorage
) -> None:
    lesson = course.lessons.last()
    shown = attachments.attach_file(actor=alice, lesson=lesson, content=upload("a.pdf", PDF))
    path = f"/api/v1/files/{shown.file_id}"
    assert api_of(enrollment.user).get(path).status_code == 200
    lesson.is_published = False
    lesson.save()
    assert api_of(enrollment.user).get(path).status_code == 404
    assert api_of(alice).get(path).status_code == 200


@pytest.mark.quality("F07")
def test_a_file_in_use_cannot_be_deleted(
    alice: User, course: Course, api_of: Callable[[User], APIClient], storage: FileStorage
) -> None:
    shown = attachments.attach_file(actor=alice, lesson=course.lessons.first(), content=upload("a.pdf", PDF))
    answer = api_of(alice).delete(f"/api/v1/files/{shown.file_id}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "file_in_use")
    assert storage.exists(shown.file.storage_path)


@pytest.mark.quality("F07")
def test_only_orphaned_blobs_are_deleted(
    material: File, alice: User, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.set_avatar(actor=alice, content=upload("me.png", image()))
    avatar = File.objects.get(purpose=Purpose.AVATAR)
    tasks.make_thumbnails(str(avatar.pk))
    orphan = storage.save("uploads/zz/orphan.pdf", upload("x.pdf", PDF))
    assert tasks.sweep_orphans() == 0  # younger than an hour: its row may not be committed yet
    monkeypatch.setattr(tasks, "GRACE", timedelta(seconds=-60))
    assert tasks.sweep_orphans() == 1
    assert not storage.exists(orphan)
    assert storage.exists(material.storage_path)
    assert storage.exists(avatar.thumbnail_path(256))


def test_thumbnails_are_rendered_and_public(
    alice: User, storage: FileStorage, browser_of: Callable[[Any], Client]
) -> None:
    file = services.set_avatar(actor=alice, content=upload("me.jpg", image("JPEG", (900, 600))))
    visitor = browser_of(None)
    assert visitor.get(f"/files/{file.pk}/picture/256/")["Content-Type"] == "image/svg+xml"  # not rendered yet
    tasks.make_thumbnails(str(file.pk))
    tasks.make_thumbnails(str(file.pk))  # idempotent
    answer = visitor.get(f"/files/{file.pk}/picture/256/")
    assert (answer["Content-Type"], answer.content[8:12]) == ("image/webp", b"WEBP")
    assert visitor.get(f"/files/{file.pk}/").status_code == 404  # only the thumbnail is public
    assert visitor.get(f"/files/{file.pk}/picture/257/").status_code == 404


@pytest.mark.quality("F08")
def test_a_storage_that_is_down_is_503_without_a_row(
    alice: User, course: Course, api_of: Callable[[User], APIClient], settings: Any, storage: FileStorage
) -> None:
    client = api_of(alice)
    client.raise_request_exception = False
    if storage.provider == "azure":
        use_azure(settings, f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};"
                            "BlobEndpoint=http://127.0.0.1:9/a;")  # fmt: skip
    else:
        settings.MEDIA_ROOT.parent.joinpath("a file").write_text("where the folder should be")
        settings.MEDIA_ROOT = settings.MEDIA_ROOT.parent / "a file"
    started = time.monotonic()
    body = form("a.pdf", PDF, purpose="course_material", course_id=course.pk)
    answer = client.post("/api/v1/files/upload", body, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "storage_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert time.monotonic() - started < 20
    assert File.objects.count() == 0
    assert client.get("/api/v1/courses/").status_code == 200


@pytest.mark.quality("F08")
def test_a_full_storage_is_507_without_a_row(
    alice: User, course: Course, storage: FileStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str, content: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "save", full)
    with pytest.raises(FileError) as rejected:
        services.upload(actor=alice, content=upload("a.pdf", PDF), purpose=Purpose.COURSE_MATERIAL, course_id=course.pk)
    assert (rejected.value.status, File.objects.count()) == (507, 0)


def test_every_accepted_type_is_stored_unchanged(alice: User, course: Course, storage: FileStorage) -> None:
    for name, (content, _content_type) in ACCEPTED.items():
        file = services.upload(
            actor=alice, content=upload(name, content), purpose=Purpose.COURSE_MATERIAL, course_id=course.pk
        )
        assert b"".join(storage.chunks(file.storage_path, 0, file.file_size)) == content, name
    call_command("check")
