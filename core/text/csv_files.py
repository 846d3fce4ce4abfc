"""CSV files that spreadsheets open without running formulas in them (quality row N04).

The package defusedcsv is not used: it rewrites `|` inside of texts, and lets cells pass that begin with a tab.
"""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

# Excel, LibreOffice and Google Sheets evaluate cells that begin with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def escape_cell(value: Any) -> Any:
    """Return a string prefixed with an apostrophe if a spreadsheet would evaluate it; any other value unchanged."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def unescape_cell(cell: str) -> str:
    """Return a cell of a file without the apostrophe that `escape_cell` adds."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


class _Echo:
    """File-like object for `csv.writer` whose `write()` returns the line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield the lines of a CSV file with escaped cells. A byte order mark comes first, for Excel."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([escape_cell(cell) for cell in row])


def csv_response(rows: Iterable[Iterable[Any]], filename: str) -> StreamingHttpResponse:
    """Return a streaming CSV download. `filename` must contain only letters, digits, dots and dashes."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8", headers=headers)
