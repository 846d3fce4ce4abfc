"""Grades recorded by processes that are killed before each statement, one process for each statement.

A test runs `python -m tools.testing.killed_grade DATABASE ITEM ENROLLMENT` on its own database. It prints a line for
each process: the statement at which it was killed, then the number of grades and of audit entries in the database.
"""

import os
import signal
import sys
from decimal import Decimal
from typing import Any

import django
from django.conf import settings
from django.db import connection, connections

if __name__ == "__main__":
    database, item_id, enrollment_id = sys.argv[1:]
    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    connections["default"].settings_dict["NAME"] = database

from core.models import AuditEntry  # models can be imported only after django.setup()
from enrollments.grades import record_grade  # as above
from enrollments.models import Enrollment, GradedItem, GradeEntry  # as above

AT_COMMIT, AFTER_COMMIT = -1, -2


def kill_process() -> None:
    """Kill this process as a power failure does, without any cleanup."""
    os.kill(os.getpid(), signal.SIGKILL)


class StatementKiller:
    """A wrapper of `execute()` that kills the process before the statement with this number."""

    def __init__(self, point: int) -> None:
        self.remaining = point

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Execute the statement, or kill the process if it is the chosen one."""
        self.remaining -= 1
        if self.remaining == 0:
            kill_process()
        return execute(sql, params, many, context)


def record_grade_until(point: int, item: GradedItem, enrollment: Enrollment) -> None:
    """Record a grade and kill the process at `point`; return if there are fewer statements than that."""
    if point == AT_COMMIT:
        connection.commit = kill_process
    with connection.execute_wrapper(StatementKiller(point)):
        record_grade(actor=None, item=item, enrollment=enrollment, points=Decimal(abs(point) % 10), reason=str(point))
    if point == AFTER_COMMIT:
        kill_process()


def run_killed_process(point: int) -> bool:
    """Record a grade in a child process that is killed at `point`; print the row counts; return if it was killed."""
    item, enrollment = GradedItem.objects.get(pk=item_id), Enrollment.objects.get(pk=enrollment_id)
    connections.close_all()
    child = os.fork()
    if child == 0:
        record_grade_until(point, item, enrollment)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    entries = AuditEntry.objects.filter(action="enrollments.grade_recorded").count()
    sys.stdout.write(f"{point} {GradeEntry.objects.count()} {entries}\n")
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    run_killed_process(AT_COMMIT)
    run_killed_process(AFTER_COMMIT)
    number = 1
    while run_killed_process(number):
        number += 1
