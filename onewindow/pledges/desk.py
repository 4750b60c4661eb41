"""承诺 on the desk: which ones wait for whom, how one looks, and what its events say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onewindow.cases import desk, numbers
from onewindow.cases.models import Event
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import limit, local
from onewindow.pledges.forms import FORMS
from onewindow.pledges.models import Kind, Status

if TYPE_CHECKING:
    from onewindow.org.models import Person

S = Status
SOON = ("amber", "yellow")

SAID = {
    "make_good": gettext_lazy("Supplied"),
    "check": gettext_lazy("Checked: the commitment holds"),
    "breach": gettext_lazy("Found broken"),
    "state": gettext_lazy("The party stated its case"),
    "clear": gettext_lazy("Cleared: not broken after all"),
    "enforce": gettext_lazy("The consequence was drawn"),
    "lapse": gettext_lazy("No longer owed: the application has ended"),
    "reclock": gettext_lazy("Deadline worked out anew on the new calendar"),
}
LIGHTS = {
    "green": gettext_lazy("On time again"),
    "amber": gettext_lazy("Due soon: the applicant is reminded"),
    "yellow": gettext_lazy("The day has passed"),
}


class Pledges(desk.Kind):
    """承诺."""

    prefix = "C"
    template = "pledges/pledge_facts.html"
    forms = FORMS
    first = ("make_good", "check")
    grave = frozenset({"breach"})

    def waiting(self, person: Person) -> Q:
        """At the window: materials that are nearly due or late (a call helps). At the department: commitments to check,
        materials that did not come, and what was found broken."""
        mine = Q(pk__in=[])
        if halls := person.halls_as(Role.CLERK):
            mine |= Q(hall_id__in=halls, kind=Kind.DEFERRAL, status=S.PROMISED, light__in=SOON)
        if offices := person.offices_as(Role.APPROVER, Role.HEAD):
            late = Q(kind=Kind.DEFERRAL, status=S.PROMISED, light__in=SOON[1:])
            check = Q(kind=Kind.COMMITMENT, status=S.PROMISED)
            mine |= Q(office_id__in=offices) & (late | check | Q(status=S.BROKEN))
        return mine

    def meant(self, text: str, show: str) -> Q:
        """Its own number or that of its application."""
        if number := numbers.clean(text):
            return Q(number=number) | Q(application=number)
        bare = re.sub(r"[\s\-–—]", "", text).upper()
        if re.fullmatch(r"[A-Z]?\d{4,}", bare) and show != desk.ALL:
            return Q(number__contains=bare) | Q(application__contains=bare)
        return Q(pk__in=[])

    def narrow(self, cleaned: Mapping[str, Any]) -> Q:
        """The filters of applications that mean something here; the others leave nothing."""
        named = {"item": "item__code", "hall": "hall__code", "office": "office__code"}
        if any(value for name, value in cleaned.items() if name not in named):
            return Q(pk__in=[])
        return Q(**{named[name]: value for name, value in cleaned.items() if value})

    def rows(self, cases: QuerySet) -> QuerySet:
        return cases.select_related("office", "item", "hall")

    def title(self, case: Any) -> str:
        to_do = _("To follow: %(what)s") if case.is_deferral else _("Commitment: %(what)s")
        return to_do % {"what": local(case)}

    def line(self, case: Any) -> str:
        return local(case.item)

    def may_look(self, case: Any, person: Person) -> bool:
        at_hall = case.hall_id in person.halls_as(Role.CLERK, Role.HALL_MANAGER)
        return at_hall or case.office_id in person.offices_as(Role.APPROVER, Role.HEAD)

    def clock_name(self, case: Any) -> str:
        if case.status == S.BROKEN:
            return _("The party may state its case")
        return _("Bring it") if case.is_deferral else _("Check it")

    def page(self, case: Any, person: Person) -> dict[str, Any]:
        return {"pledge": case, "waits_for_head": case.status == S.BROKEN}

    def sentence(self, event: Event) -> tuple[Any, Any]:
        data, note = event.data, ""
        match event.verb:
            case "promise":
                deferral = data.get("pledge") == Kind.DEFERRAL
                title = _("Put off: to follow later") if deferral else _("Promised in writing")
                note = _("within %(limit)s") % {"limit": limit(data["promised"])}
            case "light":
                title = LIGHTS.get(data["light"], data["light"])
            case _:
                title = SAID.get(event.verb, event.verb)
        return title, note
