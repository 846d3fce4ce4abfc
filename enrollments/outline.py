"""The outline of a course in the learning room: sections and lessons, each done, current or still to come."""

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
    """A section of the outline, with how much of it is done."""

    section: Section
    lessons: list[OutlineLesson]

    @property
    def done(self) -> int:
        """How many of its lessons are done."""
        return sum(one.is_done for one in self.lessons)

    @property
    def is_current(self) -> bool:
        """Whether the current lesson stands in it."""
        return any(one.is_current for one in self.lessons)


def outline(lessons: list[Lesson], done: set[uuid.UUID], current: uuid.UUID) -> list[OutlineSection]:
    """Return the lessons by section, in order, each with its state."""
    sections: list[OutlineSection] = []
    for lesson in lessons:
        if not sections or sections[-1].section.pk != lesson.section_id:
            sections.append(OutlineSection(lesson.section, []))
        sections[-1].lessons.append(OutlineLesson(lesson, lesson.pk in done, lesson.pk == current))
    return sections


def neighbours(lessons: list[Lesson], current: uuid.UUID) -> tuple[Lesson | None, Lesson | None, Lesson | None]:
    """Return the lesson before the current one, the current one, and the one after it; None where there is none."""
    places = {lesson.pk: place for place, lesson in enumerate(lessons)}
    if current not in places:
        return None, None, None
    here = places[current]
    return (
        lessons[here - 1] if here else None,
        lessons[here],
        lessons[here + 1] if here + 1 < len(lessons) else None,
    )
