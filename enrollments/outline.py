"""Outline of a course in the learning room: sections and lessons with the student's progress."""

import uuid
from dataclasses import dataclass

from courses.models import Lesson, Section


@dataclass
class OutlineLesson:
    """A lesson in the outline."""

    lesson: Lesson
    is_done: bool
    is_current: bool


@dataclass
class OutlineSection:
    """A section in the outline, with its lessons."""

    section: Section
    lessons: list[OutlineLesson]

    @property
    def done_count(self) -> int:
        """Number of completed lessons in this section."""
        return sum(lesson.is_done for lesson in self.lessons)

    @property
    def is_current(self) -> bool:
        """Whether the current lesson is in this section."""
        return any(lesson.is_current for lesson in self.lessons)


def build_outline(lessons: list[Lesson], done: set[uuid.UUID], current: uuid.UUID) -> list[OutlineSection]:
    """Return the sections with their lessons, in order. `done` are the ids of completed lessons."""
    sections: list[OutlineSection] = []
    for lesson in lessons:
        if not sections or sections[-1].section.pk != lesson.section_id:
            sections.append(OutlineSection(lesson.section, []))
        sections[-1].lessons.append(OutlineLesson(lesson, lesson.pk in done, lesson.pk == current))
    return sections


def find_neighbors(lessons: list[Lesson], current: uuid.UUID) -> tuple[Lesson | None, Lesson | None, Lesson | None]:
    """Return the previous, the current and the next lesson; None for those that do not exist."""
    index = next((index for index, lesson in enumerate(lessons) if lesson.pk == current), None)
    if index is None:
        return None, None, None
    return (
        lessons[index - 1] if index else None,
        lessons[index],
        lessons[index + 1] if index + 1 < len(lessons) else None,
    )
