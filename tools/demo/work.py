"""Assignments of the demo, with graded and ungraded submissions."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from assignments.models import Assignment, GradeChange, Submission, TextFormat
from courses.models import Course
from enrollments.models import Enrollment, GradeEntry

BRIEFS = {
    "bread-from-flour-up": (
        "Bake, and write down what happened",
        "Bake the plain loaf from the second lesson. Hand in **a photograph of the crumb** and ten lines on what you "
        "would do otherwise next time:\n\n- how long it rose, and how warm the kitchen was\n- what the crust did\n- "
        "what you would change first, and why",
        "Rose for three hours at about 21 °C. The crust **cracked on one side**, so I would score it deeper, and turn "
        "the tin halfway. The crumb was tight near the bottom; next time I give it another half hour.",
        "You saw the crack and named its cause; that is the hard part. *Half an hour more* is the right guess: press "
        "the dough, and when the dent fills slowly, it is ready.",
    ),
    "a-working-introduction-to-sql": (
        "Three questions to your own data",
        "Take a table that you know: expenses, a reading list, training times. Ask it **three questions** that need "
        "`GROUP BY`, and hand in the queries with what you learned from each.",
        "```sql\nSELECT month, sum(cost) FROM expenses GROUP BY month ORDER BY 2 DESC;\n```\n\nDecember costs twice "
        "what June does, and it is not the heating.",
        "",
    ),
}
POINTS, PASS = 20, 12


def save_assignments(courses: dict[str, Course], enrollments: list[Enrollment], now: datetime) -> None:
    """Insert the assignments and submissions of the three students with the most progress; the first is graded."""
    for slug, (title, brief, text, feedback) in BRIEFS.items():
        task = Assignment(
            course=courses[slug],
            title=title,
            description=brief,
            is_published=True,
            points_possible=Decimal(POINTS),
            passing_points=PASS,
            due_at=(now + timedelta(days=6)).replace(hour=18, minute=0, second=0, microsecond=0),
            allow_late_submission=True,
            late_penalty_percentage=10,
        )
        task.save(force_insert=True)
        students = [one for one in enrollments if one.course.slug == slug and one.completed_at is None]
        furthest = sorted(students, key=lambda one: (-one.lessons_done, str(one.user)))[:3]
        for place, enrollment in enumerate(furthest):
            submission = Submission.objects.create(
                assignment=task,
                enrollment=enrollment,
                user=enrollment.user,
                attempt=1,
                content=text,
                text_format=TextFormat.MARKDOWN,
                submitted_at=now - timedelta(days=3 - place, hours=place),
                late_percent=task.late_penalty_percentage,
            )
            if place == 0 and feedback:
                _grade(submission, feedback)


def _grade(submission: Submission, feedback: str) -> None:
    """Grade a submission like the service, without notifications."""
    teacher, at = submission.assignment.course.instructor, timezone.now() - timedelta(days=1)
    submission.raw_grade, submission.feedback, submission.graded_by, submission.version = 17, feedback, teacher, 1
    submission.graded_at = submission.released_at = at
    submission.save()
    GradeChange.objects.create(submission=submission, raw_grade=17, feedback=feedback, graded_by=teacher, created_at=at)
    GradeEntry.objects.create(
        item=submission.assignment,
        enrollment=submission.enrollment,
        points=Decimal(17),
        source_id=submission.pk,
        graded_by=teacher,
        created_at=at,
    )
