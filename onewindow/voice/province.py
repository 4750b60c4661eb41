"""上报省平台: each review goes to the provincial system in real time (黑政办发〔2020〕21号), through an outbox.

The row is written in the transaction of the review, so nothing is lost; the worker claims it by a conditional update, sends it
with the review's own key and keeps the receipt, so what is sent twice (a worker that died before writing the receipt down) is
one there. Tried again after one, five and thirty minutes; then it is stuck, stands on a page, and somebody sends it again. What
one application's reviews say goes up in their order. While nobody answers there, nothing here waits (province_line.py).

So does a verdict on a ticket that ended without an application, and the word that one of them is not counted any more after an
appeal, where the province's map has a place for it: a code for the touchpoint ``ticket``, a field for ``status``.

What each field is called, and how levels, channels and kinds are coded, is data: ``data/provinces/*.json`` or a file of the
county's own (``ONEWINDOW_PROVINCE_MAP``). Interfaces count 5 as the best, GB/T 39046 table A.8 the other way round. No map
can send an identity number or a telephone: there is no such fact.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from onewindow.cases import chain, instant, rounds
from onewindow.org.calendar import ZONE
from onewindow.org.masking import mask_name
from onewindow.org.models import Person
from onewindow.voice import low_marks
from onewindow.voice import province_line as line
from onewindow.voice.models import Review
from onewindow.voice.province_line import Reading, Refused
from onewindow.voice.province_models import ProvinceReport, ReportState
from onewindow.voice.records import Exclusion
from onewindow.voice.visit_models import VisitExclusion, VisitVerdict
from onewindow.window.models import Application

S = ReportState
Subject = Review | VisitVerdict | Exclusion | VisitExclusion
DOWN = "down"
#: After the first, second and third failure; after the fourth it is stuck.
BACKOFF = (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(minutes=30))
MAPS = Path(__file__).parent.parent / "data" / "provinces"
#: What a map may ask for.
FACTS = frozenset({
    "key", "region", "region_name", "office", "office_name", "item", "item_name", "number", "touchpoint", "hall", "hall_name",
    "window", "badge", "channel", "masked_name", "user_kind", "level", "codes", "text", "said_at", "at", "nth", "replaces",
    "case_kind", "accepted_at", "ticket", "outcome", "status", "excluded_at",
})  # fmt: skip
CODED = {"level": {"5", "4", "3", "2", "1"}, "channel": {"1", "2", "3", "4", "5", "6", "7"}}


class BadMap(ValueError):
    """A map that would send nonsense; the message says which field."""


@dataclass(frozen=True)
class Map:
    """One province's names and codes."""

    code: str
    name: str
    fields: dict[str, str]
    codes: dict[str, dict[str, str]]
    constants: dict[str, str]
    time: str
    join: str
    reading: Reading

    def takes(self, thing: Subject) -> bool:
        """Whether this province has a place for it."""
        if isinstance(thing, Exclusion | VisitExclusion) and "status" not in self.fields.values():
            return False
        return isinstance(thing, Review | Exclusion) or "ticket" in self.codes["touchpoint"]

    def body(self, facts: dict[str, Any]) -> dict[str, str]:
        """The report as this province reads it."""
        return self.constants | {name: self._word(fact, facts[fact]) for name, fact in self.fields.items()}

    def _word(self, fact: str, value: Any) -> str:
        if fact in self.codes:
            return self.codes[fact].get(str(value), str(value))
        if isinstance(value, dt.datetime):
            return timezone.localtime(value, ZONE).strftime(self.time)
        if isinstance(value, list):
            return self.join.join(value)
        return "" if value is None else str(value)


@cache
def load(name: str) -> Map:
    """The map of this name, or of this file; raises :class:`BadMap`."""
    path = MAPS / f"{name}.json" if "/" not in name and not name.endswith(".json") else Path(name)
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as wrong:
        raise BadMap(f"{path}: {wrong}") from wrong
    fields, codes = given.get("fields", {}), {}
    if unknown := sorted(set(fields.values()) - FACTS):
        raise BadMap(f"{path}: unknown facts {', '.join(unknown)}; known: {', '.join(sorted(FACTS))}")
    for fact in ("level", "channel", "case_kind", "user_kind", "touchpoint", "outcome", "status"):
        codes[fact] = given.get(fact, {})
        if missing := sorted(CODED.get(fact, set()) - set(codes[fact])):
            raise BadMap(f"{path}: {fact} has no code for {', '.join(missing)}")
    if len(set(codes["level"].values())) != 5:
        raise BadMap(f"{path}: level gives two levels the same code")
    return Map(
        path.stem, given.get("name", path.stem), fields, codes, given.get("constants", {}),
        given.get("time", "%Y-%m-%d %H:%M:%S"), given.get("join", ","), _reading(path, given.get("answer", {})),
    )  # fmt: skip


def _reading(path: Path, said: Any) -> Reading:
    ok = said.get("ok", {}) if isinstance(said, dict) else None
    if not isinstance(ok, dict) or set(said) - {"ok", "receipt", "why"}:
        raise BadMap(f"{path}: answer has only ok (name → values), receipt and why")
    values = {name: [str(v) for v in (v if isinstance(v, list) else [v])] for name, v in ok.items()}
    return Reading(values, str(said.get("receipt", "receipt")), str(said.get("why", "")))


def is_connected() -> bool:
    """Whether this county reports upward from here."""
    return bool(settings.PROVINCE)


def facts_of(report: ProvinceReport) -> dict[str, Any]:
    """All that a map can ask for."""
    out = report.exclusion or report.verdict_exclusion
    said = report.subject
    clerk = Person.objects.filter(username=said.clerk).first() if said.clerk else None
    return {
        "key": said.event_id, "hall": said.hall.code if said.hall else "", "hall_name": said.hall.name if said.hall else "",
        "window": said.counter.code if said.counter else "", "badge": clerk.badge if clerk else "",
        "channel": said.channel, "level": said.level, "codes": list(said.codes), "text": low_marks.hidden(said.text),
        "said_at": said.said_at, "at": said.at, "replaces": said.replaces.event_id if said.replaces else "",
        "status": "excluded" if out else "counts", "excluded_at": out.at if out else None,
    } | (_of_ticket(said) if isinstance(said, VisitVerdict) else _of_case(said))  # fmt: skip


def _of_case(review: Review) -> dict[str, Any]:
    a = Application.objects.with_facts().get(number=review.number)
    region = review.office.region
    return {
        "region": region.code, "region_name": region.name, "office": review.office.code,
        "office_name": review.office.name, "item": review.item_code, "item_name": a.item.name, "number": review.number,
        "touchpoint": review.touchpoint, "masked_name": mask_name(a.applicant_name, a.applicant_kind),
        "user_kind": a.applicant_kind, "nth": review.nth, "case_kind": a.item_version.case_kind,
        "accepted_at": a.accepted_at, "ticket": "", "outcome": "",
    }  # fmt: skip


def _of_ticket(said: VisitVerdict) -> dict[str, Any]:
    """Nobody applied: there is no item but the matter that people queued for, no department, and no name."""
    region = said.hall.region
    return {
        "region": region.code, "region_name": region.name, "office": "", "office_name": "", "item": "",
        "item_name": said.group.name, "number": "", "touchpoint": "ticket", "masked_name": "", "user_kind": "", "nth": 1,
        "case_kind": "", "accepted_at": None, "ticket": said.ticket_number, "outcome": said.outcome,
    }  # fmt: skip


def expect(thing: Subject) -> None:
    """Puts it into the outbox, in its own transaction; nothing where no province is connected, or where this one has no place for
    it. Default reviews, which nobody gave, are not reported; nor that one is not counted which the province never heard of."""
    if not is_connected() or (isinstance(thing, Review) and thing.is_default):
        return
    try:
        if not load(settings.PROVINCE_MAP).takes(thing):
            return
    except BadMap:  # nobody's review may fail for that; it will be stuck, with the reason
        pass
    now = instant.now()
    what: dict[str, Any]
    of: dict[str, Any] = {}
    match thing:
        case Review():
            what = {"review": thing}
        case VisitVerdict():
            what = {"verdict": thing}
        case Exclusion():
            what, of = {"exclusion": thing}, {"review": thing.review}
        case VisitExclusion():
            what, of = {"verdict_exclusion": thing}, {"verdict": thing.verdict}
    if of and not ProvinceReport.objects.filter(**of).exists():
        return
    ProvinceReport.objects.create(**what, map=settings.PROVINCE_MAP[:40], made_at=now, next_at=now)


# --- sending -------------------------------------------------------------------------------------------------

#: Takes the body and the report's key, gives the province's receipt; raises Refused, or anything else to be tried again.
Transport = Callable[[dict[str, str], str], str]


def to_file(body: dict[str, str], key: str) -> str:
    """Appends to ``province.jsonl`` in the data directory: for trying a map out, and for provinces that fetch files."""
    with open(settings.DATA_DIR / "province.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(body, ensure_ascii=False) + "\n")
    return f"file:{key}"


def over_http(body: dict[str, str], key: str) -> str:
    """A POST of JSON; what the answer means is said by the map (province_line.py)."""
    return line.post(body, key, load(settings.PROVINCE_MAP).reading)


def transport() -> Transport:
    """``file``, an address, or the function that ``ONEWINDOW_PROVINCE`` names."""
    if settings.PROVINCE == "file":
        return to_file
    if settings.PROVINCE.startswith(("http://", "https://")):
        return over_http
    module, _sep, name = settings.PROVINCE.partition(":")
    found: Transport = getattr(import_module(module), name)
    return found


#: What the facts of a report are read from.
PLACES = (
    "review__office__region", "review__hall", "review__counter", "review__replaces",
    "verdict__hall__region", "verdict__counter", "verdict__group", "verdict__replaces",
    "exclusion__review__office__region", "exclusion__review__hall", "exclusion__review__counter",
    "verdict_exclusion__verdict__hall__region", "verdict_exclusion__verdict__counter", "verdict_exclusion__verdict__group",
)  # fmt: skip
#: Whose reports go up in their order: those of one application, or of one ticket.
MATTER = Coalesce(
    "review__number", "verdict__ticket", "exclusion__review__number", "verdict_exclusion__verdict__ticket"
)


@rounds.every_turn
def go(most: int) -> int:
    """The worker's part, for :data:`province_line.TURN` seconds at most. Two queries if nothing is due, none where no province
    is connected."""
    if not is_connected():
        return 0
    if (down := line.outage()) and down.rests:
        return 0
    until, done = time.monotonic() + line.TURN, 0
    due = ProvinceReport.objects.filter(next_at__lte=instant.now()).order_by("next_at", "pk")
    rows = list(due.annotate(matter=MATTER).select_related(*PLACES)[: min(most, 50)])
    if not rows:
        return _try_the_line() if down else 0
    before = _in_order(rows)
    for report in sorted(rows, key=lambda each: each.pk):
        mine = before[report.matter]
        if mine[:1] != [report.pk]:  # the one before it of the same application or ticket goes first
            continue
        became = send(report)
        done += 1
        if became == DOWN or time.monotonic() > until:
            break
        if became in (S.SENT, S.STUCK):
            mine.pop(0)
    return done


#: not refused, and with a map that is right: what a report is that got stuck by no fault of its own
BY_LINE = ~Q(error="") & ~Q(error__startswith="Refused") & ~Q(error__startswith="BadMap")


def _try_the_line() -> int:
    """Everything that waited is stuck since nobody answers: the oldest of it asks whether somebody does now."""
    oldest = ProvinceReport.objects.filter(BY_LINE, state=S.STUCK).order_by("pk").values("pk")[:1]
    return ProvinceReport.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).update(
        state=S.WAITING, next_at=instant.now()
    )


def _in_order(rows: list[Any]) -> dict[str, list[int]]:
    """What waits of each of their applications or tickets, first to last: a change never arrives before what it changes, nor that
    something is not counted before the thing itself, unless the province has refused that."""
    matters = {report.matter for report in rows}
    waiting = ProvinceReport.objects.annotate(matter=MATTER).filter(
        Q(state=S.WAITING) | (Q(state=S.STUCK) & BY_LINE), matter__in=matters
    )
    found: dict[str, list[int]] = {matter: [] for matter in matters}
    for matter, key in waiting.order_by("pk").values_list("matter", "pk"):
        found[matter].append(key)
    return found


def send(report: ProvinceReport) -> str:
    """One try: ``sent``, ``stuck`` (refused), ``down`` (the line), or nothing: another worker has it. The claim moves the row on
    by the time until the next one, whatever happens to this worker meanwhile."""
    mine = ProvinceReport.objects.filter(
        pk=report.pk, next_at=report.next_at, attempts=report.attempts, state=S.WAITING
    )
    again = instant.now() + BACKOFF[min(report.attempts, len(BACKOFF) - 1)]
    if not mine.update(next_at=again, attempts=F("attempts") + 1):
        return ""
    report.attempts += 1
    row = ProvinceReport.objects.filter(pk=report.pk, state=S.WAITING)
    try:
        body = load(report.map).body(facts_of(report))
        receipt = transport()(body, report.key)
    except (Refused, BadMap) as no:
        row.update(error=f"{type(no).__name__}: {no}"[:200], state=S.STUCK, next_at=None)
        if isinstance(no, Refused):  # somebody has answered
            _line_works()
        return S.STUCK.value
    except Exception as error:
        over = {"state": S.STUCK, "next_at": None} if report.attempts > len(BACKOFF) else {}
        row.update(error=line.words(error)[:200], **over)
        line.failed()
        return DOWN
    digest = hashlib.sha256(chain.canonical(body).encode()).hexdigest()
    row.update(
        state=S.SENT, sent_at=instant.now(), next_at=None, receipt=receipt[:80], digest=digest, error=""
    )
    _line_works()
    return S.SENT.value


def _line_works() -> None:
    """After an outage everything goes up at once that waits for its next try, or got stuck by no fault of its own."""
    if not (over := line.works()) or over.failures < line.OUTAGE:
        return
    now = instant.now()
    by_line = ProvinceReport.objects.filter(BY_LINE, state__in=[S.WAITING, S.STUCK])
    by_line.update(state=S.WAITING, attempts=0, next_at=now)


def send_again() -> int:
    """Everything that is stuck is tried anew, by the map that is in force now, also while the line rests. Gives how many."""
    line.works()
    with transaction.atomic():
        return ProvinceReport.objects.filter(state=S.STUCK).update(
            state=S.WAITING, attempts=0, next_at=instant.now(), map=settings.PROVINCE_MAP[:40]
        )
