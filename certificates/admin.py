"""Certificates in the admin: revoked and issued anew with a reason, their templates designed and looked at."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from certificates import services
from certificates.designs import CertificateTemplate, CourseTemplate
from certificates.models import Certificate
from lms.lib.errors import DomainError
from lms.lib.lazy_modules import lazily
from lms.platform.admin import ReadOnlyAdmin
from lms.platform.audit import record
from lms.platform.models import SiteSettings

pdf = lazily("certificates.pdf")
SAMPLE_DAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


class ReasonForm(ActionForm):
    """The actions' form, with room for the reason that they need."""

    reason = forms.CharField(
        label=gettext_lazy("Reason (the holder and anybody who checks see it)"), max_length=300, required=False
    )


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """What was issued, to whom, for what."""

    list_display = ["certificate_number", "student_name", "course_title", "issued_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["certificate_number", "student_name", "course_title"]
    raw_id_fields = ["enrollment", "user", "course", "replaces"]
    action_form = ReasonForm
    actions = ["revoke", "reissue"]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Return whether this person may revoke certificates, and issue them anew."""
        return bool(request.user.has_perm("certificates.decide_certificate"))

    @admin.action(description=gettext_lazy("Revoke"), permissions=["decide"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> None:
        """Revoke the chosen certificates."""
        self._decide(request, queryset, services.revoke)

    @admin.action(description=gettext_lazy("Issue anew, with the names as they are now"), permissions=["decide"])
    def reissue(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> None:
        """Issue the chosen certificates anew."""
        self._decide(request, queryset, services.reissue)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Certificate], write: Callable[..., Any]) -> None:
        """Have a service do it to each, with the reason that was typed; say what it refuses."""
        reason = request.POST.get("reason", "").strip()[:300]
        if not reason:
            self.message_user(request, _("Write the reason beside the action: the holder is told."), messages.ERROR)
            return
        done = 0
        for certificate in queryset:
            try:
                write(actor=request.user, certificate=certificate, reason=reason)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{certificate}: {error.detail}", messages.ERROR)
        if done:
            self.message_user(request, ngettext("%d certificate done.", "%d certificates done.", done) % done)


class CourseTemplateInline(admin.TabularInline[CourseTemplate, CertificateTemplate]):
    """The courses that use a template."""

    model = CourseTemplate
    extra = 1
    autocomplete_fields = ["course"]


@admin.register(CertificateTemplate)
class CertificateTemplateAdmin(admin.ModelAdmin):
    """Designs: what a certificate says and how it looks."""

    list_display = ["name", "page_size", "is_default", "preview_link"]
    search_fields = ["name"]
    readonly_fields = ["preview_link"]
    inlines = [CourseTemplateInline]

    @admin.display(description=gettext_lazy("preview"))
    def preview_link(self, template: CertificateTemplate) -> str:
        """Return the link to the template as a PDF."""
        if template.pk is None:
            return _("Save it first.")
        address = reverse("admin:certificates_certificatetemplate_preview", args=[template.pk])
        return format_html('<a href="{}">{}</a>', address, _("Look at it as PDF"))

    def get_urls(self) -> list[URLPattern]:
        """Add the preview's address."""
        preview = path(
            "<int:template_id>/preview.pdf",
            self.admin_site.admin_view(self.preview),
            name="certificates_certificatetemplate_preview",
        )
        return [preview, *super().get_urls()]

    def preview(self, request: HttpRequest, template_id: int) -> HttpResponse:
        """The template as a PDF with sample names in it, unsigned."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        template = CertificateTemplate.objects.filter(pk=template_id).first()
        if template is None:
            raise Http404
        site = SiteSettings.current()
        content = pdf.render(_sample(), issuer=site.certificate_issuer or site.name, template=template)
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="preview.pdf"'
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and say so in the audit log."""
        super().save_model(request, obj, form, change)
        changes = {"name": obj.name, "fields": form.changed_data}
        record(actor=request.user, action="certificates.template_saved", target=obj, changes=changes)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete, and say so in the audit log. What was printed stays."""
        record(actor=request.user, action="certificates.template_deleted", target=obj, changes={"name": obj.name})
        super().delete_model(request, obj)


def _sample() -> Certificate:
    """Return a certificate that nobody has earned, with the lengths that names and titles mostly have."""
    return Certificate(
        student_name=_("Alexandra Example-Kowalczyk"),
        course_title=_("An example of a course with a title of some length"),
        instructor_name=_("Sam Sample"),
        completed_at=SAMPLE_DAY,
        issued_at=SAMPLE_DAY,
        certificate_number="XXXXX-XXXXX-XXXXX-XXXXX",
    )
