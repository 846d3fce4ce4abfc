"""Experiment 12: many concurrent password guesses for one account during normal logins."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from django.contrib.auth.hashers import make_password

from accounts.limits import LOCKOUT
from accounts.models import User
from tools.experiments.crowd import TIMEOUT_SECONDS, Answers, send_concurrently
from tools.experiments.races import Result, bearer_headers, create_user

PASSWORD = "learn-by-doing"  # noqa: S105  # of test users
GUESSES = 50
LOGINS_A_MINUTE = 200
EVERY_FIFTH_IS_WRONG = 5
PEOPLE = 49  # not a multiple of five, so that wrong logins move from user to user and lock no account
SECONDS = 15  # duration of the logins of each round
QUIET_SECONDS = 4  # measured before the logins
PAUSE_SECONDS = 0.05  # between two API requests
ANOTHER_ADDRESS = "127.0.0.2"  # also this machine, but another client address for the server
OK, UNAUTHORIZED, TOO_MANY = 200, 401, 429


@dataclass
class Totals:
    """Results of all rounds: logins, guesses, and API latencies without and with them."""

    logins: Answers = field(default_factory=Answers)
    most_hashed: int = 0
    quiet: Answers = field(default_factory=Answers)
    busy: Answers = field(default_factory=Answers)


def guess_passwords(site: str, rounds: int) -> Result:
    """Run experiment 12.

    A round is broken if more than five guesses were checked against the password hash, if the owner could not log in
    from another address, or if the login of another user had the wrong result.
    """
    result = Result(
        "12",
        f"{LOGINS_A_MINUTE} logins a minute, every fifth wrong, and {GUESSES} guesses at once: "
        f"{LOCKOUT.most} checked, the owner can log in from another address",
        rounds,
    )
    totals = Totals()
    people, reader = _create_users(PEOPLE), bearer_headers(create_user())
    for number in range(rounds):
        result.broken += not _run_round(site, people, reader, number, totals)
    result.answers = totals.logins
    result.notes = (
        f"at most {totals.most_hashed} of {GUESSES} guesses checked; login p95 {totals.logins.p95_ms} ms; "
        f"API p95 {totals.quiet.p95_ms} ms without, {totals.busy.p95_ms} ms with"
    )
    return result


def _create_users(count: int) -> list[User]:
    """Create users with the same password, which is hashed once."""
    hashed = make_password(PASSWORD)
    return User.objects.bulk_create(
        User(email=f"{uuid.uuid4().hex}@example.com", full_name="Test User", password=hashed) for _ in range(count)
    )


def _run_round(site: str, people: list[User], reader: dict[str, str], number: int, totals: Totals) -> bool:
    """Log users in during concurrent guesses at another account; return whether all results were correct."""
    victim = _create_users(1)[0].email
    with _read_api(site, reader, totals.quiet):
        time.sleep(QUIET_SECONDS)
    with _read_api(site, reader, totals.busy), ThreadPoolExecutor(1) as pool:
        logins = pool.submit(_log_in_evenly, site, people, number, totals)
        time.sleep(SECONDS / 3)
        crowd = send_concurrently(GUESSES, _guess(f"{site}/api/v1/auth/token", victim))
        owner = _log_in(site, victim, PASSWORD, ANOTHER_ADDRESS)
        wrong = logins.result()
    hashed = crowd.statuses[UNAUTHORIZED]
    totals.most_hashed = max(totals.most_hashed, hashed)
    totals.logins.statuses += crowd.statuses
    return hashed <= LOCKOUT.most and hashed + crowd.statuses[TOO_MANY] == GUESSES and owner == OK and not wrong


def _guess(address: str, email: str) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return the request of each client: one wrong password."""
    return lambda client, number: client.post(address, json={"email": email, "password": f"guess {number}"})


def _log_in_evenly(site: str, people: list[User], number: int, totals: Totals) -> int:
    """Log users in at an even rate; return how many got a wrong status."""
    logins = LOGINS_A_MINUTE * SECONDS // 60
    started = time.perf_counter()
    with ThreadPoolExecutor(logins) as pool:
        results = list(
            pool.map(lambda turn: _one_login(site, people, number * logins + turn, started, turn), range(logins))
        )
    for status, wait_ms, _expected in results:
        totals.logins.statuses[status] += 1
        totals.logins.waits_ms.append(wait_ms)
    return sum(status != expected for status, _wait, expected in results)


def _one_login(site: str, people: list[User], count: int, started: float, turn: int) -> tuple[int, float, int]:
    """Wait for the turn and log in; return the status, the latency in milliseconds and the expected status."""
    time.sleep(max(0.0, started + turn * 60 / LOGINS_A_MINUTE - time.perf_counter()))
    right = count % EVERY_FIFTH_IS_WRONG != 0
    began = time.perf_counter()
    status = _log_in(site, people[count % PEOPLE].email, PASSWORD if right else "not that")
    return status, (time.perf_counter() - began) * 1000, OK if right else UNAUTHORIZED


def _log_in(site: str, email: str, password: str, address: str = "127.0.0.1") -> int:
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=TIMEOUT_SECONDS) as client:
        return client.post(f"{site}/api/v1/auth/token", json={"email": email, "password": password}).status_code


@contextmanager
def _read_api(site: str, headers: dict[str, str], answers: Answers) -> Iterator[None]:
    """Send API requests within the block and add their latencies to `answers`."""
    end = threading.Event()

    def read() -> None:
        with httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS) as client:
            while not end.wait(PAUSE_SECONDS):
                began = time.perf_counter()
                status = client.get(f"{site}/api/v1/enrollments/").status_code
                answers.statuses[status] += 1
                answers.waits_ms.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
