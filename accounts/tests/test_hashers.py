"""Resource limits of password hashing."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from accounts.hashers import BoundedArgon2PasswordHasher
from tools.testing.races import run_concurrently


class _Crowd:
    """Counts concurrent hash computations."""

    def __init__(self) -> None:
        self._counting = threading.Lock()
        self.inside = self.most = 0

    def hashing(self, *_args: Any) -> str:
        with self._counting:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.02)
        with self._counting:
            self.inside -= 1
        return "argon2$"


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> _Crowd:
    crowd = _Crowd()
    for name in ("encode", "verify"):
        monkeypatch.setattr(Argon2PasswordHasher, name, lambda _self, *args: crowd.hashing(*args))
    return crowd


ACTS: list[Callable[[Argon2PasswordHasher], Any]] = [
    lambda hasher: hasher.encode("learn-by-doing", "salt-of-the-earth"),
    lambda hasher: hasher.verify("learn-by-doing", "argon2$"),
]


@pytest.mark.parametrize("act", ACTS)
def test_a_process_hashes_one_password_at_a_time(crowd: _Crowd, act: Callable[[Argon2PasswordHasher], Any]) -> None:
    run_concurrently(8, lambda _number: act(BoundedArgon2PasswordHasher()))
    assert crowd.most == 1


@pytest.mark.parametrize("act", ACTS)
def test_control_without_the_lock_passwords_hash_together(
    crowd: _Crowd, act: Callable[[Argon2PasswordHasher], Any]
) -> None:
    run_concurrently(8, lambda _number: act(Argon2PasswordHasher()))
    assert crowd.most > 1


def test_hashes_use_the_configured_parameters() -> None:
    hasher = BoundedArgon2PasswordHasher()
    encoded = hasher.encode("learn-by-doing", "salt-of-the-earth")
    assert "m=19456,t=2,p=1" in encoded
    assert hasher.verify("learn-by-doing", encoded)
    assert not hasher.verify("learn-by-heart", encoded)
