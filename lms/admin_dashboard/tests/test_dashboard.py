"""Tests for the admin dashboard, /admin/stats, failed jobs, health checks and metrics."""

from typing import Any
from unittest.mock import patch

import pytest
from celery import shared_task
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts.models import User
from core.http import request_id
from core.jobs import job
from core.jobs.job import Job
from core.models import AuditEntry, FailedTask
from core.site import health
from core.tasks import send_deferred_tasks
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.reviews import report_review
from enrollments.services import write_review
from lms.groups import GROUPS, get_permissions
from tools.testing.plugin import make_staff

runs: list[str] = []


@shared_task(base=Job, name="tests.flaky")
def flaky(outcome: str) -> None:
    runs.append(outcome)
    if outcome == "fails" and len(runs) == 1:
        raise ValueError("not today")


@pytest.fixture(autouse=True)
def _clear_runs() -> None:
    runs.clear()


def test_the_dashboard_shows_figures_health_log_and_attention_items(
    dan: User, alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Any
) -> None:
    review = write_review(actor=bob, course=course, rating=1, comment="No.")
    report_review(actor=alice, review=review, reason="Rude.")
    FailedTask.objects.create(name="tests.flaky", error="ValueError: not today")
    page = browser_of(dan).get("/admin/").content.decode()
    for text in (
        "Needs attention",
        "Reported reviews",
        "Failed jobs",
        "Live updates",
        "Enrollments",
    ):
        assert text in page, text
    assert "enrollments.enrolled" in page


def test_staff_only_see_what_their_group_permits(db: None, browser_of: Any) -> None:
    finance = browser_of(make_staff("Finance", "Fay")).get("/admin/")
    assert [figure.label for figure in finance.context["figures"]] == ["Users", "Courses", "Orders"]
    assert (finance.context["parts"], finance.context["entries"]) == ({}, [])
    content = browser_of(make_staff("Content", "Cora"))
    assert content.get(reverse("admin:payments_order_changelist")).status_code == 403
    assert content.get(reverse("admin:jobs")).status_code == 403
    assert content.get(reverse("admin:courses_course_changelist")).status_code == 200


def test_the_staff_groups_have_their_default_permissions(db: None, django_db_blocker: Any) -> None:
    for name, wanted in GROUPS.items():
        has = Group.objects.get(name=name).permissions.all()
        assert {one.pk for one in has} == {one.pk for one in get_permissions(wanted)}
    administrators = Group.objects.get(name="Administrator").permissions
    assert administrators.filter(codename="impersonate_user").exists()
    assert not administrators.filter(content_type__app_label="auth").exists()
    assert Permission.objects.count() > administrators.count() > 100
    with pytest.raises(LookupError, match=r"courses\.burn_course"):
        get_permissions(["courses.burn_course"])


def test_the_stats_api_returns_counts_health_and_queues(
    dan: User, enrollment: Enrollment, api_of: Any, monkeypatch: Any
) -> None:
    answer = api_of(dan).get("/api/v1/admin/stats").json()
    assert answer.keys() == {"counts", "versions", "health", "queues", "jobs", "attention"}
    assert (answer["counts"]["enrollments"], answer["counts"]["courses_published"]) == (1, 1)
    assert answer["health"].keys() == set(health.PARTS)
    assert answer["queues"].keys() == {"default", "mail", "documents"}
    assert answer["versions"]["django"].startswith("5.2")

    def refuse() -> None:
        raise ConnectionError("redis://:secret@10.0.0.1 refused")

    monkeypatch.setitem(health.PARTS, "broker", refuse)
    down = api_of(dan).get("/api/v1/admin/stats")
    assert (down.status_code, down.json()["health"]["broker"]["state"]) == (200, "down")
    assert "secret" not in down.content.decode()


def test_a_failed_job_is_stored_with_its_error_and_can_be_retried(
    dan: User, browser_of: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with request_id.scope(new_id="the-request", from_address=None):
        flaky.apply(args=["fails"], throw=False)
    failed = FailedTask.objects.get()
    assert (failed.name, failed.args, failed.request_id) == ("tests.flaky", ["fails"], "the-request")
    assert failed.error == "ValueError: not today"
    browser = browser_of(dan)
    address = reverse("admin:platform_failedtask_changelist")
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(address, {"action": "retry", "_selected_action": [failed.pk]})
    assert runs == ["fails", "fails"]
    failed.refresh_from_db()
    assert failed.settled_at is not None
    assert AuditEntry.objects.get(action="platform.job_repeated").actor == dan
    with pytest.raises(job.JobError, match="already"):
        job.retry_job(actor=dan, failed=failed)


def test_a_job_that_no_longer_exists_can_be_dismissed(dan: User, browser_of: Any) -> None:
    failed = FailedTask.objects.create(name="tests.gone", error="KeyError: 'x'")
    with pytest.raises(job.JobError, match="no longer exists"):
        job.retry_job(actor=dan, failed=failed)
    chosen = {"action": "dismiss", "_selected_action": [failed.pk]}
    browser_of(dan).post(reverse("admin:platform_failedtask_changelist"), chosen)
    assert not FailedTask.objects.unresolved().exists()


def test_support_cannot_see_failed_jobs(sue: User, browser_of: Any) -> None:
    assert browser_of(sue).get(reverse("admin:platform_failedtask_changelist")).status_code == 403


def test_the_jobs_page_shows_the_last_run_of_periodic_jobs(dan: User, browser_of: Any) -> None:
    send_deferred_tasks.apply()
    shown = browser_of(dan).get(reverse("admin:jobs")).content.decode()
    assert "deferred-tasks" in shown
    assert "now" in shown
    assert "never" in shown


def test_a_job_runs_with_the_id_of_the_request_that_queued_it() -> None:
    headers: dict[str, Any] = {}
    with request_id.scope(new_id="the-request", from_address=None):
        job.send_request_id(headers=headers)

    class Request(dict[str, Any]):
        is_eager = False

    class Task:
        request = Request(headers)

    with request_id.scope(new_id="-", from_address=None):
        job.restore_request_id(task_id="1", task=Task)
        assert request_id.current.get() == "the-request"
        job.reset_request_id(task_id="1")
        assert request_id.current.get() == "-"
        Task.request = Request({job.HEADER: "-"})
        job.restore_request_id(task_id="periodic", task=Task)
        assert request_id.current.get() == "periodic"
        job.reset_request_id(task_id="periodic")


@pytest.mark.quality("M06")
def test_livez_and_healthz_do_not_use_the_database(client: Any) -> None:
    for path in ("/livez", "/healthz"):
        assert client.get(path).json() == {"status": "ok"}


@pytest.mark.quality("M06")
@pytest.mark.parametrize("part", sorted(health.PARTS))
def test_readyz_names_the_failed_service_without_its_error_message(part: str, client: Any, db: None) -> None:
    def refuse() -> None:
        raise ConnectionError("postgres://campus:secret@10.0.0.1 refused")

    with patch.dict(health.PARTS, {part: refuse}):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    parts = answer.json()["parts"]
    assert {name for name, state in parts.items() if state["state"] == "down"} == {part}
    assert "secret" not in answer.content.decode()
    assert "10.0.0.1" not in answer.content.decode()


def test_metrics_require_the_token(client: Any, db: None, settings: Any) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "only-for-this-test"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 404
    client.get("/courses/")
    shown = client.get("/metrics", headers={"authorization": "Bearer only-for-this-test"})
    text = shown.content.decode()
    assert 'campus_request_seconds_count{method="GET",route="courses/",status="2xx"}' in text
    assert 'campus_jobs_waiting{queue="failed_jobs"} 0.0' in text
