"""Access to rows: view mixins and helpers that use `visible_to(user)` and `editable_by(user)` of the querysets.

The mixins serve DRF viewsets and generic views alike. A row that the user may not see is a 404 with the same body as an
unknown id; a row that the user may see but not edit is a 403 (docs/architecture.md, "Access").
"""

from typing import Any, Protocol, TypeVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

M = TypeVar("M", bound=Model)


class Scoped(Protocol):
    """Interface of a QuerySet that filters its rows by user, including anonymous users."""

    def visible_to(self, user: Any) -> QuerySet[Any]:
        """Return the rows that `user` may see."""
        ...

    def editable_by(self, user: Any) -> QuerySet[Any]:
        """Return the rows that `user` may edit."""
        ...


class ScopedMixin:
    """View mixin that limits a view to visible rows, and unsafe methods to editable rows.

    `visible_is_enough` names the viewset actions that need no edit permission on the row, such as enrolling in a course
    or submitting an assignment. True exempts the whole view.
    """

    visible_is_enough: tuple[str, ...] | bool = ()

    def get_queryset(self) -> Any:
        """Return the rows of the view that the user may see."""
        return super().get_queryset().visible_to(self.request.user)  # type: ignore[misc, attr-defined]  # the view behind the mixin

    def get_object(self, *args: Any) -> Any:
        """Return the row that the URL names.

        Raise Http404 if the user may not see it, and PermissionDenied if the request needs edit permission that the
        user lacks. Unsafe methods cost one more query.
        """
        row = super().get_object(*args)  # type: ignore[misc]  # the view behind the mixin
        if self.needs_edit_permission() and not can_edit(row, self.request.user):  # type: ignore[attr-defined]  # the view's request
            raise PermissionDenied(_("You can see this, but you can't change it."))
        return row

    def needs_edit_permission(self) -> bool:
        """Return whether this request requires permission to edit the row that it names."""
        if self.visible_is_enough is True or getattr(self, "action", None) in (self.visible_is_enough or ()):
            return False
        return self.request.method not in SAFE_METHODS  # type: ignore[attr-defined]  # the view's request


class EditableOnlyMixin(ScopedMixin):
    """View mixin for pages that only editors use: a visible row that the user may not edit is a 403 on GET, too."""

    def needs_edit_permission(self) -> bool:
        """Return True: safe methods require the permission as well."""
        return True


def can_edit(row: Model, user: Any) -> bool:
    """Return whether `user` may edit `row`, according to `editable_by` of its model. One query."""
    return type(row)._default_manager.filter(pk=row.pk).editable_by(user).exists()  # type: ignore[attr-defined]  # the model's QuerySet is Scoped


def visible_or_404(queryset: QuerySet[M], user: Any, **lookup: Any) -> M:
    """Return the visible row that `lookup` names; raise Http404 if there is none or the id is malformed.

    Used for ids in a payload, and for the parent of a nested path.
    """
    try:
        return queryset.visible_to(user).get(**lookup)  # type: ignore[attr-defined]  # the model's QuerySet is Scoped
    except (ValueError, ValidationError, ObjectDoesNotExist):
        raise Http404 from None


def editable_or_403(queryset: QuerySet[M], user: Any, **lookup: Any) -> M:
    """Return the row that `lookup` names, if `user` may edit it; raise Http404 or PermissionDenied otherwise."""
    row = visible_or_404(queryset, user, **lookup)
    if not can_edit(row, user):
        raise PermissionDenied(_("You can see this, but you can't change it."))
    return row
