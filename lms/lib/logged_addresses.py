"""Addresses in log lines, without what a query may carry: a socket's token, a mailed link's (QUALITY W03)."""

import logging
import re

QUERY = re.compile(r"\?[^\s\"']+")


def without_query(text: str) -> str:
    """Return a log line, or part of one, with every query cut off."""
    return QUERY.sub("?-", text)


class WithoutQuery(logging.Filter):
    """Cuts the query off every address that a server logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's words; keep every record."""
        record.msg = without_query(str(record.msg))
        if isinstance(record.args, tuple):
            record.args = tuple(without_query(part) if isinstance(part, str) else part for part in record.args)
        return True
