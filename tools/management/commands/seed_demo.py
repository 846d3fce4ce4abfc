"""Load the demo data, or generate rows for benchmarks."""

from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tools.demo.loader import PASSWORD, empty_database, is_loaded, load_demo
from tools.demo.sized import Size, SizeError, load_sized


def parse_count(text: str) -> int:
    """Return the value of an option as a number of rows; raise ArgumentTypeError if it isn't one."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text} is not a number of rows")
    return int(text)


class Command(BaseCommand):
    """Loads the demo if it is missing; with --courses, --students or --enrollments generates rows instead."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="DELETE ALL DATA, then load the demo again")
        parser.add_argument("--courses", type=parse_count, metavar="N", help="generate N published courses")
        parser.add_argument("--students", type=parse_count, metavar="N", help="generate N students")
        parser.add_argument(
            "--enrollments",
            type=parse_count,
            metavar="N",
            help="generate N enrollments of these students in these courses",
        )
        parser.add_argument(
            "--lessons", type=parse_count, metavar="N", default=8, help="lessons per generated course (default: 8)"
        )
        parser.add_argument(
            "--seed", type=int, metavar="N", default=1, help="seed of the random generator (default: 1)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the demo or generate rows; raise CommandError outside development and for impossible numbers."""
        if not settings.DEBUG:
            raise CommandError("The demo is not loaded because DEBUG is off: its passwords are public.")
        sizes = [options[name] for name in ("courses", "students", "enrollments")]
        if sizes == [None, None, None]:
            self._load_demo(reset=options["reset"])
        elif options["reset"]:
            raise CommandError("--reset can only be used without --courses, --students and --enrollments.")
        else:
            courses, students, enrollments = (number or 0 for number in sizes)
            self._load_sized(Size(courses, students, enrollments, options["lessons"]), options["seed"])

    def _load_demo(self, *, reset: bool) -> None:
        """Load the demo if it is missing; with `reset`, delete all data first."""
        if reset:
            empty_database()
        elif is_loaded():
            self.stdout.write("The demo is already loaded. Use --reset to delete all data and load it again.")
            return
        load_demo()
        self.stdout.write(
            f"Loaded the demo. Log in as admin@, instructor@ or student@example.com with the password {PASSWORD}."
        )

    def _load_sized(self, size: Size, seed: int) -> None:
        """Generate rows and print their number."""
        try:
            load_sized(size, seed)
        except SizeError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Generated {size.courses} courses, {size.students} students, {size.enrollments} enrollments."
        )
