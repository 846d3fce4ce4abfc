"""Small faults that users found: where pages lead, what lists contain, and what a user reads."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from accounts.account_deletion import close_account
from accounts.models import User
from assignments import submissions
from assignments.tests.samples import write_assignment
from courses.models import Course, Section
from enrollments import invitations, services
from enrollments.models import Enrollment, Invitation, Source
from enrollments.rooms import course_room
from files.models import File, Purpose
from quizzes import attempts, editor
from quizzes.models import Attempt
from realtime import chat
from realtime.models import Event
from realtime.services import push
from tools.testing.plugin import PASSWORD

Browser = Callable[[User | None], Client]


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


@pytest.fixture
def essay(alice: User, bob: User, course: Course, enrollment: Enrollment) -> Attempt:
    """Bob's submitted attempt with an essay that awaits grading."""
    quiz = editor.create_quiz(actor=alice, course=course, title="Water")
    question = {"question_type": "essay", "question_text": "Write about water.", "points": 4}
    added = editor.add_question(actor=alice, quiz=quiz, **question)
    quiz = editor.set_published(actor=alice, quiz=quiz, published=True)
    attempt, _is_new = attempts.start_attempt(actor=bob, quiz=quiz)
    return attempts.submit_attempt(actor=bob, attempt=attempt, answers={str(added.pk): "Wet."})


def test_grading_continues_within_the_assignment(
    alice: User, bob: User, carol: User, course: Course, enrollment: Enrollment, browser_of: Browser
) -> None:
    other, task = write_assignment(course, title="Boil"), write_assignment(course)
    submissions.submit(actor=bob, assignment=other, content="Older.")
    first = submissions.submit(actor=bob, assignment=task, content="Tea.")
    services.enroll(actor=carol, user=carol, course=course)
    second = submissions.submit(actor=carol, assignment=task, content="Coffee.")
    client = browser_of(alice)
    page = text_of(client, reverse("assignments:grade", args=[first.pk]))
    assert "2 awaiting grading" in page
    graded = client.post(reverse("assignments:grade", args=[first.pk]), {"grade": 8, "version": 0, "then": "release"})
    assert graded.headers["Location"] == reverse("assignments:grade", args=[second.pk])
    graded = client.post(reverse("assignments:grade", args=[second.pk]), {"grade": 8, "version": 0, "then": "release"})
    assert graded.headers["Location"] == reverse("assignments:queue")


def test_the_grading_queue_contains_the_essays_that_the_dashboard_counts(
    alice: User, erin: User, essay: Attempt, browser_of: Browser
) -> None:
    task = write_assignment(essay.quiz.course)
    submissions.submit(actor=essay.enrollment.user, assignment=task, content="Tea.")
    queue = browser_of(alice).get(reverse("assignments:queue")).context
    board = browser_of(alice).get(reverse("instructors:dashboard")).context["board"]
    assert len(queue["submissions"]) + sum(work.count for work in queue["waiting_work"]) == board["waiting_for_grading"]
    assert reverse("quizzes:results", args=[essay.quiz_id]) in text_of(browser_of(alice), reverse("assignments:queue"))
    assert browser_of(erin).get(reverse("assignments:queue")).context["waiting_work"] == []


def test_arrows_move_a_lesson_into_an_empty_section_and_keep_the_focus(
    alice: User, course: Course, browser_of: Browser
) -> None:
    empty = Section.objects.create(course=course, title="Later", order=2)
    *_others, last = course.lessons.order_by("order")
    address = reverse("courses:move_lesson", args=[course.slug, last.pk])
    client = browser_of(alice)
    moved = client.post(address, {"direction": "down"})
    last.refresh_from_db()
    assert last.section == empty
    anchor = moved.headers["Location"].partition("#")[2]
    assert f'id="{anchor}"' in text_of(client, reverse("courses:edit", args=[course.slug]))
    client.post(address, {"direction": "down"})  # it is the last already
    client.post(address, {"direction": "up"})
    last.refresh_from_db()
    assert (last.section == empty, last.order) == (False, 3)


def test_arrows_of_sections_and_questions_keep_the_focus(
    alice: User, course: Course, essay: Attempt, browser_of: Browser
) -> None:
    client, section, question = browser_of(alice), course.sections.get(), essay.quiz.questions.get()
    pages = {
        reverse("courses:move_section", args=[course.slug, section.pk]): reverse("courses:edit", args=[course.slug]),
        reverse("quizzes:move", args=[essay.quiz_id, question.pk]): reverse("quizzes:edit", args=[essay.quiz_id]),
    }
    for address, page in pages.items():
        anchor = client.post(address, {"direction": "down"}).headers["Location"].partition("#")[2]
        assert f'id="{anchor}"' in text_of(client, page)


def test_a_lesson_with_an_uploaded_video_has_the_video_badge(alice: User, course: Course, browser_of: Browser) -> None:
    page = reverse("courses:edit", args=[course.slug])
    badges = text_of(browser_of(alice), page).count("#video")
    file = File.objects.create(
        purpose=Purpose.COURSE_MATERIAL, original_filename="a.mp4", file_size=1, content_type="video/mp4",
        extension="mp4", storage_provider="local", storage_path="a", uploaded_by=alice, course_id=course.pk,
    )  # fmt: skip
    lesson = course.lessons.filter(Q(video_url=None) | Q(video_url="")).first()
    assert lesson is not None
    lesson.files.create(file=file, is_video=True)
    assert text_of(browser_of(alice), page).count("#video") == badges + 1


def test_a_deleted_user_is_not_in_the_list_of_students(
    dan: User, alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Browser
) -> None:
    address = reverse("enrollments:students", args=[course.slug])
    assert bob.full_name in text_of(browser_of(alice), address)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at="2026-01-01T00:00Z")
    close_account(actor=dan, user=bob)
    assert "Deleted user" not in text_of(browser_of(alice), address)


@pytest.mark.parametrize("source", [Source.FREE, Source.LINK])
def test_an_invitation_of_an_enrolled_student_is_not_pending(
    source: Source, alice: User, carol: User, course: Course
) -> None:
    invitations.send_invitation(actor=alice, course=course, email=carol.email)
    assert Invitation.objects.pending().count() == 1
    enrollment = services.enroll(actor=carol, user=carol, course=course, source=source)
    assert Invitation.objects.pending().count() == 0
    services.end_enrollment(actor=carol, enrollment=enrollment, reason="")
    assert Invitation.objects.pending().count() == 1


def test_a_muted_student_reads_so_before_writing(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Browser
) -> None:
    address = reverse("enrollments:chat", args=[course.slug])
    assert "You have been muted" not in text_of(browser_of(bob), address)
    chat.mute(actor=alice, room=course_room(course), user=bob)
    page = text_of(browser_of(bob), address)
    assert "You have been muted" in page
    assert "data-chat-form hidden" in page


def test_missing_requirements_are_links(
    course: Course, enrollment: Enrollment, essay: Attempt, browser_of: Browser
) -> None:
    task = write_assignment(course, is_required=True)
    type(essay.quiz).objects.filter(pk=essay.quiz_id).update(is_required=True)
    page = text_of(browser_of(enrollment.user), reverse("enrollments:progress", args=[course.slug]))
    checklist = page[page.index('class="checklist"') :].partition("</ul>")[0]
    lesson = course.lessons.first()
    assert lesson is not None
    for url in (
        reverse("enrollments:lesson", args=[course.slug, lesson.pk]),
        reverse("quizzes:quiz", args=[essay.quiz_id]),
        task.get_absolute_url(),
    ):
        assert f'href="{url}"' in checklist


def test_graders_do_not_read_your_answer(alice: User, bob: User, essay: Attempt, browser_of: Browser) -> None:
    assert "Your answer" not in text_of(browser_of(alice), reverse("quizzes:mark", args=[essay.pk]))
    assert "Your answer" in text_of(browser_of(bob), reverse("quizzes:review", args=[essay.pk]))


@pytest.mark.parametrize(("name", "page"), [("bob", "/dashboard/"), ("alice", "/teach/dashboard/"), ("dan", "/admin/")])
def test_a_login_leads_to_the_own_page(name: str, page: str, request: Any, client: Client, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = False
    user = request.getfixturevalue(name)
    User.objects.filter(pk=user.pk).update(is_superuser=name == "dan")
    form = {"username": user.email, "password": PASSWORD}
    response = client.post("/account/login/", form)
    assert response.headers["Location"] == page
    assert client.get("/account/login/").headers["Location"] == page
    client.logout()
    assert client.post("/account/login/", {**form, "next": "/grades/"}).headers["Location"] == "/grades/"


def test_staff_without_a_second_factor_are_led_to_the_dashboard(dan: User, client: Client, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = True
    response = client.post("/account/login/", {"username": dan.email, "password": PASSWORD})
    assert response.headers["Location"] == "/dashboard/"


def test_the_editor_tabs_stay_in_quizzes_assignments_and_chat(
    alice: User, bob: User, course: Course, essay: Attempt, browser_of: Browser
) -> None:
    task = write_assignment(course)
    question = essay.quiz.questions.get()
    quiz_pages = [reverse(f"quizzes:{name}", args=[essay.quiz_id]) for name in ("edit", "results", "regrade", "import")]
    pages = [
        *quiz_pages,
        reverse("quizzes:question", args=[essay.quiz_id, question.pk]),
        reverse("quizzes:mark", args=[essay.pk]),
        reverse("assignments:edit", args=[course.slug, task.pk]),
        reverse("enrollments:chat", args=[course.slug]),
    ]
    for page in pages:
        assert 'aria-label="Course editor"' in text_of(browser_of(alice), page), page
    teaching = '<a href="/teach/" aria-current="page">Teach</a>'
    assert teaching in text_of(browser_of(alice), pages[-1])
    learning = '<a href="/dashboard/" aria-current="page">My learning</a>'
    student_pages = [reverse("quizzes:quiz", args=[essay.quiz_id]), task.get_absolute_url(), pages[-1]]
    for page in student_pages:
        text = text_of(browser_of(bob), page)
        assert learning in text, page
        assert 'aria-label="Course editor"' not in text


def test_an_invited_newcomer_reads_who_invited_them_and_finds_the_address(
    alice: User, course: Course, client: Client
) -> None:
    invitation = invitations.send_invitation(actor=alice, course=course, email="newcomer@example.org")
    path = reverse("enrollments:invitation", args=[invitation.token])
    page = text_of(client, path)
    assert f"{alice.full_name} invited you to this course." in page
    assert client.post(path).headers["Location"] == f"/account/login/?next={quote(path)}"
    for address in ("/account/register/", "/account/login/"):
        page = text_of(client, f"{address}?next={path}")
        assert f"{alice.full_name} invited you to “{course.title}”." in page
        assert 'value="newcomer@example.org"' in page
    form = {"full_name": "New Comer", "email": "newcomer@example.org", "password": "quiet-otter-42", "next": path}
    assert client.post("/account/register/", form).headers["Location"] == path
    assert "Accept and enroll" in text_of(client, path)
    assert "newcomer" not in text_of(Client(), "/account/register/?next=/invitations/forged/")


def test_completed_lessons_are_not_in_the_list_of_notifications(bob: User, browser_of: Browser) -> None:
    push([bob.pk], Event.LESSON_COMPLETED, {"title": "Oolong", "progress": 10})
    push([bob.pk], Event.COURSE_UPDATED, {"title": "Sencha"})
    response = browser_of(bob).get("/notifications/")
    assert ("Oolong" in response.content.decode(), "Sencha" in response.content.decode()) == (False, True)
    assert response.context["inbox"].unread == 1
