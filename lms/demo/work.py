"""The demo's assignments: one graded, one that waits for its teacher, one that is still to be done."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from assignments.models import Assignment, GradeChange, Submission
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


def save_work(courses: dict[str, Course], enrollments: list[Enrollment], now: datetime) -> None:
    """Insert the assignments of the demo, and what the furthest students handed in; the first of each is graded."""
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
            made = Submission.objects.create(
                assignment=task,
                enrollment=enrollment,
                user=enrollment.user,
                attempt=1,
                content=text,
                submitted_at=now - timedelta(days=3 - place, hours=place),
                late_percent=task.late_penalty_percentage,
            )
            if place == 0 and feedback:
                _grade(made, feedback)


def _grade(made: Submission, feedback: str) -> None:
    """Give a submission its grade, as the services would, but without telling anybody."""
    teacher, at = made.assignment.course.instructor, timezone.now() - timedelta(days=1)
    made.raw_grade, made.feedback, made.graded_by, made.version = 17, feedback, teacher, 1
    made.graded_at = made.released_at = at
    made.save()
    GradeChange.objects.create(submission=made, raw_grade=17, feedback=feedback, graded_by=teacher, created_at=at)
    GradeEntry.objects.create(
        item=made.assignment,
        enrollment=made.enrollment,
        points=Decimal(17),
        source_id=made.pk,
        graded_by=teacher,
        created_at=at,
    )
