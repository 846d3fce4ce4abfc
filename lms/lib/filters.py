"""Filters of lists that say no to what they do not understand."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters.widgets import BooleanWidget


class StrictBooleanWidget(BooleanWidget):
    """Reads `true` and `false`, and hands on whatever else somebody wrote."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return True, False, None where nothing was said, or the text that is neither."""
        value = super().value_from_datadict(data, files, name)
        return (data.get(name) or None) if value is None else value


class StrictBooleanField(forms.NullBooleanField):
    """True, False, or None; raises ValidationError for a text that is neither."""

    widget = StrictBooleanWidget

    def clean(self, value: Any) -> bool | None:
        """Return what was chosen."""
        if value not in (True, False, None):
            raise ValidationError(_("Choose true or false."), code="invalid_choice")
        return super().clean(value)


class BooleanFilter(django_filters.BooleanFilter):
    """True or false; another value is 400 (API.md, "Filters"), where django-filter's own shows everything."""

    field_class = StrictBooleanField
