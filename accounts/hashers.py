"""Password hashes: Argon2id with bounded memory, so that a storm of logins cannot exhaust the machine."""

from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher


class BoundedArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane: OWASP's first choice for a server (QUALITY, fact 7)."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


class QuickTestHasher(PBKDF2PasswordHasher):
    """One round, for tests alone: `lms.settings` lists it only under pytest."""

    algorithm = "quick_test"
    iterations = 1
