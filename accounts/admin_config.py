"""Django's admin as an app of ours: the same, with our way in."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Makes `admin.site` ask for the second factor."""

    default_site = "accounts.admin_site.AdminSite"
