"""Django's admin as an app of ours: the same, with our way in and our front page."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Makes `admin.site` ask for the second factor, and open with the dashboard."""

    default_site = "lms.staff.site.AdminSite"
