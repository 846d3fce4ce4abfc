"""App config that replaces the default admin site."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Django's admin with the site of this project: a second factor is required, and the index is the dashboard."""

    default_site = "lms.admin_dashboard.site.AdminSite"
