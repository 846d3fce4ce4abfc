"""Begin a course from one that is there."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from courses import services
from courses.models import Course, Lesson, LessonFile, Section

COPIED = (
    "short_description", "description", "outcomes", "level", "thumbnail_url", "thumbnail", "price_cents", "currency",
    "category",
)  # fmt: skip
COPIED_OF_LESSONS = (
    "title", "content", "content_html", "video_url", "video_seconds", "video_share", "completion_rule",
    "duration_minutes", "order", "is_published", "is_preview",
)  # fmt: skip


@transaction.atomic
def duplicate_course(*, actor: User, course: Course) -> Course:
    """Return a draft of `actor` with the same details, sections and lessons; nobody is enrolled in it.

    The same number of statements for any number of lessons.
    """
    title = _("Copy of %s") % course.title
    copy = services.create_course(
        actor=actor,
        title=title[: Course._meta.get_field("title").max_length],
        tags=[tag.name for tag in course.tags.all()],
        **{name: getattr(course, name) for name in COPIED},
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
            **{name: getattr(lesson, name) for name in COPIED_OF_LESSONS},
        )
        for lesson in course.lessons.all()
    }
    Lesson.objects.bulk_create(lessons.values())
    LessonFile.objects.bulk_create(
        LessonFile(lesson=lessons[shown.lesson_id], file_id=shown.file_id, is_video=shown.is_video)
        for shown in LessonFile.objects.filter(lesson__course=course)
    )
    services.recount_lessons(course=copy)
    return copy
