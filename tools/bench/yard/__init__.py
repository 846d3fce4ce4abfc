"""The yardsticks: a minimal Django project that does similar work on the same engines."""
