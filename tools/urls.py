"""URLs under /dev/."""

from django.urls import path

from tools import views

urlpatterns = [
    path("components/", views.components, name="dev_components"),
    path("mail/", views.mail_list, name="dev_mail"),
    path("mail/kinds/<slug:kind>/", views.mail_kind, name="dev_mail_kind"),
    path("mail/kinds/<slug:kind>/html/", views.mail_kind_html, name="dev_mail_kind_html"),
    path("mail/<str:name>/", views.mail_detail, name="dev_mail_detail"),
    path("mail/<str:name>/html/", views.mail_html, name="dev_mail_html"),
]
