"""English dates as the browser writes them (`Intl`), so that what a script adds to a page reads like the rest of it."""

DATE_FORMAT = "M j, Y"
TIME_FORMAT = "g:i A"
DATETIME_FORMAT = "M j, Y, g:i A"
