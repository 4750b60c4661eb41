"""``django.contrib.admin`` with our site in place of its own (apart: the site needs models, this is read before them)."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "onewindow.config.admin_site.StaffAdminSite"
