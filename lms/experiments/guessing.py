"""Experiment 12: a morning of logins, and a crowd that guesses at one account meanwhile."""

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
from lms.experiments.crowd import TIMEOUT_SECONDS, Answers, all_at_once
from lms.experiments.races import Result, bearer, someone

PASSWORD = "learn-by-doing"  # noqa: S105  # of people who exist for one experiment
GUESSES = 50
LOGINS_A_MINUTE = 200
EVERY_FIFTH_IS_WRONG = 5
PEOPLE = 49  # no multiple of five, so that each is wrong in turn, and never five times before they are right
SECONDS = 15  # of each round's storm
QUIET_SECONDS = 4  # before it
PAUSE_SECONDS = 0.05  # between two calls of the API
ANOTHER_ADDRESS = "127.0.0.2"  # all of 127/8 is this machine, and each a network address of its own to the server
OK, UNAUTHORIZED, TOO_MANY = 200, 401, 429


@dataclass
class Morning:
    """What was seen over all rounds: logins, guesses, and the API without and with them."""

    logins: Answers = field(default_factory=Answers)
    wrong_outcomes: int = 0
    most_hashed: int = 0
    quiet: Answers = field(default_factory=Answers)
    busy: Answers = field(default_factory=Answers)


def guesses(site: str, rounds: int) -> Result:
    """Run the rounds. One is broken when more than five guesses were looked at, when the owner did not get in from
    another address, or when a login of somebody else came out otherwise than its password says."""
    result = Result(
        "12",
        f"{LOGINS_A_MINUTE} logins a minute, every fifth wrong, and {GUESSES} guesses at once: "
        f"{LOCKOUT.most} looked at, the owner gets in from elsewhere",
        rounds,
    )
    morning = Morning()
    people, reader = _people(PEOPLE), bearer(someone())
    for number in range(rounds):
        result.broken += not _round(site, people, reader, number, morning)
    result.answers = morning.logins
    result.notes = (
        f"at most {morning.most_hashed} of {GUESSES} guesses looked at; login p95 {morning.logins.p95_ms} ms; "
        f"API p95 {morning.quiet.p95_ms} ms without, {morning.busy.p95_ms} ms with"
    )
    return result


def _people(how_many: int) -> list[User]:
    """Make those who log in, all with one password, hashed once."""
    hashed = make_password(PASSWORD)
    return User.objects.bulk_create(
        User(email=f"{uuid.uuid4().hex}@example.com", full_name="Somebody", password=hashed) for _ in range(how_many)
    )


def _round(site: str, people: list[User], reader: dict[str, str], number: int, morning: Morning) -> bool:
    """Have people log in while a crowd guesses at one more; return whether all was as it must be."""
    victim = _people(1)[0].email
    with _reading(site, reader, morning.quiet):
        time.sleep(QUIET_SECONDS)
    with _reading(site, reader, morning.busy), ThreadPoolExecutor(1) as pool:
        storm = pool.submit(_storm, site, people, number, morning)
        time.sleep(SECONDS / 3)
        crowd = all_at_once(GUESSES, _guess(f"{site}/api/v1/auth/token", victim))
        owner = _log_in(site, victim, PASSWORD, ANOTHER_ADDRESS)
        wrong = storm.result()
    hashed = crowd.statuses[UNAUTHORIZED]
    morning.most_hashed = max(morning.most_hashed, hashed)
    morning.logins.statuses += crowd.statuses
    return hashed <= LOCKOUT.most and hashed + crowd.statuses[TOO_MANY] == GUESSES and owner == OK and not wrong


def _guess(address: str, email: str) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each of the crowd does: one guess of its own."""
    return lambda client, number: client.post(address, json={"email": email, "password": f"guess {number}"})


def _storm(site: str, people: list[User], number: int, morning: Morning) -> int:
    """Have people log in at an even pace; return how many were told otherwise than they must be."""
    logins = LOGINS_A_MINUTE * SECONDS // 60
    started = time.perf_counter()
    with ThreadPoolExecutor(logins) as pool:
        told = list(
            pool.map(lambda turn: _one_login(site, people, number * logins + turn, started, turn), range(logins))
        )
    for status, wait_ms, _expected in told:
        morning.logins.statuses[status] += 1
        morning.logins.waits_ms.append(wait_ms)
    return sum(status != expected for status, _wait, expected in told)


def _one_login(site: str, people: list[User], count: int, started: float, turn: int) -> tuple[int, float, int]:
    """Wait for one's turn and log in; return the status, the wait in milliseconds, and what the status must be."""
    time.sleep(max(0.0, started + turn * 60 / LOGINS_A_MINUTE - time.perf_counter()))
    right = count % EVERY_FIFTH_IS_WRONG != 0
    asked = time.perf_counter()
    status = _log_in(site, people[count % PEOPLE].email, PASSWORD if right else "not that")
    return status, (time.perf_counter() - asked) * 1000, OK if right else UNAUTHORIZED


def _log_in(site: str, email: str, password: str, address: str = "127.0.0.1") -> int:
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=TIMEOUT_SECONDS) as client:
        return client.post(f"{site}/api/v1/auth/token", json={"email": email, "password": password}).status_code


@contextmanager
def _reading(site: str, headers: dict[str, str], answers: Answers) -> Iterator[None]:
    """Read from the API all the while, and add the waits to `answers`."""
    end = threading.Event()

    def read() -> None:
        with httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS) as client:
            while not end.wait(PAUSE_SECONDS):
                asked = time.perf_counter()
                status = client.get(f"{site}/api/v1/enrollments/").status_code
                answers.statuses[status] += 1
                answers.waits_ms.append((time.perf_counter() - asked) * 1000)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
