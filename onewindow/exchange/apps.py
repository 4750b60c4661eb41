from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Exchange(AppConfig):
    name = "onewindow.exchange"
    label = "exchange"

    def ready(self) -> None:
        from onewindow.exchange.log import waiting
        from onewindow.org import rail
        from onewindow.org.roles import Role

        people = (Role.CLERK, Role.APPROVER, Role.HEAD, Role.BUREAU, Role.ADMIN)
        rail.add(75, "datasets", _("Shared data"), "database", *people, count=waiting)
