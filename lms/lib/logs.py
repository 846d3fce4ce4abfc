"""How log lines are written: for people, or as JSON for whatever collects them; secrets in neither (QUALITY X10)."""

import json
import logging
import re
from datetime import UTC, datetime

# What must not stand in a log wherever it came from: an exception's text, a library's debug line, an address's query.
SECRETS = [
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}"), "(token)"),
    (re.compile(r"\b(?:whsec|[sr]k_(?:live|test))_\w+"), "(key)"),
    (re.compile(r"(?i)\b(\w*token|ticket|password|secret|code)(=|['\"]?: ?['\"])[^&\s'\"]+"), r"\1\2(hidden)"),
    (re.compile(r"(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])"), "(number)"),
    (re.compile(r"(?i)(\w+://[^:/@\s]*:)[^@/\s]+@"), r"\1(hidden)@"),
]  # fmt: skip


def without_secrets(text: str) -> str:
    """Return a log line with tokens, keys, passwords and card numbers blotted out."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


class Line(logging.Formatter):
    """One line for people, with a traceback below it where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without secrets."""
        return without_secrets(super().format(record))


class JsonLine(logging.Formatter):
    """One line of JSON: time, level, logger, request id, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without secrets."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": getattr(record, "request_id", "-"),
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            said["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)
