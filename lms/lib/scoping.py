"""Who may see and change what, decided once: by the model's `visible_to(user)` and `editable_by(user)`.

One mixin serves DRF viewsets and generic views alike. What is not visible is 404, with the same body as an unknown id;
what is visible but not editable is 403 (DESIGN.md, "An app", 3).
"""

from typing import Any, Protocol, TypeVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

M = TypeVar("M", bound=Model)


class Scoped(Protocol):
    """A QuerySet that knows who may see and who may change its rows; anonymous users included."""

    def visible_to(self, user: Any) -> QuerySet[Any]:
        """Return the rows that `user` may see."""
        ...

    def editable_by(self, user: Any) -> QuerySet[Any]:
        """Return the rows that `user` may change."""
        ...


class ScopedMixin:
    """Narrows a view to the rows its user may see, and unsafe methods to those they may change.

    `visible_is_enough` names the viewset actions (or is True for a whole view) that act on something the user need only
    see: enrolling in a course, handing in an assignment.
    """

    visible_is_enough: tuple[str, ...] | bool = ()

    def get_queryset(self) -> Any:
        """Return the view's rows that this request's user may see."""
        return super().get_queryset().visible_to(self.request.user)  # type: ignore[misc, attr-defined]  # the view behind the mixin

    def get_object(self, *args: Any) -> Any:
        """Return the row that the URL names; raise Http404 when it is not visible, PermissionDenied when it is but may
        not be changed. Costs one query more for unsafe methods."""
        row = super().get_object(*args)  # type: ignore[misc]  # the view behind the mixin
        if self.changes_row() and not may_edit(row, self.request.user):  # type: ignore[attr-defined]  # the view's request
            raise PermissionDenied(_("You may see this, but not change it."))
        return row

    def changes_row(self) -> bool:
        """Return whether this request needs the right to change the row that it names."""
        if self.visible_is_enough is True or getattr(self, "action", None) in (self.visible_is_enough or ()):
            return False
        return self.request.method not in SAFE_METHODS  # type: ignore[attr-defined]  # the view's request


class EditableOnlyMixin:
    """For pages that only an editor has any use for: what is visible but not editable is 403 on GET, too."""

    def get_queryset(self) -> Any:
        """Return the view's rows that this request's user may see."""
        return super().get_queryset().visible_to(self.request.user)  # type: ignore[misc, attr-defined]  # the view behind the mixin

    def get_object(self, *args: Any) -> Any:
        """Return the row that the URL names, if it may be changed; raise Http404 or PermissionDenied otherwise."""
        row = super().get_object(*args)  # type: ignore[misc]  # the view behind the mixin
        if not may_edit(row, self.request.user):  # type: ignore[attr-defined]  # the view's request
            raise PermissionDenied(_("You may see this, but not change it."))
        return row


def may_edit(row: Model, user: Any) -> bool:
    """Return whether `user` may change `row`, as its model's `editable_by` says. One query."""
    return type(row)._default_manager.filter(pk=row.pk).editable_by(user).exists()  # type: ignore[attr-defined]  # the model's QuerySet is Scoped


def visible_or_404(queryset: QuerySet[M], user: Any, **lookup: Any) -> M:
    """Return the one visible row that `lookup` names; raise Http404 when there is none, or when the id has the wrong
    form. For ids in a payload, and for what a nested path hangs on."""
    try:
        return queryset.visible_to(user).get(**lookup)  # type: ignore[attr-defined]  # the model's QuerySet is Scoped
    except (ValueError, ValidationError, ObjectDoesNotExist):
        raise Http404 from None


def editable_or_403(queryset: QuerySet[M], user: Any, **lookup: Any) -> M:
    """Return the one row that `lookup` names, if `user` may change it; raise Http404 or PermissionDenied otherwise."""
    row = visible_or_404(queryset, user, **lookup)
    if not may_edit(row, user):
        raise PermissionDenied(_("You may see this, but not change it."))
    return row
