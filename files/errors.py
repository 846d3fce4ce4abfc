"""The one error of uploads and downloads."""

from http import HTTPStatus

from lms.lib.errors import DomainError


class FileError(DomainError):
    """The file cannot be taken, or not be given out, or not be deleted."""

    status = HTTPStatus.BAD_REQUEST
