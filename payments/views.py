"""Pages of the checkout, of orders and of receipts."""

import uuid
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic import DetailView, ListView

from accounts.permissions import signed_in
from core.access.impersonation import hide_while_impersonating
from core.access.scopes import SAFE_METHODS, ScopedMixin, editable_or_403, visible_or_404
from core.http.errors import DomainError
from core.http.forms import call_service
from core.http.pagination import PAGE_SIZE
from courses.models import Course
from payments import checkout, reconciliation
from payments.errors import PaymentError
from payments.forms import CardForm, CouponForm
from payments.models import Order, OrderStatus, Receipt

# The sources that Stripe's form needs, allowed only on the page that shows it.
STRIPE_SOURCES = {
    "script-src": ["https://js.stripe.com"],
    "frame-src": ["https://js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}


def _get_own_order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    """Return the user's own order; 404 for other users' orders, 403 for an admin."""
    return editable_or_403(Order.objects.select_related("course", "user", "coupon"), request.user, pk=order_id)


@hide_while_impersonating
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def checkout_course(request: HttpRequest, slug: str) -> HttpResponse:
    """Order a course and redirect to its payment page. A GET request redirects to the course."""
    course = visible_or_404(Course.objects.published(), request.user, slug=slug)
    if request.method in SAFE_METHODS:
        return redirect("courses:course", slug)
    try:
        order, _created = checkout.place_order(actor=signed_in(request), course=course)
    except DomainError as error:
        if error.code == "already_enrolled":
            return redirect("enrollments:learn", slug)
        messages.error(request, str(error.detail))
        return redirect("courses:course", slug)
    return redirect("payments:pay" if order.is_open else "payments:order", order.pk)


class OrderListView(LoginRequiredMixin, ListView[Order]):
    """List the user's own orders."""

    template_name = "payments/order_list.html"
    context_object_name = "orders"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Order]:
        """Return the user's own orders, newest first, without failed ones."""
        orders = Order.objects.filter(user=signed_in(self.request)).exclude(status=OrderStatus.FAILED)
        return orders.select_related("receipt", "course")


class _OrderPage(LoginRequiredMixin, ScopedMixin, DetailView[Order]):
    """Base class of the pages of one order."""

    queryset = Order.objects.select_related("course", "user", "coupon", "receipt")
    context_object_name = "order"
    pk_url_kwarg = "order_id"


class OrderView(_OrderPage):
    """The status of an order, and the page to which Stripe returns a buyer.

    The URL's parameters grant no access: the page shows the server's data after a check of the intent at Stripe
    (quality rows P06, P09).
    """

    template_name = "payments/order.html"

    def get_object(self, *args: Any) -> Order:
        """Return the order, updated from Stripe if Stripe responds."""
        order: Order = super().get_object(*args)
        self.stripe_failed = False
        if self.request.method == "HEAD":  # HEAD must not store Stripe's response (quality row V02)
            return order
        try:
            reconciliation.reconcile_order(order)
        except PaymentError:
            self.stripe_failed = True
        return Order.objects.select_related("course", "user", "coupon", "receipt").get(pk=order.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether the page waits for a payment in progress."""
        order: Order = self.object
        has_returned = "payment_intent" in self.request.GET or "paid" in self.request.GET
        waiting = order.status == OrderStatus.PENDING and not order.last_error and (has_returned or self.stripe_failed)
        return super().get_context_data(waiting=waiting, **kwargs)


@hide_while_impersonating
class PayView(_OrderPage):
    """The payment page of an order, with Stripe's form or the sandbox's cards."""

    template_name = "payments/pay.html"

    def get_object(self, *args: Any) -> Order:
        """Return the user's own order; other users' orders cannot be paid."""
        return _get_own_order(self.request, self.kwargs["order_id"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the payment page; redirect to the order unless it is open."""
        self.object = self.get_object()
        if not self.object.is_open:
            return redirect("payments:order", self.object.pk)
        return self.render_to_response(self.get_context_data(), status=200)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the forms, and create the intent that Stripe's form needs."""
        order, unavailable = self.object, ""
        if not settings.STRIPE_SANDBOX and self.request.method != "HEAD":  # HEAD must not store an intent (row V02)
            try:
                order = checkout.create_intent(actor=signed_in(self.request), order=order)
            except DomainError as error:
                unavailable = str(error.detail)
        context = {
            "order": order,
            "unavailable": unavailable,
            "sandbox": settings.STRIPE_SANDBOX,
            "publishable_key": settings.STRIPE_PUBLISHABLE_KEY,
            "coupon_form": CouponForm(),
            "card_form": CardForm(),
        }
        return super().get_context_data(**{**context, **kwargs})

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """Render the page; allow Stripe's sources in the content security policy if it has Stripe's form."""
        render: Any = super().render_to_response
        if not context["sandbox"] and not context["unavailable"]:
            render = csp_update(STRIPE_SOURCES)(render)
        response: HttpResponse = render(context, **kwargs)
        return response


def _render_pay_page(request: HttpRequest, order: Order, **context: Any) -> HttpResponse:
    """Return the payment page with the errors of a form, as 400."""
    view = PayView(object=order)
    view.setup(request, order_id=order.pk)
    return view.render_to_response(view.get_context_data(**context), status=400)


@hide_while_impersonating
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def apply_coupon(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Order the same course again with a coupon; the previous order is canceled."""
    order = _get_own_order(request, order_id)
    if request.method in SAFE_METHODS:  # reload of the page with errors
        return redirect("payments:pay", order.pk)
    form = CouponForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        placed = call_service(
            form, checkout.place_order, actor=signed_in(request), course=order.course, coupon_code=code
        )
        if placed is not None:
            return redirect("payments:pay", placed[0].pk)
    return _render_pay_page(request, order, coupon_form=form)


@hide_while_impersonating
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pay_with_test_card(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Pay with a sandbox card; a declined card or one that requires authentication shows the page again."""
    if not settings.STRIPE_SANDBOX:
        raise Http404
    order = _get_own_order(request, order_id)
    if request.method in SAFE_METHODS:  # reload of the page with errors
        return redirect("payments:pay", order.pk)
    form = CardForm(request.POST)
    if not form.is_valid():
        return _render_pay_page(request, order, card_form=form)
    card = form.cleaned_data["card"]
    intent_status = call_service(form, checkout.pay_in_sandbox, actor=signed_in(request), order=order, card=card)
    if intent_status is None:
        return _render_pay_page(request, order, card_form=form)
    if intent_status == "requires_action":
        return _render_pay_page(request, order, card_form=CardForm(initial={"card": card}), authenticating=True)
    return redirect(f"{reverse('payments:order', args=[order.pk])}?paid")


def _get_receipt(request: HttpRequest, order_id: uuid.UUID) -> Receipt:
    """Return the receipt of a visible order; 404 if it has none."""
    order = visible_or_404(Order.objects.all(), request.user, pk=order_id)
    receipt = Receipt.objects.select_related("order__user", "order__coupon").filter(order=order).first()
    if receipt is None:
        raise Http404
    return receipt


class ReceiptView(_OrderPage):
    """The page of a receipt, which can be printed."""

    template_name = "payments/receipt.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the receipt, its order and its buyer."""
        return super().get_context_data(**_get_receipt(self.request, self.object.pk).get_context(), **kwargs)


@login_required
@require_safe
def receipt_pdf(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Return a receipt as a PDF file."""
    receipt = _get_receipt(request, order_id)
    from payments import receipt_pdf as receipt_document  # noqa: PLC0415  # WeasyPrint takes two seconds to import

    response = HttpResponse(receipt_document.render(receipt), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="receipt-{receipt.formatted_number}.pdf"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
