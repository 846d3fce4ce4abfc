"""The chat of a course: posting, editing, deleting, moderation and mentions."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from accounts.account_deletion import close_account
from accounts.models import User
from core.models import AuditEntry
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from enrollments.rooms import course_room
from realtime import chat
from realtime.models import Message, Notification
from realtime.tests.connections import request_room, run, socket, token_of
from tools.testing.races import MAX_ROUNDS, run_concurrently


@pytest.fixture
def room(course: Course, enrollment: Enrollment) -> str:
    """Return the API path of the chat of Alice's course, in which Bob is enrolled."""
    return f"/api/v1/courses/{course.pk}/messages/"


def texts(response: Any) -> list[str]:
    return [message["text"] for message in response.json()["results"]]


@pytest.mark.django_db
def test_messages_and_announcements_show_markdown_alike(
    alice: User, bob: User, course: Course, room: str, browser_of: Any, api_of: Any
) -> None:
    text = "**Boil** it,\nsee https://a.test/tea.\n\n- [x] fill `kettle`\n\n$x^2$"
    posted = api_of(alice).post(room, {"text": text}).json()
    announced = (
        api_of(alice).post(f"/api/v1/courses/{course.pk}/announcements/", {"subject": "Tea", "text": text}).json()
    )
    assert posted["text_html"] == announced["text_html"]
    pages = [
        browser_of(bob).get(f"/learn/{course.slug}/{name}/").content.decode() for name in ("chat", "announcements")
    ]
    for html in pages:
        assert "<strong>Boil</strong> it,<br" in html
        assert '<a href="https://a.test/tea" rel="nofollow noopener noreferrer">https://a.test/tea</a>.' in html
        assert '<input type="checkbox" disabled checked aria-label="fill kettle">' in html
        assert "<msup>" in html


@pytest.mark.django_db
def test_html_is_text_in_messages_and_rendered_in_announcements(
    alice: User, course: Course, room: str, api_of: Any
) -> None:
    text = "H<sub>2</sub>O <script>alert(1)</script>"
    assert "&lt;sub&gt;" in api_of(alice).post(room, {"text": text}).json()["text_html"]
    announced = (
        api_of(alice).post(f"/api/v1/courses/{course.pk}/announcements/", {"subject": "Tea", "text": text}).json()
    )
    assert announced["text_html"] == "<p>H<sub>2</sub>O </p>\n"


@pytest.mark.django_db
def test_the_html_of_a_hidden_message_is_hidden_too(alice: User, bob: User, room: str, api_of: Any) -> None:
    api_of(bob).post(room, {"text": "**rude**"})
    api_of(alice).post(f"{room}1/hide")
    [message] = api_of(bob).get(room).json()["results"]
    assert (message["text"], message["text_html"]) == ("", "")


@pytest.mark.django_db
def test_messages_are_listed_newest_first_by_cursor(api_of: Any, alice: User, bob: User, room: str) -> None:
    assert api_of(bob).post(room, {"text": "  How hot? \x00"}).status_code == 400  # NUL characters are invalid
    created = api_of(bob).post(room, {"text": "  How hot? "})
    assert (created.status_code, created.json()["id"], created.json()["text"]) == (201, 1, "How hot?")
    assert created.json()["author_name"] == "Bob Example"
    api_of(alice).post(room, {"text": "Eighty degrees."})
    page = api_of(bob).get(room + "?page_size=1")
    assert texts(page) == ["Eighty degrees."]
    assert texts(api_of(bob).get(page.json()["next"])) == ["How hot?"]
    assert "count" not in page.json()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "   ", None, "x" * 2001])
def test_empty_and_too_long_messages_are_rejected(api_of: Any, bob: User, room: str, text: Any) -> None:
    assert api_of(bob).post(room, {"text": text}).status_code == 400
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_strangers_cannot_find_the_chat(api_of: Any, carol: User, erin: User, dan: User, room: str) -> None:
    assert [api_of(one).get(room).status_code for one in (None, carol, erin, dan)] == [401, 404, 404, 200]
    assert api_of(carol).post(room, {"text": "hello"}).status_code == 404


@pytest.mark.django_db
def test_the_chat_is_closed_when_the_enrollment_ends(
    api_of: Any, bob: User, dan: User, room: str, enrollment: Any
) -> None:
    enrollments.end_enrollment(actor=dan, enrollment=enrollment, reason="refunded")
    assert api_of(bob).get(room).status_code == 404
    assert api_of(bob).post(room, {"text": "still here"}).status_code == 404


@pytest.mark.django_db
def test_a_retry_with_the_same_key_is_posted_once(api_of: Any, bob: User, room: str) -> None:
    client = api_of(bob)
    first, second = (client.post(room, {"text": "Once."}, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.json(), first.status_code) == (second.json(), second.status_code)
    assert Message.objects.count() == 1


@pytest.mark.django_db
def test_authors_can_edit_a_message_for_15_minutes(api_of: Any, bob: User, alice: User, room: str) -> None:
    client = api_of(bob)
    client.post(room, {"text": "Tee"})
    changed = client.patch(room + "1", {"text": "Tea"})
    assert (changed.json()["text"], changed.json()["edited_at"] is not None) == ("Tea", True)
    assert code_of(api_of(alice).patch(room + "1", {"text": "Coffee"})) == (403, "not_yours")
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    assert code_of(client.patch(room + "1", {"text": "Late"})) == (409, "too_late")
    assert client.patch(room + "2", {"text": "none"}).status_code == 404
    assert client.patch(room + "9" * 30, {"text": "none"}).status_code == 404


@pytest.mark.django_db
def test_authors_can_delete_a_message_for_24_hours(api_of: Any, bob: User, alice: User, room: str) -> None:
    client = api_of(bob)
    for text in ("one", "two"):
        client.post(room, {"text": text})
    assert code_of(api_of(alice).delete(room + "1")) == (403, "not_yours")
    assert [client.delete(room + "1").status_code for _ in range(2)] == [204, 204]
    assert [(m["text"], m["state"]) for m in client.get(room).json()["results"]] == [("two", "shown"), ("", "deleted")]
    Message.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert code_of(client.delete(room + "2")) == (409, "too_late")
    assert not Message.objects.filter(number=1).exclude(text="").exists()


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


@pytest.mark.django_db
def test_the_instructor_hides_and_unhides_a_message(api_of: Any, alice: User, bob: User, room: str) -> None:
    api_of(bob).post(room, {"text": "Rude."})
    assert code_of(api_of(bob).post(room + "1/hide")) == (403, "not_a_moderator")
    assert api_of(alice).post(room + "1/hide").json()["state"] == "hidden"
    assert texts(api_of(bob).get(room)) == [""]
    assert texts(api_of(alice).get(room)) == ["Rude."]
    assert code_of(api_of(bob).patch(room + "1", {"text": "Other"})) == (409, "too_late")
    api_of(alice).post(room + "1/show")
    assert texts(api_of(bob).get(room)) == ["Rude."]
    actions = list(AuditEntry.objects.filter(action__startswith="realtime.").values_list("action", flat=True))
    assert sorted(actions) == ["realtime.message_hidden", "realtime.message_shown"]


@pytest.mark.django_db
def test_a_muted_user_can_read_but_not_post(api_of: Any, alice: User, bob: User, room: str) -> None:
    api_of(bob).post(room, {"text": "Rude."})
    api_of(alice).post(room, {"text": "Enough."})
    assert api_of(alice).post(room + "1/mute").status_code == 204
    assert code_of(api_of(bob).post(room, {"text": "But"})) == (403, "muted")
    assert api_of(bob).get(room).status_code == 200
    assert code_of(api_of(bob).post(room + "1/unmute")) == (403, "not_a_moderator")
    assert code_of(api_of(alice).post(room + "2/mute")) == (409, "keeps_order")
    assert api_of(alice).post(room + "1/unmute").status_code == 204
    assert api_of(bob).post(room, {"text": "Sorry."}).status_code == 201


@pytest.mark.django_db
def test_more_than_twenty_messages_a_minute_are_429(api_of: Any, bob: User, room: str) -> None:
    client = api_of(bob)
    codes = [client.post(room, {"text": str(number)}).status_code for number in range(21)]
    assert codes == [201] * 20 + [429]
    Message.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    assert client.post(room, {"text": "again"}).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["@Alice Example, how hot?", "Thanks, @alice example!", "a@b @ALICE EXAMPLE"])
def test_mentioned_members_are_notified(api_of: Any, alice: User, bob: User, carol: User, room: str, text: str) -> None:
    api_of(bob).post(room, {"text": text + " @Bob Example @Carol Example"})
    notifications = Notification.objects.filter(event="chat_message")
    assert [notification.user for notification in notifications] == [alice]
    assert notifications[0].payload["mention"] is True
    assert notifications[0].sentence.startswith("Bob Example mentioned you in “Tea”")
    assert notifications[0].address == "/learn/tea/chat/"


@pytest.mark.django_db
def test_part_of_a_name_is_not_a_mention(api_of: Any, bob: User, room: str) -> None:
    api_of(bob).post(room, {"text": "@Alice @ alice@example.com"})
    assert not Notification.objects.filter(event="chat_message").exists()


@pytest.mark.django_db
def test_messages_of_other_users_are_unread_until_marked_as_read(
    api_of: Any, alice: User, bob: User, room: str
) -> None:
    for text in ("one", "two", "three"):
        api_of(alice).post(room, {"text": text})
    api_of(alice).post(room + "2/hide")
    client = api_of(bob)
    assert client.get(room + "unread").json() == {"unread": 2}
    assert client.post(room + "unread", {"id": 1}).json() == {"unread": 1}
    assert client.post(room + "unread", {"id": 0}).json() == {"unread": 1}
    client.post(room, {"text": "mine"})
    assert client.get(room + "unread").json() == {"unread": 0}
    assert api_of(alice).get(room + "unread").json() == {"unread": 1}
    assert client.post(room + "unread", {"id": -1}).status_code == 400


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("any_layer", "no_polling")
def test_subscribers_receive_changes_and_no_text_of_hidden_messages(alice: User, bob: User, course: Course) -> None:
    enrollments.enroll(actor=bob, user=bob, course=course)
    token = token_of(bob)

    def make_changes() -> None:
        message = chat.post(actor=alice, room=course_room(course), text="Welcome!")
        chat.edit(actor=alice, message=message, text="Welcome, all!")
        chat.hide(actor=alice, message=message)
        chat.delete(actor=alice, message=message)

    async def watch() -> list[dict[str, Any]]:
        device = socket(f"?token={token}")
        await device.connect()
        await request_room(device, "subscribe", str(course.pk))
        await sync_to_async(make_changes)()
        received = [await device.json() for _ in range(4)]
        await device.disconnect()
        return received

    received = run(watch())
    assert {message["id"] for message in received} == {None}
    payloads = [message["payload"] for message in received]
    assert [(payload["action"], payload["state"], payload["text"]) for payload in payloads] == [
        ("posted", "shown", "Welcome!"),
        ("edited", "shown", "Welcome, all!"),
        ("hidden", "hidden", ""),
        ("deleted", "deleted", ""),
    ]


@pytest.mark.django_db
def test_closing_an_account_deletes_the_texts_of_its_messages(
    bob: User, course: Course, enrollment: Enrollment
) -> None:
    chat.post(actor=bob, room=course_room(course), text="My name is Bob.")
    close_account(actor=bob, user=bob)
    assert list(Message.objects.values_list("text", flat=True)) == [""]


def post_twenty_at_once(alice: User, bob: User, course: Course) -> int:
    """Post twenty messages of Alice and Bob concurrently; return how many were accepted, with consecutive numbers."""
    room, before = course_room(course), Message.objects.count()
    chat.get_conversation(room)
    authors = (alice, bob)
    outcomes = run_concurrently(20, lambda number: chat.post(actor=authors[number % 2], room=room, text=str(number)))
    posted = sum(isinstance(outcome, Message) for outcome in outcomes)
    numbers = sorted(Message.objects.values_list("number", flat=True))
    assert numbers == list(range(1, before + posted + 1))
    return posted


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_messages_get_twenty_different_numbers(
    alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    assert post_twenty_at_once(alice, bob, course) == 20


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_constraint_rejects_some(
    alice: User, bob: User, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda rows, **options: rows.all())
    monkeypatch.setattr(chat, "MAX_MESSAGES_PER_MINUTE", 20 * MAX_ROUNDS)  # so that the rate limit does not reject them
    assert any(post_twenty_at_once(alice, bob, course) < 20 for _round in range(MAX_ROUNDS))


@pytest.mark.django_db
def test_the_page_posts_edits_deletes_hides_and_mutes(browser_of: Any, alice: User, bob: User, course: Course) -> None:
    enrollments.enroll(actor=bob, user=bob, course=course)
    his, hers, page = browser_of(bob), browser_of(alice), "/learn/tea/chat/"
    assert b"No messages yet" in his.get(page).content
    assert his.post(page, {"text": "How hot?"})["Location"] == page + "#end"
    assert b"How hot?" in hers.get(page).content
    his.post(page + "1/edit/", {"text": "How hot is it?"})
    assert b"How hot is it?" in hers.get(page).content
    hers.post(page + "1/", {"act": "hide"})
    assert b"How hot is it?" not in his.get(page).content
    assert b"How hot is it?" in hers.get(page).content
    hers.post(page + "1/", {"act": "show"})
    hers.post(page + "1/", {"act": "mute"})
    rejected = his.post(page, {"text": "But I meant"})
    assert (rejected.status_code, b"But I meant" in rejected.content) == (200, True), "the text is lost"
    his.post(page + "1/", {"act": "delete"})
    assert b"This message was deleted" in hers.get(page).content
    assert his.post(page + "1/", {"act": "dance"}).status_code == 404
    assert hers.get(page + "1/edit/").status_code == 404


@pytest.mark.quality("X03")
@pytest.mark.parametrize("number", ["²", "٣", "-1", "9" * 30])
def test_a_number_in_other_digits_names_no_message(
    number: str, browser_of: Any, api_of: Any, bob: User, room: str
) -> None:
    assert api_of(bob).patch(f"{room}{number}", {"text": "Hello."}).status_code == 404
    assert browser_of(bob).get("/learn/tea/chat/", {"before": number}).status_code == 200
