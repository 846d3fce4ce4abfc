"""Users of the demo from `people.toml`, and reviews from `reviews.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Teacher:
    """An instructor with a public profile; `bio` is plain text."""

    name: str
    email: str
    title: str
    bio: str
    expertise: list[str]


@dataclass(frozen=True)
class Learner:
    """A student. `courses` maps slugs of courses to the percentage of completed lessons."""

    name: str
    courses: dict[str, int]
    email: str = ""

    @property
    def address(self) -> str:
        """Email address, derived from the name unless the file has one."""
        return self.email or f"{self.name.lower().replace(' ', '.')}@example.com"


@dataclass(frozen=True)
class Opinion:
    """A review of a course."""

    stars: int
    comment: str


def read_teachers() -> list[Teacher]:
    """Return the instructors, in the file's order."""
    return [Teacher(**fields) for fields in _read("people.toml")["teachers"]]


def read_learners() -> list[Learner]:
    """Return the students, in the file's order."""
    return [Learner(**fields) for fields in _read("people.toml")["learners"]]


def read_opinions() -> dict[str, list[Opinion]]:
    """Return the reviews by slug; the first review belongs to the student with the most progress, and so on."""
    return {slug: [Opinion(**fields) for fields in rows] for slug, rows in _read("reviews.toml").items()}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
