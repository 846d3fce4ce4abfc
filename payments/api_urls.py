"""API URLs of `/orders/*`, `/coupons/*` and `/payments/*` (docs/api-contract.md, "Payments")."""

from django.urls import path

from payments.api import CouponViewSet, OrderViewSet, PaymentViewSet, WebhookView

urlpatterns = [
    path("orders/", OrderViewSet.as_view({"get": "list", "post": "create"})),
    path("orders/<order_id>", OrderViewSet.as_view({"get": "retrieve"})),
    path("coupons/", CouponViewSet.as_view({"get": "list", "post": "create"})),
    path("coupons/<coupon_id>", CouponViewSet.as_view({"patch": "partial_update"})),
    path("payments/", PaymentViewSet.as_view({"get": "list"})),
    path("payments/webhook", WebhookView.as_view(), name="stripe-webhook"),
    path("payments/create-intent/<order_id>", PaymentViewSet.as_view({"post": "create_intent"})),
    path("payments/sandbox/<payment_intent_id>/confirm", PaymentViewSet.as_view({"post": "confirm_in_sandbox"})),
    path("payments/<payment_id>", PaymentViewSet.as_view({"get": "retrieve"})),
    path("payments/<payment_id>/refund", PaymentViewSet.as_view({"post": "refund"})),
]
