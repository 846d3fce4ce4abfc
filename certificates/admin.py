"""Admin of certificates and their templates: revoke, reissue and preview."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
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
from core.admin import ReadOnlyAdmin, SingleDeletionAdmin
from core.admin_confirmation import ReasonForm, confirm_action
from core.audit.entries import record
from core.models import SiteSettings

SAMPLE_DAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """Issued certificates. Read-only, except for the actions."""

    list_display = ["certificate_number", "student_name", "course_title", "issued_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["certificate_number", "student_name", "course_title"]
    raw_id_fields = ["enrollment", "user", "course", "replaces"]
    actions = ["revoke", "reissue"]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may revoke and reissue certificates."""
        return bool(request.user.has_perm("certificates.decide_certificate"))

    @admin.action(description=gettext_lazy("Revoke"), permissions=["decide"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> HttpResponse | None:
        """Revoke the selected certificates after a confirmation."""
        effect = _("The certificates become invalid, and their verification pages show the reason.")
        return self._decide(request, queryset, services.revoke, _("Revoke"), effect)

    @admin.action(description=gettext_lazy("Reissue with current names"), permissions=["decide"])
    def reissue(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> HttpResponse | None:
        """Reissue the selected certificates after a confirmation."""
        effect = _("The certificates become invalid and are replaced by new ones with the current names.")
        return self._decide(request, queryset, services.reissue, _("Reissue with current names"), effect)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Certificate],
        service: Callable[..., Any],
        title: str,
        effect: str,
    ) -> HttpResponse | None:
        """Ask for a reason, then call a service for each certificate."""
        return confirm_action(
            self,
            request,
            queryset,
            title=title,
            form_class=ReasonForm,
            describe=lambda certificate: f"{certificate}: {certificate.student_name}, {certificate.course_title}",
            effects=[effect, _("The reason is sent to the holders.")],
            run=lambda certificate, data: service(actor=request.user, certificate=certificate, reason=data["reason"]),
            report=lambda done: ngettext("%d certificate updated.", "%d certificates updated.", done) % done,
        )


class CourseTemplateInline(admin.TabularInline[CourseTemplate, CertificateTemplate]):
    """Courses that use a template."""

    model = CourseTemplate
    extra = 1
    autocomplete_fields = ["course"]


@admin.register(CertificateTemplate)
class CertificateTemplateAdmin(SingleDeletionAdmin):
    """Certificate templates, with a preview."""

    list_display = ["name", "page_size", "is_default", "preview_link"]
    search_fields = ["name"]
    readonly_fields = ["preview_link"]
    inlines = [CourseTemplateInline]

    @admin.display(description=gettext_lazy("preview"))
    def preview_link(self, template: CertificateTemplate) -> str:
        """Return the link to the preview."""
        if template.pk is None:
            return _("Save the template first.")
        address = reverse("admin:certificates_certificatetemplate_preview", args=[template.pk])
        return format_html('<a href="{}">{}</a>', address, _("Preview PDF"))

    def get_urls(self) -> list[URLPattern]:
        """Add the URL of the preview."""
        preview = path(
            "<int:template_id>/preview.pdf",
            self.admin_site.admin_view(self.preview),
            name="certificates_certificatetemplate_preview",
        )
        return [preview, *super().get_urls()]

    def preview(self, request: HttpRequest, template_id: int) -> HttpResponse:
        """Return the template as an unsigned PDF with sample names."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        template = CertificateTemplate.objects.filter(pk=template_id).first()
        if template is None:
            raise Http404
        site = SiteSettings.current()
        from certificates import pdf  # noqa: PLC0415  # WeasyPrint takes two seconds to import

        content = pdf.render(_sample(), issuer=site.certificate_issuer or site.name, template=template)
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = 'inline; filename="preview.pdf"'
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save the template and record an audit entry."""
        super().save_model(request, obj, form, change)
        changes = {"name": obj.name, "fields": form.changed_data}
        record(actor=request.user, action="certificates.template_saved", target=obj, changes=changes)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete the template and record an audit entry. Certificates that were issued with it remain."""
        record(actor=request.user, action="certificates.template_deleted", target=obj, changes={"name": obj.name})
        super().delete_model(request, obj)


def _sample() -> Certificate:
    """Return an unsaved certificate with names and titles of typical length."""
    return Certificate(
        student_name=_("Alexandra Example-Kowalczyk"),
        course_title=_("An example of a course with a title of some length"),
        instructor_name=_("Sam Sample"),
        completed_at=SAMPLE_DAY,
        issued_at=SAMPLE_DAY,
        certificate_number="XXXXX-XXXXX-XXXXX-XXXXX",
    )
