from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Board(AppConfig):
    name = "onewindow.board"
    label = "board"

    def ready(self) -> None:
        from onewindow.board import stats  # noqa: F401 – registers figures
        from onewindow.org import rail
        from onewindow.org.roles import Role

        rail.add(
            5, "board", _("Overview"), "chart-column", Role.LEADER, Role.BUREAU, Role.HALL_MANAGER, Role.HEAD
        )
        rail.add(80, "mine", _("My figures"), "chart-no-axes-column", Role.CLERK, Role.APPROVER, Role.HEAD)
