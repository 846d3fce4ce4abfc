"""Password hashes: Argon2id with bounded memory, so that a storm of logins cannot exhaust the machine."""

from threading import Lock

from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher

_turn = Lock()


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane: OWASP's first choice for a server (QUALITY, fact 7).

    A process hashes one password at a time. However many log in at once, they wait for each other, and the process's
    other threads go on answering pages: argon2 lets go of Python's lock while it works.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Return the hash, once it is this thread's turn."""
        with _turn:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the password is the hash's, once it is this thread's turn."""
        with _turn:
            return super().verify(password, encoded)


class QuickTestHasher(PBKDF2PasswordHasher):
    """One round, for tests alone: `lms.settings` lists it only under pytest."""

    algorithm = "quick_test"
    iterations = 1
