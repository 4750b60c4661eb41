"""What follows from a card: the holders of its posts are told; where there is nobody, that itself is an alarm."""

from __future__ import annotations

from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from onewindow.cases.flow import FLOWS
from onewindow.cases.ladder import holders
from onewindow.cases.models import Card, CardCode, Event
from onewindow.cases.notices import bilingual, say, tell
from onewindow.cases.reactions import on
from onewindow.cases.rows import prepared
from onewindow.org.models import Person
from onewindow.org.roles import Role


def _still_late(case: Any, notice: Any) -> bool:
    """The clock that the card was given to runs on: what was decided has another one, of whoever hands it out."""
    same = notice.data.get("clock") in (None, str(case.clock_from))
    return case.is_open and case.clock_ended_at is None and same


CARDS = {
    CardCode.YELLOW: (_("Yellow card, %(unit)s: %(matter)s has passed its promise"), "hourglass"),
    CardCode.RED: (_("Red card, %(unit)s: %(matter)s has passed the lawful limit"), "siren"),
    CardCode.SUPERVISE: (_("Supervision, %(unit)s: %(matter)s is late and still open"), "megaphone"),
    CardCode.NOTICE: (_("Notice of criticism, %(unit)s: %(matter)s is late and still open"), "megaphone"),
    CardCode.TRANSFER: (_("Transferred to you, %(unit)s: %(matter)s is late and still open"), "flag"),
}
for code, (text, icon) in CARDS.items():
    say(f"card.{code}", text, icon, while_=_still_late)
say(
    "assigned",
    _("%(by)s has given you the matter %(matter)s"),
    "user-round-check",
    while_=lambda case, notice: case.is_open and case.handler_id == notice.person_id,
)
say(
    "nobody",
    _("Nobody holds the post “%(role)s” at %(unit)s: what should be told there reaches nobody"),
    "user-round-x",
)


def role_names(role: str) -> dict[str, str]:
    """A role's name in both languages, for a notice."""
    label = Role(role).label
    with translation.override("zh-hans"):
        chinese = str(label)
    with translation.override("en"):
        return {"name": chinese, "name_en": str(label)}


@prepared
def _card(number: str, seq: int) -> Any:
    """Key, matter, clock and unit of the card that an event has issued."""
    unit = ("name", "name_en", "code")
    names = [f"{part}__{name}" for part in ("hall", "office") for name in unit]
    return (
        Card.objects.filter(number=number, event_seq=seq)
        .order_by()
        .values_list("pk", "title", "clock_from", *names)
    )


@prepared
def _working(username: str) -> Any:
    return Person.objects.filter(username=username, is_active=True).order_by().values_list("pk")


@on("*.card")
def tell_of_card(event: Event) -> None:
    """Tells those named on the card; raises the alarm for each post that nobody holds. In a storm there are as many as cases:
    its questions are compiled once."""
    ((pk, title, since, *units),) = _card(event.number, event.seq)
    name, name_en, code = units[:3] if units[2] else units[3:]
    unit = {"name": name, "name_en": name_en}
    people = [key for username in event.data["told"] for (key,) in _working(username)]
    tell(
        people, f"card.{event.data['card']}", key=str(pk), number=event.number, matter=title, unit=unit,
        clock=str(since),
    )  # fmt: skip
    for role in event.data.get("untold", ()):
        alarm(role, unit, f"{code} {role} {timezone.localdate(event.at)}")


def alarm(role: str, unit: dict[str, str], key: str) -> None:
    """Tells bureau and administration, once a day, that a post stands empty."""
    facts: dict[str, Any] = {"unit": unit, "role": role_names(role)}
    tell(holders(Role.BUREAU), "nobody", key=key, url="/desk/cards/?state=untold", **facts)
    tell(holders(Role.ADMIN), "nobody", key=key, url="/admin/org/person/", **facts)


@on("*.assign")
def tell_of_assignment(event: Event) -> None:
    """Tells whoever was given a case by somebody else; a signed hand-over has been read anyway."""
    to = event.data.get("handler", "")
    if not to or to == event.by or event.data.get("handover"):
        return
    model = FLOWS[event.number[:1]].model
    assert model is not None
    title = model._base_manager.values_list("title", flat=True).get(number=event.number)
    by = Person.objects.get(username=event.by)
    key = f"{event.number} {event.seq}"
    people = Person.objects.filter(username=to)
    tell(people, "assigned", key=key, number=event.number, by=bilingual(by), matter=title)
