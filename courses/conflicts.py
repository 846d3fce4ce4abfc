"""What two people wrote at once, side by side."""

from typing import Any

from django.forms import BaseForm, BoundField
from django.utils.translation import gettext as _


def differences(mine: BaseForm, theirs: BaseForm) -> list[dict[str, Any]]:
    """Return the fields in which two forms differ, each with its label and both texts. `mine` is bound."""
    found = []
    for field in mine.visible_fields():
        typed, saved = shown(field), shown(theirs[field.name])
        if typed != saved:
            is_long = getattr(field.field.widget, "input_type", None) is None and "\n" in typed + saved
            found.append({"label": field.label, "mine": typed, "theirs": saved, "name": field.name, "long": is_long})
    return found


def shown(field: BoundField) -> str:
    """Return a field's value as its author sees it: a choice by its words, a tick as yes or no."""
    value: Any = field.value()
    if field.widget_type == "checkbox":
        return _("yes") if value and value != "False" else _("no")
    choices = getattr(field.field, "choices", None)
    if choices is not None:
        return next((str(label) for key, label in choices if str(key) == str(value)), "")
    return "" if value is None else str(value).replace("\r\n", "\n")
