"""`manage.py seed_demo`: the demo school, or rows by the thousand."""

from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.demo.loading import PASSWORD, empty_database, is_loaded, load_demo
from lms.demo.sized import Size, SizeError, load_sized


def count(text: str) -> int:
    """Return the number that an option gives; raise ArgumentTypeError for what is not one."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text} is not a number of rows")
    return int(text)


class Command(BaseCommand):
    """Loads the demo once; with --courses, --students or --enrollments makes that many generated rows instead."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--reset", action="store_true", help="EMPTY THE WHOLE DATABASE, then load the demo again")
        parser.add_argument("--courses", type=count, metavar="N", help="make N published courses")
        parser.add_argument("--students", type=count, metavar="N", help="make N students")
        parser.add_argument("--enrollments", type=count, metavar="N", help="enrol those students in those courses")
        parser.add_argument("--lessons", type=count, metavar="N", default=8, help="lessons per made course (8)")
        parser.add_argument("--seed", type=int, metavar="N", default=1, help="another number makes other rows (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load what the options ask for. Raises CommandError outside development, and for a size that cannot be."""
        if not settings.DEBUG:
            raise CommandError("Not loaded: DEBUG is off, and the demo's passwords are known to everybody.")
        sizes = [options[name] for name in ("courses", "students", "enrollments")]
        if sizes == [None, None, None]:
            self._load_demo(reset=options["reset"])
        elif options["reset"]:
            raise CommandError("--reset loads the demo; leave it out to make rows beside what is there.")
        else:
            courses, students, enrollments = (number or 0 for number in sizes)
            self._load_sized(Size(courses, students, enrollments, options["lessons"]), options["seed"])

    def _load_demo(self, *, reset: bool) -> None:
        """Load the demo unless it is there; with `reset`, in place of everything that is there."""
        if reset:
            empty_database()
        elif is_loaded():
            self.stdout.write("The demo is already there; nothing was changed. --reset loads it anew.")
            return
        load_demo()
        self.stdout.write(
            f"Loaded the demo. Sign in as admin@, instructor@ or student@example.com, password {PASSWORD}."
        )

    def _load_sized(self, size: Size, seed: int) -> None:
        """Make rows, and say how many."""
        try:
            load_sized(size, seed)
        except SizeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Made {size.courses} courses, {size.students} students, {size.enrollments} enrolments.")
