"""Tasks of courses: emails."""

from accounts.models import User
from core.jobs.job import job
from core.mail import delivery
from courses.models import Course


@job("courses.mail_transfer")
def mail_transfer(course_id: str, former_owner_id: str) -> None:
    """Tell the former and the new owner of a course that it was handed over."""
    course = Course.objects.select_related("instructor").get(pk=course_id)
    for user in User.objects.filter(pk__in=[former_owner_id, course.instructor_id], is_active=True):
        delivery.send("course_transferred", to=user.email, context={"user": user, "course": course})
