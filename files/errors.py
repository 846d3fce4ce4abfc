"""Errors of uploads and downloads."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from django.utils.translation import gettext as _

from core.http.errors import DomainError


class FileError(DomainError):
    """A file cannot be uploaded, downloaded or deleted."""

    status = HTTPStatus.BAD_REQUEST
    filename = ""

    @property
    def named_detail(self) -> str:
        """The detail after the name of the refused file, for a form that takes several; alone if no file is known."""
        if not self.filename:
            return str(self.detail)
        return _("“%(name)s”: %(detail)s") % {"name": self.filename, "detail": self.detail}


@contextmanager
def errors_name(filename: str) -> Iterator[None]:
    """Set the file's name on each FileError that is raised in the block."""
    try:
        yield
    except FileError as error:
        error.filename = filename
        raise
