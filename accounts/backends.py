"""An authentication backend that derives permissions from roles."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Permission

from accounts.models import Role, has_role

ADMINISTRATORS = "Administrator"


class AdministratorBackend(BaseBackend):
    """Grants the permissions of the Administrator group to every user with the role `admin`.

    The role alone decides, so no group membership has to be kept in sync with it.
    """

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the permissions as "app.codename". One query for each user object."""
        if obj is not None or not user_obj.is_active or not has_role(user_obj, Role.ADMIN):
            return set()
        if not hasattr(user_obj, "administrator_permissions"):
            found = Permission.objects.filter(group__name=ADMINISTRATORS)
            names = found.order_by().values_list("content_type__app_label", "codename")
            user_obj.administrator_permissions = {f"{app}.{codename}" for app, codename in names}
        granted: set[str] = user_obj.administrator_permissions
        return granted

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Return whether the user has any permission of an app."""
        return any(name.startswith(f"{app_label}.") for name in self.get_all_permissions(user_obj))
