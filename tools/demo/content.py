"""Parser of the demo's courses, each a Markdown file.

A file of `courses/` is named after the slug of the course and has this format:

    +++
    title = "Bread, from flour up"        # TOML: the fields of CourseText below
    ...
    +++

    # A section

    ## A lesson {minutes=12 preview}

    Its text in Markdown, with headings from ### down.

`minutes` is required, `preview` marks a free preview. Headings in code blocks are code. A lesson is rendered as a
separate document, so its ### headings are stored as #.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

COURSES = Path(__file__).parent / "courses"
FENCE = "+++"
HEADING = re.compile(r"(?P<marks>##?) +(?P<text>\S.*)")
LESSON = re.compile(r"(?P<title>[^{}]+?) *\{(?P<options>[^{}]*)\}")
MINUTES = re.compile(r"minutes=(?P<number>\d{1,3})")
RESERVED_LEVELS = 2  # the heading levels of sections and lessons


class ContentError(Exception):
    """A file is not in the format; the message begins with the file name and the line."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path.name}:{line}: {problem}")


@dataclass(frozen=True)
class LessonText:
    """A lesson, the text below a `##` heading."""

    title: str
    minutes: int
    is_preview: bool
    text: str


@dataclass(frozen=True)
class SectionText:
    """A section, the lessons below a `#` heading."""

    title: str
    lessons: tuple[LessonText, ...]


@dataclass(frozen=True)
class CourseText:
    """A course. All fields except `slug` and `sections` are required keys of the front matter.

    `instructor` is a name from `people.toml`. `published_days_ago` is -1 for a draft.
    """

    slug: str
    title: str
    category: str
    instructor: str
    level: str
    price_cents: int
    published_days_ago: int
    tags: list[str]
    short_description: str
    outcomes: list[str]
    description: str
    sections: tuple[SectionText, ...]

    @property
    def is_published(self) -> bool:
        """Whether the course is in the catalog."""
        return self.published_days_ago >= 0

    @property
    def lessons(self) -> list[LessonText]:
        """The lessons of all sections, in order."""
        return [lesson for section in self.sections for lesson in section.lessons]


FRONT_MATTER = {
    "title": str,
    "category": str,
    "instructor": str,
    "level": str,
    "price_cents": int,
    "published_days_ago": int,
    "tags": list,
    "short_description": str,
    "outcomes": list,
    "description": str,
}


def read_courses(folder: Path = COURSES) -> list[CourseText]:
    """Return the courses of a folder by file name; raise ContentError for the first invalid file."""
    return [parse_course(path) for path in sorted(folder.glob("*.md"))]


def parse_course(path: Path) -> CourseText:
    """Return the course of a file; raise ContentError if it is invalid."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = _end_of_front_matter(path, lines)
    fields = _front_matter(path, lines[1:end])
    return CourseText(slug=path.stem, sections=_sections(path, lines, end + 1), **fields)


def _end_of_front_matter(path: Path, lines: Sequence[str]) -> int:
    """Return the index of the closing +++."""
    if not lines or lines[0] != FENCE:
        raise ContentError(path, 1, f"begin with front matter between lines of {FENCE}")
    if FENCE not in lines[1:]:
        raise ContentError(path, len(lines), f"the front matter has no closing {FENCE}")
    return lines.index(FENCE, 1)


def _front_matter(path: Path, lines: Sequence[str]) -> dict[str, Any]:
    """Return the fields of the front matter; raise ContentError for missing, unknown or wrongly typed ones."""
    try:
        fields = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        raise ContentError(path, int(where[1]) + 1 if where else 2, str(error)) from error
    if missing := sorted(FRONT_MATTER.keys() - fields.keys()):
        raise ContentError(path, 2, f"missing in the front matter: {', '.join(missing)}")
    if unknown := sorted(fields.keys() - FRONT_MATTER.keys()):
        raise ContentError(path, _line_of(unknown[0], lines), f"{unknown[0]} is unknown in the front matter")
    for name, field_type in FRONT_MATTER.items():
        if type(fields[name]) is not field_type:
            raise ContentError(path, _line_of(name, lines), f"{name} is not of type {field_type.__name__}")
    return fields


def _line_of(name: str, lines: Sequence[str]) -> int:
    """Return the number, in the file, of the line that sets a field."""
    return next(number for number, line in enumerate(lines, start=2) if line.startswith(name))


def _sections(path: Path, lines: Sequence[str], start: int) -> tuple[SectionText, ...]:
    """Return the sections of the text that begins at index `start`."""
    found: list[tuple[str, list[LessonText]]] = []
    headings = list(_headings(lines, start))
    if not headings or headings[0][1] != "#":
        raise ContentError(path, start + 1, "begin the text with a section: # Title")
    for (index, marks, heading), (end, _marks, _heading) in pairwise([*headings, (len(lines), "", "")]):
        text = lines[index + 1 : end]
        if marks == "##":
            found[-1][1].append(_lesson(path, index + 1, heading, text))
        elif any(line.strip() for line in text):
            raise ContentError(path, index + 2, "text belongs to a lesson: ## Title {minutes=5}")
        else:
            found.append((heading, []))
    return tuple(SectionText(title, tuple(lessons)) for title, lessons in found)


def _headings(lines: Sequence[str], start: int) -> Iterator[tuple[int, str, str]]:
    """Yield index, marks and text of every # and ## outside code blocks, from index `start` on."""
    for index, is_code in enumerate(_mark_code_lines(lines)):
        heading = HEADING.fullmatch(lines[index])
        if heading and index >= start and not is_code:
            yield index, heading["marks"], heading["text"].strip()


def _mark_code_lines(lines: Sequence[str]) -> Iterator[bool]:
    """Yield for each line whether it is part of a code block between lines of ```."""
    inside = False
    for line in lines:
        is_fence = line.startswith("```")
        yield inside or is_fence
        inside ^= is_fence


def _lesson(path: Path, number: int, heading: str, lines: Sequence[str]) -> LessonText:
    """Return the lesson with this heading, in line `number`, and the text `lines`."""
    parts = LESSON.fullmatch(heading)
    if not parts:
        raise ContentError(path, number, "write a lesson's heading like this: ## Title {minutes=12 preview}")
    options = parts["options"].split()
    minutes = [int(found["number"]) for option in options if (found := MINUTES.fullmatch(option))]
    unknown = [option for option in options if option != "preview" and not MINUTES.fullmatch(option)]
    if unknown or len(minutes) != 1:
        raise ContentError(path, number, f"unknown option {unknown[0]}" if unknown else "give minutes=… once")
    text = "\n".join(_raise_headings(lines)).strip()
    if not text:
        raise ContentError(path, number, "the lesson has no text")
    return LessonText(title=parts["title"], minutes=minutes[0], is_preview="preview" in options, text=text)


def _raise_headings(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines, with the level of headings outside code blocks reduced by RESERVED_LEVELS."""
    for line, is_code in zip(lines, _mark_code_lines(lines), strict=True):
        yield line[RESERVED_LEVELS:] if line.startswith("###") and not is_code else line
