"""What the applicant was told: on the case page for those who work on it, and an alarm where nobody could be reached."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases import channels, desk
from onewindow.cases.models import Message
from onewindow.cases.notices import bilingual, say
from onewindow.cases.notices import tell as tell_staff
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.window import staff
from onewindow.window.models import Application

SHOWN = 20
LINK = re.compile(r"https?://\S+")
ROADS = {"email": _("E-mail"), channels.PAGE_CHANNEL: _("Own page")}

say(
    "application.unreached",
    _("%(matter)s: the applicant could not be reached by message. Please call."),
    icon="phone-off",
)


@dataclass(frozen=True)
class Line:
    """One message as staff see it: without the link, which opens the case for its holder alone."""

    message: Message
    text: str
    road: Any

    @property
    def tone(self) -> str:
        m = self.message
        return "r" if m.gave_up_at else "g" if m.sent_at else "a"

    @property
    def state(self) -> Any:
        m = self.message
        if m.gave_up_at:
            return _("did not arrive: please call")
        if m.delivered_at:
            return _("arrived")
        if m.sent_at:
            return pgettext_lazy("message", "sent")
        return _("being tried again") if m.attempts else pgettext_lazy("message", "waiting")


def lines(number: str) -> list[Line]:
    """The messages about one case, the newest first."""
    rows = list(Message.objects.filter(number=number).order_by("-id")[:SHOWN])
    away = {(m.event_seq, m.template) for m in rows if m.channel != channels.PAGE_CHANNEL}
    return [
        Line(m, LINK.sub("", m.body).strip(), ROADS.get(m.channel, _("Text message")))
        for m in rows
        # the copy on the own page is worth a line only where nothing left the house
        if m.channel != channels.PAGE_CHANNEL or (m.event_seq, m.template) not in away
    ]


def panel(a: Any, person: Person) -> tuple[str, dict[str, Any]] | None:
    """The part of the case page, for those who work on it."""
    if a.PREFIX != "A" or not desk.of(a).may_look(a, person):
        return None
    found = lines(a.number)
    return ("window/told.html", {"lines": found}) if found else None


def nobody_there(message: Message) -> None:
    """Whoever can't be reached would hear of nothing: the hall's manager is told, once a message; without a hall the
    department."""
    a = Application.objects.with_facts().filter(number=message.number).first() if message.number else None
    if a is None or message.channel == channels.PAGE_CHANNEL:
        return
    told = staff.of_hall(a.hall_id, Role.HALL_MANAGER) or staff.of_office(
        a.office_id, Role.APPROVER, Role.HEAD
    )
    tell_staff(
        told,
        "application.unreached",
        number=a.number,
        key=f"{a.number} {message.pk}",
        matter=bilingual(a.item),
    )
