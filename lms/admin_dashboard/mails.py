"""Admin pages for mail texts: the list of mail types, the form for one type and language, and its preview."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.clickjacking import xframe_options_sameorigin

from core.http.middleware import allow_frames
from core.mail import delivery, mail_types, texts
from core.mail.mail_types import MailText, MailType
from core.mail.previews import frame_response, mail_response, mail_type_or_404
from core.models import MailWording

PERMISSION = "platform.change_mailwording"


class MailTextForm(forms.ModelForm[MailWording]):
    """Form for subject and text of a mail type in one language."""

    class Meta:
        model = MailWording
        fields = ["subject", "text"]
        widgets = {
            "subject": forms.TextInput(attrs={"class": "vTextField"}),
            "text": forms.Textarea(attrs={"class": "vLargeTextField", "rows": 10}),
        }
        help_texts = {
            "text": gettext_lazy("Separate paragraphs with an empty line. The button and the footer can't be edited."),
        }

    def __init__(self, *args: Any, mail_type: MailType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mail_type = mail_type

    def clean_subject(self) -> str:
        """Reject unknown placeholders in the subject."""
        return self._clean_placeholders("subject")

    def clean_text(self) -> str:
        """Reject unknown placeholders in the text."""
        return self._clean_placeholders("text")

    def _clean_placeholders(self, field: str) -> str:
        value = str(self.cleaned_data[field])
        error = texts.get_placeholder_error(self.mail_type, value)
        if error:
            raise forms.ValidationError(error, code="unknown_name")
        return value

    @property
    def mail_text(self) -> MailText:
        """The submitted text of a valid form."""
        return MailText(self.cleaned_data["subject"], self.cleaned_data["text"])


def urls(site: Any) -> list[Any]:
    """Return the URL patterns of these pages for the admin site `site`."""

    def restrict(view: Callable[..., HttpResponse]) -> Any:
        def restricted(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(PERMISSION):
                raise PermissionDenied
            return view(request, site=site, **kwargs)

        return site.admin_view(restricted)

    route = "mails/<slug:name>/<slug:language>/"
    return [
        path("mails/", restrict(mail_list), name="mails"),
        path(route, restrict(edit_mail_text), name="mail"),
        path(f"{route}preview/", xframe_options_sameorigin(restrict(preview)), name="mail_preview"),
    ]


def mail_list(request: HttpRequest, *, site: Any) -> HttpResponse:
    """List all mail types by language, and mark those with a text of the site. One query."""
    edited = set(MailWording.objects.order_by().values_list("kind", "language"))
    rows = [
        {
            "mail_type": mail_type,
            "languages": [(code, name, (mail_type.name, code) in edited) for code, name in settings.LANGUAGES],
        }
        for mail_type in mail_types.get_mail_types()
    ]
    context = {**site.each_context(request), "title": _("Emails"), "rows": rows}
    return TemplateResponse(request, "admin/mails.html", context)


@allow_frames
def edit_mail_text(request: HttpRequest, *, site: Any, name: str, language: str) -> HttpResponse:
    """Edit or reset the text of a mail type in one language."""
    mail_type = _get_mail_type_or_404(name, language)
    if request.method == "POST" and "reset" in request.POST:
        texts.reset_mail_text(actor=request.user, mail_type=mail_type, language=language)
        messages.success(request, _("The default text was restored."))
        return redirect("admin:mail", name=name, language=language)
    current = _get_current_text(mail_type, language)
    initial = {"subject": current.subject, "text": current.text}
    form = MailTextForm(request.POST or None, mail_type=mail_type, initial=initial)
    if request.method == "POST" and form.is_valid():
        texts.save_mail_text(actor=request.user, mail_type=mail_type, language=language, text=form.mail_text)
        messages.success(request, _("Saved. The text applies from the next email on."))
        return redirect("admin:mail", name=name, language=language)
    context = {
        **site.each_context(request),
        "title": mail_type.title,
        "form": form,
        "mail_type": mail_type,
        "language": language,
        "language_name": dict(settings.LANGUAGES)[language],
        "placeholders": _get_placeholder_examples(mail_type, language),
        "is_edited": texts.get_site_text(name, language) is not None,
    }
    return TemplateResponse(request, "admin/mail.html", context, status=400 if form.errors else 200)


def preview(request: HttpRequest, *, site: Any, name: str, language: str) -> HttpResponse:
    """Show a mail with sample data, as HTML or as text, with the current text or with the submitted, unsaved one."""
    mail_type = _get_mail_type_or_404(name, language)
    text = None
    if request.method == "POST":
        form = MailTextForm(request.POST, mail_type=mail_type)
        if not form.is_valid():
            page = render_to_string("admin/mail_problem.html", {"form": form}, request)
            return frame_response(request, page, status=400)
        text = form.mail_text
    mail = delivery.render_sample(mail_type, text=text, language=language)
    if request.POST.get("as") == "text" or request.GET.get("as") == "text":
        body = f"{_('Subject')}: {mail.subject}\n\n{mail.text}"
        return frame_response(request, body, content_type="text/plain; charset=utf-8")
    return mail_response(request, mail.html)


def _get_mail_type_or_404(name: str, language: str) -> MailType:
    mail_type = mail_type_or_404(name)
    if language not in dict(settings.LANGUAGES):
        raise Http404
    return mail_type


def _get_current_text(mail_type: MailType, language: str) -> MailText:
    with override(language):
        return texts.get_mail_text(mail_type, language)


def _get_placeholder_examples(mail_type: MailType, language: str) -> list[tuple[str, str]]:
    """Return the placeholders of a mail type, each with its value in the sample data."""
    context = mail_type.sample()
    with override(language):
        return [(f"{{{name}}}", mail_type.fill(f"{{{name}}}", context)) for name in mail_type.values]
