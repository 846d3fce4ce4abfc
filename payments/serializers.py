"""Serializers of orders, payments, refunds and coupons.

Amounts are integers in the currency's minor unit (docs/api-contract.md, "Money").
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from courses.models import Course
from payments.models import Coupon, Order, Payment
from payments.models.coupons import normalize_code
from payments.stripe_client import SANDBOX_CARDS


class RejectUnknownFieldsMixin:
    """Serializer mixin that rejects fields that the body does not define, read-only ones included.

    On a request about money, an ignored field is a mistake that the client would not notice, such as `coupon_code` for
    `coupon`.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields; raise ValidationError `unknown_field` for each unknown one."""
        if isinstance(data, Mapping):
            known = {name for name, field in self.fields.items() if not field.read_only}  # type: ignore[attr-defined]  # the serializer behind the mixin
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                message = _("This field does not exist here.")
                raise serializers.ValidationError({name: ErrorDetail(message, "unknown_field") for name in unknown})
        return super().to_internal_value(data)  # type: ignore[misc]  # the serializer behind the mixin


class NoFieldsSerializer(RejectUnknownFieldsMixin, serializers.Serializer[Any]):
    """A body without fields."""


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order, for its buyer."""

    user_id = serializers.UUIDField(read_only=True)
    course_id = serializers.UUIDField(read_only=True)
    coupon = serializers.CharField(source="coupon.code", read_only=True, allow_null=True, default=None)
    payment_id = serializers.SerializerMethodField()

    class Meta:
        model = Order
        fields = [
            "id", "user_id", "course_id", "course_title", "list_amount", "discount", "amount", "currency", "coupon",
            "status", "refunded_amount", "stripe_payment_intent_id", "payment_id", "created_at", "expires_at",
            "completed_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_payment_id(self, order: Order) -> Any:
        """Return the payment's id, or None while the order is unpaid."""
        payment = getattr(order, "payment", None)
        return str(payment.pk) if payment else None


class OrderWriteSerializer(RejectUnknownFieldsMixin, serializers.Serializer[Any]):
    """The course and coupon of a new order. The client sends no amount (quality row P01)."""

    course_id = serializers.UUIDField()
    coupon = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=40)


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """A payment, for its buyer."""

    order_id = serializers.UUIDField(read_only=True)
    user_id = serializers.UUIDField(read_only=True)
    course_id = serializers.UUIDField(source="order.course_id", read_only=True)
    status = serializers.CharField(read_only=True)
    refunded_amount = serializers.IntegerField(source="order.refunded_amount", read_only=True)

    class Meta:
        model = Payment
        fields = [
            "id", "order_id", "user_id", "course_id", "amount", "currency", "payment_method",
            "stripe_payment_method_id", "status", "refunded_amount", "transaction_id", "metadata", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class IntentSerializer(serializers.Serializer[Order]):
    """The data that Stripe's form needs to take a payment."""

    payment_intent_id = serializers.CharField(source="stripe_payment_intent_id")
    client_secret = serializers.CharField()
    publishable_key = serializers.SerializerMethodField()
    amount = serializers.IntegerField()
    currency = serializers.CharField()

    def get_publishable_key(self, order: Order) -> str:
        """Return Stripe's publishable key; an empty string in the sandbox."""
        return str(self.context["publishable_key"])


class CardSerializer(RejectUnknownFieldsMixin, serializers.Serializer[Any]):
    """The sandbox card to pay with."""

    card = serializers.ChoiceField(choices=sorted(SANDBOX_CARDS))


class SandboxPaymentSerializer(serializers.Serializer[Any]):
    """The status of the intent. The webhook then completes the order."""

    payment_intent_id = serializers.CharField()
    status = serializers.CharField()


class RefundSerializer(RejectUnknownFieldsMixin, serializers.Serializer[Any]):
    """The amount to refund, by default all that remains, and the reason."""

    amount = serializers.IntegerField(required=False, allow_null=True, max_value=2**53)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300)


class CouponSerializer(RejectUnknownFieldsMixin, serializers.ModelSerializer[Coupon]):
    """A coupon, for administrators."""

    course_ids = serializers.PrimaryKeyRelatedField(
        source="courses", many=True, queryset=Course.objects.all(), required=False
    )
    uses = serializers.SerializerMethodField()

    class Meta:
        model = Coupon
        fields = [
            "id", "code", "percent_off", "amount_off", "currency", "max_uses", "valid_from", "valid_until",
            "course_ids", "uses", "created_at",
        ]  # fmt: skip
        read_only_fields = ["id", "uses", "created_at"]
        extra_kwargs = {"amount_off": {"max_value": 2**53}, "max_uses": {"max_value": 2**31 - 1}}

    def get_uses(self, coupon: Coupon) -> int:
        """Return the number of orders that use the coupon; lists annotate it, so that rows need no query."""
        annotated = getattr(coupon, "use_count", None)
        return coupon.count_uses() if annotated is None else int(annotated)

    def to_internal_value(self, data: Any) -> Any:
        """Normalize the code: without surrounding spaces, in capitals."""
        if isinstance(data, dict) and isinstance(data.get("code"), str):
            data = {**data, "code": normalize_code(data["code"])}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Validate the coupon with `Coupon.clean`; an empty currency becomes None, as in the admin's form."""
        if not attrs.get("currency", True):
            attrs["currency"] = None
        fields = ("code", "percent_off", "amount_off", "currency", "valid_from", "valid_until")
        current = {name: getattr(self.instance, name) for name in fields} if self.instance is not None else {}
        try:
            coupon = Coupon(**{**current, **{name: value for name, value in attrs.items() if name in fields}})
            coupon.clean()
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error
        self._validate_courses(coupon, attrs)
        return attrs

    def _validate_courses(self, coupon: Coupon, attrs: dict[str, Any]) -> None:
        courses = attrs.get("courses", [] if self.instance is None else self.instance.courses.all())
        try:
            coupon.validate_courses(courses)
        except ValidationError as error:
            raise serializers.ValidationError({"course_ids": error.messages}, code="leaves_too_little") from error
