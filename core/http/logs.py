"""Log formatters and filters, which remove secrets (quality rows X10, W03).

The package python-json-logger is not used: removing secrets takes the same subclass of its formatter.
"""

import json
import logging
import re
from datetime import UTC, datetime

# Secrets reach a log through exceptions, debug lines of libraries and query strings.
SECRETS = [
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}"), "(token)"),
    (re.compile(r"\b(?:whsec|[sr]k_(?:live|test))_\w+"), "(key)"),
    (re.compile(r"(?i)\b(\w*token|ticket|password|secret|code)(=|['\"]?: ?['\"])[^&\s'\"]+"), r"\1\2(hidden)"),
    (re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])"), "(number)"),
    (re.compile(r"(?i)(\w+://[^:/@\s]*:)[^@/\s]+@"), r"\1(hidden)@"),
]  # fmt: skip


def without_secrets(text: str) -> str:
    """Return a text with tokens, keys, passwords and card numbers replaced."""
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


class LineFormatter(logging.Formatter):
    """Format a record as one line of text, followed by the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON: time, level, logger, request id, message, and the traceback if any.

    `extra={"fields": {...}}` adds values to the line that programs read.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": without_secrets(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


QUERY = re.compile(r"\?[^\s\"']+")


def without_query(text: str) -> str:
    """Return a text without the query strings of the URLs in it."""
    return QUERY.sub("?-", text)


class WithoutQuery(logging.Filter):
    """Remove the query string of every logged URL, which can hold the token of a socket or of a mailed link."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's text and keep the record."""
        record.msg = without_query(str(record.msg))
        if isinstance(record.args, tuple):
            record.args = tuple(without_query(part) if isinstance(part, str) else part for part in record.args)
        return True
