from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Voice(AppConfig):
    name = "onewindow.voice"
    verbose_name = _("Reviews and evaluators")
    label = "voice"

    def ready(self) -> None:
        from onewindow.org import rail
        from onewindow.org.roles import Role
        from onewindow.voice import (  # noqa: F401 – registers what follows, and what is shown
            device_panel,
            kiosks,
            province,
            reactions,
            sealing,
            stuck_tickets,
            visit_panel,
            visit_views,
            watch,
        )

        rail.add(60, "reviews", _("Reviews"), "star", Role.BUREAU, Role.LEADER, Role.HALL_MANAGER, Role.HEAD)
        rail.add(70, "devices", _("Devices"), "tablet", Role.HALL_MANAGER, Role.BUREAU, Role.ADMIN)
