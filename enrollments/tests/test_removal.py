"""A student who was removed stays out until they are readmitted (quality row V07)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from core.http.errors import DomainError
from core.models import AuditEntry
from courses.models import Course
from enrollments import invitations, services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, EnrollmentEvent, Source
from enrollments.states import EnrollmentState
from payments import checkout
from payments.models import Order
from realtime.models import Event, Notification
from tools.testing.plugin import buy_course, make_staff

pytestmark = pytest.mark.quality("V07")

REASON = "Shared the exam."


@pytest.fixture
def removed(alice: User, enrollment: Enrollment) -> Enrollment:
    """Bob's enrollment, from which Alice removed him."""
    return services.remove_student(actor=alice, enrollment=enrollment, reason=REASON)


def state_of(enrollment: Enrollment) -> EnrollmentState:
    return Enrollment.objects.get(pk=enrollment.pk).state


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def test_enrolling_again_is_refused(
    bob: User, course: Course, removed: Enrollment, api_of: Callable[..., APIClient], browser_of: Callable[..., Client]
) -> None:
    response = api_of(bob).post("/api/v1/enrollments/", {"course_id": str(course.pk)})
    assert error_of(response) == (403, "barred")
    browser = browser_of(bob)
    assert "You were removed from this course" in browser.get(f"/courses/{course.slug}/").content.decode()
    browser.post(f"/courses/{course.slug}/enroll/")
    assert state_of(removed) == EnrollmentState.BARRED


def test_an_invitation_does_not_undo_a_removal(alice: User, bob: User, course: Course, enrollment: Enrollment) -> None:
    services.end_enrollment(actor=bob, enrollment=enrollment, reason="Pause")
    invitation = invitations.send_invitation(actor=alice, course=course, email=bob.email)
    services.remove_student(actor=alice, enrollment=enrollment, reason=REASON)
    with pytest.raises(EnrollmentError) as refused:
        invitations.accept_invitation(actor=bob, invitation=invitation)
    assert (refused.value.code, refused.value.status) == ("barred", 403)
    with pytest.raises(EnrollmentError) as refused:
        invitations.send_invitation(actor=alice, course=course, email=bob.email)
    assert refused.value.code == "barred"
    assert state_of(enrollment) == EnrollmentState.BARRED


def test_a_removed_student_is_told_before_paying(
    alice: User, bob: User, paid_course: Course, api_of: Callable[..., APIClient]
) -> None:
    buy_course(bob, paid_course)
    services.remove_student(actor=alice, enrollment=Enrollment.objects.get(user=bob), reason=REASON)
    client, body = api_of(bob), {"course_id": str(paid_course.pk)}
    assert error_of(client.post("/api/v1/enrollments/", body)) == (403, "barred")
    assert error_of(client.post("/api/v1/orders/", body)) == (403, "barred")
    assert Order.objects.count() == 1


def test_an_order_from_before_the_removal_gets_no_payment(alice: User, bob: User, paid_course: Course) -> None:
    order, _created = checkout.place_order(actor=bob, course=paid_course)
    enrollment = services.enroll(actor=alice, user=bob, course=paid_course, source=Source.INVITED)
    services.remove_student(actor=alice, enrollment=enrollment, reason=REASON)
    with pytest.raises(DomainError) as refused:
        checkout.create_intent(actor=bob, order=order)
    assert (refused.value.code, refused.value.status) == ("barred", 403)


def test_a_payment_that_arrives_after_the_removal_flags_the_order(alice: User, bob: User, paid_course: Course) -> None:
    enrollment = services.enroll(actor=alice, user=bob, course=paid_course, source=Source.INVITED)
    services.end_enrollment(actor=bob, enrollment=enrollment, reason="Pause")
    order, _created = checkout.place_order(actor=bob, course=paid_course)
    services.remove_student(actor=alice, enrollment=enrollment, reason=REASON)
    intent = {"id": "pi_late", "status": "succeeded", "amount": order.amount, "currency": order.currency}
    intent |= {"metadata": {"order_id": str(order.pk)}, "payment_method": "pm_card"}
    intent |= {"latest_charge": {"id": "ch_late", "amount": order.amount, "amount_refunded": 0}}
    paid = checkout.apply_intent(order, intent)
    assert "removed from the course" in paid.flag
    assert state_of(enrollment) == EnrollmentState.BARRED


def test_a_refund_does_not_bar(bob: User, paid_course: Course) -> None:
    order = buy_course(bob, paid_course)
    charge = {"id": f"ch_{order.pk.hex}", "amount": order.amount, "amount_refunded": order.amount}
    intent = {"id": f"pi_{order.pk.hex}", "status": "succeeded", "amount": order.amount, "currency": order.currency}
    intent |= {"metadata": {"order_id": str(order.pk)}, "latest_charge": charge, "payment_method": "pm_card"}
    checkout.apply_intent(order, intent)
    assert state_of(Enrollment.objects.get(user=bob)) == EnrollmentState.ENDED


def test_the_student_is_notified_of_the_removal_and_of_the_readmission(
    alice: User, bob: User, removed: Enrollment
) -> None:
    services.readmit_student(actor=alice, enrollment=removed)
    sent = Notification.objects.filter(user=bob).order_by("number").values_list("event", "payload")
    assert [event for event, _payload in sent] == [Event.ENROLLMENT_ENDED, Event.ENROLLMENT_RESTORED]
    assert sent[0][1]["reason"] == REASON
    assert sent[0][1]["barred"] is True
    history = EnrollmentEvent.objects.filter(enrollment=removed).values_list("kind", "actor", "reason")
    assert list(history)[1:] == [("barred", alice.pk, REASON), ("readmitted", alice.pk, "")]
    recorded = AuditEntry.objects.filter(action__in=["enrollments.barred", "enrollments.readmitted"])
    assert recorded.count() == 2


def test_a_student_who_leaves_is_not_notified_and_may_return(
    bob: User, course: Course, enrollment: Enrollment, api_of: Callable[..., APIClient]
) -> None:
    client = api_of(bob)
    ended = client.post(f"/api/v1/enrollments/{enrollment.pk}/end", {"reason": "Moved", "barred": True})
    assert (ended.status_code, ended.json()["is_active"], ended.json()["is_barred"]) == (200, False, False)
    assert not Notification.objects.filter(user=bob).exists()
    assert client.post("/api/v1/enrollments/", {"course_id": str(course.pk)}).status_code == 201


@pytest.mark.parametrize("barred", [True, False])
def test_the_api_bars_only_on_request_of_another_user(
    barred: bool, alice: User, enrollment: Enrollment, api_of: Callable[..., APIClient]
) -> None:
    body = {"reason": REASON} if barred else {"reason": REASON, "barred": False}
    response = api_of(alice).post(f"/api/v1/enrollments/{enrollment.pk}/end", body, format="json")
    assert response.json()["is_barred"] is barred


def test_only_the_instructor_and_staff_remove_and_readmit(
    alice: User, bob: User, carol: User, dan: User, removed: Enrollment, api_of: Callable[..., APIClient]
) -> None:
    address = f"/api/v1/enrollments/{removed.pk}/readmit"
    assert error_of(api_of(bob).post(address)) == (403, "not_your_course")
    assert api_of(carol).post(address).status_code == 404
    assert api_of(carol).post(f"/api/v1/enrollments/{removed.pk}/end", {"reason": REASON}).status_code == 404
    assert api_of(dan).post(address).status_code == 200
    assert state_of(removed) == EnrollmentState.ACTIVE
    assert api_of(alice).post(address).status_code == 200
    services.end_enrollment(actor=alice, enrollment=removed, reason="Over")
    assert error_of(api_of(alice).post(address)) == (409, "not_barred")


def test_the_instructor_removes_and_readmits_on_the_page(
    alice: User, course: Course, enrollment: Enrollment, browser_of: Callable[..., Client]
) -> None:
    browser, page = browser_of(alice), f"/teach/courses/{course.slug}/students/{enrollment.pk}/"
    browser.post(f"{page}end/", {"reason": REASON, "bar": "on"})
    assert state_of(enrollment) == EnrollmentState.BARRED
    course.refresh_from_db()
    assert course.enrollments_count == 0
    assert "Readmit student" in browser.get(page).content.decode()
    browser.post(f"{page}readmit/")
    assert state_of(enrollment) == EnrollmentState.ACTIVE
    course.refresh_from_db()
    assert course.enrollments_count == 1


def test_staff_readmit_in_the_admin(dan: User, removed: Enrollment, browser_of: Callable[..., Client]) -> None:
    data = {"action": "readmit_students", "_selected_action": [str(removed.pk)]}
    browser_of(dan).post("/admin/enrollments/enrollment/", data)
    assert state_of(removed) == EnrollmentState.ACTIVE
    with pytest.raises(EnrollmentError, match="Only the instructor"):
        services.readmit_student(actor=make_staff("Content"), enrollment=removed)
