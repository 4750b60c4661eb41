from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Cases(AppConfig):
    name = "onewindow.cases"
    verbose_name = _("Cases and clocks")
    label = "cases"

    def ready(self) -> None:
        from onewindow.cases import (
            cards,
            desk,
            followups,  # noqa: F401 – registers what follows from a card
            notices,
        )
        from onewindow.org import rail
        from onewindow.org.roles import Role

        people = (Role.CLERK, Role.APPROVER, Role.HEAD, Role.HALL_MANAGER)
        rail.add(20, "desk", _("My to-do list"), "list-checks", *people, count=desk.waiting)
        rail.add(85, "stand_ins", _("Stand-ins"), "users-round", *people, Role.BUREAU, Role.LEADER)
        rail.add(86, "handovers", _("Hand-over"), "arrow-right-left", *people)
        watched = (*people, Role.BUREAU, Role.LEADER)
        rail.add(35, "cards", _("Cards"), "siren", *watched, count=cards.to_answer)
        rail.add(95, "inbox", pgettext_lazy("inbox", "Notices"), "bell", Role.ADMIN, count=notices.unread)
        rail.add(30, "desk_search", _("Find a case"), "files", *people, Role.BUREAU, Role.LEADER)
