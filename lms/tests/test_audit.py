"""Tests for the audit log: append-only tables, the hash chain, and entries that commit with their act."""

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from core.audit import chain
from core.audit.entries import HIDDEN, record, verify_chain
from core.db import append_only
from core.http import request_id
from core.models import AuditEntry, AuditSeal, FailedTask
from core.tasks import check_audit_log
from courses.models import Course
from courses.services import unpublish_course
from enrollments.models import Enrollment
from tools.testing.plugin import is_postgresql, make_graded_item
from tools.testing.races import run_concurrently


def record_entries(count: int) -> list[AuditEntry]:
    return [record(actor=None, action="tests.done", changes={"number": number}) for number in range(count)]


def by_sql(statement: str, *values: object) -> None:
    """Run SQL with the append-only triggers disabled, as an attacker with database access can."""
    with append_only.lifted(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def run_verify_audit(**options: str) -> str:
    output = io.StringIO()
    call_command("verify_audit", stdout=output, **options)
    return output.getvalue()


@pytest.mark.quality("M03")
@pytest.mark.parametrize(
    "change",
    [
        lambda entry: AuditEntry.objects.filter(pk=entry.pk).update(action="tests.undone"),
        lambda entry: AuditEntry.objects.filter(pk=entry.pk).delete(),
        lambda entry: AuditEntry.objects.all().delete(),
        lambda entry: entry.delete(),
        lambda entry: entry.save(),
        lambda entry: AuditEntry.objects.bulk_update([entry], ["action"]),
        lambda entry: AuditSeal.objects.update(hash=""),
        lambda entry: AuditSeal.objects.all().delete(),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_the_database_rejects_changes_and_deletions_of_entries(change: Callable[[AuditEntry], object]) -> None:
    entry, _other = record_entries(2)
    with pytest.raises(DatabaseError, match="append-only"):
        change(entry)
    assert [entry.action for entry in AuditEntry.objects.all()] == ["tests.done"] * 2
    assert verify_chain().checked == 2


@pytest.mark.postgres
@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["platform_auditentry", "platform_auditseal"])
def test_the_database_rejects_truncating_the_log(table: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table}")


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_an_untouched_log_is_valid() -> None:
    record(
        actor=None,
        action="tests.done",
        changes={"price": [1.0, 1e22], "title": ["Tea", "Thé \N{SNOWMAN}"], "nested": {"b": 1, "a": None}, "-": -0.0},
    )
    record_entries(3)
    assert "4 entries are valid" in run_verify_audit()


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE platform_auditentry SET action = 'tests.undone' WHERE id = %s", "was changed"),
        ("UPDATE platform_auditentry SET actor_id = NULL, ip_address = '10.0.0.1' WHERE id = %s", "was changed"),
        ("""UPDATE platform_auditentry SET changes = '{"number": 7}' WHERE id = %s""", "was changed"),
        ("DELETE FROM platform_auditentry WHERE id = %s", "is missing"),
        ("UPDATE platform_auditseal SET hash = 'f' WHERE entry_id = %s", "is not linked"),
        ("DELETE FROM platform_auditseal WHERE entry_id = %s", ""),
    ],
)
def test_the_first_bad_entry_is_named(statement: str, reason: str) -> None:
    _first, second, third, fourth = record_entries(4)
    by_sql(statement, third.pk)
    with pytest.raises(CommandError) as refused:
        run_verify_audit()
    expected = fourth if statement.startswith("DELETE FROM platform_auditseal") else third
    assert str(refused.value).startswith(f"Entry {expected.pk} {reason}")
    assert second.pk != expected.pk


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_an_entry_inserted_by_sql_is_named() -> None:
    entry = record_entries(2)[0]
    columns = "created_at, action, target_type, target_id, changes, request_id, digest"
    disabled = ["ALTER TABLE platform_auditentry DISABLE TRIGGER USER"] if is_postgresql() else []
    enabled = ["ALTER TABLE platform_auditentry ENABLE TRIGGER USER"] if is_postgresql() else []
    copied = (
        f"INSERT INTO platform_auditentry ({columns}) SELECT {columns} FROM platform_auditentry WHERE id = {entry.pk}"
    )
    with connection.cursor() as cursor:
        for statement in [*disabled, copied, *enabled]:
            cursor.execute(statement)
    added = AuditEntry.objects.first()
    with pytest.raises(CommandError, match=f"Entry {added.pk} is not part of the chain"):
        run_verify_audit()


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_a_deleted_end_of_the_log_is_detected_with_the_known_head() -> None:
    last = record_entries(3)[-1]
    head = verify_chain().head
    assert "3 entries are valid" in run_verify_audit(known_head=head)
    by_sql("DELETE FROM platform_auditentry WHERE id = %s", last.pk)
    by_sql("DELETE FROM platform_auditseal WHERE entry_id = %s", last.pk)
    assert "2 entries are valid" in run_verify_audit()
    with pytest.raises(CommandError, match="ends at 2, but once reached 3"):
        run_verify_audit(known_head=head)
    with pytest.raises(CommandError, match="must look like"):
        run_verify_audit(known_head="yesterday's")


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_the_periodic_check_logs_the_head_and_fails_for_a_bad_entry(caplog: pytest.LogCaptureFixture) -> None:
    _first, second = record_entries(2)
    head = check_audit_log.apply().result
    assert head.startswith("2:")
    assert head in caplog.text
    by_sql("UPDATE platform_auditentry SET action = 'tests.undone' WHERE id = %s", second.pk)
    check_audit_log.apply(throw=False)
    assert f"Entry {second.pk} was changed" in FailedTask.objects.get().error


@contextmanager
def without_the_seal_lock() -> Iterator[None]:
    """Remove the advisory lock from the trigger function, and restore it afterwards."""
    function = next(statement for statement in chain.POSTGRESQL if "platform_audit_seal()" in statement)
    replaced = function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    slow = replaced.replace("PERFORM pg_advisory_xact_lock", "PERFORM pg_sleep(0); --")
    slow = slow.replace("last_position := COALESCE", "PERFORM pg_sleep(0.05); last_position := COALESCE")
    with connection.cursor() as cursor:
        cursor.execute(slow)
        try:
            yield
        finally:
            cursor.execute(replaced)


def write_one(number: int) -> None:
    with transaction.atomic():
        record(actor=None, action="tests.done", changes={"number": number})
        record(actor=None, action="tests.done_again", changes={"number": number})


@pytest.mark.postgres
@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_the_chain_is_exact_with_forty_concurrent_writers() -> None:
    assert [outcome for outcome in run_concurrently(40, write_one) if outcome is not None] == []
    assert verify_chain().checked == 80


@pytest.mark.postgres
@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_concurrent_writers_fail() -> None:
    with without_the_seal_lock():
        refused = [outcome for outcome in run_concurrently(10, write_one) if outcome is not None]
    assert refused


@pytest.mark.postgres
@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_does_not_block_other_entries(alice: User) -> None:
    def slow_or_quick(number: int) -> None:
        if number:
            record_entries(1)

    with transaction.atomic():
        record(actor=alice, action="tests.slow")
        # If the chain were locked during the request, these could not finish before it.
        assert run_concurrently(5, slow_or_quick) == [None] * 5
    order = AuditSeal.objects.order_by("position").values_list("entry_id", flat=True)
    assert AuditEntry.objects.get(pk=list(order)[-1]).action == "tests.slow"
    assert verify_chain().is_intact


@pytest.mark.quality("M05")
@pytest.mark.django_db(transaction=True)
def test_an_entry_is_written_only_if_the_act_commits(alice: User, course: Course) -> None:
    before = AuditEntry.objects.count()
    with transaction.atomic():
        unpublish_course(actor=alice, course=course)
        transaction.set_rollback(True)
    course.refresh_from_db()
    assert (course.is_published, AuditEntry.objects.count()) == (True, before)
    unpublish_course(actor=alice, course=course)
    assert AuditEntry.objects.filter(action="courses.unpublished", target_id=str(course.pk)).count() == 1
    assert verify_chain().is_intact


@pytest.mark.quality("M05")
@pytest.mark.django_db(transaction=True)
def test_a_killed_process_leaves_both_grade_and_entry_or_neither(course: Course, enrollment: Enrollment) -> None:
    item = make_graded_item(course)
    arguments = [str(connection.settings_dict["NAME"]), str(item.pk), str(enrollment.pk)]
    done = subprocess.run(
        [sys.executable, "-m", "tools.testing.killed_grade", *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "lms.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = [tuple(int(number) for number in line.split()) for line in done.stdout.splitlines()]
    assert len(seen) > 6, done.stdout  # at the commit, after it, and before each of some statements
    assert all(grades == audited for _point, grades, audited in seen), seen
    assert seen[0][1:] == (0, 0)
    assert seen[1][1:] == (1, 1)
    assert seen[-1][1:] == (2, 2)
    assert verify_chain().is_intact


@pytest.mark.quality("M05")
def test_values_named_like_secrets_are_hidden(bob: User) -> None:
    changes = {"password": ["old one", "new one"], "api_token": "t0ken", "deep": {"mfa_secret": "JBSW"}, "name": "Bob"}
    logged = record(actor=bob, action="tests.done", changes=changes).changes
    assert logged == {"password": HIDDEN, "api_token": HIDDEN, "deep": {"mfa_secret": HIDDEN}, "name": "Bob"}


@pytest.mark.quality("M02")
def test_during_impersonation_staff_are_the_actor_and_the_user_the_subject(alice: User, bob: User, dan: User) -> None:
    with request_id.scope(new_id="r1", from_address="::ffff:10.1.2.3"):
        request_id.acting.set(request_id.Acting(actor_id=dan.pk, subject_id=bob.pk))
        entry = record(actor=bob, action="tests.done", subject=alice)
    assert (entry.actor, entry.subject, entry.changes) == (dan, bob, {"concerns": str(alice.pk)})
    assert record(actor=bob, action="tests.done").actor == bob


@pytest.mark.django_db(transaction=True)
def test_the_digest_of_a_reloaded_entry_is_unchanged(alice: User) -> None:
    entry = record(actor=alice, action="tests.done", subject=alice, target=alice, changes={"price": [1, 2.50]})
    assert chain.digest_of(AuditEntry.objects.get(pk=entry.pk)) == entry.digest
