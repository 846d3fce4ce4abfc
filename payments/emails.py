"""The mails about receipts, refunds and disputes; importing this module registers them."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.emails import name_of, sample_reader
from core.mail.mail_types import Context, MailType, read_value, register
from core.text import money
from courses.emails import sample_course
from payments.models import Order, OrderStatus, Receipt

WHY = _("You received this email because you bought this course.")


def _sample_context(**extra: Any) -> dict[str, Any]:
    reader, course = sample_reader(), sample_course()
    order = Order(
        user=reader, course=course, course_title=course.title, amount=4900, currency="EUR", status=OrderStatus.REFUNDED
    )
    receipt = Receipt(order=order, number=412, issued_at=timezone.now())
    urls = {name: f"{settings.SITE_URL}{reverse('payments:orders')}"
            for name in ("order_url", "receipt_url", "admin_url")}  # fmt: skip
    return {"user": reader, "order": order, "course": course, "receipt": receipt, **urls, **extra}


def _course_title(context: Context) -> str:
    return str(context["order"].course_title)


def _amount(context: Context) -> str:
    return str(context["order"].formatted_amount)


def _access(context: Context) -> str:
    """Return a sentence about the access to the course after the refund."""
    if context["order"].status != OrderStatus.REFUNDED:
        return gettext("You keep access to the course.")
    return gettext(
        "You no longer have access to the course. Your progress is saved, so you can continue if you buy it again."
    )


register(
    MailType(
        name="receipt",
        title=_("Receipt"),
        subject=_("Your receipt: {course}"),
        heading=_("Thank you, {name}"),
        teaser=_("You now have access to the course."),
        text=_("You paid {amount} for “{course}” and now have access to the course. Your receipt number is {number}."),
        details=((_("Course"), "course"), (_("Paid"), "amount"), (_("Receipt"), "number")),
        address=read_value("receipt_url"),
        label=_("View receipt"),
        why=WHY,
        values={
            "name": name_of,
            "course": _course_title,
            "amount": _amount,
            "number": lambda context: context["receipt"].formatted_number,
        },
        sample=_sample_context,
    ),
    MailType(
        name="refund",
        title=_("Refund"),
        subject=_("Your refund: {course}"),
        heading=_("Your refund of {amount}"),
        teaser=_("It can take up to ten days to reach your account."),
        text=_("Hello {name},\n\nWe refunded {amount} of your payment for “{course}”. It can take up to ten days to "
               "reach your account.\n\n{access}"),
        address=read_value("order_url"),
        label=_("View order"),
        why=WHY,
        values={"name": name_of, "course": _course_title, "amount": read_value("amount"), "access": _access},
        sample=lambda: _sample_context(amount=money.format_amount(4900, "EUR")),
    ),
    MailType(
        name="dispute",
        title=_("Disputed payment"),
        subject=_("Payment disputed: {course}"),
        heading=_("Payment disputed"),
        teaser=_("Respond to the dispute in Stripe."),
        details=((_("Course"), "course"), (_("Amount"), "amount"), (_("Buyer"), "buyer")),
        text=_("Hello {name},\n\n{buyer} disputed the payment of {amount} for “{course}” with their bank. The buyer "
               "keeps access to the course until you decide. Respond to the dispute in Stripe."),
        address=read_value("admin_url"),
        label=_("View order"),
        why=_("You received this email because you are an administrator of this site."),
        values={
            "name": name_of,
            "course": _course_title,
            "amount": _amount,
            "buyer": lambda context: context["order"].user.full_name,
        },
        sample=_sample_context,
    ),
)  # fmt: skip
