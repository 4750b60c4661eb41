from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Org(AppConfig):
    name = "onewindow.org"
    verbose_name = _("Organisation")
    label = "org"
