"""A page that is closed to a former student explains why."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment
from quizzes.models import Quiz
from tools.testing.plugin import complete_all_lessons

Browser = Callable[[User], Client]
GENERAL = "The address may be mistyped"


def learning_pages(course: Course) -> list[str]:
    names = ("learn", "progress", "chat", "announcements", "course_grades")
    return [reverse(f"enrollments:{name}", args=[course.slug]) for name in names]


def closed_texts(client: Client, course: Course) -> set[str]:
    """Return the lead of every page of the course, all of them with the status 404."""
    responses = [client.get(page) for page in learning_pages(course)]
    assert {response.status_code for response in responses} == {404}
    return {response.context["closed"].text for response in responses}


def test_a_removed_student_reads_the_reason(alice: User, enrollment: Enrollment, browser_of: Browser) -> None:
    services.remove_student(actor=alice, enrollment=enrollment, reason="Shared the exam.")
    client = browser_of(enrollment.user)
    removed = "You were removed from this course. Reason: Shared the exam."
    assert closed_texts(client, enrollment.course) == {removed}
    assert removed in client.get(f"/courses/{enrollment.course.slug}/").content.decode()


def test_a_student_whose_enrollment_ended_can_enroll_again(enrollment: Enrollment, browser_of: Browser) -> None:
    services.end_enrollment(actor=None, enrollment=enrollment, reason="The payment was refunded.")
    client = browser_of(enrollment.user)
    assert closed_texts(client, enrollment.course) == {"Your enrollment has ended. Reason: The payment was refunded."}
    page = client.get(learning_pages(enrollment.course)[0]).content.decode()
    assert f'href="/courses/{enrollment.course.slug}/"' in page


def test_a_student_who_left_reads_so(bob: User, enrollment: Enrollment, browser_of: Browser) -> None:
    services.end_enrollment(actor=bob, enrollment=enrollment, reason="")
    assert closed_texts(browser_of(bob), enrollment.course) == {"You left this course."}


def test_a_student_of_a_withdrawn_course_is_referred_to_the_certificate(
    enrollment: Enrollment, browser_of: Browser
) -> None:
    complete_all_lessons(enrollment)
    Course.objects.filter(pk=enrollment.course_id).update(is_published=False)
    client = browser_of(enrollment.user)
    assert closed_texts(client, enrollment.course) == {"This course has been withdrawn."}
    page = client.get(f"/courses/{enrollment.course.slug}/")
    assert page.status_code == 404
    assert reverse("certificates:list") in page.content.decode()


def test_coursework_of_an_ended_enrollment_explains_the_end(
    alice: User, enrollment: Enrollment, browser_of: Browser
) -> None:
    quiz = Quiz.objects.create(course=enrollment.course, title="Grind", is_published=True)
    services.remove_student(actor=alice, enrollment=enrollment, reason="Shared the exam.")
    response = browser_of(enrollment.user).get(reverse("quizzes:quiz", args=[quiz.pk]))
    assert (response.status_code, "Shared the exam." in response.content.decode()) == (404, True)


def test_other_missing_pages_are_not_explained(
    alice: User, carol: User, enrollment: Enrollment, browser_of: Browser, api_of: Callable[..., Client]
) -> None:
    course = enrollment.course
    page = learning_pages(course)[0]
    assert GENERAL in browser_of(carol).get(page).content.decode()
    assert GENERAL in browser_of(enrollment.user).get(f"{page}{enrollment.pk}/").content.decode()
    services.remove_student(actor=alice, enrollment=enrollment, reason="Shared the exam.")
    answer = api_of(enrollment.user).get(f"/api/v1/courses/{course.pk}/messages")
    assert answer.json()["errors"][0]["code"] == "not_found"
