"""A statement that is put into words once answers as one that is put into words each time."""

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.db.prepared import Prepared
from courses.models import Course
from enrollments.models import Enrollment
from tools.testing.plugin import make_user
from tools.testing.races import run_concurrently

pytestmark = pytest.mark.django_db


def test_it_asks_for_the_ids_of_this_call_and_not_for_those_of_the_one_before(alice: User, bob: User) -> None:
    by_id: Prepared[User] = Prepared(lambda user_id: User.objects.filter(pk=user_id))
    for user in (alice, bob, alice):
        assert by_id.row(user.pk) == user
    assert by_id.row(uuid.uuid4()) is None


def test_each_id_goes_to_its_own_place(alice: User, bob: User) -> None:
    pair: Prepared[User] = Prepared(
        lambda one, other: User.objects.filter(pk=one).exclude(pk=other) | User.objects.filter(pk=one, email="no")
    )
    assert pair.row(alice.pk, bob.pk) == alice
    assert pair.row(bob.pk, alice.pk) == bob
    assert pair.row(alice.pk, alice.pk) is None


def test_a_moment_goes_to_its_place(alice: User) -> None:
    since: Prepared[User] = Prepared(
        lambda user_id, begun_at: User.objects.filter(pk=user_id, created_at__gte=begun_at)
    )
    assert since.row(alice.pk, alice.created_at) == alice
    assert since.row(alice.pk, alice.created_at + timedelta(microseconds=1)) is None
    assert since.row(alice.pk, alice.created_at.astimezone(ZoneInfo("Asia/Tokyo"))) == alice


def test_rows_come_as_the_queryset_gives_them(bob: User, course: Course, enrollment: Enrollment) -> None:
    def build(user_id: uuid.UUID) -> object:
        rows = Enrollment.objects.filter(user=user_id).with_progress().select_related("course")
        return rows.only("completed_at", "course__title")

    prepared: Prepared[Enrollment] = Prepared(build)  # type: ignore[arg-type]  # as the queryset's type is long
    for _time in range(2):
        with CaptureQueriesContext(connection) as asked:
            row = prepared.row(bob.pk)
            assert row is not None
            assert (row.pk, row.lessons_done, row.course.title) == (enrollment.pk, 0, course.title)
        assert [statement["sql"].partition(" ")[0] for statement in asked] == ["SELECT"]
        assert row.get_deferred_fields() == build(bob.pk)[0].get_deferred_fields()  # type: ignore[index]  # a queryset
        assert row.user == bob  # what was left out is fetched when it is asked for


def test_values_come_as_tuples_or_alone(alice: User, bob: User) -> None:
    pairs: Prepared[tuple[uuid.UUID, str]] = Prepared(
        lambda user_id: User.objects.filter(pk=user_id).values_list("pk", "email")
    )
    emails: Prepared[str] = Prepared(
        lambda user_id: User.objects.exclude(pk=user_id).order_by("email").values_list("email", flat=True)[:1]
    )
    assert pairs.rows(bob.pk) == [(bob.pk, bob.email)]
    assert emails.rows(bob.pk) == [User.objects.exclude(pk=bob.pk).order_by("email")[0].email]


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_not_taken_outside_of_a_transaction() -> None:
    user = make_user("Bob")
    locked: Prepared[User] = Prepared(lambda user_id: User.objects.filter(pk=user_id).select_for_update())
    with transaction.atomic():
        assert locked.row(user.pk) == user
    if connection.features.has_select_for_update:
        with pytest.raises(transaction.TransactionManagementError):
            locked.row(user.pk)


@pytest.mark.postgres
def test_the_server_plans_it_once_and_keeps_it(alice: User) -> None:
    by_email: Prepared[User] = Prepared(lambda email: User.objects.filter(email=email))
    for _time in range(3):
        assert by_email.row(alice.email) == alice
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%accounts_user%email%= $1%'")
        assert cursor.fetchone() == (1,)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_it_is_asked_on_while_another_process_changes_its_table() -> None:
    user = make_user("Bob")
    by_id: Prepared[User] = Prepared(lambda user_id: User.objects.filter(pk=user_id))
    for _time in range(3):
        assert by_id.row(user.pk) == user
    migrating = connection.copy()
    try:
        with migrating.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_user ADD COLUMN of_the_next_release integer")
            assert by_id.row(user.pk) == user
            cursor.execute("ALTER TABLE accounts_user DROP COLUMN of_the_next_release")
            assert by_id.row(user.pk) == user
    finally:
        migrating.close()


@pytest.mark.django_db(transaction=True)
def test_many_threads_that_ask_at_once_each_get_their_own_and_it_is_built_once() -> None:
    users = [make_user(f"Person{number}") for number in range(8)]
    built = []

    def build(user_id: uuid.UUID) -> QuerySet[User]:
        built.append(user_id)
        return User.objects.filter(pk=user_id)

    by_id: Prepared[User] = Prepared(build)
    assert by_id.row(users[0].pk) == users[0]
    found = run_concurrently(8, lambda number: [by_id.row(users[(number + turn) % 8].pk) for turn in range(50)])
    assert found == [[users[(number + turn) % 8] for turn in range(50)] for number in range(8)]
    assert len(built) == 1
