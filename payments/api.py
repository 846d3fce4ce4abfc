"""`/orders/*`, `/coupons/*` and `/payments/*` of the API."""

from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import IsAdmin, signed_in
from courses.models import Course
from lms.lib.scoping import ScopedMixin, editable_or_403, visible_or_404
from lms.platform.audit import record
from lms.platform.idempotency import IdempotentMixin
from payments import checkout, events, refunding
from payments.errors import PaymentError
from payments.models import Coupon, Order, Payment
from payments.serializers import (
    CardSerializer,
    CouponSerializer,
    IntentSerializer,
    OrderSerializer,
    OrderWriteSerializer,
    PaymentSerializer,
    RefundSerializer,
    SandboxPaymentSerializer,
)


class OrderViewSet(
    IdempotentMixin, ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Order]
):
    """The caller's orders; an admin may look at any."""

    queryset = Order.objects.select_related("coupon", "payment")
    serializer_class = OrderSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "order_id"

    def get_queryset(self) -> QuerySet[Order]:
        """Return the visible orders; the list is of one's own."""
        orders = super().get_queryset()
        return orders.filter(user=signed_in(self.request)) if self.action == "list" else orders

    @extend_schema(request=OrderWriteSerializer, responses={200: OrderSerializer, 201: OrderSerializer})
    def create(self, request: Request) -> Response:
        """Order a course: 201, or 200 with the order that waits for payment already; 409 `course_is_free`,
        `already_enrolled`; 400 `coupon_invalid`; 404 for a draft."""
        shape = OrderWriteSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        course = visible_or_404(Course.objects.published(), request.user, pk=shape.validated_data["course_id"])
        code = shape.validated_data.get("coupon") or ""
        order, made = checkout.place_order(actor=signed_in(request), course=course, coupon_code=code)
        code = status.HTTP_201_CREATED if made else status.HTTP_200_OK
        return Response(self.get_serializer(self.get_queryset().get(pk=order.pk)).data, status=code)


class PaymentViewSet(
    IdempotentMixin, ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Payment]
):
    """The caller's payments; an admin may look at any, and gives money back."""

    queryset = Payment.objects.select_related("order")
    serializer_class = PaymentSerializer
    lookup_url_kwarg = "payment_id"

    def get_permissions(self) -> list[Any]:
        """Return who may do what: refunds are for admins."""
        return [IsAdmin()] if self.action == "refund" else [IsAuthenticated()]

    def get_queryset(self) -> QuerySet[Payment]:
        """Return the visible payments; the list is of one's own."""
        payments = super().get_queryset()
        return payments.filter(user=signed_in(self.request)) if self.action == "list" else payments

    @extend_schema(request=None, responses=IntentSerializer)
    @action(detail=False, methods=["post"])
    def create_intent(self, request: Request, order_id: str) -> Response:
        """The PaymentIntent of one's own order, the same one however often it is asked for; 409 `already_paid`,
        `already_enrolled`, `order_expired`; 503 `stripe_unavailable` with `Retry-After`."""
        order = editable_or_403(Order.objects.select_related("user", "course"), request.user, pk=order_id)
        order = checkout.create_intent(actor=signed_in(request), order=order)
        context = {"publishable_key": settings.STRIPE_PUBLISHABLE_KEY}
        return Response(IntentSerializer(order, context=context).data)

    @extend_schema(
        request=CardSerializer,
        responses=SandboxPaymentSerializer,
        parameters=[OpenApiParameter("payment_intent_id", str, OpenApiParameter.PATH)],
    )
    @action(detail=False, methods=["post"])
    def confirm_in_sandbox(self, request: Request, payment_intent_id: str) -> Response:
        """Pay with one of the sandbox's cards; 402 `card_declined`. 404 where cards are real."""
        if not settings.STRIPE_SANDBOX:
            raise Http404
        orders = Order.objects.select_related("user", "course")
        order = editable_or_403(orders, request.user, stripe_payment_intent_id=payment_intent_id)
        shape = CardSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        state = checkout.pay_in_sandbox(actor=signed_in(request), order=order, **shape.validated_data)
        return Response({"payment_intent_id": payment_intent_id, "status": state})

    @extend_schema(request=RefundSerializer, responses=PaymentSerializer)
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, payment_id: str) -> Response:
        """Give back an amount, or all that is left: 200 the payment; 400 `invalid_amount`; 409 `refund_exceeds`,
        `already_refunded`, `refund_in_progress`."""
        shape = RefundSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        payment = refunding.refund_payment(actor=signed_in(request), payment=self.get_object(), **shape.validated_data)
        return Response(self.get_serializer(payment).data)


class CouponViewSet(
    ScopedMixin,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Coupon],
):
    """Coupons, for administrators."""

    queryset = Coupon.objects.prefetch_related("courses")
    serializer_class = CouponSerializer
    permission_classes = (IsAuthenticated, IsAdmin)
    lookup_url_kwarg = "coupon_id"

    def get_queryset(self) -> QuerySet[Coupon]:
        """Return the coupons with how often each was used."""
        living = Q(orders__status__in=["completed", "refunded"]) | Q(
            orders__status="pending", orders__expires_at__gt=timezone.now()
        )
        coupons = super().get_queryset()
        return coupons.annotate(counted_uses=Count("orders", filter=living)).order_by("-created_at", "id")

    def perform_create(self, serializer: Any) -> None:
        """Write the coupon, and say so in the audit log."""
        coupon = serializer.save()
        record(actor=self.request.user, action="payments.coupon_made", target=coupon, changes={"code": coupon.code})

    def perform_update(self, serializer: Any) -> None:
        """Change the coupon, and say so in the audit log."""
        coupon = serializer.save()
        changes = {"fields": sorted(serializer.validated_data)}
        record(actor=self.request.user, action="payments.coupon_changed", target=coupon, changes=changes)


class WebhookView(APIView):
    """Where Stripe tells what happened (QUALITY, fact 4). The signature is all that is asked for."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()

    @extend_schema(
        request=OpenApiTypes.OBJECT,
        parameters=[OpenApiParameter("Stripe-Signature", str, OpenApiParameter.HEADER)],
        responses={200: OpenApiTypes.OBJECT},
        operation_id="payments_webhook",
    )
    def post(self, request: Request) -> Response:
        """Take an event: 200, also for one that came before; 400 `bad_signature`; 413 `too_large` beyond 256 kB."""
        raw = request._request
        declared = raw.META.get("CONTENT_LENGTH") or "0"
        if not declared.isdecimal() or int(declared) > events.LARGEST_BODY:
            raise PaymentError("too_large", _("The body is too large."), status=413)
        events.receive(raw.body, raw.headers.get("Stripe-Signature", ""))
        return Response({"received": True})
