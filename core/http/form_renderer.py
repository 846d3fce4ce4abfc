"""Form rendering with the site's components, and form fields that Django lacks."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.translation import gettext_lazy as _


class ComponentRenderer(TemplatesSetting):
    """Renders `{{ field.as_field_group }}` and `{{ form.errors }}` with the site's own components."""

    field_template_name = "components/field.html"


class TextsField(forms.Field):
    """A list of short texts, typed with a separator between them.

    At most `most` distinct texts of up to `longest` characters. The value is the list in the order of typing.
    """

    _text = forms.CharField(required=False)
    default_error_messages = {"too_much": _("Up to %(most)d, each of up to %(longest)d characters.")}

    def __init__(self, *, most: int, longest: int, separator: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most, self.longest, self.separator = most, longest, separator

    def prepare_value(self, value: Any) -> Any:
        """Return the texts joined by the separator, and typed text unchanged."""
        between = self.separator if self.separator.isspace() else f"{self.separator} "
        return between.join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        """Return the texts between the separators."""
        text = self._text.clean(value)
        parts = text.splitlines() if self.separator.isspace() else text.split(self.separator)
        return list(dict.fromkeys(filter(None, map(str.strip, parts))))

    def validate(self, value: list[str]) -> None:
        """Raise ValidationError for too many or too long texts."""
        super().validate(value)
        if len(value) > self.most or any(len(text) > self.longest for text in value):
            limits = {"most": self.most, "longest": self.longest}
            raise forms.ValidationError(self.error_messages["too_much"], code="too_much", params=limits)
