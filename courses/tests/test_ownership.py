"""Handing a course over, and closing the account of its owner."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts import account_deletion
from accounts.models import Role, User
from certificates import services as certificates
from certificates.models import Certificate
from core.models import AuditEntry
from courses.models import Course
from enrollments.models import Enrollment
from tools.testing.plugin import PASSWORD, complete_all_lessons

Api = Callable[[User], APIClient]


def test_the_new_owner_edits_the_course_and_the_former_one_does_not(
    alice: User, erin: User, course: Course, api_of: Api, django_capture_on_commit_callbacks: Callable
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = api_of(alice).post(f"/api/v1/courses/{course.pk}/transfer", {"user_id": str(erin.pk)})
    assert (answer.status_code, answer.json()["instructor"]["id"]) == (200, str(erin.pk))
    course.refresh_from_db()
    assert (course.is_editable_by(alice), course.is_editable_by(erin)) == (False, True)
    entry = AuditEntry.objects.get(action="courses.transferred")
    assert entry.changes["instructor"] == [str(alice.pk), str(erin.pk)]
    assert {message.to[0] for message in mail.outbox} == {alice.email, erin.email}
    assert "Erin Example now owns the course “Tea”" in mail.outbox[0].body
    again = api_of(alice).post(f"/api/v1/courses/{course.pk}/transfer", {"user_id": str(alice.pk)})
    assert again.status_code == 403


def test_a_course_is_handed_over_on_its_page(
    alice: User, erin: User, course: Course, browser_of: Callable[..., Client]
) -> None:
    answer = browser_of(alice).post(
        f"/teach/courses/{course.slug}/transfer/", {"email": "Erin@example.com"}, follow=True
    )
    assert "now belongs to Erin Example" in answer.text
    course.refresh_from_db()
    assert course.instructor == erin


@pytest.mark.parametrize("address", ["carol@example.com", "nobody@example.com"])
def test_a_course_is_handed_over_to_instructors_only(
    address: str, alice: User, carol: User, course: Course, browser_of: Callable[..., Client], api_of: Api
) -> None:
    page = browser_of(alice).post(f"/teach/courses/{course.slug}/transfer/", {"email": address}, follow=True)
    assert "only be handed over to an instructor" in page.text or "No user of this site" in page.text
    answer = api_of(alice).post(f"/api/v1/courses/{course.pk}/transfer", {"user_id": str(carol.pk)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_an_instructor")
    course.refresh_from_db()
    assert course.instructor == alice


def test_the_admin_changes_the_owner_with_the_same_rules(
    dan: User, erin: User, carol: User, course: Course, browser_of: Callable[..., Client]
) -> None:
    address = f"/admin/courses/course/{course.pk}/change/"
    browser = browser_of(dan)
    form = browser.get(address).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields}
    fields = {name: "" if value is None else value for name, value in fields.items()} | {"outcomes": "", "tags": []}
    refused = browser.post(address, {**fields, "instructor": str(carol.pk)})
    assert "only be handed over to an instructor" in refused.text
    saved = browser.post(address, {**fields, "instructor": str(erin.pk)})
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    course.refresh_from_db()
    assert course.instructor == erin
    assert AuditEntry.objects.filter(action="courses.transferred").count() == 1


def test_an_account_with_courses_on_sale_is_not_closed(
    alice: User, erin: User, dan: User, course: Course, api_of: Api, browser_of: Callable[..., Client]
) -> None:
    refused = api_of(dan).delete(f"/api/v1/users/{alice.pk}")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "owns_courses")
    page = browser_of(alice).post("/account/close/", {"password": PASSWORD})
    assert "Hand over or unpublish these courses first: Tea." in page.text
    api_of(alice).post(f"/api/v1/courses/{course.pk}/transfer", {"user_id": str(erin.pk)})
    assert api_of(dan).delete(f"/api/v1/users/{alice.pk}").status_code == 204


def test_certificates_keep_the_name_of_the_former_owner(
    alice: User, erin: User, dan: User, course: Course, enrollment: Enrollment, api_of: Api
) -> None:
    complete_all_lessons(enrollment)
    api_of(alice).post(f"/api/v1/courses/{course.pk}/transfer", {"user_id": str(erin.pk)})
    account_deletion.close_account(actor=dan, user=alice)
    certificate = Certificate.objects.get()
    assert certificate.instructor_name == "Alice Example"
    new = certificates.reissue(actor=dan, certificate=certificate, reason="A new name.")
    assert new.instructor_name == "Alice Example"


def test_the_owner_loses_nothing_when_the_new_one_is_the_same(alice: User, course: Course, api_of: Api) -> None:
    answer = api_of(alice).post(f"/api/v1/courses/{course.pk}/transfer", {"user_id": str(alice.pk)})
    assert answer.status_code == 200
    assert not AuditEntry.objects.filter(action="courses.transferred").exists()
    assert alice.role == Role.INSTRUCTOR
