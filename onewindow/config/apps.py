from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Config(AppConfig):
    name = "onewindow.config"
    label = "config"

    def ready(self) -> None:
        from onewindow.org import rail
        from onewindow.org.roles import Role

        rail.add(90, "admin:index", _("Administration"), "settings", Role.ADMIN)
        rail.add(91, "sign_in_history", _("Sign-in history"), "history", Role.ADMIN)
