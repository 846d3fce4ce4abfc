"""English date formats, equal to those of the browser (`Intl`), so that scripts and templates format alike."""

DATE_FORMAT = "M j, Y"
TIME_FORMAT = "g:i A"
DATETIME_FORMAT = "M j, Y, g:i A"
