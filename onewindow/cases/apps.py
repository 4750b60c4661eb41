from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Cases(AppConfig):
    name = "onewindow.cases"
    label = "cases"

    def ready(self) -> None:
        from onewindow.cases import desk
        from onewindow.org import rail
        from onewindow.org.roles import Role

        people = (Role.CLERK, Role.APPROVER, Role.HEAD, Role.HALL_MANAGER)
        rail.add(20, "desk", _("My to-do list"), "list-checks", *people, count=desk.waiting)
        rail.add(30, "desk_search", _("Find a case"), "files", *people, Role.BUREAU, Role.LEADER)
