"""What a holder has here: licences, the library of materials with each use of them, and who asked registers about him."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from onewindow.cases import instant, numbers
from onewindow.exchange.models import Call, Material, Origin, Outcome, Reuse, holders_seen_by
from onewindow.licences import actions as licences
from onewindow.licences import register
from onewindow.licences.models import Licence, State
from onewindow.my import rules
from onewindow.org.models import Office, Person
from onewindow.org.templatetags.ow import day_long
from onewindow.window.models import Application

PAGE = 20
#: calls to registers that are shown without asking for more
CALLS = 20


# --- licences ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A licence as its holder sees it. ``left``: days to its end, if that is near; ``whose``: masked, if it is another's."""

    licence: Licence
    label: str
    whose: str
    left: int | None
    ask_by: dt.date | None
    pending: str

    @property
    def is_ending(self) -> bool:
        return self.left is not None

    @property
    def is_in_time(self) -> bool:
        """Whether the law still renews by silence what is asked for today (行政许可法 50)."""
        return self.ask_by is not None and today() <= self.ask_by


def today() -> dt.date:
    return timezone.localdate(instant.now())


def ordered(person: Person, holder: rules.Holder | None = None) -> QuerySet[Licence]:
    """All licences that this person may see, those in force that end first on top, then those without end, then the rest."""
    rows = Licence.objects.seen_by(person)
    if holder is not None:
        rows = rows.filter(id_digest=holder.digest)
    first, then = F("ended_at").asc(nulls_first=True), F("valid_to").asc(nulls_last=True)
    return rows.with_facts().order_by(first, then, "-id")


def shown(rows: Iterable[Licence], person: Person) -> list[Held]:
    """The lines of the list; one query for all renewals under way."""
    found = list(rows)
    asked = Application.objects.seen_by(person).open().filter(renews__in=[x.number for x in found]).order_by()
    pending = dict(asked.values_list("renews", "number"))
    return [_held(x, person, pending.get(x.number, "")) for x in found]


def _held(x: Licence, person: Person, pending: str) -> Held:
    holder = rules.holder_of(person, x)
    left = (x.valid_to - today()).days if x.valid_to and x.state == State.VALID else None
    near = left is not None and left <= licences.ALERT_DAYS[0]
    return Held(
        licence=x,
        label=str(State(x.state).label),
        whose=holder.masked if holder is not None and holder.ground != "self" else "",
        left=left if near else None,
        ask_by=licences.ask_by(x),
        pending=pending,
    )


def licence(person: Person, number: str) -> Held | None:
    """One licence with what can be done."""
    found = Licence.objects.seen_by(person).with_facts().filter(number=numbers.clean(number)).first()
    return shown([found], person)[0] if found else None


def ending(person: Person) -> list[Held]:
    """Licences that end soon and whose renewal nobody has asked for yet."""
    last = today() + dt.timedelta(days=licences.ALERT_DAYS[0])
    rows = Licence.objects.seen_by(person).in_force().with_facts()
    near = rows.filter(valid_to__gte=today(), valid_to__lte=last).order_by("valid_to", "id")[:PAGE]
    return [held for held in shown(near, person) if not held.pending] if near else []


def can_renew(held: Held) -> bool:
    """Whether its holder can ask for the renewal online now."""
    x, item = held.licence, licences.renewal_item(held.licence)
    lasts = x.valid_to is not None and x.state in (State.VALID, State.SUSPENDED)
    return (
        lasts
        and not held.pending
        and item.current is not None
        and item.current.is_online
        and not item.is_closed
    )


def history(x: Licence) -> list[dict[str, Any]]:
    """What happened to it, without the names of staff."""
    return [row | {"by": ""} for row in register.history(x)]


# --- the library -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A material of the library as its holder sees it, with the cases in which it was not asked for again."""

    material: Material
    state: str
    words: str
    whose: str
    uses: list[tuple[Reuse, Office | None]] = field(default_factory=list)

    @property
    def is_usable(self) -> bool:
        return self.state == "usable"

    @property
    def may_forget(self) -> bool:
        """What was handed in is offered again with consent only; consent can be taken back (个人信息保护法 15)."""
        return self.is_usable and self.material.origin == Origin.HANDED_IN


def library(person: Person, holder: rules.Holder | None = None) -> QuerySet[Material]:
    """The materials held of this person and the enterprises he acts for, the newest first. Extracts serve the one matter for
    which they were fetched; they stand among the calls."""
    rows = Material.objects.seen_by(person).filter(replaced_by__isnull=True).exclude(origin=Origin.EXTRACT)
    if holder is not None:
        rows = rows.filter(holder_digest=holder.digest)
    return rows.select_related("attachment", "dataset").order_by("-issued_on", "-id")


def kept(rows: Iterable[Material], person: Person) -> list[Kept]:
    """The lines of the page; the uses and the offices in one query each."""
    found = list(rows)
    uses: dict[int, list[Reuse]] = {}
    for use in Reuse.objects.filter(material__in=[m.pk for m in found]).order_by("-at", "-id"):
        uses.setdefault(use.material_id, []).append(use)
    offices = {
        o.code: o for o in Office.objects.filter(code__in={u.office for us in uses.values() for u in us})
    }
    names = {h.digest: h.masked for h in rules.holders(person) if h.ground != "self"}
    lines = []
    for m in found:
        state, words = _state(m)
        used = [(u, offices.get(u.office)) for u in uses.get(m.pk, [])]
        lines.append(Kept(m, state, words, names.get(m.holder_digest, ""), used))
    return lines


def _state(m: Material) -> tuple[str, str]:
    if m.revoked_at:
        return "gone", _("no longer used")
    if m.valid_until and m.valid_until < today():
        return "over", _("expired on %(day)s") % {"day": day_long(m.valid_until)}
    if m.valid_until:
        return "usable", _("can be used again until %(day)s") % {"day": day_long(m.valid_until)}
    return "usable", _("can be used again")


def material(person: Person, key: str) -> Material | None:
    """One material of the library by its key, with what is needed to show it."""
    rows = Material.objects.seen_by(person).filter(key=key)
    return rows.select_related("attachment", "dataset__owner").first()


# --- who asked ---------------------------------------------------------------------------------------------


def calls(person: Person, most: int = CALLS) -> list[tuple[Call, Office | None, str]]:
    """Which registers were asked about this person, by which office, for which case, with the key of the extract; the newest
    first (个人信息保护法 17, 44, 45: everybody may know what is done with his data)."""
    rows = Call.objects.filter(subject_digest__in=holders_seen_by(person)).exclude(outcome=Outcome.REFUSED)
    found = list(rows.select_related("dataset__owner").order_by("-at", "-id")[:most])
    offices = {o.code: o for o in Office.objects.filter(code__in={c.office for c in found})}
    kept = Material.objects.seen_by(person).filter(
        origin=Origin.EXTRACT, reference__in=[reference(c) for c in found]
    )
    keys = dict(kept.values_list("reference", "key"))
    return [(c, offices.get(c.office), keys.get(reference(c), "")) for c in found]


def reference(call: Call) -> str:
    """What an extract says of the call that brought it."""
    return f"{call.dataset.code} {call.pk}"
