"""Fields of forms and serializers that normalize what people type or paste."""

from typing import Any

from django import forms
from rest_framework import serializers

from core.text.email_addresses import normalize_email


class EmailFormField(forms.EmailField):
    """An email address, normalized before it is validated."""

    def to_python(self, value: Any) -> str:
        return normalize_email(super().to_python(value) or "")


class EmailSerializerField(serializers.EmailField):
    """An email address, normalized before it is validated."""

    def to_internal_value(self, data: Any) -> str:
        return normalize_email(super().to_internal_value(data))
