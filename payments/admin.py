"""Admin pages of orders, payments, coupons, the ledger and Stripe's events."""

from decimal import Decimal
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.permissions import signed_in
from core.admin import ReadOnlyAdmin, SingleDeletionAdmin
from core.admin_confirmation import ReasonForm, confirm_action
from core.audit.entries import record
from core.http.errors import DomainError
from core.models import SiteSettings
from core.text import money
from core.text.csv_files import csv_response
from payments import checkout, djstripe_admin, ledger_export, order_updates, reconciliation, refunds, stripe_client
from payments.errors import PaymentError
from payments.models import Coupon, Dispute, LedgerEntry, Order, Payment, Refund, StripeEvent

__all__ = ["djstripe_admin"]  # imported for its admin pages


class RefundForm(ReasonForm):
    """The reason and the amount of a refund."""

    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"class": "vTextField", "inputmode": "decimal"}),
        help_text=gettext_lazy("Of each order, in its currency. Leave empty to refund all that remains."),
    )

    def clean_amount(self) -> Decimal | None:
        """Return the amount, entered with a decimal comma or point; None for all that remains."""
        entered = self.cleaned_data["amount"].replace(",", ".")
        try:
            return forms.DecimalField(required=False).clean(entered)
        except ValidationError as error:
            raise ValidationError(_("Enter a valid amount."), code="invalid") from error


class _HistoryInline(admin.TabularInline[Any, Order]):
    """Read-only rows below an order."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: services create these rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: these rows are never edited."""
        return False

    @admin.display(description=gettext_lazy("Amount"))
    def formatted_amount(self, row: LedgerEntry | Refund | Dispute) -> str:
        """Return the amount in its currency."""
        return money.format_amount(row.amount, row.currency)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return all fields, including the formatted amount, which is not a model field."""
        return [str(name) for name in self.fields or []]


class LedgerInline(_HistoryInline):
    """The ledger entries of an order."""

    model = LedgerEntry
    fields = ["created_at", "kind", "source", "target", "formatted_amount", "actor"]


class RefundInline(_HistoryInline):
    """The refunds of an order."""

    model = Refund
    fields = ["created_at", "formatted_amount", "reason", "actor", "state", "stripe_refund_id"]


class DisputeInline(_HistoryInline):
    """The disputes of an order."""

    model = Dispute
    fields = ["opened_at", "formatted_amount", "reason", "closed_as"]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders with their history; staff can refund them and check them at Stripe."""

    list_display = ["course_title", "user", "amount_due", "status_label", "amount_refunded", "flag", "created_at"]
    list_filter = [
        "status",
        ("flag", admin.EmptyFieldListFilter),
        ("disputed_at", admin.EmptyFieldListFilter),
        "currency",
    ]
    list_select_related = ["user"]
    search_fields = ["id", "course_title", "user__email", "user__full_name", "stripe_payment_intent_id"]
    date_hierarchy = "created_at"
    inlines = [LedgerInline, RefundInline, DisputeInline]
    fieldsets = [
        (None, {"fields": ["course", "user", "status_label", "created_at", "completed_at"]}),
        (
            gettext_lazy("Amounts"),
            {"fields": ["price", "coupon_discount", "coupon", "amount_due", "amount_refunded", "expires_at"]},
        ),
        (
            gettext_lazy("Stripe"),
            {
                "fields": [
                    "stripe_payment_intent_id", "last_error", "flag", "disputed_at", "checked_at", "is_settled",
                    "receipt_mailed_at",
                ]
            },
        ),
    ]  # fmt: skip
    readonly_fields = ["price", "coupon_discount", "amount_due", "status_label", "amount_refunded"]
    actions = ["refund", "update_from_stripe", "clear_flag"]
    change_list_template = "admin/payments/order/change_list.html"

    @admin.display(description=gettext_lazy("Amount"), ordering="amount")
    def amount_due(self, order: Order) -> str:
        """Return the amount in its currency."""
        return order.formatted_amount

    @admin.display(description=gettext_lazy("Price"))
    def price(self, order: Order) -> str:
        """Return the price before the discount, in its currency."""
        return order.formatted_list_amount

    @admin.display(description=gettext_lazy("Discount"))
    def coupon_discount(self, order: Order) -> str:
        """Return the discount in its currency."""
        return order.formatted_discount

    @admin.display(description=gettext_lazy("Status"), ordering="status")
    def status_label(self, order: Order) -> str:
        """Return the label of the status; partially refunded orders have their own."""
        return order.status_label

    @admin.display(description=gettext_lazy("Refunded"), ordering="refunded_amount")
    def amount_refunded(self, order: Order) -> str:
        """Return the refunded amount in its currency, or an empty string for none."""
        return order.formatted_refunded if order.refunded_amount else ""

    def has_refund_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may refund payments."""
        return bool(request.user.has_perm(refunds.REFUND_PERMISSION))

    @admin.action(description=gettext_lazy("Refund"), permissions=["refund"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        """Refund the selected orders after a confirmation, in full or by the entered amount."""
        effects = [
            _("A full refund ends the enrollment and keeps the progress. A partial refund does not end it."),
            _("The buyer gets an email and, if the enrollment ends, a notification on the site."),
        ]
        if SiteSettings.current().revoke_certificate_on_refund:
            effects.append(_("A full refund also revokes the certificate."))
        effects.append(_("A refund can't be undone."))
        return confirm_action(
            self,
            request,
            queryset.select_related("payment", "user"),
            title=_("Refund"),
            form_class=RefundForm,
            describe=self._describe_refund,
            effects=effects,
            run=partial(self._refund_one, request),
            report=lambda done: ngettext("%d order refunded.", "%d orders refunded.", done) % done,
        )

    def _describe_refund(self, order: Order) -> str:
        """Return the course, the buyer and the amount that can be refunded."""
        if not hasattr(order, "payment"):
            return _("%(order)s: not paid") % {"order": order}
        values = {
            "order": order,
            "buyer": order.user,
            "remaining": money.format_amount(order.amount - order.refunded_amount, order.currency),
            "amount": order.formatted_amount,
        }
        return _("%(order)s, bought by %(buyer)s: %(remaining)s of %(amount)s can be refunded") % values

    def _refund_one(self, request: HttpRequest, order: Order, data: dict[str, Any]) -> None:
        """Refund one order. Raises PaymentError, also `not_paid` for an unpaid order; ValidationError for an amount."""
        if not hasattr(order, "payment"):
            raise PaymentError("not_paid", _("This order has not been paid."))
        try:
            amount = None if data["amount"] is None else money.to_minor(data["amount"], order.currency)
        except ValueError as error:
            raise ValidationError(_("Enter a valid amount."), code="invalid") from error
        refunds.refund_payment(actor=signed_in(request), payment=order.payment, amount=amount, reason=data["reason"])

    @admin.action(description=gettext_lazy("Update from Stripe"), permissions=["refund"])
    def update_from_stripe(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Update the selected orders from their intents at Stripe."""
        for order in queryset.filter(stripe_payment_intent_id__isnull=False).select_related("user", "course"):
            try:
                checkout.apply_intent(order, stripe_client.retrieve_intent(order.stripe_payment_intent_id or ""))
            except DomainError as error:
                self.message_user(request, f"{order}: {error.detail}", messages.ERROR)

    @admin.action(description=gettext_lazy("Clear flag"), permissions=["refund"])
    def clear_flag(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Clear the flags of the selected orders and record it in the audit log."""
        for order in queryset.exclude(flag=""):
            order_updates.clear_flag(actor=request.user, order=order)

    def get_urls(self) -> list[URLPattern]:
        """Add the CSV of the ledger and the comparison with Stripe."""
        urls = [
            path("ledger.csv", self.admin_site.admin_view(self.ledger_csv), name="payments_ledger_csv"),
            path("compare/", self.admin_site.admin_view(self.compare), name="payments_compare"),
        ]
        return [*urls, *super().get_urls()]

    def ledger_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        """Return the ledger as CSV, from the day `?from=` to the day `?to=` inclusive."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        days = []
        for name in ("from", "to"):
            try:
                days.append(parse_date(request.GET.get(name, "")))
            except ValueError:
                days.append(None)
        record(actor=request.user, action="payments.ledger_exported", changes={"days": [str(day) for day in days]})
        return csv_response(ledger_export.iter_rows(ledger_export.ledger_entries(*days)), "ledger.csv")

    def compare(self, request: HttpRequest) -> HttpResponse:
        """Show the totals at Stripe and in the ledger; every difference must be zero (quality row P15)."""
        if not self.has_refund_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": _("Compare with Stripe"), "opts": self.opts}
        try:
            context["rows"] = [
                {
                    "currency": comparison.currency,
                    "at_stripe": money.format_amount(comparison.at_stripe, comparison.currency),
                    "in_ledger": money.format_amount(comparison.in_ledger, comparison.currency),
                    "difference": money.format_amount(comparison.difference, comparison.currency),
                    "agrees": comparison.difference == 0,
                }
                for comparison in reconciliation.compare_with_stripe()
            ]
        except DomainError as error:
            context["unavailable"] = error.detail
        return TemplateResponse(request, "admin/payments/order/compare.html", context)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments."""

    list_display = ["order", "user", "amount", "currency", "payment_method", "created_at"]
    list_select_related = ["order", "user"]
    search_fields = ["id", "transaction_id", "user__email"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """The ledger, newest first."""

    list_display = ["created_at", "kind", "source", "target", "amount", "currency", "order"]
    list_filter = ["kind", "currency"]
    list_select_related = ["order"]
    date_hierarchy = "created_at"


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin):
    """Events from Stripe and their outcomes."""

    list_display = ["received_at", "type", "outcome", "order", "livemode"]
    list_filter = ["outcome", "type"]
    list_select_related = ["order"]
    search_fields = ["id"]


class CouponForm(forms.ModelForm[Coupon]):
    """A coupon, validated with the courses to which it is limited."""

    class Meta:
        model = Coupon
        fields = [
            "code", "percent_off", "amount_off", "currency", "max_uses", "valid_from", "valid_until", "courses",
        ]  # fmt: skip
        help_texts = {
            "code": gettext_lazy(
                "2 to 40 letters, digits, dashes or underscores. Capital and small letters are the same."
            )
        }

    def clean(self) -> dict[str, Any]:
        """Reject a coupon that leaves less of a course's price than Stripe charges."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        fields = {name: cleaned.get(name) for name in ("percent_off", "amount_off", "currency")}
        try:
            Coupon(**fields).validate_courses(cleaned.get("courses") or [])
        except ValidationError as error:
            self.add_error("courses", error)
        return cleaned


@admin.register(Coupon)
class CouponAdmin(SingleDeletionAdmin):
    """Coupons; one that an order uses cannot be deleted."""

    form = CouponForm
    list_display = ["code", "percent_off", "amount_off", "currency", "max_uses", "valid_from", "valid_until"]
    search_fields = ["code"]
    autocomplete_fields = ["courses"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the coupon and record it in the audit log."""
        super().save_model(request, obj, form, change)
        action = "payments.coupon_changed" if change else "payments.coupon_made"
        record(actor=request.user, action=action, target=obj, changes={"code": obj.code, "fields": form.changed_data})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the coupon and record it in the audit log."""
        record(actor=request.user, action="payments.coupon_deleted", target=obj, changes={"code": obj.code})
        super().delete_model(request, obj)
