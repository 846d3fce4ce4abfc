"""A fast password hasher for tests."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickTestHasher(PBKDF2PasswordHasher):
    """PBKDF2 with one iteration."""

    algorithm = "quick_test"
    iterations = 1
