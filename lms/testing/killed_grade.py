"""A grade given by processes that are killed at every statement of it; a test starts this on its own database.

`python -m lms.testing.killed_grade DATABASE ITEM ENROLLMENT` prints a line for each process: where it died, how many
grades there are then, and how many lines of the audit log.
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

from enrollments.grades import record_grade  # models can be imported only once Django is set up
from enrollments.models import Enrollment, GradedItem, GradeEntry  # as above
from lms.platform.models import AuditEntry  # as above

AT_COMMIT, AFTER_COMMIT = -1, -2


def die() -> None:
    """Die as a machine does that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


class Killer:
    """Dies before the statement with this number."""

    def __init__(self, point: int) -> None:
        self.left = point

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Count a statement down, or die before it."""
        self.left -= 1
        if self.left == 0:
            die()
        return execute(sql, params, many, context)


def give_grade(point: int, item: GradedItem, enrollment: Enrollment) -> None:
    """Give a grade, and die at `point`; return when there are fewer statements than that."""
    if point == AT_COMMIT:
        connection._commit = die
    with connection.execute_wrapper(Killer(point)):
        record_grade(actor=None, item=item, enrollment=enrollment, points=Decimal(abs(point) % 10), reason=str(point))
    if point == AFTER_COMMIT:
        die()


def killed_at(point: int) -> bool:
    """Give a grade in a process that dies at `point`; print what is there then. Return whether it got to die."""
    item, enrollment = GradedItem.objects.get(pk=item_id), Enrollment.objects.get(pk=enrollment_id)
    connections.close_all()
    child = os.fork()
    if child == 0:
        give_grade(point, item, enrollment)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    lines = AuditEntry.objects.filter(action="enrollments.grade_recorded").count()
    sys.stdout.write(f"{point} {GradeEntry.objects.count()} {lines}\n")
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    killed_at(AT_COMMIT)
    killed_at(AFTER_COMMIT)
    number = 1
    while killed_at(number):
        number += 1
