"""Pages about buying: pay an order, see what became of it, one's orders and receipts."""

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
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic import DetailView, ListView

from accounts.permissions import signed_in
from courses.models import Course
from lms.lib.errors import DomainError
from lms.lib.lazy_modules import lazily
from lms.lib.pages import attempt
from lms.lib.pagination import PAGE_SIZE
from lms.lib.scoping import SAFE_METHODS, ScopedMixin, editable_or_403, visible_or_404
from payments import checkout, reconciling
from payments.errors import PaymentError
from payments.forms import CardForm, CouponForm
from payments.models import Order, OrderStatus, Receipt

printing = lazily("payments.receipt_pdf")
# What Stripe's form needs of the browser, on the one page that shows it.
STRIPE_SOURCES = {
    "script-src": ["https://js.stripe.com"],
    "frame-src": ["https://js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}


def _order(request: HttpRequest, order_id: uuid.UUID) -> Order:
    """Return the visitor's own order; 404 or 403 for any other."""
    return editable_or_403(Order.objects.select_related("course", "user", "coupon"), request.user, pk=order_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def checkout_course(request: HttpRequest, slug: str) -> HttpResponse:
    """Order a course, and go where it is paid. Who comes by a link is shown the course."""
    course = visible_or_404(Course.objects.published(), request.user, slug=slug)
    if request.method in SAFE_METHODS:
        return redirect("courses:course", slug)
    try:
        order, _made = checkout.place_order(actor=signed_in(request), course=course)
    except DomainError as error:
        if error.code == "already_enrolled":
            return redirect("enrollments:learn", slug)
        messages.error(request, str(error.detail))
        return redirect("courses:course", slug)
    return redirect("payments:pay" if order.is_open else "payments:order", order.pk)


class OrderListView(LoginRequiredMixin, ListView[Order]):
    """The user's own orders."""

    template_name = "payments/order_list.html"
    context_object_name = "orders"
    paginate_by = PAGE_SIZE

    def get_queryset(self) -> QuerySet[Order]:
        """Return the user's own orders, newest first; what was never paid and ran out is left out."""
        mine = Order.objects.filter(user=signed_in(self.request)).exclude(status=OrderStatus.FAILED)
        return mine.select_related("receipt", "course")


class _OrderPage(LoginRequiredMixin, ScopedMixin, DetailView[Order]):
    """A page about one order."""

    queryset = Order.objects.select_related("course", "user", "coupon", "receipt")
    context_object_name = "order"
    pk_url_kwarg = "order_id"


class OrderView(_OrderPage):
    """What became of an order; where Stripe sends a buyer back to. It opens nothing by itself: it shows what the server
    has seen, and has the server ask once more (QUALITY P06, P09)."""

    template_name = "payments/order.html"

    def get_object(self, *args: Any) -> Order:
        """Return the order, as Stripe says it stands; as we know it where Stripe does not answer."""
        order: Order = super().get_object(*args)
        self.unanswered = False
        if self.request.method == "HEAD":  # what Stripe answers would be stored
            return order
        try:
            reconciling.look_after(order)
        except PaymentError:
            self.unanswered = True
        return Order.objects.select_related("course", "user", "coupon", "receipt").get(pk=order.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whether to wait, or to pay."""
        order: Order = self.object
        coming_back = "payment_intent" in self.request.GET or "paid" in self.request.GET
        waiting = order.status == OrderStatus.PENDING and not order.last_error and (coming_back or self.unanswered)
        return super().get_context_data(waiting=waiting, **kwargs)


class PayView(_OrderPage):
    """Pay an order: Stripe's form, or the sandbox's cards."""

    template_name = "payments/pay.html"

    def get_object(self, *args: Any) -> Order:
        """Return one's own order; nobody pays for another."""
        return _order(self.request, self.kwargs["order_id"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show how to pay; an order that needs no paying shows what became of it."""
        self.object = self.get_object()
        if not self.object.is_open:
            return redirect("payments:order", self.object.pk)
        return self.render_to_response(self.get_context_data(), status=200)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the forms, and the intent that Stripe's form needs."""
        order, unavailable = self.object, ""
        if not settings.STRIPE_SANDBOX and self.request.method != "HEAD":  # an intent would be stored
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
        """Show the page; where Stripe's form is on it, let the browser load what that needs."""
        show: Any = super().render_to_response
        if not context["sandbox"] and not context["unavailable"]:
            show = csp_update(STRIPE_SOURCES)(show)
        response: HttpResponse = show(context, **kwargs)
        return response


def _pay_again(request: HttpRequest, order: Order, **context: Any) -> HttpResponse:
    """Show the page where an order is paid once more, with what was wrong."""
    view = PayView(object=order)
    view.setup(request, order_id=order.pk)
    view.object = order
    return view.render_to_response(view.get_context_data(**context), status=400)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def use_coupon(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Order the same once more with a coupon; the order that stood before it is given up."""
    order = _order(request, order_id)
    if request.method in SAFE_METHODS:  # the page with what was wrong, loaded anew
        return redirect("payments:pay", order.pk)
    form = CouponForm(request.POST)
    if form.is_valid():
        code = form.cleaned_data["code"]
        placed = attempt(form, checkout.place_order, actor=signed_in(request), course=order.course, coupon_code=code)
        if placed is not None:
            return redirect("payments:pay", placed[0].pk)
    return _pay_again(request, order, coupon_form=form)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pay_with_test_card(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Pay with one of the sandbox's cards; a declined one, or one that asks for more, shows the page again."""
    if not settings.STRIPE_SANDBOX:
        raise Http404
    order = _order(request, order_id)
    if request.method in SAFE_METHODS:  # the page with what was wrong, loaded anew
        return redirect("payments:pay", order.pk)
    form = CardForm(request.POST)
    if not form.is_valid():
        return _pay_again(request, order, card_form=form)
    card = form.cleaned_data["card"]
    state = attempt(form, checkout.pay_in_sandbox, actor=signed_in(request), order=order, card=card)
    if state is None:
        return _pay_again(request, order, card_form=form)
    if state == "requires_action":
        return _pay_again(request, order, card_form=CardForm(initial={"card": card}), authenticating=True)
    return redirect(f"{order_url(order)}?paid")


def order_url(order: Order) -> str:
    """Return the address of an order's page."""
    return str(redirect("payments:order", order.pk).url)


def _receipt(request: HttpRequest, order_id: uuid.UUID) -> Receipt:
    """Return the receipt of a visible order; 404 while there is none."""
    order = visible_or_404(Order.objects.all(), request.user, pk=order_id)
    receipt = Receipt.objects.select_related("order__user", "order__coupon").filter(order=order).first()
    if receipt is None:
        raise Http404
    return receipt


class ReceiptView(_OrderPage):
    """A receipt, to read or to print."""

    template_name = "payments/receipt.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the receipt."""
        return super().get_context_data(**_receipt(self.request, self.object.pk).shown(), **kwargs)


@login_required
@require_safe
def receipt_pdf(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """A receipt as a file to keep."""
    receipt = _receipt(request, order_id)
    response = HttpResponse(printing.render(receipt), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="receipt-{receipt.formatted_number}.pdf"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
