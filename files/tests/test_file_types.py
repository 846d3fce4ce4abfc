"""Detection of file types, and cleaning of file names."""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from files import file_names, file_types
from files.errors import FileError
from files.models import File, Purpose
from files.storage import file_storage
from files.tests.samples import ACCEPTED, ACCEPTED_SUBMISSIONS, HTML, MP4, PDF, REJECTED, bomb, form, image, packed

URL = "/api/v1/files/upload"


@pytest.fixture
def send(alice: User, course: Course, api_of: Callable[[User], APIClient]) -> Callable[..., Any]:
    """Return a function that uploads course material as Alice."""
    client = api_of(alice)

    def upload(name: str, content: bytes, **fields: Any) -> Any:
        fields = {"purpose": "course_material", "course_id": course.pk, **fields}
        return client.post(URL, form(name, content, **fields), format="multipart")

    return upload


@pytest.mark.quality("F03")
@pytest.mark.parametrize("name", ACCEPTED)
def test_each_accepted_type_is_stored_with_its_content_type(name: str, send: Callable[..., Any]) -> None:
    content, content_type = ACCEPTED[name]
    answer = send(name, content)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["content_type"], answer.json()["original_filename"]) == (content_type, name)
    assert answer.json()["file_size"] == len(content)


def detect(name: str, content: bytes, purpose: str) -> str:
    """Return the content type of a file."""
    extension = name.rpartition(".")[2]
    return file_types.detect_type(
        io.BytesIO(content), size=len(content), extension=extension, purpose=purpose
    ).content_type


@pytest.mark.quality("F03")
@pytest.mark.parametrize("name", ACCEPTED_SUBMISSIONS)
def test_recordings_of_phones_and_notebooks_are_accepted_as_submissions(name: str) -> None:
    content, content_type = ACCEPTED_SUBMISSIONS[name]
    assert detect(name, content, Purpose.SUBMISSION) == content_type
    assert File(content_type=content_type, purpose=Purpose.SUBMISSION).thumbnail_widths == ()
    with pytest.raises(FileError):
        detect(name, content, Purpose.COURSE_MATERIAL)


@pytest.mark.quality("F03")
@pytest.mark.parametrize("name", REJECTED)
def test_active_content_and_mismatched_types_are_no_submissions(name: str) -> None:
    with pytest.raises(FileError) as error:
        detect(name, REJECTED[name], Purpose.SUBMISSION)
    assert (error.value.status, error.value.code) == (415, "type_not_allowed")


@pytest.mark.quality("F03")
@pytest.mark.parametrize("name", REJECTED)
def test_active_content_and_mismatched_types_are_rejected_under_any_name(name: str, send: Callable[..., Any]) -> None:
    answer = send(name, REJECTED[name])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (415, "type_not_allowed")
    assert File.objects.count() == 0
    assert list(file_storage().list_blobs("uploads")) == []


@pytest.mark.quality("F03")
def test_an_accepted_polyglot_is_served_as_an_attachment_only(
    send: Callable[..., Any], alice: User, browser_of: Callable[[User], Any]
) -> None:
    polyglot = image("GIF") + b"=1;/*" + HTML + b"*/alert(1)"
    file_id = send("evil.gif", polyglot).json()["id"]
    answer = browser_of(alice).get(f"/files/{file_id}/", follow=True)
    assert answer["Content-Type"] == "image/gif"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.quality("F03")
def test_an_avatar_must_be_an_image(api_of: Callable[[User], APIClient], bob: User) -> None:
    client = api_of(bob)
    for name, content in {"a.pdf": PDF, "a.gif": image("GIF"), "torn.png": image()[:60]}.items():
        answer = client.post(URL, form(name, content, purpose="avatar"), format="multipart")
        assert answer.status_code == 415, name
    assert client.post(URL, form("me.png", image(), purpose="avatar"), format="multipart").status_code == 201


@pytest.mark.quality("F06")
@pytest.mark.parametrize("purpose", ["avatar", "course_material"])
def test_an_image_bomb_is_rejected_within_two_seconds(purpose: str, send: Callable[..., Any]) -> None:
    started = time.monotonic()
    answer = send("huge.png", bomb(), purpose=purpose)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "image_too_large")
    assert (
        send("wide.png", bomb(30_000, 1_000), purpose=purpose).status_code == 400
    )  # between one and two times the limit
    assert time.monotonic() - started < 2


@pytest.mark.quality("F06")
def test_nested_archives_are_not_unpacked(send: Callable[..., Any]) -> None:
    nested = packed(inner=b"\0" * 5_000_000)
    for _level in range(5):
        nested = packed(inner=nested)
    started = time.monotonic()
    assert send("nested.zip", nested).status_code == 201
    assert time.monotonic() - started < 2


@pytest.mark.quality("F05")
def test_a_file_over_the_size_limit_of_its_purpose_is_413(
    api_of: Callable[[User], APIClient], bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(file_types.MAX_SIZES, Purpose.AVATAR, 100)
    answer = api_of(bob).post(URL, form("me.png", image(), purpose="avatar"), format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")


def test_an_empty_file_is_rejected() -> None:
    with pytest.raises(FileError) as rejected:
        file_types.detect_type(io.BytesIO(), size=0, extension="txt", purpose=Purpose.SUBMISSION)
    assert rejected.value.code == "empty"


NAMES = {
    "../../etc/passwd.txt": "passwd.txt",
    "/etc/x.pdf": "x.pdf",
    "C:\\Users\\bob\\thesis.pdf": "thesis.pdf",
    "a\0b.pdf": "ab.pdf",
    "a\r\nSet-Cookie: x=1.pdf": "aSet-Cookie: x=1.pdf",
    "gpj.\u202efdp.txt": "gpj.fdp.txt",
    "x" * 300 + ".pdf": "x" * 146 + ".pdf",
    '"quoted".pdf': '"quoted".pdf',
    "...": "file",
    "": "file",
    "Äpfel und Birnen.pdf": "Äpfel und Birnen.pdf",
}


@pytest.mark.quality("F04")
@pytest.mark.parametrize("name", NAMES)
def test_misleading_characters_are_removed_from_file_names(name: str) -> None:
    assert file_names.clean_name(name) == NAMES[name]


@pytest.mark.quality("F04")
@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".pdf") and "\r" not in name])
def test_file_names_never_reach_the_disk_or_break_a_header(
    name: str, send: Callable[..., Any], alice: User, browser_of: Callable[[User], Any], settings: Any
) -> None:
    file_id = send(name, PDF).json()["id"]
    [(key, _modified)] = file_storage().list_blobs("uploads")
    assert key.removeprefix("uploads/")[3:-4].isalnum()
    assert [path.name for path in settings.MEDIA_ROOT.iterdir()] == ["uploads"]
    answer = browser_of(alice).get(f"/files/{file_id}/", follow=True)
    assert "\n" not in answer["Content-Disposition"]
    assert "set-cookie" not in [header.lower() for header in answer.headers]
    assert answer["Content-Disposition"].startswith("attachment; filename")


def test_a_video_with_the_wrong_extension_is_rejected(send: Callable[..., Any]) -> None:
    assert send("talk.webm", MP4).status_code == 415
