"""A03: whether response times reveal that an account exists."""

import statistics
import time
from collections.abc import Iterator

import httpx

from accounts.models import AttemptCounter, User
from tools.bench.figures import Figure
from tools.bench.world import PASSWORD, World

TRIES = 200
HEADERS = {"X-Forwarded-Proto": "https"}


def measure(site: str, world: World) -> Iterator[Figure]:
    """Yield the differences between the medians of known, unknown and inactive addresses for three requests."""
    User.objects.create_user("inactive@example.com", PASSWORD, full_name="In Active", is_active=False)
    known = {"known": world.teacher.email, "unknown": "unknown@example.com", "inactive": "inactive@example.com"}
    for request, path, body in (
        ("login with a wrong password", "auth/token", {"password": "a wrong guess"}),
        ("password reset", "auth/password/reset", {}),
        ("email verification", "auth/email/verify", {}),
    ):
        medians = _medians(f"{site}/api/v1/{path}", known, body)
        difference = max(medians.values()) / min(medians.values()) - 1
        notes = ", ".join(f"{name} {median:.1f} ms" for name, median in medians.items())
        yield Figure(
            "A03", f"{request}: difference of medians", 100 * difference, "%", 10, more_is_better=False, notes=notes
        )


def _medians(url: str, emails: dict[str, str], body: dict[str, str]) -> dict[str, float]:
    """Return the median latency for each kind of address in milliseconds.

    The kinds alternate, so that drift affects all of them. Attempt counters are deleted in between, because otherwise
    the lockout would be measured.
    """
    waits: dict[str, list[float]] = {name: [] for name in emails}
    with httpx.Client(headers=HEADERS, timeout=60) as client:
        for number in range(TRIES):
            AttemptCounter.objects.all().delete()
            for name in sorted(emails, key=lambda name: hash((name, number))):
                started = time.perf_counter()
                client.post(url, json={"email": emails[name], **body})
                waits[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in waits.items()}
