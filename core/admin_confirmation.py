"""Confirmation pages for actions of the admin."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from core.http.errors import DomainError
from core.text.validators import validate_visible

CONFIRMED = "confirmed"


class ReasonForm(forms.Form):
    """Form of a confirmation page with a required reason."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        validators=[validate_visible],
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )


def confirm_action(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    title: str,
    form_class: type[forms.Form],
    describe: Callable[[Any], str],
    effects: list[str],
    run: Callable[[Any, dict[str, Any]], None],
    report: Callable[[int], str],
) -> HttpResponse | None:
    """Ask before an action runs, then call `run(row, cleaned_data)` for each row.

    The page lists `describe(row)` of each selected row and the `effects`. It is shown again with the errors of an
    invalid form, and with the rows for which `run` raised DomainError or ValidationError. None once all rows are done,
    which shows the list again. `report(number)` is the message about the finished rows.
    """
    is_confirmed = CONFIRMED in request.POST
    form = form_class(request.POST if is_confirmed else None)
    rows = list(queryset)
    if is_confirmed and form.is_valid():
        rows, errors = _run_for_each(rows, form.cleaned_data, run)
        done = len(queryset) - len(rows)
        if done:
            model_admin.message_user(request, report(done))
        if not rows:
            return None
        for error in errors:
            form.add_error(None, error)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "opts": model_admin.opts,
        "form": form,
        "rows": [(row.pk, describe(row)) for row in rows],
        "effects": effects,
        "action": request.POST.get("action", ""),
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "confirmed_name": CONFIRMED,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)


def _run_for_each(
    rows: list[Any], data: dict[str, Any], run: Callable[[Any, dict[str, Any]], None]
) -> tuple[list[Any], list[str]]:
    """Call `run` for each row; return the rows that failed and their errors."""
    failed, errors = [], []
    for row in rows:
        try:
            run(row, data)
        except DomainError as error:
            failed.append(row)
            errors.append(f"{row}: {error.detail}")
        except ValidationError as error:
            failed.append(row)
            errors.extend(f"{row}: {message}" for message in error.messages)
    return failed, errors
