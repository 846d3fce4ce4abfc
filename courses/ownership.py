"""Hand a course over to another instructor."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from courses.models import Course
from courses.public_cache import bump_catalog_version
from courses.services import CourseError
from courses.tasks import mail_transfer


@transaction.atomic
def transfer_course(*, actor: User, course: Course, to: User) -> Course:
    """Make an instructor the owner of a course and return it. Both owners are told by email.

    Certificates that were issued keep the name of the former instructor. A transfer to the owner has no effect. Raise
    CourseError `not_the_owner` (403) unless `actor` may edit the course, `not_an_instructor` (409) if `to` is none.
    """
    course = Course.objects.select_for_update().get(pk=course.pk)
    if not course.is_editable_by(actor) and not actor.has_perm("courses.change_course"):
        raise CourseError("not_the_owner", _("Only the owner of a course can hand it over."), status=403)
    try:
        require_instructor(to)
    except ValidationError as error:
        raise CourseError("not_an_instructor", error.message) from error
    former = course.instructor_id
    if to.pk == former:
        return course
    course.instructor = to
    course.version += 1
    course.save(update_fields=["instructor", "version", "updated_at"])
    record(actor=actor, action="courses.transferred", target=course, changes={"instructor": [str(former), str(to.pk)]})
    bump_catalog_version()
    mail_transfer.delay_on_commit(str(course.pk), str(former))
    return course


def require_instructor(user: User) -> None:
    """Raise ValidationError unless a user may own courses."""
    if not (user.is_active and user.teaches):
        text = _("A course can only be handed over to an instructor of this site.")
        raise ValidationError(text, code="not_an_instructor")


def require_no_published_courses(user: User) -> None:
    """Raise CourseError `owns_courses` (409) if the user owns published courses, which would stay on sale."""
    titles = list(Course.objects.published().filter(instructor=user).order_by("title").values_list("title", flat=True))
    if titles:
        text = _("Hand over or unpublish these courses first: %(titles)s.")
        raise CourseError("owns_courses", text % {"titles": ", ".join(titles[:10])})
