"""Mails about money."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from lms.lib import mail, money
from payments.models import Order


def _context(order: Order) -> dict[str, Any]:
    address = f"{settings.SITE_URL}{reverse('payments:order', args=[order.pk])}"
    return {"order": order, "user": order.user, "course": order.course, "order_url": address}


@transaction.atomic
def write_receipt(order_id: str) -> bool:
    """Send the buyer the mail with their receipt, unless it was sent; return whether this call sent it."""
    order = Order.objects.select_for_update(of=("self",)).select_related("user", "course").get(pk=order_id)
    if order.receipt_mailed_at is not None or not order.is_paid:
        return False
    address = f"{settings.SITE_URL}{reverse('payments:receipt', args=[order.pk])}"
    context = {**_context(order), "receipt": order.receipt, "receipt_url": address}
    mail.send("receipt", to=order.user.email, context=context)
    order.receipt_mailed_at = timezone.now()
    order.save(update_fields=["receipt_mailed_at"])
    return True


def write_refund(order_id: str, amount: int) -> None:
    """Tell the buyer what goes back to them, and whether the course stays open."""
    order = Order.objects.select_related("user", "course").get(pk=order_id)
    context = {**_context(order), "amount": money.formatted(amount, order.currency)}
    mail.send("refund", to=order.user.email, context=context)


def write_dispute(order_id: str) -> None:
    """Tell every administrator that a payment is disputed, and where to look."""
    order = Order.objects.select_related("user", "course").get(pk=order_id)
    address = f"{settings.SITE_URL}{reverse('admin:payments_order_change', args=[order.pk])}"
    for admin in User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk"):
        mail.send("dispute", to=admin.email, context={**_context(order), "user": admin, "admin_url": address})
