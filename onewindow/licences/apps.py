from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Licences(AppConfig):
    name = "onewindow.licences"
    label = "licences"

    def ready(self) -> None:
        from onewindow.cases import chain, rounds
        from onewindow.licences import actions
        from onewindow.licences.models import Licence
        from onewindow.org import rail
        from onewindow.org.roles import Role

        chain.keep(Licence)
        rounds.every_turn(actions.scan)
        roles = (Role.APPROVER, Role.HEAD, Role.BUREAU, Role.CLERK, Role.HALL_MANAGER)
        rail.add(45, "licences", _("Licences"), "id-card", *roles)
