"""Fields of forms and serializers that normalize what people type or paste."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.text.email_addresses import normalize_email
from core.text.numbers import parse_number, write_number


class EmailFormField(forms.EmailField):
    """An email address, normalized before it is validated."""

    def to_python(self, value: Any) -> str:
        return normalize_email(super().to_python(value) or "")


class LocalDateTimeInput(forms.DateTimeInput):
    """The browser's field for a date and a time."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class NumberField(forms.CharField):
    """A number as people type it (`core.text.numbers.parse_number`); the value is a Decimal, or None if it is empty."""

    default_error_messages = {"invalid": _("Enter a number."), "min_value": _("Enter a number of at least %(limit)s.")}
    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def __init__(self, *, min_value: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.min_value = min_value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        number = parse_number(text, get_language())
        if number is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        if self.min_value is not None and number < self.min_value:
            raise forms.ValidationError(
                self.error_messages["min_value"], code="min_value", params={"limit": self.min_value}
            )
        return number

    def prepare_value(self, value: Any) -> Any:
        """Return a stored number in the notation of the active language; a typed text as it is."""
        return value if value is None or isinstance(value, str) else write_number(value, get_language())


class EmailSerializerField(serializers.EmailField):
    """An email address, normalized before it is validated."""

    def to_internal_value(self, data: Any) -> str:
        return normalize_email(super().to_internal_value(data))
