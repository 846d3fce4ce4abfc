"""Lists of the admin fit a window of 1280 pixels beside the navigation and the filters."""

import pytest
from django.utils import timezone

from accounts.models import User
from core.audit.entries import record
from courses.models import Course
from enrollments.models import Enrollment
from payments.models import Order
from tools.testing.browser import open_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LISTS = (
    "platform/auditentry", "accounts/user", "accounts/loginsession", "courses/course", "enrollments/enrollment",
    "payments/order",
)  # fmt: skip
OVERFLOW = "Math.max(...[...document.querySelectorAll('.results')].map((list) => list.scrollWidth - list.clientWidth))"


def test_lists_of_the_admin_do_not_scroll_sideways(
    live_site: str, dan: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    record(actor=dan, action="enrollments.join_link_revoked", target=course)
    now = timezone.now()
    Order.objects.create(
        user=carol, course=course, course_title="Green tea, black tea and all that is between them",
        list_amount=490_000, amount=490_000, currency="EUR", status="completed", completed_at=now, expires_at=now,
        flag="Another order has paid for the same course.",
    )  # fmt: skip
    with open_page(live_site, dan, viewport={"width": 1280, "height": 800}) as page:
        for path in LISTS:
            page.goto(f"{live_site}/admin/{path}/")
            assert page.evaluate(OVERFLOW) <= 0, path
