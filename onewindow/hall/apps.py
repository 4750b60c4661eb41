from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class HallConfig(AppConfig):
    name = "onewindow.hall"
    label = "hall"
    verbose_name = _("Halls")

    def ready(self) -> None:
        from onewindow.hall import figures, reactions, rounds, speech, strip  # noqa: F401 – declares what follows
        from onewindow.org import rail
        from onewindow.org.roles import Role

        rail.add(12, "hall_queue", pgettext_lazy("menu", "Queue"), "ticket", Role.CLERK)
        rail.add(9, "hall_desk", _("Hall"), "building-2", Role.HALL_MANAGER, Role.BUREAU, Role.LEADER)
