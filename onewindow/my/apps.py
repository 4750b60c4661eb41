from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class My(AppConfig):
    name = "onewindow.my"
    label = "my"

    def ready(self) -> None:
        from onewindow.cases import desk
        from onewindow.exchange import models as exchange
        from onewindow.licences import models as licences
        from onewindow.my import overview, reactions, rules
        from onewindow.org import rail
        from onewindow.org.roles import Role
        from onewindow.window import models, ways
        from onewindow.window.reactions import ROADS

        models.SEEN_BESIDES.append(rules.seen)
        licences.SEEN_BESIDES.append(rules.seen_licences)
        exchange.SEEN_BESIDES.append(rules.seen_materials)
        ways.PANELS.append(overview.status_panel)
        desk.PANELS.append(overview.case_panel)
        ROADS.insert(0, reactions.roads)
        staff = (Role.CLERK, Role.HALL_MANAGER, Role.APPROVER, Role.HEAD)
        rail.add(25, "questions", _("Questions"), "message-circle-question-mark", *staff)
