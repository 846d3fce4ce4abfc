"""Jobs that mail receipts, refunds and disputes, and that copy Stripe's events to dj-stripe's tables."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from core.jobs.job import job
from core.mail import delivery
from core.text import money
from payments.djstripe_sync import sync_event
from payments.models import Order, StripeEvent


def _mail_context(order: Order) -> dict[str, Any]:
    url = f"{settings.SITE_URL}{reverse('payments:order', args=[order.pk])}"
    return {"order": order, "user": order.user, "course": order.course, "order_url": url}


@job("payments.mail_receipt")
@transaction.atomic
def mail_receipt(order_id: str) -> None:
    """Mail the receipt to the buyer, unless it was mailed; the row lock makes concurrent runs send one mail."""
    order = Order.objects.select_for_update(of=("self",)).select_related("user", "course").get(pk=order_id)
    if order.receipt_mailed_at is not None or not order.is_paid:
        return
    url = f"{settings.SITE_URL}{reverse('payments:receipt', args=[order.pk])}"
    context = {**_mail_context(order), "receipt": order.receipt, "receipt_url": url}
    delivery.send("receipt", to=order.user.email, context=context)
    order.receipt_mailed_at = timezone.now()
    order.save(update_fields=["receipt_mailed_at"])


@job("payments.mail_refund")
def mail_refund(order_id: str, amount: int) -> None:
    """Mail the buyer that `amount` minor units were refunded, and whether the course stays open."""
    order = Order.objects.select_related("user", "course").get(pk=order_id)
    context = {**_mail_context(order), "amount": money.format_amount(amount, order.currency)}
    delivery.send("refund", to=order.user.email, context=context)


@job("payments.mail_dispute")
def mail_dispute(order_id: str) -> None:
    """Mail every active administrator that a payment is disputed, with a link to the order in the admin."""
    order = Order.objects.select_related("user", "course").get(pk=order_id)
    url = f"{settings.SITE_URL}{reverse('admin:payments_order_change', args=[order.pk])}"
    for admin in User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk"):
        delivery.send("dispute", to=admin.email, context={**_mail_context(order), "user": admin, "admin_url": url})


@job("payments.synchronise", former_name="payments.tasks.synchronise")
def sync_djstripe(event_id: str) -> None:
    """Update dj-stripe's copies, which only the admin reads, from an event."""
    sync_event(StripeEvent.objects.get(pk=event_id).payload)
