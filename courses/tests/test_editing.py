"""Two people at one text, and a text that is not saved yet: nothing is overwritten, nothing is lost."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses import drafts, services
from courses.models import Course, Lesson, LessonDraft
from courses.services import EditConflictError
from lms.testing.racing import at_once, kinds


@pytest.fixture
def lesson(course: Course) -> Lesson:
    return course.lessons.order_by("order")[0]


def form_of(lesson: Lesson, **changed: object) -> dict:
    """What the lesson's form sends."""
    return {
        "title": lesson.title,
        "section": str(lesson.section_id),
        "content": lesson.content,
        "duration_minutes": lesson.duration_minutes,
        "is_published": "on",
        "version": lesson.version,
        **changed,
    }


def test_a_save_over_a_newer_version_is_refused_and_changes_nothing(alice: User, dan: User, lesson: Lesson) -> None:
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's words", version=lesson.version)
    with pytest.raises(EditConflictError) as refused:
        services.update_lesson(actor=alice, lesson=lesson, content="Alice's words", version=lesson.version)
    assert refused.value.code == "edit_conflict"
    lesson.refresh_from_db()
    assert (lesson.content, lesson.version) == ("Dan's words", 2)


def test_a_save_that_changes_nothing_is_no_new_version(alice: User, course: Course, lesson: Lesson) -> None:
    assert services.update_lesson(actor=alice, lesson=lesson, content=lesson.content).version == lesson.version
    before = course.version
    assert services.update_course(actor=alice, course=course, title=course.title, tags=[]).version == before
    assert services.update_course(actor=alice, course=course, tags=["green"]).version == before + 1


@pytest.mark.parametrize("header", [True, False])
def test_the_api_answers_409_with_both_versions(
    header: bool, alice: User, dan: User, course: Course, lesson: Lesson, api_of: Callable[[User], APIClient]
) -> None:
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's words")
    services.update_course(actor=dan, course=course, description="Dan's course")
    client = api_of(alice)
    for path, field, theirs in (
        (f"/api/v1/courses/{course.pk}/lessons/{lesson.pk}", "content", "Dan's words"),
        (f"/api/v1/courses/{course.pk}", "description", "Dan's course"),
    ):
        body = {field: "Alice's words"} if header else {field: "Alice's words", "version": 1}
        answer = client.put(path, body, **({"HTTP_IF_MATCH": '"1"'} if header else {}))
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["code"] == "edit_conflict"
        conflict = answer.json()["conflict"]
        assert (conflict["current"][field], conflict["sent"][field]) == (theirs, "Alice's words")
        again = client.put(path, {**body, "version": conflict["current_version"]})
        assert (again.status_code, again.json()[field]) == (200, "Alice's words")


def test_a_version_that_is_none_is_400(alice: User, course: Course, api_of: Callable[[User], APIClient]) -> None:
    client = api_of(alice)
    assert client.put(f"/api/v1/courses/{course.pk}", {}, HTTP_IF_MATCH='"latest"').status_code == 400
    for version in (0, "x", 2**40, None):
        assert client.put(f"/api/v1/courses/{course.pk}", {"version": version}).status_code == 400


def test_the_form_shows_both_texts_and_saves_on_the_second_try(
    alice: User, dan: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's <b>words</b>")
    answer = browser.post(address, form_of(lesson, content="Alice's words"))
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Dan&#x27;s &lt;b&gt;words&lt;/b&gt;" in page
    assert page.count("Alice&#x27;s words") == 2  # beside Dan's, and in the form
    assert 'name="version" value="2"' in page
    assert browser.post(address, form_of(lesson, content="Alice's words", version=2)).status_code == 302
    lesson.refresh_from_db()
    assert lesson.content == "Alice's words"


def test_the_details_show_both_texts(
    alice: User, dan: User, course: Course, browser_of: Callable[[User], Client]
) -> None:
    services.update_course(actor=dan, course=course, title="Dan's title")
    typed = {"title": "Alice's title", "level": "beginner", "price": "0", "currency": "EUR", "version": 1}
    answer = browser_of(alice).post(f"/teach/courses/{course.slug}/details/", typed)
    assert answer.status_code == 409
    assert "Dan&#x27;s title" in answer.content.decode()
    assert "Alice&#x27;s title" in answer.content.decode()


def test_what_is_typed_comes_back_to_its_author_only(
    alice: User, dan: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    typed = form_of(lesson, content="half a sen\0", title="", duration_minutes="many")
    assert browser_of(alice).post(f"{address}draft/", typed).status_code == 200
    lesson.refresh_from_db()
    assert lesson.content != "half a sen"
    mine = browser_of(alice).get(address)
    assert (mine.context["form"]["content"].value(), mine.context["form"]["title"].value()) == ("half a sen", "")
    assert browser_of(dan).get(address).context["form"]["content"].value() == lesson.content


def test_saving_forgets_the_draft_and_a_refused_save_does_not(
    alice: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    browser.post(f"{address}draft/", form_of(lesson, content="More"))
    browser.post(address, form_of(lesson, title=""))
    assert LessonDraft.objects.count() == 1
    browser.post(address, form_of(lesson, content="More"))
    assert LessonDraft.objects.count() == 0


def test_a_draft_that_lay_while_somebody_saved_is_a_conflict(
    alice: User, dan: User, course: Course, lesson: Lesson, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    browser.post(f"{address}draft/", form_of(lesson, content="Mine"))
    services.update_lesson(actor=dan, lesson=lesson, content="Dan's")
    shown = browser.get(address)
    version = shown.context["version"]
    assert version == "1"
    assert browser.post(address, form_of(lesson, content="Mine", version=version)).status_code == 409


def test_a_new_lesson_has_a_draft_too_and_it_can_be_discarded(
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
def test_of_ten_saves_at_once_one_is_made_and_nine_are_told(alice: User, lesson: Lesson) -> None:
    def write(number: int) -> Lesson:
        return services.update_lesson(actor=alice, lesson=lesson, content=f"Words {number}", version=1)

    assert kinds(at_once(10, write)) == {"Lesson": 1, "edit_conflict": 9}

    def keep(number: int) -> LessonDraft:
        return drafts.keep_draft(
            actor=alice, course=lesson.course, lesson=lesson, typed={"content": str(number)}, version=1
        )

    assert kinds(at_once(10, keep)) == {"LessonDraft": 10}
    assert LessonDraft.objects.count() == 1
