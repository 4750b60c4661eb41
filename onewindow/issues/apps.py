from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class Issues(AppConfig):
    name = "onewindow.issues"
    label = "issues"
    verbose_name = _("Issues")

    def ready(self) -> None:
        from onewindow.cases.desk import show
        from onewindow.cases.models import KEPT_FROM_SOME
        from onewindow.issues import ladder, panel, reactions, weekly  # noqa: F401 – what it climbs, shows, what follows
        from onewindow.issues.desk import Issues as Shown
        from onewindow.issues.models import Issue
        from onewindow.org import rail
        from onewindow.org.roles import Role

        show(Shown())
        KEPT_FROM_SOME[Issue.PREFIX] = Issue.objects.seen_by
        working = (Role.APPROVER, Role.HEAD, Role.BUREAU, Role.LEADER, Role.HALL_MANAGER)
        rail.add(30, "issues", _("Issues"), "message-square-warning", *working)
        rail.add(31, "issue_register", _("Could not be done"), "octagon-alert", Role.CLERK, Role.HALL_MANAGER)
        rail.add(32, "refusals", _("When we say no"), "ban", Role.CLERK, Role.HALL_MANAGER, Role.BUREAU)
