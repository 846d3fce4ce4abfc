"""Comparison of two versions of a form after an edit conflict."""

from typing import Any

from django.forms import BaseForm, BoundField
from django.utils.translation import gettext as _


def compare_forms(mine: BaseForm, theirs: BaseForm) -> list[dict[str, Any]]:
    """Return the fields whose values differ, each with `label`, `name`, both texts and whether they are `long`.

    `mine` is the bound form that was submitted, `theirs` a form of the saved row.
    """
    differences = []
    for field in mine.visible_fields():
        typed, saved = display_value(field), display_value(theirs[field.name])
        if typed != saved:
            is_long = getattr(field.field.widget, "input_type", None) is None and "\n" in typed + saved
            differences.append(
                {"label": field.label, "mine": typed, "theirs": saved, "name": field.name, "long": is_long}
            )
    return differences


def display_value(field: BoundField) -> str:
    """Return a field's value for display: the label of a choice, yes or no for a checkbox."""
    value: Any = field.value()
    if field.widget_type == "checkbox":
        return _("yes") if value and value != "False" else _("no")
    choices = getattr(field.field, "choices", None)
    if choices is not None:
        return next((str(label) for key, label in choices if str(key) == str(value)), "")
    return "" if value is None else str(value).replace("\r\n", "\n")
