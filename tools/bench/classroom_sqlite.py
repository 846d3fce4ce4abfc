"""A class of thirty that takes one quiz on the site of `make run`: SQLite and a single process."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from django.core.management import call_command

from accounts.models import Role, User
from tools.bench.classroom import ClassSize, attempts_path, measure_class
from tools.bench.figures import Figure
from tools.bench.quizzes import create_class, create_quiz
from tools.bench.world import bearer_headers
from tools.ports import HOST, free_port
from tools.testing import servers

THIRTY = ClassSize(students=30, start_within=5, save_every=0.5)
CREATE_CLASS = "from tools.bench import classroom_sqlite; classroom_sqlite.make_class()"
# Variables that the benchmarks set for production and `make run` does not set.
PRODUCTION_VARIABLES = {
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


def measure() -> Iterator[Figure]:
    """Yield the p95 of a save and the number of failed requests for a class of thirty."""
    with tempfile.TemporaryDirectory(prefix="lms-bench-", ignore_cleanup_errors=True) as folder:
        given = {name: value for name, value in os.environ.items() if name not in PRODUCTION_VARIABLES}
        given |= {"DATA_DIR": folder, "DEMO": "0"}
        command = [sys.executable, "-m", "django", "shell", "-v0", "-c", CREATE_CLASS]
        made = subprocess.run(command, env=given, cwd=servers.ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # a constant command
        the_class = json.loads(made.stdout.splitlines()[-1])
        site = f"http://{HOST}:{(port := free_port())}"
        with servers.run_module(["django", "start", "--port", str(port)], given) as process:
            servers.wait_for(f"{site}/livez", process)
            yield from measure_class(
                "Class on SQLite", THIRTY, site, the_class["path"], the_class["headers"], most_ms=1000
            )


def make_class() -> None:
    """Create the class in the database of the environment; print the path of its quiz and the students' headers."""
    call_command("migrate", verbosity=0)
    teacher = User.objects.create_user("teacher@example.com", None, full_name="Tea Cher", role=Role.INSTRUCTOR)
    course, students = create_class(teacher, THIRTY.students)
    path = attempts_path(create_quiz(teacher, course))
    sys.stdout.write(json.dumps({"path": path, "headers": [bearer_headers(student) for student in students]}) + "\n")
