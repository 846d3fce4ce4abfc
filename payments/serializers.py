"""Shapes of the API's answers about money. Amounts are integers in the currency's minor unit (API.md, "Money")."""

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from courses.models import Course
from payments.gateway import SANDBOX_CARDS
from payments.models import Coupon, Order, Payment
from payments.models.coupons import normalised_code


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order as its buyer sees it."""

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
        """Return the payment's id once the order is paid."""
        payment = getattr(order, "payment", None)
        return str(payment.pk) if payment else None


class OrderWriteSerializer(serializers.Serializer[Any]):
    """What to order. An amount that a client sends is ignored (QUALITY P01)."""

    course_id = serializers.UUIDField()
    coupon = serializers.CharField(required=False, allow_blank=True, allow_null=True, max_length=40)


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """A payment as its buyer sees it."""

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
    """What Stripe's form needs to take a payment."""

    payment_intent_id = serializers.CharField(source="stripe_payment_intent_id")
    client_secret = serializers.CharField()
    publishable_key = serializers.SerializerMethodField()
    amount = serializers.IntegerField()
    currency = serializers.CharField()

    def get_publishable_key(self, order: Order) -> str:
        """Return the key that a browser may hold; empty in the sandbox."""
        return str(self.context["publishable_key"])


class CardSerializer(serializers.Serializer[Any]):
    """Which of the sandbox's cards pays."""

    card = serializers.ChoiceField(choices=sorted(SANDBOX_CARDS))


class SandboxPaymentSerializer(serializers.Serializer[Any]):
    """Where the intent stands; what follows from it comes by the webhook."""

    payment_intent_id = serializers.CharField()
    status = serializers.CharField()


class RefundSerializer(serializers.Serializer[Any]):
    """How much goes back, all that is left by default, and why."""

    amount = serializers.IntegerField(required=False, allow_null=True, max_value=2**53)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=300)


class CouponSerializer(serializers.ModelSerializer[Coupon]):
    """A coupon as administrators see and write it."""

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
        """Return how many orders hold it; counted with the list, not row by row."""
        counted = getattr(coupon, "counted_uses", None)
        return coupon.uses() if counted is None else int(counted)

    def to_internal_value(self, data: Any) -> Any:
        """Take the code as people type it."""
        if isinstance(data, dict) and isinstance(data.get("code"), str):
            data = {**data, "code": normalised_code(data["code"])}
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what the model refuses: both discounts or neither, an end before the beginning. An empty currency is
        none, as in the form."""
        if not attrs.get("currency", True):
            attrs["currency"] = None
        kept = {name: value for name, value in attrs.items() if name != "courses"}
        fields = ("code", "percent_off", "amount_off", "currency", "valid_from", "valid_until")
        known = {name: getattr(self.instance, name) for name in fields} if self.instance is not None else {}
        try:
            Coupon(**{**known, **{name: value for name, value in kept.items() if name in fields}}).clean()
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error
        return attrs
