"""Password hashing with Argon2id and bounded memory, so that concurrent logins cannot exhaust the machine."""

from threading import Lock

from django.contrib.auth.hashers import Argon2PasswordHasher

_hashing_lock = Lock()


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane, OWASP's first choice (docs/architecture.md, "Facts", 7).

    Each process hashes one password at a time. Concurrent logins wait for each other, while the other threads of the
    process serve pages: argon2 releases the GIL while it works.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the hash, computed under the lock."""
        with _hashing_lock:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the password matches the hash, computed under the lock."""
        with _hashing_lock:
            return super().verify(password, encoded)
