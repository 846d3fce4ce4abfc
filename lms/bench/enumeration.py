"""A03: whether the time of an answer tells who has an account."""

import statistics
import time
from collections.abc import Iterator

import httpx

from accounts.models import AttemptCounter, User
from lms.bench.figures import Figure
from lms.bench.world import PASSWORD, World

TRIES = 200
HEADERS = {"X-Forwarded-Proto": "https"}


def figures(site: str, world: World) -> Iterator[Figure]:
    """Yield how much the medians of known, unknown and inactive addresses differ, for a login and for a reset."""
    User.objects.create_user("inactive@example.com", PASSWORD, full_name="In Active", is_active=False)
    known = {"known": world.teacher.email, "unknown": "nobody@example.com", "inactive": "inactive@example.com"}
    for what, path, body in (
        ("login with a wrong password", "auth/token", {"password": "a wrong guess"}),
        ("password reset", "auth/password/reset", {}),
        ("e-mail verification", "auth/email/verify", {}),
    ):
        medians = _medians(f"{site}/api/v1/{path}", known, body)
        apart = max(medians.values()) / min(medians.values()) - 1
        notes = ", ".join(f"{name} {median:.1f} ms" for name, median in medians.items())
        yield Figure("A03", f"{what}: medians apart", 100 * apart, "%", 10, more_is_better=False, notes=notes)


def _medians(url: str, emails: dict[str, str], body: dict[str, str]) -> dict[str, float]:
    """Return the median wait for each kind of address in milliseconds; the kinds take turns, so that drift is shared.

    The counters of tries are emptied between, or all that is measured is the lockout.
    """
    waits: dict[str, list[float]] = {name: [] for name in emails}
    with httpx.Client(headers=HEADERS, timeout=60) as client:
        for number in range(TRIES):
            AttemptCounter.objects.all().delete()
            for name in sorted(emails, key=lambda name: hash((name, number))):
                started = time.perf_counter()
                client.post(url, json={"email": emails[name], **body})
                waits[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(some) for name, some in waits.items()}
