"""`/orders/*`, `/coupons/*` and `/payments/*` of the API."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
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
from core.access.scopes import ScopedMixin, editable_or_403, visible_or_404
from core.audit.entries import record
from core.http.idempotency import IdempotentMixin
from courses.models import Course
from payments import checkout, refunds, webhooks
from payments.errors import PaymentError
from payments.models import Coupon, Order, Payment
from payments.serializers import (
    CardSerializer,
    CouponSerializer,
    IntentSerializer,
    NoFieldsSerializer,
    OrderSerializer,
    OrderWriteSerializer,
    PaymentSerializer,
    RefundSerializer,
    SandboxPaymentSerializer,
)


class OrderViewSet(
    IdempotentMixin, ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Order]
):
    """The caller's orders; admins can retrieve any order."""

    queryset = Order.objects.select_related("coupon", "payment")
    serializer_class = OrderSerializer
    permission_classes = (IsAuthenticated,)
    lookup_url_kwarg = "order_id"

    def get_queryset(self) -> QuerySet[Order]:
        """Return the visible orders; the list has only the caller's own."""
        orders = super().get_queryset()
        return orders.filter(user=signed_in(self.request)) if self.action == "list" else orders

    @extend_schema(request=OrderWriteSerializer, responses={200: OrderSerializer, 201: OrderSerializer})
    def create(self, request: Request) -> Response:
        """Order a course: 201, or 200 with the existing pending order.

        Errors: 409 `course_is_free`, `already_enrolled`; 400 `coupon_invalid`; 404 for a draft.
        """
        serializer = OrderWriteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        course = visible_or_404(Course.objects.published(), request.user, pk=serializer.validated_data["course_id"])
        coupon_code = serializer.validated_data.get("coupon") or ""
        order, created = checkout.place_order(actor=signed_in(request), course=course, coupon_code=coupon_code)
        status_code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return Response(self.get_serializer(self.get_queryset().get(pk=order.pk)).data, status=status_code)


class PaymentViewSet(
    IdempotentMixin, ScopedMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Payment]
):
    """The caller's payments; admins can retrieve and refund any payment."""

    queryset = Payment.objects.select_related("order")
    serializer_class = PaymentSerializer
    lookup_url_kwarg = "payment_id"

    def get_permissions(self) -> list[Any]:
        """Return the permissions: only admins can refund."""
        return [IsAdmin()] if self.action == "refund" else [IsAuthenticated()]

    def get_queryset(self) -> QuerySet[Payment]:
        """Return the visible payments; the list has only the caller's own."""
        payments = super().get_queryset()
        return payments.filter(user=signed_in(self.request)) if self.action == "list" else payments

    @extend_schema(request=None, responses=IntentSerializer)
    @action(detail=False, methods=["post"])
    def create_intent(self, request: Request, order_id: str) -> Response:
        """Create the PaymentIntent of the caller's order; repeated calls return the same one.

        Errors: 409 `already_paid`, `already_enrolled`, `order_expired`; 503 `stripe_unavailable` with `Retry-After`.
        """
        order = editable_or_403(Order.objects.select_related("user", "course"), request.user, pk=order_id)
        NoFieldsSerializer(data=request.data).is_valid(raise_exception=True)
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
        """Pay with one of the sandbox's cards. Errors: 402 `card_declined`; 404 `not_a_sandbox` with real keys."""
        checkout.require_sandbox()
        orders = Order.objects.select_related("user", "course")
        order = editable_or_403(orders, request.user, stripe_payment_intent_id=payment_intent_id)
        serializer = CardSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        intent_status = checkout.pay_in_sandbox(actor=signed_in(request), order=order, **serializer.validated_data)
        return Response({"payment_intent_id": payment_intent_id, "status": intent_status})

    @extend_schema(request=RefundSerializer, responses=PaymentSerializer)
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, payment_id: str) -> Response:
        """Refund an amount, or all that remains; return the payment.

        Errors: 400 `invalid_amount`; 409 `refund_exceeds`, `already_refunded`, `refund_in_progress`.
        """
        serializer = RefundSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        payment = refunds.refund_payment(
            actor=signed_in(request), payment=self.get_object(), **serializer.validated_data
        )
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
        """Return the coupons with the number of their uses, newest first."""
        return super().get_queryset().with_use_count().order_by("-created_at", "id")

    @transaction.atomic
    def perform_create(self, serializer: Any) -> None:
        """Create the coupon and record it in the audit log."""
        coupon = serializer.save()
        record(actor=self.request.user, action="payments.coupon_made", target=coupon, changes={"code": coupon.code})

    @transaction.atomic
    def perform_update(self, serializer: Any) -> None:
        """Change the coupon and record it in the audit log."""
        coupon = serializer.save()
        changes = {"fields": sorted(serializer.validated_data)}
        record(actor=self.request.user, action="payments.coupon_changed", target=coupon, changes=changes)


class WebhookView(APIView):
    """The endpoint for Stripe's events (docs/architecture.md, "Facts", 4), authenticated by their signature alone."""

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
        """Receive an event: 200, also for a repeated one.

        Errors: 400 `bad_signature`; 413 `too_large` beyond 256 kB.
        """
        content_length = request.META.get("CONTENT_LENGTH") or "0"
        if not content_length.isdecimal() or int(content_length) > webhooks.MAX_BODY_BYTES:
            raise PaymentError("too_large", _("The request body is too large."), status=413)
        webhooks.receive_event(request.body, request.headers.get("Stripe-Signature", ""))
        return Response({"received": True})
