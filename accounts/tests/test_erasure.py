"""Tests that closing an account erases personal values everywhere else, and that the audit log stays valid."""

import json
from collections.abc import Callable

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts import services
from accounts.account_administration import change_user
from accounts.account_deletion import close_account
from accounts.models import EmailToken, User
from accounts.models.one_time_tokens import EmailTokenPurpose
from core.audit.entries import record, verify_chain
from core.audit.redaction import PREFIX, digest_value
from core.db import append_only
from core.http import request_id
from core.models import AuditEntry
from courses import services as courses
from courses.models import Course
from enrollments import services as enrollments
from enrollments.invitations import accept_invitation, send_invitation
from enrollments.models import Enrollment, Invitation
from enrollments.rooms import course_room
from realtime import announcements, chat
from realtime.models import Notification

pytestmark = [pytest.mark.quality("V15"), pytest.mark.django_db(transaction=True)]


def written_log() -> str:
    """Return everything in the audit log as one text."""
    rows = AuditEntry.objects.order_by("id").values_list("changes", "ip_address")
    return json.dumps(list(rows), ensure_ascii=False).casefold()


def test_the_log_keeps_its_entries_and_no_personal_values(bob: User, dan: User, alice: User) -> None:
    with request_id.scope(new_id="r1", from_address="10.9.8.7"):
        services.update_profile(actor=bob, user=bob, changes={"full_name": "Böb Nöble", "time_zone": "Europe/Berlin"})
    change_user(actor=dan, user=bob, changes={"email": "bob.noble@example.com"})
    record(actor=dan, action="tests.done", target=bob, changes={"reason": "Wrote from his phone"})
    record(actor=alice, action="tests.done", changes={"list": [{"note": "asked by BOB.NOBLE@example.com, twice"}]})
    record(
        actor=alice,
        action="tests.done",
        changes={"student": "Böb Nöble", "title": "Tea", "address": "rob.bob@example.com"},
    )
    count, head = AuditEntry.objects.count(), verify_chain().head
    close_account(actor=dan, user=User.objects.get(pk=bob.pk))
    log = written_log()
    for value in ("bob example", "böb", "bob.noble", "berlin", "phone", "10.9.8.7"):
        assert value not in log
    assert '"tea"' in log
    assert "rob.bob@example.com" in log, "another address was replaced"
    assert AuditEntry.objects.count() == count + 1
    report = verify_chain(known_head=head)
    assert (report.is_intact, report.checked) == (True, count + 1)
    renamed = AuditEntry.objects.get(action="accounts.profile_changed", target_id=str(bob.pk), actor=bob.pk)
    assert renamed.changes["full_name"] == [digest_value("Bob Example"), digest_value("Böb Nöble")]
    assert renamed.changes["ip_address"].startswith(PREFIX)


def test_an_anonymized_account_leaves_no_values_either(bob: User, dan: User, enrollment: Enrollment) -> None:
    services.update_profile(actor=bob, user=bob, changes={"full_name": "Robert Noble"})
    close_account(actor=dan, user=bob)
    assert User.objects.get(pk=bob.pk).full_name == "Deleted user"
    assert "robert" not in written_log()
    assert verify_chain().is_intact


def test_two_closed_accounts_in_one_entry(bob: User, carol: User, dan: User) -> None:
    entry = record(actor=None, action="tests.done", changes={"people": [bob.email, carol.email]})
    close_account(actor=dan, user=bob)
    close_account(actor=dan, user=carol)
    entry.refresh_from_db()
    assert entry.changes == {"people": [digest_value("bob@example.com"), digest_value("carol@example.com")]}
    assert verify_chain().is_intact


def test_a_chosen_name_does_not_hide_texts_about_other_people(bob: User, alice: User, dan: User) -> None:
    entry = record(actor=alice, action="tests.done", changes={"title": "Tea for two", "reason": "e"})
    services.update_profile(actor=bob, user=bob, changes={"full_name": "e"})
    close_account(actor=dan, user=User.objects.get(pk=bob.pk))
    entry.refresh_from_db()
    assert (entry.changes, entry.redaction) == ({"title": "Tea for two", "reason": "e"}, "")


def test_an_entry_that_was_changed_before_stays_invalid(bob: User, dan: User) -> None:
    entry = record(actor=bob, action="tests.done", target=bob, changes={"email": bob.email})
    with append_only.lifted(), connection.cursor() as cursor:
        cursor.execute("UPDATE platform_auditentry SET action = 'tests.undone' WHERE id = %s", [entry.pk])
    close_account(actor=dan, user=bob)
    report = verify_chain()
    assert (report.bad_entry, report.reason) == (entry.pk, "was changed after it was written")
    assert "bob@example" not in written_log()


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE platform_auditentry SET changes = '{"email": "x"}' WHERE id = %s""",
        "UPDATE platform_auditentry SET redaction = '' WHERE id = %s",
        "UPDATE platform_auditentry SET redaction = 'f' WHERE id = %s",
    ],
)
def test_a_redacted_entry_cannot_be_changed_unnoticed(bob: User, dan: User, statement: str) -> None:
    entry = record(actor=None, action="tests.done", target=bob, changes={"email": bob.email})
    close_account(actor=dan, user=bob)
    with append_only.lifted(), connection.cursor() as cursor:
        cursor.execute(statement, [entry.pk])
    assert verify_chain().bad_entry == entry.pk


def test_invitations_to_the_address_are_deleted(alice: User, carol: User, dan: User, course: Course) -> None:
    accept_invitation(actor=carol, invitation=send_invitation(actor=alice, course=course, email=carol.email))
    User.objects.filter(pk=carol.pk).update(email="carol@example.com")
    EmailToken.objects.create(purpose=EmailTokenPurpose.RESET, email=carol.email)
    other = send_invitation(actor=alice, course=course, email="stranger@example.com")
    close_account(actor=dan, user=carol)
    assert list(Invitation.objects.all()) == [other]
    assert not EmailToken.objects.exists()


def test_notifications_of_other_people_no_longer_name_the_user(
    alice: User, bob: User, carol: User, dan: User, course: Course, api_of: Callable[[User], APIClient]
) -> None:
    for user in (bob, carol):
        enrollments.enroll(actor=user, user=user, course=course)
    User.objects.update(email_verified_at=course.created_at)
    chat.post(actor=User.objects.get(pk=bob.pk), room=course_room(course), text="@Carol Example my number is 555")
    announcements.announce(actor=User.objects.get(pk=alice.pk), room=course_room(course), subject="Exam", text="Soon.")
    close_account(actor=dan, user=bob)
    payloads = json.dumps(list(Notification.objects.values_list("payload", flat=True)))
    assert "Bob Example" not in payloads
    assert "555" not in payloads
    assert "Alice Example" in payloads
    courses.unpublish_course(actor=alice, course=course)
    close_account(actor=dan, user=alice)
    assert "Alice Example" not in json.dumps(list(Notification.objects.values_list("payload", flat=True)))
    assert api_of(carol).get("/api/v1/notifications/").status_code == 200
