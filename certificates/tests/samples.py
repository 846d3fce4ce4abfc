"""Unsaved certificates for tests that only render."""

from datetime import UTC, datetime
from typing import Any

from certificates.models import Certificate

NUMBER = "ABCDE-FGHJK-23456-789AB"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SCRIPTS = {
    "Latin": "Łucja Đặng-Sørensen",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Анастасія Ґонґадзе",
    "Arabic": "محمد بن عبد الله",
    "Devanagari": "अनुराधा शर्मा",
    "Han": "李小龍",
    "Hangul": "김민수",
    "Hebrew": "דוד לוי",
    "Thai": "สมชาย ใจดี",
    "rare Latin": "Ǟ Ԃ ἀρχή",
}


def sample(**fields: Any) -> Certificate:
    """Return an unsaved certificate with fixed dates and a fixed number."""
    values = {
        "student_name": "Maya Okonkwo",
        "course_title": "Statistics you can argue with",
        "instructor_name": "Alice Example",
        "completed_at": NOON,
        "issued_at": NOON,
        "certificate_number": NUMBER,
    }
    return Certificate(**(values | fields))
