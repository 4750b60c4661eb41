from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Walks(AppConfig):
    name = "onewindow.walks"
    label = "walks"

    def ready(self) -> None:
        from onewindow.issues import origins
        from onewindow.org import rail
        from onewindow.org.roles import Role
        from onewindow.walks import figures  # noqa: F401 – registers a figure

        origins.add(origins.Origin("walk", _("Leader's walk"), icon="footprints"))
        rail.add(
            33,
            "walks",
            _("Leaders' walks"),
            "footprints",
            Role.LEADER,
            Role.BUREAU,
            Role.HEAD,
            Role.HALL_MANAGER,
        )
