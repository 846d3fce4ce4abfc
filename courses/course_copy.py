"""Duplication of a course."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses import services
from courses.models import Course, Lesson, LessonFile, Section

COURSE_FIELDS = (
    "short_description", "description", "outcomes", "level", "thumbnail_url", "thumbnail", "price_cents", "currency",
    "category",
)  # fmt: skip
LESSON_FIELDS = (
    "title", "content", "content_html", "video_url", "video_seconds", "video_share", "completion_rule",
    "duration_minutes", "order", "is_published", "is_preview",
)  # fmt: skip


@transaction.atomic
def duplicate_course(*, actor: User, course: Course) -> Course:
    """Create and return a draft owned by `actor` with the same details, sections, lessons and files.

    Enrollments are not copied. The number of statements does not depend on the number of lessons.
    """
    title = _("Copy of %s") % course.title
    copy = services.create_course(
        actor=actor,
        title=title[: Course._meta.get_field("title").max_length],
        tags=[tag.name for tag in course.tags.all()],
        **{name: getattr(course, name) for name in COURSE_FIELDS},
    )
    copy.sections.all().delete()
    sections = {
        section.pk: Section(course=copy, title=section.title, order=section.order) for section in course.sections.all()
    }
    Section.objects.bulk_create(sections.values())
    lessons = {
        lesson.pk: Lesson(
            course=copy,
            section=sections[lesson.section_id],
            **{name: getattr(lesson, name) for name in LESSON_FIELDS},
        )
        for lesson in course.lessons.all()
    }
    Lesson.objects.bulk_create(lessons.values())
    LessonFile.objects.bulk_create(
        LessonFile(lesson=lessons[original.lesson_id], file_id=original.file_id, is_video=original.is_video)
        for original in LessonFile.objects.filter(lesson__course=course)
    )
    services.recount_lessons(course=copy)
    return copy
