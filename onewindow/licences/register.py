"""Reading the register: its list for staff, one entry with its history, and the check by code for everybody."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onewindow.cases import instant, numbers, timeline
from onewindow.cases.models import Event
from onewindow.cases.rules import By
from onewindow.licences.models import CANCEL_REASONS, PLAIN, Licence, State
from onewindow.org.sealed import digest
from onewindow.org.templatetags.ow import day_long

PAGE = 50
MOST_COUNTED = 10_000
SAID = {
    "grant": gettext_lazy("Granted"),
    "renew": gettext_lazy("Renewed"),
    "change": gettext_lazy("Changed"),
    "suspend": gettext_lazy("Put on hold"),
    "restore": gettext_lazy("In force again"),
    "revoke": gettext_lazy("Revoked with its decision (行政许可法 69)"),
    "cancel": gettext_lazy("Struck off (行政许可法 70)"),
    "expire": gettext_lazy("Validity over"),
    "expiring": gettext_lazy("The holder was reminded of the end"),
}


class Page(NamedTuple):
    rows: Sequence[Licence]
    next: str


def select(person: By, given: Mapping[str, Any], text: str = "") -> Any:
    """The entries that were asked for, within what this person may see; the newest first."""
    found = Licence.objects.seen_by(person).with_facts().defer("id_number")
    if given.get("state"):
        found = found.filter(state=given["state"])
    if given.get("office"):
        found = found.filter(office__code=given["office"])
    if given.get("within"):
        today = timezone.localdate(instant.now())
        last = today + dt.timedelta(days=int(given["within"]))
        found = found.filter(state=State.VALID, valid_to__gte=today, valid_to__lte=last)
    if text:
        found = meant(found, text)
    return found.order_by("-id")


def meant(found: Any, text: str) -> Any:
    """A number of a licence or application, an identity number or credit code, else a whole name: all exact."""
    if number := numbers.clean(text):
        return found.filter(number=number) if number[0] == "L" else found.filter(application=number)
    bare = re.sub(r"[\s\-–—]", "", text).upper()
    if re.fullmatch(r"[0-9A-Z]{8,}", bare) and any(c.isdigit() for c in bare):
        return found.filter(id_digest=digest(bare))
    return found.filter(holder_name=text.strip())


def page(person: By, given: Mapping[str, Any], text: str = "", cursor: str = "") -> Page:
    """One page, walked by key."""
    found = select(person, given, text)
    if cursor.isdecimal() and len(cursor) < 19:
        found = found.filter(id__lt=int(cursor))
    rows = list(found[: PAGE + 1])
    return Page(rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else "")


def count(person: By, given: Mapping[str, Any], text: str = "") -> int:
    """How many entries were asked for; ``MOST_COUNTED + 1`` for more than that, so that it costs the same for ever."""
    return len(select(person, given, text).order_by().values_list("pk")[: MOST_COUNTED + 1])


def find(number: str, person: By) -> Licence | None:
    """One entry; absent and not this person's to see are the same."""
    return Licence.objects.seen_by(person).with_facts().filter(number=numbers.clean(number)).first()


def by_code(code: str) -> Licence | None:
    """The entry of a verification code, as typed from paper."""
    given = re.sub(r"[\s\-–—]", "", code).upper()
    if len(given) != 10 or set(given) - set(PLAIN):
        return None
    return Licence.objects.with_facts().filter(verify_code=given).first()


def events(licence: Licence) -> list[Event]:
    """Everything that happened to it, first to last."""
    return list(Event.objects.of(licence.number))


def history(licence: Licence) -> list[dict[str, Any]]:
    """Lines for ``parts/timeline.html``, the newest first."""
    happened = events(licence)
    names = timeline.people({e.by for e in happened})
    rows = []
    for e in happened:
        title, note = sentence(e)
        bad = e.verb in ("revoke", "cancel", "expire", "suspend")
        rows.append(
            {
                "title": title,
                "note": note,
                "at": e.at,
                "by": timeline.who(e, names),
                "state": "bad" if bad else "done",
            }
        )
    return rows[::-1]


def sentence(event: Event) -> tuple[Any, str]:
    """An event in words, and a note."""
    data, note = event.data, event.data.get("reason", "")
    match event.verb:
        case "grant" | "renew" if data.get("valid_to"):
            note = _("valid to %(day)s") % {"day": day_long(dt.date.fromisoformat(data["valid_to"]))}
        case "expiring":
            note = _("%(n)d days before the end") % {"n": data["days"]}
        case "cancel":
            ground = str(CANCEL_REASONS.get(data.get("reason_code", ""), ""))
            note = f"{ground} {note}".strip()
    return SAID.get(event.verb, event.verb), note
