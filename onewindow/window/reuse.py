"""数据跑: which of the asked materials are already held, how they are taken instead of paper, and what goes into the library.

The library and the shared data sets are in ``exchange``, which knows applications by number only; here they meet.
"""

from __future__ import annotations

import datetime as dt
import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import numbers
from onewindow.cases.flow import StepRefused, note
from onewindow.cases.models import Attachment, Event
from onewindow.cases.reactions import on
from onewindow.cases.rules import By, Reason
from onewindow.catalog.bundles import Whole
from onewindow.catalog.models import Item, ItemVersion, MaterialSpec, Source
from onewindow.exchange import actions as exchange
from onewindow.exchange import needs
from onewindow.exchange.kinds import code_of
from onewindow.exchange.models import Call, Dataset, Material, Origin, Outcome, Reuse
from onewindow.exchange.rules import why_not_use
from onewindow.org.calendar import Limit
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.window.models import (
    ApplicantKind,
    Application,
    Document,
    DocumentForm,
    Draft,
    PaperKind,
    Result,
    Status,
)

What = Attachment | Material | None


def kinds_of(version: ItemVersion | Whole, holder_kind: str) -> dict[int, str]:
    """Number of each material of a version → its kind; papers written for one application only are left out."""
    found = {spec.no: code_of(spec.name, holder_kind) for spec in version.specs}
    return {no: kind for no, kind in found.items() if kind}


def offers(
    version: ItemVersion | Whole, holder_kind: str, id_number: str, number: str = ""
) -> dict[int, Material]:
    """Number of each material that this holder need not hand in again → what is held instead, the best there is."""
    wanted = kinds_of(version, holder_kind)
    best = exchange.offers(id_number, wanted.values(), number)
    return {no: best[kind] for no, kind in wanted.items() if kind in best}


def fetchable(version: ItemVersion | Whole, holder_kind: str) -> dict[int, Dataset]:
    """Number of each material that a register can answer for → its data set, as far as the department has a grant. A bundle
    is of several departments: each fetches for its own application."""
    if isinstance(version, Whole):
        return {}
    wanted = kinds_of(version, holder_kind)
    found = exchange.fetchable(version.item.office.code, version.item.code, wanted.values())
    return {no: found[kind] for no, kind in wanted.items() if kind in found}


def unanswered(registers: Mapping[int, Dataset], number: str) -> set[int]:
    """Those of the materials whose register was asked for this matter and did not answer."""
    asked = Call.objects.filter(number=number, outcome=Outcome.UNAVAILABLE).values_list(
        "dataset_id", flat=True
    )
    silent = set(asked)
    return {no for no, dataset in registers.items() if dataset.pk in silent}


def why_gone(key: str, id_number: str) -> Any:
    """Why a material that was offered may no longer be used; nothing if it never was this holder's."""
    m = Material.objects.of(id_number).filter(key=key).first() if key else None
    reason = m and why_not_use(m, holder=id_number, kind=m.kind, number=m.source, day=exchange.today())
    return reason.text if reason else ""


# --- taking it instead of paper ----------------------------------------------------------------------------


def resolve(
    version: ItemVersion,
    applicant: Mapping[str, str],
    materials: Mapping[int, tuple[str, What]],
    number: str,
    *,
    online: bool = False,
) -> tuple[dict[int, Material], set[int]]:
    """What stands behind each material that is said to be held: a tick alone holds nothing.

    Without a row the holder's library is looked through. Whoever applies online need not know more than that the government
    has it, or a register of it can answer: what is not found then is owed (second set), and the window fetches it. Raises
    :class:`StepRefused` if there is nothing, or if a register is said to be owing an extract that nobody has asked it for.
    """
    held: dict[int, Material] = {}
    late: set[int] = set()
    blank: list[MaterialSpec] = []
    for spec in version.specs:
        form, what = materials.get(spec.no, (DocumentForm.MISSING, None))
        if form == DocumentForm.REUSED and isinstance(what, Material):
            held[spec.no] = what
        elif form == DocumentForm.REUSED:
            blank.append(spec)
        elif form == DocumentForm.OWED and not _owed(number, code_of(spec.name, applicant["kind"])):
            text = _("“%(name)s”: the register has not been asked. Fetch it first.") % {"name": spec.name}
            raise StepRefused(Reason("not_asked", text))
    if blank:
        found = offers(version, applicant["kind"], applicant["id_number"], number)
        registers = fetchable(version, applicant["kind"]) if online else {}
        for spec in blank:
            if spec.no in found and not (found[spec.no].needs_consent and online):
                held[spec.no] = found[spec.no]
            elif online and (spec.source == Source.GOVERNMENT or spec.no in registers):
                late.add(spec.no)
            else:
                raise StepRefused(not_held(spec))
    return held, late


def not_held(spec: MaterialSpec) -> Reason:
    text = _("“%(name)s” is not held: fetch it from the register, or take it on paper.") % {"name": spec.name}
    return Reason("not_held", text)


def _owed(number: str, kind: str) -> bool:
    return (
        bool(number)
        and Call.objects.filter(number=number, dataset__kind=kind, outcome=Outcome.UNAVAILABLE).exists()
    )


def record(a: Application, held: Mapping[int, Material], *, by: By, consent: str) -> None:
    """Writes the uses of an application, each checked once more in this transaction; refused with the reason otherwise."""
    try:
        exchange.use(
            held,
            number=a.number,
            office=a.office.code,
            hall=a.hall.code if a.hall else "",
            item=a.item.code,
            by=by,
            consent=consent,
            holder=a.id_number,
            wanted=kinds_of(a.item_version, a.applicant_kind),
        )
    except exchange.NotPossible as wrong:
        raise StepRefused(wrong.reason) from wrong


def check_again(a: Application) -> None:
    """At acceptance: what was good when it was taken in may have expired or been revoked since."""
    wanted = kinds_of(a.item_version, a.applicant_kind)
    for d in Document.objects.filter(application=a, form=DocumentForm.REUSED).select_related(
        "spec", "material"
    ):
        if d.material is None:
            raise StepRefused(not_held(d.spec))
        reason = why_not_use(
            d.material, holder=a.id_number, kind=wanted[d.spec.no], number=a.number, day=exchange.today()
        )
        if reason is not None and reason.code != "replaced":
            raise StepRefused(reason)


def owed(a: Application) -> list[Document]:
    """Materials that a register could not give yet; the window or the department fetches them, the applicant need not come."""
    rows = Document.objects.filter(application=a, form=DocumentForm.OWED)
    return list(rows.select_related("spec").order_by("spec__no"))


def nothing_owed(a: Application) -> None:
    """Before a grant: what a connected register still owes is fetched first. (What no register can tell us the department
    looks up in its own files.)"""
    sets = fetchable(a.item_version, a.applicant_kind) if (rows := owed(a)) else {}
    if left := [d for d in rows if d.spec.no in sets]:
        names = "、".join(d.spec.name for d in left)
        raise StepRefused(
            Reason("owed", _("Still to be fetched from the register: %(names)s") % {"names": names})
        )


def fetch_owed(a: Application, *, by: By) -> tuple[list[Document], list[Document]]:
    """Asks the registers once more for what they owe: (what came, what is still owed). One event if anything came."""
    need = needs.of(a.number, by)
    sets = fetchable(a.item_version, a.applicant_kind)
    came: dict[int, tuple[Document, Material]] = {}
    left = []
    for d in owed(a):
        found = None
        if d.spec.no in sets:
            _call, found = exchange.query(sets[d.spec.no], need, by=by)
        if found is None:
            left.append(d)
        else:
            came[d.spec.no] = (d, found)
    if came:
        with transaction.atomic():
            record(a, {no: m for no, (_d, m) in came.items()}, by=by, consent="")
            for d, m in came.values():
                Document.objects.filter(pk=d.pk).update(form=DocumentForm.REUSED, material=m)
            note(a, "fetch", by=by, data={"materials": sorted(came)})
    return [d for d, _m in came.values()], left


# --- before there is an application ------------------------------------------------------------------------


@dataclass(frozen=True)
class Fetched:
    """What came of asking for one material: the extract, or why there is none (``unavailable``, ``not_found``, a reason)."""

    material: Material | None
    outcome: str
    text: Any = ""


def fetch(
    version: ItemVersion, number: str, *, by: Person, only: set[int] | None = None
) -> dict[int, Fetched]:
    """Asks the registers for all that they can give for the matter of this (reserved) number."""
    found: dict[int, Fetched] = {}
    need = needs.of(number, by)
    for no, dataset in fetchable(version, need.holder_kind if need else "").items():
        if only is not None and no not in only:
            continue
        try:
            call, material = exchange.query(dataset, need, by=by, number=number)
        except exchange.NotPossible as refused:
            found[no] = Fetched(None, refused.reason.code, refused.text)
            continue
        found[no] = Fetched(material, call.outcome if material is None else Outcome.FOUND)
    return found


def reserve(clerk: Person, key: str) -> str:
    """The number that the form of this draft will have as an application: data are asked for under it."""
    draft = Draft.objects.get(person=clerk, key=key)
    if not draft.number:
        draft.number = numbers.new("A")
        draft.save(update_fields=["number"])
    return draft.number


@needs.register
def need_of(number: str, by: By) -> needs.Need | None:
    """What an application asks for – or a form at the counter that already has its number."""
    if not isinstance(by, Person):
        return None
    a = Application.objects.seen_by(by).filter(number=number).with_facts().first()
    if a is not None:
        acts = a.hall_id in by.halls_as(Role.CLERK) or a.office_id in by.offices_as(Role.APPROVER, Role.HEAD)
        reason = Reason(
            "not_your_case", _("Only the window and the department of a matter ask for data."), "not_allowed"
        )
        return need_for(a.number, a.item_version, a.applicant_kind, a.id_number, a.applicant_name,
                     hall=a.hall.code if a.hall else "", is_open=a.is_open and a.status != Status.DECIDED,
                     why_not=None if acts else reason)  # fmt: skip
    draft = Draft.objects.filter(person=by, number=number).first() if number else None
    if draft is None:
        return None
    typed = json.loads(draft.body)
    item = Item.objects.published().filter(code=typed.get("item", "")).first()
    if item is None or item.current is None:
        return None
    version = item.current
    version.item = item
    kind = typed.get("kind", ApplicantKind.PERSON)
    return need_for(
        number, version, kind, typed.get("id_number", ""), typed.get("name", ""), hall="", is_open=True
    )


def need_for(
    number: str, version: ItemVersion, kind: str, subject: str, name: str, *, hall: str, is_open: bool,
    why_not: Reason | None = None,
) -> needs.Need:  # fmt: skip
    """What the matter of this number asks for; ``subject`` and ``name`` are the holder's."""
    item = version.item
    wanted = frozenset(kinds_of(version, kind).values())
    return needs.Need(
        number, item.code, item.office.code, hall, kind, subject, name, wanted, is_open, item.name, why_not
    )


# --- into the library --------------------------------------------------------------------------------------


@on("application.accept", "application.deem_accepted")
def keep_what_was_handed_in(event: Event) -> None:
    """What came as a file with an accepted application may be offered to its holder another time."""
    a = Application.objects.with_facts().get(number=event.number)
    holder = {"kind": a.applicant_kind, "id_number": a.id_number}
    rows = Document.objects.filter(application=a, form=DocumentForm.ELECTRONIC, attachment__isnull=False)
    for d in rows.select_related("spec", "attachment"):
        exchange.register(
            holder, d.spec.name, source=a.number, no=d.spec.no, title_en=d.spec.name_en, about=a.item.name,
            attachment=d.attachment, issued_on=timezone.localdate(a.received_at or a.opened_at),
        )  # fmt: skip


@on("application.decide")
def keep_what_was_issued(event: Event) -> None:
    """A granted result is something that nobody has to bring us again. A register of licences says more of it later under
    the same source (number, end, revocation)."""
    if event.data.get("result") != Result.GRANT:
        return
    a = Application.objects.with_facts().get(number=event.number)
    paper = a.papers.filter(kind=PaperKind.GRANT).order_by("-id").first()
    day = timezone.localdate(event.at)
    exchange.register(
        {"kind": a.applicant_kind, "id_number": a.id_number}, a.item_version.result, source=a.number,
        origin=Origin.ISSUED, title_en=a.item_version.result_en, issuer=a.office.name, about=a.item.name, issued_on=day,
        valid_until=last_day(day, a.item_version.result_validity), reference=paper.serial_text if paper else "",
    )  # fmt: skip


def last_day(first: dt.date, validity: str) -> dt.date | None:
    """The last day of something valid for ``60mo`` or ``365d`` from its first day on; None for what has no end."""
    if not validity:
        return None
    span = Limit.parse(validity)
    if span.unit != "mo":
        return first + dt.timedelta(days=span.amount - 1)
    months = first.month - 1 + span.amount
    year, month = first.year + months // 12, months % 12 + 1
    length = monthrange(year, month)[1]
    if first.day > length:  # 民法典 202: no such day, so the month's last one
        return dt.date(year, month, length)
    return dt.date(year, month, first.day) - dt.timedelta(days=1)


def uses_of(a: Application) -> dict[int, Reuse]:
    """Number of the material → the record of its reuse, for the page of a case."""
    return {r.no: r for r in Reuse.objects.filter(number=a.number).select_related("material").order_by("id")}


def material(key: str) -> Material | None:
    """A row of the library by its key; the caller has checked who asks."""
    return Material.objects.filter(key=key).select_related("attachment", "dataset__owner").first()


def standing_in(a: Application, no: int) -> Material | None:
    """What stands in for one material of an application."""
    d = Document.objects.filter(application=a, spec__no=no).select_related(
        "material__attachment", "material__dataset"
    )
    found = d.first()
    return found.material if found else None
