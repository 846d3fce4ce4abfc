"""What a role lets people do, in the words of Django's permissions."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Permission

from accounts.models import Role, has_role

ADMINISTRATORS = "Administrator"


class AdministratorBackend(BaseBackend):
    """Gives everybody with the role `admin` the permissions of the group of administrators.

    So the role alone decides, and no membership can be forgotten when somebody gets the role or loses it.
    """

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return the permissions as "app.codename". One query for each user object."""
        if obj is not None or not user_obj.is_active or not has_role(user_obj, Role.ADMIN):
            return set()
        if not hasattr(user_obj, "_administrator_permissions"):
            found = Permission.objects.filter(group__name=ADMINISTRATORS)
            names = found.order_by().values_list("content_type__app_label", "codename")
            user_obj._administrator_permissions = {f"{app}.{codename}" for app, codename in names}
        granted: set[str] = user_obj._administrator_permissions
        return granted

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Return whether any permission of an app is among them."""
        return any(name.startswith(f"{app_label}.") for name in self.get_all_permissions(user_obj))
