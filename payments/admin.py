"""Orders, coupons and the ledger in the admin; money is given back with a reason, and compared with Stripe."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lms.lib import money
from lms.lib.errors import DomainError
from lms.lib.spreadsheets import csv_response
from lms.platform.admin import ReadOnlyAdmin
from lms.platform.audit import record
from payments import accounting, checkout, gateway, mirror_admin, reconciling, refunding
from payments.models import Coupon, Dispute, LedgerEntry, Order, Payment, Refund, StripeEvent

__all__ = ["mirror_admin"]  # loaded with this module, so that the admin has its pages


class RefundForm(ActionForm):
    """The actions' form, with room for what a refund needs."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)
    amount = forms.CharField(label=gettext_lazy("Amount (all of it, unless said)"), max_length=20, required=False)


class _Lines(admin.TabularInline[Any, Order]):
    """Lines of history below an order."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: it is written by the acts themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what happened, happened."""
        return False

    @admin.display(description=gettext_lazy("Amount"))
    def sum(self, line: LedgerEntry | Refund | Dispute) -> str:
        """Return the amount in its currency."""
        return money.formatted(line.amount, line.currency)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return all of them: the amount stands in words of its own."""
        return [str(name) for name in self.fields or []]


class LedgerInline(_Lines):
    """What an order moved."""

    model = LedgerEntry
    fields = ["created_at", "kind", "source", "target", "sum", "actor"]


class RefundInline(_Lines):
    """What was given back, and why."""

    model = Refund
    fields = ["created_at", "sum", "reason", "actor", "state", "stripe_refund_id"]


class DisputeInline(_Lines):
    """What is disputed."""

    model = Dispute
    fields = ["opened_at", "sum", "reason", "closed_as"]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Who bought what, and how it went."""

    list_display = ["course_title", "user", "to_pay", "standing", "given_back", "flag", "created_at"]
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
        (None, {"fields": ["course", "user", "standing", "created_at", "completed_at"]}),
        (gettext_lazy("What it cost"), {"fields": ["price", "off", "coupon", "to_pay", "given_back", "expires_at"]}),
        (
            gettext_lazy("What Stripe says"),
            {
                "fields": [
                    "stripe_payment_intent_id", "last_error", "flag", "disputed_at", "checked_at", "is_settled",
                    "receipt_mailed_at",
                ]
            },
        ),
    ]  # fmt: skip
    readonly_fields = ["price", "off", "to_pay", "standing", "given_back"]
    action_form = RefundForm
    actions = ["refund", "ask_stripe", "clear_flag"]
    change_list_template = "admin/payments/order/change_list.html"

    @admin.display(description=gettext_lazy("To pay"), ordering="amount")
    def to_pay(self, order: Order) -> str:
        """Return the amount in its currency."""
        return order.formatted_amount

    @admin.display(description=gettext_lazy("Price"))
    def price(self, order: Order) -> str:
        """Return what the course cost, in its currency."""
        return order.formatted_list_amount

    @admin.display(description=gettext_lazy("Off"))
    def off(self, order: Order) -> str:
        """Return what a coupon took off."""
        return order.formatted_discount

    @admin.display(description=gettext_lazy("Status"), ordering="status")
    def standing(self, order: Order) -> str:
        """Return the status in words, a refund of a part included."""
        return order.standing_label

    @admin.display(description=gettext_lazy("Refunded"), ordering="refunded_amount")
    def given_back(self, order: Order) -> str:
        """Return what was given back, nothing where nothing was."""
        return order.formatted_refunded if order.refunded_amount else ""

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may give money back."""
        return bool(request.user.has_perm(refunding.MAY_REFUND))

    @admin.action(description=gettext_lazy("Refund"), permissions=["decide"])
    def refund(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Give the chosen orders' money back, all that is left or the amount that was typed, for the typed reason."""
        reason = request.POST.get("reason", "").strip()[:300]
        if not reason:
            self.message_user(request, _("Write the reason beside the action."), messages.ERROR)
            return
        done = 0
        for order in queryset.select_related("payment"):
            try:
                self._refund_one(request, order, reason)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{order}: {error.detail}", messages.ERROR)
            except (ValidationError, ValueError):
                self.message_user(request, f"{order}: {_('That is no amount.')}", messages.ERROR)
        if done:
            self.message_user(request, ngettext("%d order refunded.", "%d orders refunded.", done) % done)

    def _refund_one(self, request: HttpRequest, order: Order, reason: str) -> None:
        """Refund one order; raise ValueError for an amount that is none."""
        typed = request.POST.get("amount", "").strip().replace(",", ".")
        payment = getattr(order, "payment", None)
        if payment is None:
            raise ValueError(order)
        amount = money.to_minor(forms.DecimalField().clean(typed), order.currency) if typed else None
        refunding.refund_payment(actor=request.user, payment=payment, amount=amount, reason=reason)  # type: ignore[arg-type]  # the admin lets only users in

    @admin.action(description=gettext_lazy("Ask Stripe how it stands"), permissions=["decide"])
    def ask_stripe(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Bring the chosen orders up to what Stripe says."""
        for order in queryset.filter(stripe_payment_intent_id__isnull=False).select_related("user", "course"):
            try:
                checkout.take_over(order, gateway.retrieve_intent(order.stripe_payment_intent_id or ""))
            except DomainError as error:
                self.message_user(request, f"{order}: {error.detail}", messages.ERROR)

    @admin.action(description=gettext_lazy("I have looked at it: take the flag away"), permissions=["decide"])
    def clear_flag(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        """Take the flags of the chosen orders away, and say so in the audit log."""
        for order in queryset.exclude(flag=""):
            record(actor=request.user, action="payments.flag_cleared", target=order, changes={"flag": order.flag})
            Order.objects.filter(pk=order.pk).update(flag="")

    def get_urls(self) -> list[URLPattern]:
        """Add the accountant's table, and the comparison with Stripe."""
        own = [
            path("ledger.csv", self.admin_site.admin_view(self.ledger_csv), name="payments_ledger_csv"),
            path("compare/", self.admin_site.admin_view(self.compare), name="payments_compare"),
        ]
        return [*own, *super().get_urls()]

    def ledger_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        """The ledger as CSV, of the days `?from=` to `?to=`."""
        if not self.has_decide_permission(request):
            raise PermissionDenied
        days = []
        for name in ("from", "to"):
            try:
                days.append(parse_date(request.GET.get(name, "")))
            except ValueError:
                days.append(None)
        record(actor=request.user, action="payments.ledger_exported", changes={"days": [str(day) for day in days]})
        return csv_response(accounting.rows(accounting.entries_between(*days)), "ledger.csv")

    def compare(self, request: HttpRequest) -> HttpResponse:
        """What Stripe has beside what the ledger says; every difference must be zero (QUALITY P15)."""
        if not self.has_decide_permission(request):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": _("Stripe and the ledger"), "opts": self.opts}
        try:
            context["rows"] = [
                {
                    "currency": one.currency,
                    "at_stripe": money.formatted(one.at_stripe, one.currency),
                    "in_ledger": money.formatted(one.in_ledger, one.currency),
                    "difference": money.formatted(one.difference, one.currency),
                    "agrees": one.difference == 0,
                }
                for one in reconciling.compare()
            ]
        except DomainError as error:
            context["unavailable"] = error.detail
        return TemplateResponse(request, "admin/payments/order/compare.html", context)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """What was paid."""

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
    """What Stripe told us, and what became of it."""

    list_display = ["received_at", "type", "outcome", "order", "livemode"]
    list_filter = ["outcome", "type"]
    list_select_related = ["order"]
    search_fields = ["id"]


@admin.register(Coupon)
class CouponAdmin(admin.ModelAdmin):
    """Coupons: made and changed here, kept once an order holds one."""

    list_display = ["code", "percent_off", "amount_off", "currency", "max_uses", "valid_from", "valid_until"]
    search_fields = ["code"]
    autocomplete_fields = ["courses"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and say so in the audit log."""
        super().save_model(request, obj, form, change)
        action = "payments.coupon_changed" if change else "payments.coupon_made"
        record(actor=request.user, action=action, target=obj, changes={"code": obj.code, "fields": form.changed_data})
