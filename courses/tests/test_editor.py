"""Edit conflicts and drafts of the course editor: no change is overwritten or lost."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses import drafts, services
from courses.models import Course, Lesson, LessonDraft
from courses.services import EditConflictError
from tools.testing.races import count_outcomes, run_concurrently


@pytest.fixture
def lesson(course: Course) -> Lesson:
    return course.lessons.order_by("order")[0]


def lesson_form_data(lesson: Lesson, **changed: object) -> dict:
    """Return the data that the lesson form submits."""
    return {
        "title": lesson.title,
        "section": str(lesson.section_id),
        "content": lesson.content,
        "duration_minutes": lesson.duration_minutes,
        "is_published": "on",
        "version": lesson.version,
        **changed,
    }


def test_saving_over_a_newer_version_is_an_edit_conflict(alice: User, dan: User, lesson: Lesson) -> None:
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's words", version=lesson.version)
    with pytest.raises(EditConflictError) as raised:
        services.update_lesson(actor=alice, lesson=lesson, content="Alice's words", version=lesson.version)
    assert raised.value.code == "edit_conflict"
    lesson.refresh_from_db()
    assert (lesson.content, lesson.version) == ("Dan's words", 2)


def test_saving_without_changes_keeps_the_version(alice: User, course: Course, lesson: Lesson) -> None:
    assert services.update_lesson(actor=alice, lesson=lesson, content=lesson.content).version == lesson.version
    before = course.version
    assert services.update_course(actor=alice, course=course, title=course.title, tags=[]).version == before
    assert services.update_course(actor=alice, course=course, tags=["green"]).version == before + 1


@pytest.mark.parametrize("uses_if_match", [True, False])
def test_an_edit_conflict_in_the_api_is_409_with_both_versions(
    uses_if_match: bool, alice: User, dan: User, course: Course, lesson: Lesson, api_of: Callable[[User], APIClient]
) -> None:
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's words")
    services.update_course(actor=dan, course=course, description="Dan's course")
    client = api_of(alice)
    for path, field, theirs in (
        (f"/api/v1/courses/{course.pk}/lessons/{lesson.pk}", "content", "Dan's words"),
        (f"/api/v1/courses/{course.pk}", "description", "Dan's course"),
    ):
        body = {field: "Alice's words"} if uses_if_match else {field: "Alice's words", "version": 1}
        answer = client.put(path, body, **({"HTTP_IF_MATCH": '"1"'} if uses_if_match else {}))
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["code"] == "edit_conflict"
        conflict = answer.json()["conflict"]
        assert (conflict["current"][field], conflict["sent"][field]) == (theirs, "Alice's words")
        again = client.put(path, {**body, "version": conflict["current_version"]})
        assert (again.status_code, again.json()[field]) == (200, "Alice's words")


@pytest.mark.parametrize("is_signed_in", [True, False])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("template", ["{}", '"77", {}', '{}, W/"77-0123"', "*"])
def test_if_match_accepts_the_etag_of_a_get_until_the_next_change(
    template: str, encoding: str, is_signed_in: bool, alice: User, course: Course, lesson: Lesson, api_of: Callable
) -> None:
    services.update_lesson(actor=alice, lesson=lesson, is_preview=True, content="long " * 100)
    services.update_course(actor=alice, course=course, description="long " * 100)
    for path, field in (
        (f"/api/v1/courses/{course.pk}/lessons/{lesson.pk}", "content"),
        (f"/api/v1/courses/{course.pk}", "description"),
    ):
        reader = api_of(alice if is_signed_in else None)
        etag = reader.get(path, headers={"accept-encoding": encoding})["ETag"]
        assert etag.startswith("W/") is (encoding == "gzip")
        headers = {"if-match": template.format(etag)}
        saved = api_of(alice).patch(path, {field: "New"}, headers=headers)
        assert (saved.status_code, saved.json()[field]) == (200, "New")
        again = api_of(alice).patch(path, {field: "Newer"}, headers=headers)
        assert again.status_code == (200 if template == "*" else 409)
        following = api_of(alice).patch(path, {field: "Newest"}, headers={"if-match": saved["ETag"]})
        assert following.status_code == (409 if template == "*" else 200)


def test_an_invalid_version_is_400(alice: User, course: Course, api_of: Callable[[User], APIClient]) -> None:
    client = api_of(alice)
    assert client.put(f"/api/v1/courses/{course.pk}", {}, HTTP_IF_MATCH='"latest"').status_code == 400
    for version in (0, "x", 2**40, None):
        assert client.put(f"/api/v1/courses/{course.pk}", {"version": version}).status_code == 400


def test_the_lesson_form_shows_both_versions_and_can_be_saved_again(
    alice: User, dan: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's <b>words</b>")
    answer = browser.post(address, lesson_form_data(lesson, content="Alice's words"))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Dan&#x27;s &lt;b&gt;words&lt;/b&gt;" in page
    assert page.count("Alice&#x27;s words") == 2  # in the comparison and in the form
    assert 'name="version" value="2"' in page
    assert browser.post(address, lesson_form_data(lesson, content="Alice's words", version=2)).status_code == 302
    lesson.refresh_from_db()
    assert lesson.content == "Alice's words"


def test_the_details_form_shows_both_versions(
    alice: User, dan: User, course: Course, browser_of: Callable[[User], Client]
) -> None:
    services.update_course(actor=dan, course=course, title="Dan's title")
    typed = {"title": "Alice's title", "level": "beginner", "price": "0", "currency": "EUR", "version": 1}
    answer = browser_of(alice).post(f"/teach/courses/{course.slug}/details/", typed)
    assert answer.status_code == 409
    assert "Dan&#x27;s title" in answer.content.decode()
    assert "Alice&#x27;s title" in answer.content.decode()


def test_a_draft_is_restored_for_its_author_only(
    alice: User, dan: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    typed = lesson_form_data(lesson, content="half a sen\0", title="", duration_minutes="many")
    assert browser_of(alice).post(f"{address}draft/", typed).status_code == 200
    lesson.refresh_from_db()
    assert lesson.content != "half a sen"
    mine = browser_of(alice).get(address)
    assert (mine.context["form"]["content"].value(), mine.context["form"]["title"].value()) == ("half a sen", "")
    assert browser_of(dan).get(address).context["form"]["content"].value() == lesson.content


def test_saving_deletes_the_draft_unless_the_form_is_invalid(
    alice: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    browser.post(f"{address}draft/", lesson_form_data(lesson, content="More"))
    browser.post(address, lesson_form_data(lesson, title=""))
    assert LessonDraft.objects.count() == 1
    browser.post(address, lesson_form_data(lesson, content="More"))
    assert LessonDraft.objects.count() == 0


def test_a_draft_of_an_older_version_is_an_edit_conflict(
    alice: User, dan: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    browser.post(f"{address}draft/", lesson_form_data(lesson, content="Mine"))
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's")
    page = browser.get(address)
    version = page.context["version"]
    assert version == "1"
    assert browser.post(address, lesson_form_data(lesson, content="Mine", version=version)).status_code == 409


def test_the_draft_of_a_new_lesson_can_be_discarded(
    alice: User, course: Course, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    address = f"/teach/courses/{course.slug}/lessons/new/"
    browser.post(f"{address}draft/", {"title": "Brewing", "content": "Wait"})
    browser.post(f"{address}draft/", {"title": "Brewing", "content": "Wait three minutes"})
    assert browser.get(address).context["form"]["content"].value() == "Wait three minutes"
    assert browser.post(f"{address}draft/", {"discard": "yes"}).status_code == 302
    assert not LessonDraft.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_ten_concurrent_saves_one_succeeds_and_nine_conflict(alice: User, lesson: Lesson) -> None:
    def update(number: int) -> Lesson:
        return services.update_lesson(actor=alice, lesson=lesson, content=f"Words {number}", version=1)

    assert count_outcomes(run_concurrently(10, update)) == {"Lesson": 1, "edit_conflict": 9}

    def save_draft(number: int) -> LessonDraft:
        return drafts.save_draft(
            actor=alice, course=lesson.course, lesson=lesson, data={"content": str(number)}, version=1
        )

    assert count_outcomes(run_concurrently(10, save_draft)) == {"LessonDraft": 10}
    assert LessonDraft.objects.count() == 1
