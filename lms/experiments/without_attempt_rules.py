"""The control of experiment 1: `without_locks`, on a database without the rules that let one attempt through.

Served as `lms.experiments.without_attempt_rules:application`. A rule would hold without the lock, and the lock without
the rule; with neither, fifty starts must make more than one attempt. The rules are gone for good.
"""

from lms.experiments.without_locks import application  # sets Django up, which the next import needs

from django.db import connection, transaction  # isort: skip

__all__ = ["application"]

TAKEN_AWAY = (
    # Several processes come here at once.
    "SELECT pg_advisory_xact_lock(1)",
    "DROP INDEX IF EXISTS quizzes_attempt_one_running",
    "ALTER TABLE quizzes_attempt DROP CONSTRAINT IF EXISTS quizzes_attempt_number_once",
)

if connection.vendor == "postgresql":
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in TAKEN_AWAY:
            cursor.execute(statement)
    connection.close()
