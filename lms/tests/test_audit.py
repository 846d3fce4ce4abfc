"""The audit log: it only grows, its chain shows what was done to it, and no act is without its line."""

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
from courses.models import Course
from courses.services import unpublish_course
from enrollments.models import Enrollment
from lms.lib import request_id
from lms.platform import append_only, chain
from lms.platform.audit import HIDDEN, record, verdict
from lms.platform.models import AuditEntry, AuditSeal
from lms.testing.plugin import graded_item, on_postgres
from lms.testing.racing import at_once


def lines(count: int) -> list[AuditEntry]:
    return [record(actor=None, action="tests.done", changes={"number": number}) for number in range(count)]


def by_sql(statement: str, *values: object) -> None:
    """Change the log as somebody does who has the database and takes the guards away."""
    with append_only.lifted(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def verified(**options: str) -> str:
    said = io.StringIO()
    call_command("verify_audit", stdout=said, **options)
    return said.getvalue()


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
def test_the_database_refuses_to_change_or_delete_a_line(change: Callable[[AuditEntry], object]) -> None:
    entry, _other = lines(2)
    with pytest.raises(DatabaseError, match="append-only"):
        change(entry)
    assert [line.action for line in AuditEntry.objects.all()] == ["tests.done"] * 2
    assert verdict().checked == 2


@pytest.mark.postgres
@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["platform_auditentry", "platform_auditseal"])
def test_the_database_refuses_to_empty_the_log(table: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table}")


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_a_log_that_nobody_touched_holds() -> None:
    record(
        actor=None,
        action="tests.done",
        changes={"price": [1.0, 1e22], "title": ["Tea", "Thé \N{SNOWMAN}"], "nested": {"b": 1, "a": None}, "-": -0.0},
    )
    lines(3)
    assert "4 entries hold" in verified()


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE platform_auditentry SET action = 'tests.undone' WHERE id = %s", "was changed"),
        ("UPDATE platform_auditentry SET actor_id = NULL, ip_address = '10.0.0.1' WHERE id = %s", "was changed"),
        ("""UPDATE platform_auditentry SET changes = '{"number": 7}' WHERE id = %s""", "was changed"),
        ("DELETE FROM platform_auditentry WHERE id = %s", "is missing"),
        ("UPDATE platform_auditseal SET hash = 'f' WHERE entry_id = %s", "is tied to another"),
        ("DELETE FROM platform_auditseal WHERE entry_id = %s", ""),
    ],
)
def test_the_first_bad_row_is_named(statement: str, reason: str) -> None:
    _first, second, third, fourth = lines(4)
    by_sql(statement, third.pk)
    with pytest.raises(CommandError) as refused:
        verified()
    named = fourth if statement.startswith("DELETE FROM platform_auditseal") else third
    assert str(refused.value).startswith(f"Entry {named.pk} {reason}")
    assert second.pk != named.pk


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_put_in_past_the_site_is_named() -> None:
    entry = lines(2)[0]
    columns = "created_at, action, target_type, target_id, changes, request_id, digest"
    disabled = ["ALTER TABLE platform_auditentry DISABLE TRIGGER USER"] if on_postgres() else []
    enabled = ["ALTER TABLE platform_auditentry ENABLE TRIGGER USER"] if on_postgres() else []
    copied = (
        f"INSERT INTO platform_auditentry ({columns}) SELECT {columns} FROM platform_auditentry WHERE id = {entry.pk}"
    )
    with connection.cursor() as cursor:
        for statement in [*disabled, copied, *enabled]:
            cursor.execute(statement)
    added = AuditEntry.objects.first()
    with pytest.raises(CommandError, match=f"Entry {added.pk} is not part of the chain"):
        verified()


@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_an_end_that_was_cut_off_shows_against_a_head_that_was_written_down() -> None:
    last = lines(3)[-1]
    head = verdict().head
    assert "3 entries hold" in verified(known_head=head)
    by_sql("DELETE FROM platform_auditentry WHERE id = %s", last.pk)
    by_sql("DELETE FROM platform_auditseal WHERE entry_id = %s", last.pk)
    assert "2 entries hold" in verified()
    with pytest.raises(CommandError, match="ends at 2, and once reached 3"):
        verified(known_head=head)
    with pytest.raises(CommandError, match="looks like"):
        verified(known_head="yesterday's")


@contextmanager
def without_the_seal_lock() -> Iterator[None]:
    """Take the lock out of the database's function, and put it back."""
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
def test_the_chain_is_exact_when_forty_write_at_once() -> None:
    assert [outcome for outcome in at_once(40, write_one) if outcome is not None] == []
    assert verdict().checked == 80


@pytest.mark.postgres
@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_without_its_lock_the_chain_would_refuse_most_of_them() -> None:
    with without_the_seal_lock():
        refused = [outcome for outcome in at_once(10, write_one) if outcome is not None]
    assert refused


@pytest.mark.postgres
@pytest.mark.quality("M03")
@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_keeps_nobody_waiting_and_its_lines_come_when_it_commits(alice: User) -> None:
    def slow_or_quick(number: int) -> None:
        if number:
            lines(1)

    with transaction.atomic():
        record(actor=alice, action="tests.slow")
        # Were the chain locked while the request works, these could not finish before it.
        assert at_once(5, slow_or_quick) == [None] * 5
    order = AuditSeal.objects.order_by("position").values_list("entry_id", flat=True)
    assert AuditEntry.objects.get(pk=list(order)[-1]).action == "tests.slow"
    assert verdict().holds


@pytest.mark.quality("M05")
@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_act_leaves_no_line_and_a_committed_one_leaves_one(alice: User, course: Course) -> None:
    before = AuditEntry.objects.count()
    with transaction.atomic():
        unpublish_course(actor=alice, course=course)
        transaction.set_rollback(True)
    course.refresh_from_db()
    assert (course.is_published, AuditEntry.objects.count()) == (True, before)
    unpublish_course(actor=alice, course=course)
    assert AuditEntry.objects.filter(action="courses.unpublished", target_id=str(course.pk)).count() == 1
    assert verdict().holds


@pytest.mark.quality("M05")
@pytest.mark.django_db(transaction=True)
def test_a_kill_at_any_point_of_a_grade_leaves_grade_and_line_or_neither(
    course: Course, enrollment: Enrollment
) -> None:
    item = graded_item(course)
    arguments = [str(connection.settings_dict["NAME"]), str(item.pk), str(enrollment.pk)]
    done = subprocess.run(
        [sys.executable, "-m", "lms.testing.killed_grade", *arguments],
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
    assert verdict().holds


@pytest.mark.quality("M05")
def test_what_is_named_like_a_secret_stays_out_of_the_log(bob: User) -> None:
    changes = {"password": ["old one", "new one"], "api_token": "t0ken", "deep": {"mfa_secret": "JBSW"}, "name": "Bob"}
    kept = record(actor=bob, action="tests.done", changes=changes).changes
    assert kept == {"password": HIDDEN, "api_token": HIDDEN, "deep": {"mfa_secret": HIDDEN}, "name": "Bob"}


@pytest.mark.quality("M02")
def test_while_somebody_impersonates_they_are_the_actor_and_the_other_the_subject(
    alice: User, bob: User, dan: User
) -> None:
    with request_id.scope(new_id="r1", from_address="::ffff:10.1.2.3"):
        request_id.acting.set(request_id.Acting(actor_id=dan.pk, subject_id=bob.pk))
        entry = record(actor=bob, action="tests.done", subject=alice)
    assert (entry.actor, entry.subject, entry.changes) == (dan, bob, {"concerns": str(alice.pk)})
    assert record(actor=bob, action="tests.done").actor == bob


@pytest.mark.django_db(transaction=True)
def test_a_cached_copy_of_an_entry_says_what_the_database_says(alice: User) -> None:
    entry = record(actor=alice, action="tests.done", subject=alice, target=alice, changes={"price": [1, 2.50]})
    assert chain.digest_of(AuditEntry.objects.get(pk=entry.pk)) == entry.digest
