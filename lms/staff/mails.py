"""The pages on which staff word the site's mails: all kinds, one kind, and how it would be read."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.clickjacking import xframe_options_sameorigin

from lms.lib import mail, mail_kinds
from lms.lib.mail_kinds import Kind, Wording
from lms.platform import wordings
from lms.platform.models import MailWording
from lms.platform.views import as_mail, kind_or_404, with_frames

PERMISSION = "platform.change_mailwording"


class WordingForm(forms.ModelForm[MailWording]):
    """What a kind of mail says in one language."""

    class Meta:
        model = MailWording
        fields = ["subject", "text"]
        widgets = {
            "subject": forms.TextInput(attrs={"class": "vTextField"}),
            "text": forms.Textarea(attrs={"class": "vLargeTextField", "rows": 10}),
        }
        help_texts = {
            "text": gettext_lazy("An empty line begins a paragraph. The button and what is below it stay as they are."),
        }

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def clean_subject(self) -> str:
        """Return the subject, whose names in braces the kind knows."""
        return self._known("subject")

    def clean_text(self) -> str:
        """Return the text, whose names in braces the kind knows."""
        return self._known("text")

    def _known(self, field: str) -> str:
        given = str(self.cleaned_data[field])
        problem = wordings.unknown_names(self.kind, given)
        if problem:
            raise forms.ValidationError(problem, code="unknown_name")
        return given

    @property
    def wording(self) -> Wording:
        """What was given, once it is valid."""
        return Wording(self.cleaned_data["subject"], self.cleaned_data["text"])


def urls(site: Any) -> list[Any]:
    """Return the addresses of these pages, which live in the administration."""

    def door(view: Any) -> Any:
        def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(PERMISSION):
                raise PermissionDenied
            response: HttpResponse = view(request, site=site, **kwargs)
            return response

        return site.admin_view(answered)

    one = "mails/<slug:name>/<slug:language>/"
    return [
        path("mails/", door(mails), name="mails"),
        path(one, door(mail_wording), name="mail"),
        path(f"{one}preview/", xframe_options_sameorigin(door(preview)), name="mail_preview"),
    ]


def mails(request: HttpRequest, *, site: Any) -> HttpResponse:
    """Every kind of mail, by language: worded by the site, or as it came. One query."""
    own = set(MailWording.objects.order_by().values_list("kind", "language"))
    kinds = [
        {"kind": kind, "languages": [(code, name, (kind.name, code) in own) for code, name in settings.LANGUAGES]}
        for kind in mail_kinds.every_kind()
    ]
    context = {**site.each_context(request), "title": _("Mails"), "kinds": kinds}
    return TemplateResponse(request, "admin/mails.html", context)


def mail_wording(request: HttpRequest, *, site: Any, name: str, language: str) -> HttpResponse:
    """What a kind of mail says in one language: to change, to look at before, and to take back."""
    kind = _named(name, language)
    if request.method == "POST" and "reset" in request.POST:
        wordings.unword_mail(actor=request.user, kind=kind, language=language)
        messages.success(request, _("The mail says again what it came with."))
        return redirect("admin:mail", name=name, language=language)
    now = _wording(kind, language)
    form = WordingForm(request.POST or None, kind=kind, initial={"subject": now.subject, "text": now.text})
    if request.method == "POST" and form.is_valid():
        wordings.word_mail(actor=request.user, kind=kind, language=language, wording=form.wording)
        messages.success(request, _("Saved. The next mail of this kind says so."))
        return redirect("admin:mail", name=name, language=language)
    context = {
        **site.each_context(request),
        "title": kind.title,
        "form": form,
        "kind": kind,
        "language": language,
        "language_name": dict(settings.LANGUAGES)[language],
        "names": _examples(kind, language),
        "is_own": wordings.kept_wording(name, language) is not None,
    }
    return with_frames(TemplateResponse(request, "admin/mail.html", context, status=400 if form.errors else 200))


def preview(request: HttpRequest, *, site: Any, name: str, language: str) -> HttpResponse:
    """How a kind of mail would be read, as HTML, or as text: what it says now, or what the form holds, unsaved."""
    kind = _named(name, language)
    wording = None
    if request.method == "POST":
        form = WordingForm(request.POST, kind=kind)
        if not form.is_valid():
            refused = TemplateResponse(request, "admin/mail_problem.html", {"form": form}, status=400)
            return _in_our_frame(refused)
        wording = form.wording
    letter = mail.sample(kind, wording=wording, language=language)
    if request.POST.get("as") == "text" or request.GET.get("as") == "text":
        shown = f"{_('Subject')}: {letter.subject}\n\n{letter.text}"
        return _in_our_frame(HttpResponse(shown, content_type="text/plain; charset=utf-8"))
    return as_mail(letter.html)


def _in_our_frame(response: Any) -> HttpResponse:
    """Let a page of ours show an answer in a frame, which is not kept."""
    response._csp_replace = {"frame-ancestors": ["'self'"]}  # django-csp reads it
    response.headers["Cache-Control"] = "no-store"
    answered: HttpResponse = response
    return answered


def _named(name: str, language: str) -> Kind:
    kind = kind_or_404(name)
    if language not in dict(settings.LANGUAGES):
        raise Http404
    return kind


def _wording(kind: Kind, language: str) -> Wording:
    with override(language):
        return mail_kinds.wording_of(kind, language)


def _examples(kind: Kind, language: str) -> list[tuple[str, str]]:
    """Return the names that a kind knows, each with what it says in the sample."""
    context = kind.sample()
    with override(language):
        return [(f"{{{name}}}", kind.filled(f"{{{name}}}", context)) for name in kind.values]
