"""Loader of the demo: courses, instructors, and students with different progress."""

import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Role, User
from certificates.models import Certificate
from certificates.services import generate
from core.db import append_only
from courses.models import Category, Course, Lesson, Section, Tag
from enrollments.models import Enrollment, EnrollmentEvent, JoinLink, LessonProgress, Review, Source
from instructors.models import Instructor
from realtime.models import Event, Inbox, Notification
from tools.demo.activity import save_activity
from tools.demo.content import CourseText, read_courses
from tools.demo.conversations import save_conversations
from tools.demo.counters import recount_courses
from tools.demo.orders import save_orders
from tools.demo.people import Learner, Opinion, Teacher, read_learners, read_opinions, read_teachers
from tools.demo.quizzes import save_quizzes
from tools.demo.work import save_assignments

PASSWORD = "learn-by-doing"  # noqa: S105  # public; seed_demo runs in development only
ADMIN_EMAIL = "admin@example.com"
CATEGORIES = ("Data", "Design", "Earth", "Language", "Craft")
HISTORY = timedelta(days=90)  # age of the first enrollments
NOTIFICATION_HISTORY = timedelta(days=14)  # age of the oldest notifications
UNREAD = timedelta(days=3)  # younger notifications are unread
BEGINNER_PERCENT = 20  # students with at most this progress
BEGINNERS_SINCE = timedelta(days=7)  # enrolled within this time


@dataclass
class PlannedNotification:
    """A notification without its number yet."""

    user: User
    event: Event
    payload: dict[str, Any]
    at: datetime


def is_loaded() -> bool:
    """Return whether the demo's administrator exists. One query."""
    return User.objects.filter(email=ADMIN_EMAIL).exists()


def empty_database() -> None:
    """Delete all rows and the files of certificates; Django re-creates permissions and content types."""
    for certificate in Certificate.objects.exclude(pdf="").iterator():
        certificate.pdf.delete(save=False)
    with append_only.lifted():
        call_command("flush", interactive=False, verbosity=0)


@transaction.atomic
def load_demo() -> None:
    """Insert all data of the demo and render its certificates.

    The data is the same each time except for ids, keys and dates, which are relative to today. Sends no mail. About 140
    statements, and a PDF of some 40 ms for each certificate.
    """
    rng = random.Random("demo")  # noqa: S311  # random dates
    now = timezone.now()
    teachers, learners = read_teachers(), read_learners()
    users = save_users(teachers, learners, now)
    courses = save_courses(read_courses(), users, now)
    enrollments = save_enrollments(learners, users, courses, rng, now)
    save_join_link(next(iter(courses.values())), now)
    save_orders(enrollments)
    save_reviews(read_opinions(), enrollments, now)
    recount_courses()
    save_assignments(courses, enrollments, now)
    save_quizzes(courses, enrollments, now)
    save_conversations(courses, users, now)
    save_notifications(enrollments, now)
    issue_certificates(enrollments)
    save_activity(rng)


def save_users(teachers: list[Teacher], learners: list[Learner], now: datetime) -> dict[str, User]:
    """Insert the administrator, the instructors with their profiles, and the students; return them by name."""
    joined = now - HISTORY - timedelta(days=400)
    shared: dict[str, Any] = {"password": make_password(PASSWORD), "email_verified_at": joined, "created_at": joined}
    admin = User(full_name="Ada Moreau", email=ADMIN_EMAIL, role=Role.ADMIN, is_superuser=True, is_staff=True, **shared)
    instructors = [User(full_name=one.name, email=one.email, role=Role.INSTRUCTOR, **shared) for one in teachers]
    students = [User(full_name=one.name, email=one.address, **shared) for one in learners]
    users = User.objects.bulk_create([admin, *instructors, *students])
    Instructor.objects.bulk_create(
        Instructor(user=user, title=one.title, bio=one.bio, expertise=one.expertise, created_at=joined)
        for user, one in zip(instructors, teachers, strict=True)
    )
    return {user.full_name: user for user in users}


def save_courses(texts: list[CourseText], users: dict[str, User], now: datetime) -> dict[str, Course]:
    """Insert the courses with their categories, tags, sections and rendered lessons; return them by slug."""
    categories = save_categories()
    tags = save_tags({tag for text in texts for tag in text.tags})
    courses = {text.slug: _build_course(text, categories[text.category], users[text.instructor], now) for text in texts}
    Course.objects.bulk_create(courses.values())
    Course.tags.through.objects.bulk_create(
        Course.tags.through(course_id=courses[text.slug].pk, tag_id=tags[name].pk)
        for text in texts
        for name in text.tags
    )
    lessons = [lesson for text in texts for lesson in _build_lessons(text, courses[text.slug])]
    Section.objects.bulk_create({lesson.section_id: lesson.section for lesson in lessons}.values())
    Lesson.objects.bulk_create(lessons)
    for course in courses.values():
        course.updated_at = course.published_at or now
    Course.objects.bulk_update(courses.values(), ["updated_at"])
    return courses


def save_categories() -> dict[str, Category]:
    """Insert missing categories; return all categories by name. Two queries."""
    Category.objects.bulk_create(
        [Category(slug=name.lower(), name=name, order=order) for order, name in enumerate(CATEGORIES)],
        ignore_conflicts=True,
    )
    return {category.name: category for category in Category.objects.filter(name__in=CATEGORIES)}


def save_tags(names: Iterable[str]) -> dict[str, Tag]:
    """Insert missing tags; return the tags by name. Two queries."""
    wanted = sorted(names)
    Tag.objects.bulk_create([Tag(name=name) for name in wanted], ignore_conflicts=True)
    return Tag.objects.in_bulk(wanted, field_name="name")


def _build_course(text: CourseText, category: Category, instructor: User, now: datetime) -> Course:
    """Return an unsaved course."""
    published_at = now - timedelta(days=text.published_days_ago) if text.is_published else None
    return Course(
        slug=text.slug,
        title=text.title,
        short_description=text.short_description,
        description=text.description.strip(),
        outcomes=text.outcomes,
        level=text.level,
        price_cents=text.price_cents,
        category=category,
        instructor=instructor,
        is_published=text.is_published,
        published_at=published_at,
        created_at=(published_at or now) - timedelta(days=21),
    )


def _build_lessons(text: CourseText, course: Course) -> Iterator[Lesson]:
    """Yield the unsaved lessons of a course with their unsaved sections."""
    order = 0
    for number, section_text in enumerate(text.sections, start=1):
        section = Section(course=course, title=section_text.title, order=number)
        for lesson_text in section_text.lessons:
            order += 1
            lesson = Lesson(
                course=course,
                section=section,
                title=lesson_text.title,
                content=lesson_text.text,
                duration_minutes=lesson_text.minutes,
                is_preview=lesson_text.is_preview,
                order=order,
                created_at=course.created_at,
            )
            lesson.render()
            yield lesson


def save_join_link(course: Course, now: datetime) -> None:
    """Insert a join link with 40 places that works for another month."""
    times = {"created_at": now - NOTIFICATION_HISTORY, "expires_at": now + timedelta(days=30)}
    JoinLink.objects.create(course=course, created_by=course.instructor, max_uses=40, **times)


def save_enrollments(
    learners: list[Learner], users: dict[str, User], courses: dict[str, Course], rng: random.Random, now: datetime
) -> list[Enrollment]:
    """Insert the enrollments and the completed lessons; return the enrollments with `lessons_done` set.

    Enrollments in paid courses have the source "invited" until their orders are inserted.
    """
    lessons: defaultdict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for course_id, lesson_id in Lesson.objects.order_by("order").values_list("course_id", "pk"):
        lessons[course_id].append(lesson_id)
    enrollments: list[Enrollment] = []
    progress: list[LessonProgress] = []
    for learner in learners:
        for slug, percent in learner.courses.items():
            course = courses[slug]
            done = lessons[course.pk][: round(len(lessons[course.pk]) * percent / 100)]
            enrollment = Enrollment(
                user=users[learner.name],
                course=course,
                source=Source.FREE if course.is_free else Source.INVITED,
                enrolled_at=_random_start(percent, course, rng, now),
            )
            progress.extend(build_progress(enrollment, done, rng, now))
            if percent == 100:
                enrollment.completed_at = enrollment.last_activity_at
            enrollments.append(enrollment)
    Enrollment.objects.bulk_create(enrollments)
    EnrollmentEvent.objects.bulk_create(event for enrollment in enrollments for event in build_events(enrollment))
    LessonProgress.objects.bulk_create(progress)
    LessonProgress.objects.update(updated_at=F("completed_at"))
    return enrollments


def build_events(enrollment: Enrollment) -> Iterator[EnrollmentEvent]:
    """Yield the unsaved events of an enrollment."""
    steps = [(EnrollmentEvent.Kind.ENROLLED, enrollment.enrolled_at)]
    if enrollment.completed_at:
        steps.append((EnrollmentEvent.Kind.COMPLETED, enrollment.completed_at))
    for kind, at in steps:
        yield EnrollmentEvent(enrollment_id=enrollment.pk, kind=kind, actor_id=enrollment.user_id, created_at=at)


def _random_start(percent: int, course: Course, rng: random.Random, now: datetime) -> datetime:
    """Return a random time of enrollment for this progress, after the publication of the course and within HISTORY."""
    if percent <= BEGINNER_PERCENT:
        return now - BEGINNERS_SINCE * rng.uniform(0.2, 1)
    earliest = max(now - HISTORY, course.published_at or now)
    return earliest + (now - earliest) * rng.uniform(0, 0.8)


def build_progress(
    enrollment: Enrollment, done: Sequence[uuid.UUID], rng: random.Random, now: datetime
) -> list[LessonProgress]:
    """Return unsaved progress of the completed lessons `done` (ids), at random times since the enrollment.

    Sets `last_activity_at` and `lessons_done` of the enrollment accordingly.
    """
    begin = enrollment.enrolled_at
    times = sorted(begin + (now - begin) * rng.random() for _lesson in done)
    enrollment.last_activity_at = times[-1] if times else begin
    enrollment.lessons_done = len(done)
    return [
        LessonProgress(enrollment_id=enrollment.pk, lesson_id=lesson_id, completed_at=at)
        for lesson_id, at in zip(done, times, strict=True)
    ]


def save_reviews(opinions: dict[str, list[Opinion]], enrollments: list[Enrollment], now: datetime) -> None:
    """Insert the reviews of each course by its students with the most progress, after their last activity."""
    by_progress = sorted(enrollments, key=lambda one: (one.lessons_done, one.last_activity_at), reverse=True)
    reviews = []
    for slug, wanted in opinions.items():
        students = [enrollment for enrollment in by_progress if enrollment.course.slug == slug]
        for opinion, student in zip(wanted, students, strict=False):
            at = min(student.last_activity_at + timedelta(hours=5), now)
            reviews.append(
                Review(
                    course=student.course,
                    user=student.user,
                    rating=opinion.stars,
                    comment=opinion.comment,
                    created_at=at,
                )
            )
    Review.objects.bulk_create(reviews)
    Review.objects.update(updated_at=F("created_at"))


def save_notifications(enrollments: list[Enrollment], now: datetime) -> None:
    """Insert the notifications of the last two weeks; those older than three days are read."""
    since = now - NOTIFICATION_HISTORY
    planned = [_enrollment_notification(one) for one in enrollments if one.enrolled_at > since]
    planned += [
        _completion_notification(step)
        for step in _last_steps(enrollments)
        if step.completed_at and step.completed_at > since
    ]
    numbers: Counter[User] = Counter()
    rows = []
    for item in sorted(planned, key=lambda one: one.at):
        numbers[item.user] += 1
        read_at = item.at + timedelta(hours=1) if item.at < now - UNREAD else None
        rows.append(
            Notification(
                user=item.user,
                number=numbers[item.user],
                event=item.event,
                payload=item.payload,
                created_at=item.at,
                read_at=read_at,
            )
        )
    Inbox.objects.bulk_create(Inbox(user=user, last_number=number) for user, number in numbers.items())
    Notification.objects.bulk_create(rows)


def _enrollment_notification(enrollment: Enrollment) -> PlannedNotification:
    """Return the notification of the instructor about a new student."""
    course, student = enrollment.course, enrollment.user
    payload = {"course_id": str(course.pk), "title": course.title, "student_name": student.full_name}
    return PlannedNotification(course.instructor, Event.NEW_ENROLLMENT, payload, enrollment.enrolled_at)


def _last_steps(enrollments: list[Enrollment]) -> Iterable[LessonProgress]:
    """Return the last completed lesson of each enrollment. One query."""
    steps = LessonProgress.objects.filter(
        enrollment__in=enrollments, completed_at=F("enrollment__last_activity_at")
    ).select_related("lesson", "enrollment__user", "enrollment__course")
    return steps.order_by("completed_at")


def _completion_notification(step: LessonProgress) -> PlannedNotification:
    """Return the notification of the student's other devices about a completed lesson."""
    enrollment = step.enrollment
    done, total = step.lesson.order, enrollment.course.lessons_count
    payload = {
        "lesson_id": str(step.lesson_id),
        "course_id": str(enrollment.course_id),
        "enrollment_id": str(enrollment.pk),
        "title": step.lesson.title,
        "progress": 100 * done // total,
        "lessons_done": done,
    }
    return PlannedNotification(
        enrollment.user, Event.LESSON_COMPLETED, payload, step.completed_at or enrollment.enrolled_at
    )


def issue_certificates(enrollments: list[Enrollment]) -> None:
    """Issue the certificates of completed enrollments, dated to their completion.

    They are marked as mailed, so that the rendering task sends no mail.
    """
    for enrollment in enrollments:
        if enrollment.completed_at is not None:
            generate(actor=enrollment.user, enrollment=enrollment)
    Certificate.objects.update(issued_at=F("completed_at"), mailed_at=F("completed_at"))
