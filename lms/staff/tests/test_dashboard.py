"""The staff's front page, its figures by the API, jobs that failed, and what is measured."""

from typing import Any
from unittest.mock import patch

import pytest
from celery import shared_task
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.reviewing import report_review
from enrollments.services import write_review
from lms.groups import GROUPS, named
from lms.lib import request_id
from lms.platform import health, jobs
from lms.platform.jobs import Job
from lms.platform.models import AuditEntry, FailedTask
from lms.platform.tasks import send_deferred_tasks
from lms.testing.plugin import staff_of

ran: list[str] = []


@shared_task(base=Job, name="tests.brittle")
def brittle(what: str) -> None:
    ran.append(what)
    if what == "breaks" and len(ran) == 1:
        raise ValueError("not today")


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def test_the_front_page_shows_figures_health_log_and_what_needs_attention(
    dan: User, alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Any
) -> None:
    review = write_review(actor=bob, course=course, rating=1, comment="No.")
    report_review(actor=alice, review=review, reason="Rude.")
    FailedTask.objects.create(name="tests.brittle", error="ValueError: not today")
    shown = browser_of(dan).get("/admin/").content.decode()
    for text in (
        "Needs attention",
        "Reviews that somebody reported",
        "Jobs that failed",
        "Live messages",
        "Enrolments",
    ):
        assert text in shown, text
    assert "enrollments.enrolled" in shown


def test_each_of_the_staff_sees_what_their_group_is_for(db: None, browser_of: Any) -> None:
    finance = browser_of(staff_of("Finance", "Fay")).get("/admin/")
    assert [figure.label for figure in finance.context["figures"]] == ["People", "Courses", "Orders"]
    assert (finance.context["parts"], finance.context["entries"]) == ({}, [])
    content = browser_of(staff_of("Content", "Cora"))
    assert content.get(reverse("admin:payments_order_changelist")).status_code == 403
    assert content.get(reverse("admin:jobs")).status_code == 403
    assert content.get(reverse("admin:courses_course_changelist")).status_code == 200


def test_the_groups_have_what_is_described_and_a_site_s_changes_stay(db: None, django_db_blocker: Any) -> None:
    for name, wanted in GROUPS.items():
        has = Group.objects.get(name=name).permissions.all()
        assert {one.pk for one in has} == {one.pk for one in named(wanted)}
    administrators = Group.objects.get(name="Administrator").permissions
    assert administrators.filter(codename="impersonate_user").exists()
    assert not administrators.filter(content_type__app_label="auth").exists()
    assert Permission.objects.count() > administrators.count() > 100
    with pytest.raises(LookupError, match=r"courses\.burn_course"):
        named(["courses.burn_course"])


def test_the_figures_come_by_the_api(dan: User, enrollment: Enrollment, api_of: Any, monkeypatch: Any) -> None:
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


def test_a_job_that_fails_is_kept_with_its_error_and_can_be_repeated(
    dan: User, browser_of: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with request_id.scope(new_id="the-request", from_address=None):
        brittle.apply(args=["breaks"], throw=False)
    failed = FailedTask.objects.get()
    assert (failed.name, failed.args, failed.request_id) == ("tests.brittle", ["breaks"], "the-request")
    assert failed.error == "ValueError: not today"
    browser = browser_of(dan)
    address = reverse("admin:platform_failedtask_changelist")
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(address, {"action": "repeat", "_selected_action": [failed.pk]})
    assert ran == ["breaks", "breaks"]
    failed.refresh_from_db()
    assert failed.settled_at is not None
    assert AuditEntry.objects.get(action="platform.job_repeated").actor == dan
    with pytest.raises(jobs.JobError, match="already"):
        jobs.repeat(actor=dan, failed=failed)


def test_a_job_that_is_gone_is_put_aside(dan: User, browser_of: Any) -> None:
    failed = FailedTask.objects.create(name="tests.gone", error="KeyError: 'x'")
    with pytest.raises(jobs.JobError, match="no such job"):
        jobs.repeat(actor=dan, failed=failed)
    chosen = {"action": "put_aside", "_selected_action": [failed.pk]}
    browser_of(dan).post(reverse("admin:platform_failedtask_changelist"), chosen)
    assert not FailedTask.objects.open().exists()


def test_support_looks_at_no_jobs(sue: User, browser_of: Any) -> None:
    assert browser_of(sue).get(reverse("admin:platform_failedtask_changelist")).status_code == 403


def test_the_schedule_is_shown_with_the_last_run(dan: User, browser_of: Any) -> None:
    send_deferred_tasks.apply()
    shown = browser_of(dan).get(reverse("admin:jobs")).content.decode()
    assert "deferred-tasks" in shown
    assert "now" in shown
    assert "not yet" in shown


def test_the_id_of_the_request_travels_with_the_job() -> None:
    headers: dict[str, Any] = {}
    with request_id.scope(new_id="the-request", from_address=None):
        jobs.send_request_id(headers=headers)

    class Request(dict[str, Any]):
        is_eager = False

    class Task:
        request = Request(headers)

    with request_id.scope(new_id="-", from_address=None):
        jobs.take_request_id(task_id="1", task=Task)
        assert request_id.current.get() == "the-request"
        jobs.leave_request_id(task_id="1")
        assert request_id.current.get() == "-"
        Task.request = Request({jobs.HEADER: "-"})
        jobs.take_request_id(task_id="periodic", task=Task)
        assert request_id.current.get() == "periodic"
        jobs.leave_request_id(task_id="periodic")


@pytest.mark.quality("M06")
def test_alive_is_answered_without_the_database_under_every_name(client: Any) -> None:
    for path in ("/livez", "/healthz"):
        assert client.get(path).json() == {"status": "ok"}


@pytest.mark.quality("M06")
@pytest.mark.parametrize("part", sorted(health.PARTS))
def test_whatever_is_down_is_named_and_nothing_of_it_leaks(part: str, client: Any, db: None) -> None:
    def refuse() -> None:
        raise ConnectionError("postgres://campus:secret@10.0.0.1 refused")

    with patch.dict(health.PARTS, {part: refuse}):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    parts = answer.json()["parts"]
    assert {name for name, state in parts.items() if state["state"] == "down"} == {part}
    assert "secret" not in answer.content.decode()
    assert "10.0.0.1" not in answer.content.decode()


def test_what_is_measured_is_for_those_with_the_token(client: Any, db: None, settings: Any) -> None:
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "only-for-this-test"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 404
    client.get("/courses/")
    shown = client.get("/metrics", headers={"authorization": "Bearer only-for-this-test"})
    text = shown.content.decode()
    assert 'campus_request_seconds_count{method="GET",route="courses/",status="2xx"}' in text
    assert 'campus_jobs_waiting{queue="failed_jobs"} 0.0' in text
