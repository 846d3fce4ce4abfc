"""A class of thirty at one quiz of a site as `make run` starts it: SQLite, one process, nothing else."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from django.core.management import call_command

from accounts.models import Role, User
from lms.bench.classroom import Lesson, attempts_path, measured
from lms.bench.figures import Figure
from lms.bench.quizzes import a_class, a_quiz
from lms.bench.world import bearer_headers
from lms.lib.ports import HOST, free_port
from lms.testing import servers

THIRTY = Lesson(students=30, start_within=5, save_every=0.5)
MAKING = "from lms.bench import classroom_sqlite; classroom_sqlite.make_class()"
# What the measurements of a production set, and a checkout does not.
NOT_OF_A_CHECKOUT = {
    "ALLOWED_HOSTS",
    "CONN_MAX_AGE",
    "DATABASE_URL",
    "ENVIRONMENT",
    "RATE_LIMITS",
    "REDIS_URL",
    "REQUIRE_VERIFIED_EMAIL",
    "SECRET_KEY",
    "SITE_URL",
    "TRUSTED_PROXIES",
}


def figures() -> Iterator[Figure]:
    """Yield what a save takes at most for all but the slowest twentieth, and how many answers were errors."""
    with tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True) as folder:
        given = {name: value for name, value in os.environ.items() if name not in NOT_OF_A_CHECKOUT}
        given |= {"DATA_DIR": folder, "DEMO": "0"}
        command = [sys.executable, "-m", "django", "shell", "-v0", "-c", MAKING]
        made = subprocess.run(command, env=given, cwd=servers.ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # our own command
        the_class = json.loads(made.stdout.splitlines()[-1])
        site = f"http://{HOST}:{(port := free_port())}"
        with servers.running(["django", "start", "--port", str(port)], given) as process:
            servers.wait_for(f"{site}/livez", process)
            yield from measured("Class on SQLite", THIRTY, site, the_class["path"], the_class["headers"], most_ms=1000)


def make_class() -> None:
    """Make the class in the database of the environment, and print how its members get to the quiz."""
    call_command("migrate", verbosity=0)
    teacher = User.objects.create_user("teacher@example.com", None, full_name="Tea Cher", role=Role.INSTRUCTOR)
    course, students = a_class(teacher, THIRTY.students)
    path = attempts_path(a_quiz(teacher, course))
    sys.stdout.write(json.dumps({"path": path, "headers": [bearer_headers(student) for student in students]}) + "\n")
