"""The kinds of mail about money; importing it registers them."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.mails import name_of, sample_reader
from enrollments.mails import sample_course
from lms.lib import money
from lms.lib.mail_kinds import Context, Kind, given, register
from payments.models import Order, OrderStatus, Receipt

WHY = _("You get this mail because you bought this course.")


def _sample(**more: Any) -> dict[str, Any]:
    reader, course = sample_reader(), sample_course()
    order = Order(
        user=reader, course=course, course_title=course.title, amount=4900, currency="EUR", status=OrderStatus.REFUNDED
    )
    receipt = Receipt(order=order, number=412, issued_at=timezone.now())
    addresses = {name: f"{settings.SITE_URL}{reverse('payments:orders')}"
                 for name in ("order_url", "receipt_url", "admin_url")}  # fmt: skip
    return {"user": reader, "order": order, "course": course, "receipt": receipt, **addresses, **more}


def _course_of(context: Context) -> str:
    return str(context["order"].course_title)


def _paid(context: Context) -> str:
    return str(context["order"].formatted_amount)


def _access(context: Context) -> str:
    """Return what a refund means for the course, in a sentence."""
    if context["order"].status != OrderStatus.REFUNDED:
        return _now("The course stays open to you.")
    return _now(
        "The course is closed to you now. Your progress is kept: should you buy it again, you go on where you stopped."
    )


register(
    Kind(
        name="receipt",
        title=_("A receipt"),
        subject=_("Your receipt: {course}"),
        heading=_("Thank you, {name}"),
        teaser=_("The course is open."),
        text=_("You paid {amount} for “{course}”, and the course is open. This is receipt number {number}."),
        facts=((_("Course"), "course"), (_("Paid"), "amount"), (_("Receipt"), "number")),
        address=given("receipt_url"),
        label=_("See my receipt"),
        why=WHY,
        values={
            "name": name_of,
            "course": _course_of,
            "amount": _paid,
            "number": lambda context: context["receipt"].formatted_number,
        },
        sample=_sample,
    ),
    Kind(
        name="refund",
        title=_("A refund"),
        subject=_("Your refund: {course}"),
        heading=_("{amount} goes back to you"),
        teaser=_("Banks take up to ten days over it."),
        text=_("Hello {name},\n\n{amount} of what you paid for “{course}” goes back to you. Banks take up to ten days "
               "over it.\n\n{access}"),
        address=given("order_url"),
        label=_("See my order"),
        why=WHY,
        values={"name": name_of, "course": _course_of, "amount": given("amount"), "access": _access},
        sample=lambda: _sample(amount=money.formatted(4900, "EUR")),
    ),
    Kind(
        name="dispute",
        title=_("A payment that a bank disputes"),
        subject=_("A payment is disputed: {course}"),
        heading=_("A payment is disputed"),
        teaser=_("Stripe waits for your answer."),
        facts=((_("Course"), "course"), (_("Amount"), "amount"), (_("Buyer"), "buyer")),
        text=_("Hello {name},\n\nthe bank of {buyer} disputes the payment of {amount} for “{course}”. The course stays "
               "open until you decide; Stripe waits for your answer."),
        address=given("admin_url"),
        label=_("Look at the order"),
        why=_("You get this mail because you administer this site."),
        values={
            "name": name_of,
            "course": _course_of,
            "amount": _paid,
            "buyer": lambda context: context["order"].user.full_name,
        },
        sample=_sample,
    ),
)  # fmt: skip
