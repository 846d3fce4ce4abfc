"""The control of experiment 1: `without_locks` on a database without the constraints on attempts.

Served as `tools.experiments.without_attempt_rules:application`. The lock or a constraint alone would be enough; without
both, fifty starts must create more than one attempt. The constraints are not restored.
"""

from tools.experiments.without_locks import application  # sets Django up, which the next import needs

from django.db import connection, transaction  # isort: skip

__all__ = ["application"]

DROP_STATEMENTS = (
    # Several processes execute this at once.
    "SELECT pg_advisory_xact_lock(1)",
    "DROP INDEX IF EXISTS quizzes_attempt_one_running",
    "ALTER TABLE quizzes_attempt DROP CONSTRAINT IF EXISTS quizzes_attempt_number_once",
)

if connection.vendor == "postgresql":
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in DROP_STATEMENTS:
            cursor.execute(statement)
    connection.close()
