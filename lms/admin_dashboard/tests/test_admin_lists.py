"""Tests for the changelists of the admin: constant query counts, read-only history, and the audit log."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, User
from assignments.submissions import submit
from assignments.tests.samples import write_assignment
from certificates.designs import CertificateTemplate
from core.admin import ReadOnlyAdmin
from core.audit.entries import record
from core.models import AuditEntry, DeferredTask, FailedTask, SiteSettings
from courses.models import Tag
from enrollments.models import Review, ReviewReport, RosterImport
from files import services as files
from files.tests.samples import PDF
from instructors.models import Instructor
from lms.tests.test_query_counts import World
from payments.models import Coupon, StripeEvent
from quizzes.attempts import start_attempt
from quizzes.editor import add_question, create_quiz, set_published
from tools.testing.plugin import buy_course, make_course, make_user

PROJECT_APPS = ("accounts", "realtime", "files", "courses", "enrollments", "quizzes", "assignments", "certificates",
        "payments", "instructors", "platform")  # fmt: skip
MAX_QUERIES = 16


@pytest.fixture
def root(db: None) -> User:
    return make_user("Root", Role.ADMIN, is_superuser=True)


class BiggerWorld(World):
    """World with rows of the models that only staff can see."""

    def grow_to(self, size: int) -> None:
        """Add rows of all models until there are `size` of each."""
        before = self.size
        super().grow_to(size)
        alice, bob = self.people["alice"], self.people["bob"]
        for number in range(before, size):
            student = User.objects.get(email=f"student{number}@example.com")
            DeferredTask.objects.create(name="tests.job")
            FailedTask.objects.create(name="tests.job", error="ValueError: no")
            CertificateTemplate.objects.create(name=f"Template {number}")
            Coupon.objects.create(code=f"LESS{number}", percent_off=10)
            order = buy_course(student, make_course(alice, f"Paid {number}", lessons=1, price_cents=900))
            StripeEvent.objects.create(
                id=f"evt_{number}", type="a", livemode=False, payload={}, outcome="applied", order=order,
                created_at=timezone.now(),
            )  # fmt: skip
            review = Review.objects.get(user=student)
            ReviewReport.objects.create(review=review, user=bob, reason="Rude.")
            Instructor.objects.create(user=student, title="Helps")
            task = write_assignment(self.tea, title=f"Task {number}")
            submit(actor=student, assignment=task, content="Mine.")
            content = SimpleUploadedFile("a.pdf", PDF)
            files.upload(actor=student, content=content, purpose="submission", assignment_id=task.pk)
            Tag.objects.create(name=f"Tag {number}")
            RosterImport.objects.create(course=self.tea, created_by=alice)
            quiz = create_quiz(actor=alice, course=self.tea, title=f"Quiz {number}")
            add_question(actor=alice, quiz=quiz, question_type="essay", question_text="Why?")
            quiz = set_published(actor=alice, quiz=quiz, published=True)
            start_attempt(actor=student, quiz=quiz)
            record(actor=student, action="tests.done", target=quiz, subject=alice)


def changelists() -> dict[str, Any]:
    """Return the models of this project that are registered with the admin, by changelist URL."""
    return {
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"): model
        for model, _admin in admin.site._registry.items()
        if model._meta.app_label in PROJECT_APPS and model is not SiteSettings
    }


def queries_of(browser: Client, address: str) -> list[str]:
    cache.clear()
    SiteSettings.current()
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200, address
    return [query["sql"] for query in captured.captured_queries]


def test_changelists_need_the_same_queries_for_two_rows_and_twenty(
    alice: User, bob: User, dan: User, root: User, api_of: Callable[[User], APIClient], browser_of: Any
) -> None:
    world = BiggerWorld(alice, bob, dan, api_of)
    browser = browser_of(root)
    addresses = changelists()
    assert len(addresses) > 20
    counts, rows = {}, {}
    for size in (2, 20):
        world.grow_to(size)
        rows[size] = {address: model._default_manager.count() for address, model in addresses.items()}
        counts[size] = {address: queries_of(browser, address) for address in addresses}
    assert [address for address in addresses if rows[20][address] < rows[2][address] + 10] == []
    grown = {
        address: [len(counts[size][address]) for size in (2, 20)]
        for address in addresses
        if len(counts[2][address]) != len(counts[20][address])
    }
    assert grown == {}
    assert {address: len(asked) for address, asked in counts[20].items() if len(asked) > MAX_QUERIES} == {}
    for address in addresses:
        assert browser.get(address, {"q": "e"}).status_code in (200, 302), address


def test_every_changelist_can_be_searched_or_filtered() -> None:
    bare = [
        model._meta.label
        for model in changelists().values()
        if not (admin.site._registry[model].search_fields or admin.site._registry[model].list_filter)
    ]
    assert bare == []


@pytest.mark.quality("M03")
def test_the_admin_cannot_write_to_the_audit_log(root: User, browser_of: Any) -> None:
    entry = record(actor=root, action="tests.done")
    browser = browser_of(root)
    base = reverse("admin:platform_auditentry_changelist")
    assert browser.get(f"{base}add/").status_code == 403
    assert browser.post(f"{base}add/", {"action": "x"}).status_code == 403
    assert browser.post(f"{base}{entry.pk}/change/", {"action": "x"}).status_code == 403
    assert browser.post(f"{base}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    browser.post(base, chosen)
    assert [line.action for line in AuditEntry.objects.filter(pk=entry.pk)] == ["tests.done"]


@pytest.mark.quality("M03")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_cannot_write_to_the_audit_log(method: str, root: User, api_of: Any) -> None:
    assert getattr(api_of(root), method)("/api/v1/admin/audit-logs", {}).status_code == 405


def test_history_is_read_only_in_the_admin(root: User, rf: Any) -> None:
    request = rf.get("/admin/")
    request.user = root
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ReadOnlyAdmin):
            rights = model_admin.get_model_perms(request)
            assert rights == {"add": False, "change": False, "delete": False, "view": True}, model


def test_the_audit_log_can_be_filtered_and_exported(root: User, alice: User, browser_of: Any) -> None:
    record(actor=alice, action="courses.published", target=alice)
    record(actor=alice, action="payments.refunded", changes={"reason": "=cmd|' /C calc'!A0"})
    browser = browser_of(root)
    base = reverse("admin:platform_auditentry_changelist")
    listed = browser.get(base, {"app": "courses"}).content.decode()
    assert "courses.published" in listed
    assert "payments.refunded" not in listed
    table = b"".join(browser.get(f"{base}export.csv", {"app": "courses"}).streaming_content).decode()
    assert "courses.published" in table
    assert alice.email in table
    assert "payments.refunded" not in table
    assert AuditEntry.objects.filter(action="platform.audit_log_exported").count() == 1


def test_the_audit_log_api_has_cursor_pagination_and_filters(dan: User, alice: User, bob: User, api_of: Any) -> None:
    for number in range(25):
        record(actor=alice, action="courses.published", target=bob, changes={"number": number})
    record(actor=bob, action="payments.refunded")
    client = api_of(dan)
    first = client.get("/api/v1/admin/audit-logs").json()
    assert first.keys() == {"next", "previous", "results"}
    assert first["results"][0].keys() == {
        "id", "created_at", "actor", "subject", "action", "target_type", "target_id", "changes", "ip_address",
        "request_id",
    }  # fmt: skip
    record(actor=bob, action="payments.refunded")
    second = client.get(first["next"]).json()
    numbers = [entry["id"] for entry in first["results"] + second["results"]]
    assert numbers == sorted(set(numbers), reverse=True)

    def count(**filters: str) -> int:
        return len(client.get("/api/v1/admin/audit-logs", {**filters, "page_size": "100"}).json()["results"])

    today = timezone.localdate()
    assert count(actor=str(alice.pk)) == 25
    assert count(action="courses.published") == count(action="courses") == 25
    assert count(target=str(bob.pk)) == count(target="accounts.user", action="courses") == 25
    assert count(action="courses", date_from=str(today), date_to=str(today)) == 25
    assert count(date_to=str(today - timedelta(days=1))) == 0
    assert client.get("/api/v1/admin/audit-logs?actor=me").status_code == 400
    assert client.get("/api/v1/admin/audit-logs?date_from=soon").status_code == 400
