"""Reading of students from CSV files and pasted addresses. No database is used."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from core.text.csv_files import unescape_cell
from core.text.email_addresses import normalize_email
from core.text.encodings import decode_text
from core.text.validators import validate_person_name

EMAIL, FULL_NAME = "email", "full_name"
MAX_ROWS = 10_000
MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 120
MAX_QUOTED = 60  # characters of a refused text that its error repeats
ZIP_MARK = b"PK\x03\x04"  # of XLSX and ODS files
NAME_ENDS = ",;|\t>"  # a name without quotes contains none of these
NOT_IN_QUOTES = re.compile(r'["<>]')
SEPARATORS = re.compile(r"[\s,;|]+")


@dataclass(frozen=True)
class RosterRow:
    """A student of a file or of a pasted text; `row` is the number of the line, from 1."""

    row: int
    email: str
    full_name: str = ""


@dataclass(frozen=True)
class RowError:
    """An error of one line. `column` is the header's word, or empty if the whole line is refused."""

    row: int
    column: str
    code: str
    detail: str


@dataclass
class RosterPreview:
    """The students that were read, and the errors of all lines. `email_column` is the header's word for addresses."""

    email_column: str = EMAIL
    rows: list[RosterRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def add(self, row: RosterRow, columns: tuple[str, str] = (EMAIL, FULL_NAME)) -> None:
        """Add a student, or the errors of the line. `columns` are the words of the header."""
        found = [
            RowError(row.row, column, code, detail)
            for column, (code, detail) in zip(columns, (check_email(row.email), check_name(row.full_name)), strict=True)
            if code
        ]
        self.errors += found
        if not found:
            self.rows.append(row)


def check_email(email: str) -> tuple[str, str]:
    """Return the code and the text of the error of a normalized address; empty if it is valid."""
    if not email:
        return "required", _("Enter an email address.")
    try:
        validate_email(email)
    except ValidationError:
        return "invalid", _("“%s” is not an email address.") % email[:MAX_QUOTED]
    if len(email) > MAX_EMAIL_LENGTH:
        return "too_long", _("An email address has at most %d characters.") % MAX_EMAIL_LENGTH
    return "", ""


def check_name(name: str) -> tuple[str, str]:
    """Return the code and the text of the error of a name; empty if it is valid or absent."""
    if len(name) > MAX_NAME_LENGTH:
        return "too_long", _("A name has at most %d characters.") % MAX_NAME_LENGTH
    try:
        if name:
            validate_person_name(name)
    except ValidationError as error:
        return str(error.code), " ".join(error.messages)
    return "", ""


def preview(content: bytes) -> RosterPreview:
    """Return the students of a CSV file, and all of its errors.

    The file has a header with the column `email` and, if wanted, `full_name`; other columns are ignored. Encodings:
    UTF-8, UTF-16 and Windows-1252; separators: comma, semicolon and tab. Cells are never evaluated.
    """
    result = RosterPreview()
    try:
        text = decode(content)
    except UnicodeDecodeError:
        detail = _("This file is not a text. Save the table as CSV with the encoding UTF-8.")
        result.errors.append(RowError(1, "", "unreadable_file", detail))
        return result
    lines = text.splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=_find_delimiter(lines[0] if lines else ""))
    header = _read_header(reader, result)
    if header is not None:
        _read_rows(reader, header, result)
    return result


def decode(content: bytes) -> str:
    """Return the text of a file; raise UnicodeDecodeError for a spreadsheet or another file that is no text."""
    if content.startswith(ZIP_MARK):
        raise UnicodeDecodeError("utf-8", content[:4], 0, 4, "a spreadsheet")
    if b"\0" in content[:2]:  # UTF-16 without a byte order mark
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
    return decode_text(content)


def _find_delimiter(header: str) -> str:
    """Return the separator that occurs most often in the header; a comma if none does."""
    return max(",;\t", key=header.count)


def _read_header(reader: Iterator[list[str]], result: RosterPreview) -> dict[str, tuple[int, str]] | None:
    """Return the index and the word of each known column; add an error and return None if one is wrong."""
    try:
        words = [word.strip() for word in next(reader, [])]
    except csv.Error:
        words = []
    columns: dict[str, tuple[int, str]] = {}
    for index, word in enumerate(words):
        name = word.casefold()
        if name in columns:
            detail = _("The column “%s” occurs twice.") % word[:MAX_QUOTED]
            result.errors.append(RowError(1, word[:MAX_QUOTED], "duplicate_column", detail))
        if name in (EMAIL, FULL_NAME):
            columns[name] = (index, word)
    if EMAIL not in columns:
        detail = _("The first line has no column “email”.")
        result.errors.append(RowError(1, EMAIL, "missing_column", detail))
    return None if result.errors else columns


def _read_rows(reader: Any, columns: dict[str, tuple[int, str]], result: RosterPreview) -> None:
    """Add the students below the header."""
    email_index, email_word = columns[EMAIL]
    name_index, name_word = columns.get(FULL_NAME, (-1, FULL_NAME))
    result.email_column = email_word
    first_rows: dict[str, int] = {}
    for row, cells in _numbered(reader):
        if cells is None:
            detail = _("A cell of this line is too long.")
            result.errors.append(RowError(row, "", "too_long", detail))
            continue
        if len(result.rows) + len(result.errors) >= MAX_ROWS:
            detail = _("A file can have %d students. Split it.") % MAX_ROWS
            result.errors.append(RowError(row, "", "too_many_rows", detail))
            return
        email = normalize_email(unescape_cell(_cell(cells, email_index)))
        if email in first_rows:
            detail = _("The same address as in line %d.") % first_rows[email]
            result.errors.append(RowError(row, email_word, "duplicate", detail))
            continue
        if email:
            first_rows[email] = row
        name = " ".join(unescape_cell(_cell(cells, name_index)).split()) if name_index >= 0 else ""
        result.add(RosterRow(row, email, name), (email_word, name_word))


def _numbered(reader: Any) -> Iterator[tuple[int, list[str] | None]]:
    """Yield the cells of each row that is not blank, with the number of its first line; None for a cell too long."""
    while True:
        row = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            yield row, None
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield row, cells


def _cell(cells: list[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def read_pasted(text: str) -> RosterPreview:
    """Return the students of a pasted text: addresses with any separators, and lines such as "Name <address>".

    An address that occurs twice is read once.
    """
    result = RosterPreview()
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        for row in _read_line(number, line):
            if row.email in seen:
                continue
            seen.add(row.email)
            result.add(row)
            if len(result.rows) + len(result.errors) > MAX_ROWS:
                detail = _("Paste at most %d addresses at once.") % MAX_ROWS
                result.errors.append(RowError(number, "", "too_many_rows", detail))
                return result
    return result


def _read_line(number: int, line: str) -> Iterator[RosterRow]:
    """Yield the students of one line in order."""
    before, *parts = line.split("<")
    for part in parts:
        head, name = _split_name(before)
        yield from _split(number, head)
        email, _end, before = part.partition(">")
        yield RosterRow(number, normalize_email(email), name)
    yield from _split(number, before)


def _split_name(text: str) -> tuple[str, str]:
    """Return the text before the name at the end of `text`, and the name: in quotes, or the words after an address."""
    text = text.rstrip()
    if text.endswith('"') and text.count('"') > 1:
        head, _quote, name = text[:-1].rpartition('"')
        return head, " ".join(name.split())
    start = max(text.rfind(mark) for mark in NAME_ENDS) + 1
    words = text[start:].split()
    after = max((index + 1 for index, word in enumerate(words) if "@" in word), default=0)
    return f"{text[:start]} {' '.join(words[:after])}", " ".join(words[after:])


def _split(number: int, text: str) -> Iterator[RosterRow]:
    for word in SEPARATORS.split(text):
        if word:
            yield RosterRow(number, normalize_email(word))


def write_pasted(rows: list[RosterRow]) -> str:
    """Return the text that `read_pasted()` reads as these students. Quotes and angle brackets of names are left out."""
    return "\n".join(
        f'"{NOT_IN_QUOTES.sub("", row.full_name)}" <{row.email}>' if row.full_name else row.email for row in rows
    )
