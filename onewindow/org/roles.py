"""Which roles exist: a code, a name and one sentence each. A person holds a role only through a dated Post."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    CLERK = "clerk", _("Window clerk")
    APPROVER = "approver", _("Approver")
    HEAD = "head", _("Head of department")
    HALL_MANAGER = "hall_manager", _("Hall manager")
    BUREAU = "bureau", _("Business-environment bureau")
    LEADER = "leader", _("City leader")
    ENTERPRISE = "enterprise", _("Enterprise")
    ADMIN = "admin", _("IT administrator")


#: What each role is there for, as shown on the start page and in the reference.
SENTENCES = {
    Role.CLERK: _("Takes applications in at the windows of one hall and hands the results out."),
    Role.APPROVER: _("Examines and decides the applications of one department."),
    Role.HEAD: _("Heads a department: decides like an approver and alone may extend a limit, once."),
    Role.HALL_MANAGER: _("Runs one hall: its windows, devices and mistakes made at the counter."),
    Role.BUREAU: _(
        "Answers for the business environment: sees every matter and every verdict, decides none."
    ),
    Role.LEADER: _("Sees figures and what is stuck, across the city."),
    Role.ENTERPRISE: _("Follows the applications of one enterprise."),
    Role.ADMIN: _("Looks after accounts, items, calendar and settings; sees no case."),
}

#: Roles that need a second factor (GB/T 22239-2019 8.1.4.1: two factors for those who can do great harm).
PRIVILEGED = {Role.HEAD, Role.HALL_MANAGER, Role.BUREAU, Role.LEADER, Role.ADMIN}

#: Roles that work inside the government (everyone but enterprises).
STAFF = set(Role) - {Role.ENTERPRISE}
