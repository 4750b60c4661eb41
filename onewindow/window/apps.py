from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Window(AppConfig):
    name = "onewindow.window"
    verbose_name = _("Applications and papers")
    label = "window"

    def ready(self) -> None:
        from onewindow.cases import channels, desk
        from onewindow.cases.desk import show
        from onewindow.org import rail
        from onewindow.org.roles import Role
        from onewindow.window import (  # noqa: F401 – declares the steps and what follows
            actions,
            afterwards,
            impact,
            joint_steps,
            kept,
            kept_letters,
            licence_reactions,
            pace,
            pledge_reactions,
            procedures,
            publicity,
            reactions,
            told,
            workbench,
        )
        from onewindow.window.desk import Applications

        import_module(
            "onewindow.window.joint_reactions"
        )  # after every step, for it follows all that end a case
        show(Applications())
        desk.PANELS.append(told.panel)
        channels.UNREACHED.append(told.nobody_there)
        rail.add(70, "publicity", _("Publicity"), "megaphone", Role.HEAD, Role.APPROVER, Role.BUREAU)
        both = (Role.BUREAU, Role.LEADER, Role.HALL_MANAGER, Role.HEAD)
        rail.add(40, "returns", _("Returns"), "undo-2", *both)
        rail.add(8, "workbench", pgettext_lazy("workbench", "Today"), "sunrise", Role.CLERK)
        rail.add(15, "handouts", _("Hand-outs"), "package-check", Role.CLERK)
        rail.add(10, "counter", _("Counter"), "clipboard-check", Role.CLERK)
        rail.add(11, "counter_together", _("One thing"), "layers", Role.CLERK)
