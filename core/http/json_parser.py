"""The JSON parser of the API, which refuses what Python accepts but databases and clients do not (quality row X03)."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 32


class StrictJSONParser(JSONParser):
    """Parse JSON; NUL bytes, lone surrogates, NaN, infinities and nesting beyond 32 levels are 400.

    A byte order mark is ignored, as RFC 8259 allows: some clients on Windows send one.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body; raise ParseError for an invalid one."""
        try:
            text = stream.read().decode("utf-8-sig")
            data = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        _check(data, MAX_DEPTH)
        return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: Any, levels: int) -> None:
    """Raise ParseError for a value that cannot be stored or returned."""
    if levels == 0:
        raise ParseError(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ParseError("The body contains a number that is too large.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check(item, levels - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, levels - 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ParseError("The body contains a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ParseError("The body contains half of a surrogate pair.") from None
