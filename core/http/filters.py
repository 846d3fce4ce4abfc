"""List filters that refuse unknown values."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters.widgets import BooleanWidget


class StrictBooleanWidget(BooleanWidget):
    """Read `true` and `false`, and pass on any other text for the field to refuse."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return True, False, None for an absent value, or the text that is neither."""
        value = super().value_from_datadict(data, files, name)
        return (data.get(name) or None) if value is None else value


class StrictBooleanField(forms.NullBooleanField):
    """True, False or None; any other text is invalid."""

    widget = StrictBooleanWidget

    def clean(self, value: Any) -> bool | None:
        """Return the value; raise ValidationError for a text."""
        if value not in (True, False, None):
            raise ValidationError(_("Choose true or false."), code="invalid_choice")
        return super().clean(value)


class BooleanFilter(django_filters.BooleanFilter):
    """True or false. Another value is 400 (docs/api-contract.md, "Filters"); django-filter's own ignores it."""

    field_class = StrictBooleanField
