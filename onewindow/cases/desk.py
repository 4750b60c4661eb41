"""待办: what the desk knows of each kind of case, and the one query a kind behind each of its lists.

An app shows its kind of case by one :class:`Kind`. Lists are walked by key, never by offset or count: their cost
follows from what is open, or from one page, and not from the years of history behind it.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from cryptography.exceptions import InvalidTag
from django import forms
from django.db.models import Case as Case_
from django.db.models import Exists, F, OuterRef, Q, QuerySet, When
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.flow import FLOWS
from onewindow.cases.models import Attachment, Case, Event, Light
from onewindow.org.calendar import ZONE, working_days_left
from onewindow.org.fields import moment_of
from onewindow.org.finding import one
from onewindow.org.memory import Memory
from onewindow.org.models import AccessLog, current_calendar
from onewindow.org.sealed import seal, unseal

if TYPE_CHECKING:
    from onewindow.org.models import Person

PAGE = 50
CAP = 1000
NAMESAKES = 5000  # the newest so many cases of one name or identifier are searched, over the whole city
WAITING, OPEN, ALL = "waiting", "open", "all"
MINE, UNASSIGNED = "mine", "none"
#: sort in the address → column, is it descending
ORDERS = {
    "due": ("due_at", False),
    "-due": ("due_at", True),
    "opened": ("opened_at", False),
    "-opened": ("opened_at", True),
}


class Kind:
    """How one kind of case appears on the desk. Subclassed once an app; ``show`` makes it known at start-up."""

    prefix: ClassVar[str]
    #: template of the middle part of the case page
    template: ClassVar[str]
    #: verb → form of the step; its ``cleaned_data`` is what the step is given
    forms: ClassVar[Mapping[str, type[forms.Form]]] = {}
    #: the step that is meant most often comes first
    first: ClassVar[Sequence[str]] = ()
    #: steps that many cases can take together, with one form
    batch: ClassVar[Sequence[str]] = ()
    #: the step that can't be undone asks twice
    grave: ClassVar[frozenset[str]] = frozenset()

    @property
    def model(self) -> type[Case]:
        model = FLOWS[self.prefix].model
        if model is None:
            raise LookupError(f"no case has numbers that begin with {self.prefix}")
        return model

    @property
    def open_statuses(self) -> list[str]:
        flow = FLOWS[self.prefix]
        return [s.value for s in flow.statuses if s.value not in flow.closed]

    def waiting(self, person: Person) -> Q:
        """Which open cases wait for this person; ``Q(pk__in=[])`` for one for whom none ever does."""
        raise NotImplementedError

    def besides(self, person: Person) -> Hashable:
        """What ``waiting`` and ``seen_by`` follow from besides the person's posts and the day: whatever they ask the database
        while the question is put together. A list is remembered by it."""
        return None

    def listed(self, person: Person) -> Q:
        """What stands in this person's lists of all that may be seen (a number that is typed finds the rest): a plain scope,
        so that a list is read by one index and its cost does not grow with history."""
        return Q()

    def meant(self, text: str, show: str) -> Q:
        """The cases that a typed number, name or identifier means."""
        raise NotImplementedError

    def fields(self, person: Person) -> dict[str, Any]:
        """Further filters of the list."""
        return {}

    def narrow(self, cleaned: Mapping[str, Any]) -> Q:
        """The effect of those filters."""
        return Q()

    def rows(self, cases: QuerySet) -> QuerySet:
        """With all that a line of the list needs, in one query."""
        return cases.select_related("office")

    def title(self, case: Any) -> str:
        """The matter, in the reader's language."""
        return case.title

    def line(self, case: Any) -> str:
        """A second line: whose it is, masked."""
        return ""

    def export(self, case: Any) -> list[Any]:
        """Further cells of the exported row, one for each of ``export_head``."""
        return []

    export_head: ClassVar[Sequence[Any]] = ()

    def page(self, case: Any, person: Person) -> dict[str, Any]:
        """What the template of the case page is given."""
        return {}

    def sentence(self, event: Event) -> tuple[Any, Any]:
        """An event as a plain sentence, and a note (or nothing) below it."""
        return event.verb, ""

    def clock_name(self, case: Any) -> Any:
        """What has to be done by the deadline that runs now."""
        return ""

    def preview(self, verb: str, case: Any) -> list[tuple[Any, dt.datetime | None, dt.datetime | None]]:
        """What the step would do to the deadlines: label, before, after; shown above its form."""
        return []

    def hall_of(self, case: Any) -> Any:
        """The hall whose turn it is; None while the matter is with the department (``case.office``)."""
        return None

    #: template of what stands above a step's form, so that nobody answers or signs what is not before the eyes; "" for none
    beside: ClassVar[str] = ""

    def brief(self, case: Any, person: Person) -> dict[str, Any]:
        """What that template is given."""
        return {}

    def may_look(self, case: Any, person: Person) -> bool:
        """Whether this person's work needs the case's files and, while it is open, the applicant's data in full."""
        return False

    def may_open(self, case: Any, attachment: Attachment, person: Person) -> bool:
        """The same for one of its files."""
        return self.may_look(case, person)


#: further parts of a case page, from apps above: (case, person) → the template and what it is given, or nothing
PANELS: list[Callable[[Any, Person], tuple[str, dict[str, Any]] | None]] = []


def panels(case: Any, person: Person) -> list[dict[str, Any]]:
    """The further parts of a case page that have something to say; each knows its template."""
    found = [panel(case, person) for panel in PANELS]
    return [{"template": part[0], **part[1]} for part in found if part]


KINDS: dict[str, Kind] = {}


def show(kind: Kind) -> None:
    """Puts a kind of case on the desk."""
    KINDS[kind.prefix] = kind


def of(case: Any) -> Kind:
    """The kind of a case."""
    return KINDS[case.PREFIX]


@dataclass(frozen=True)
class Asked:
    """What a list was asked for: everything that stands in its address."""

    show: str = WAITING
    status: str = ""
    light: str = ""
    handler: str = ""
    opened_from: dt.date | None = None
    opened_to: dt.date | None = None
    text: str = ""
    sort: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> str:
        """The whole history is only walked by the day of opening: there is an index for each office and hall."""
        if self.show == ALL:
            return self.sort if self.sort in ("opened", "-opened") else "-opened"
        return self.sort if self.sort in ORDERS else "due"


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZONE)


LIGHTS = {
    "late": Q(light__in=[Light.YELLOW, Light.RED]),
    "stopped": Q(clock_from__isnull=False, clock_ended_at__isnull=True, due_at__isnull=True),
    **{
        light.value: Q(light=light.value) & ~Q(clock_ended_at__isnull=True, due_at__isnull=True)
        for light in Light
    },
}


#: what a light in the address stands for, light by light
LIGHTS_OF = {
    "late": {"yellow", "red"},
    "stopped": {"stopped"},
    **{light.value: {light.value} for light in Light},
}


def select(kind: Kind, person: Person, asked: Asked) -> QuerySet:
    """The cases of one kind that were asked for, in order, within what this person may see."""
    cases = kind.model.objects.seen_by(person)  # type: ignore[attr-defined]
    if asked.show != ALL:
        # The statuses say the same once more: so the index of open ones is the best there is, with statistics or without.
        cases = cases.open().filter(status__in=kind.open_statuses)
    if asked.show == WAITING:
        cases = cases.filter(kind.waiting(person))
    if asked.status:
        cases = cases.filter(status=asked.status)
    if asked.light in LIGHTS:
        cases = cases.filter(LIGHTS[asked.light])
    if asked.handler:
        cases = cases.filter(handler=person if asked.handler == MINE else None)
    if asked.opened_from:
        cases = cases.filter(opened_at__gte=_midnight(asked.opened_from))
    if asked.opened_to:
        cases = cases.filter(opened_at__lt=_midnight(asked.opened_to + dt.timedelta(days=1)))
    if not asked.text:
        cases = cases.filter(kind.listed(person))
    if asked.text:
        meant = kind.meant(asked.text, asked.show)
        if asked.show == ALL:
            # First by what was typed, then by scope and day; written so that no database goes the other way round.
            namesakes = kind.model._base_manager.filter(meant).order_by("-pk").values("pk")[:NAMESAKES]
            seen = Exists(cases.filter(pk=OuterRef("pk")))
            cases = kind.model._default_manager.filter(seen, pk__in=namesakes)
        else:
            cases = cases.filter(meant)
    column, descending = ORDERS[asked.order]
    by = F(column).desc(nulls_last=True) if descending else F(column).asc(nulls_last=True)
    if column == "opened_at":  # never null: a plain order, so that the index serves it backwards too
        by = F(column).desc() if descending else F(column).asc()
    return kind.rows(cases.filter(kind.narrow(asked.more))).order_by(by, "-id" if descending else "id")


MEMORY = Memory()


def _first(
    most: int, kind: Kind, person: Person, asked: Asked, day: dt.date, columns: Sequence[Any] = ()
) -> list[Any]:
    """The first rows of what was asked for: compiled once, but for a text that somebody typed and for people who don't work
    here (what they see follows from more than posts)."""

    def build() -> QuerySet:
        cases = select(kind, person, asked)
        return (cases.values_list(*columns) if columns else cases)[:most]

    if asked.text or not person.works_here:
        return list(build())
    wish = replace(asked, more=frozenset(asked.more.items()))  # type: ignore[arg-type]
    return MEMORY.rows((kind, *_standing(kind, person, day), wish, most, bool(columns)), build)


def _standing(kind: Kind, person: Person, day: dt.date | None = None) -> tuple[Hashable, ...]:
    """All that what a person sees of a kind follows from."""
    return person.standing, kind.besides(person), day or today()


@dataclass(frozen=True)
class Page:
    """One page of a list and the cursor of the next (empty: this is the last)."""

    rows: Sequence[Any]
    next: str


def page(person: Person, asked: Asked, cursor: str = "", size: int = PAGE) -> Page:
    """One page over all kinds: a query a kind, each for one page at most, merged."""
    column, descending = ORDERS[asked.order]
    value, _, number = cursor.replace("\0", "").partition("~")
    parts, day = [], today()
    for prefix, kind in KINDS.items():
        if cursor and (beyond := _beyond(kind, column, descending, value, number)) is not None:
            cases = list(select(kind, person, asked).filter(beyond)[: size + 1])
        else:
            cases = _first(size + 1, kind, person, asked, day)
        parts.append([(_key(case, column, descending, prefix), case) for case in cases])
    merged = heapq.merge(*parts, key=lambda pair: pair[0])
    rows = [case for _, case in merged]
    more = len(rows) > size
    last = rows[size - 1] if more else None
    return Page(rows[:size], f"{_iso(getattr(last, column))}~{last.number}" if last else "")


def _iso(at: dt.datetime | None) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if at else ""


def _key(case: Any, column: str, descending: bool, prefix: str) -> tuple[bool, float, str, int]:
    at = getattr(case, column)
    sign = -1 if descending else 1
    return (at is None, sign * at.timestamp() if at else 0, prefix, sign * case.pk)


def _beyond(kind: Kind, column: str, descending: bool, value: str, number: str) -> Q | None:
    """What comes after the last row of the page before; None for a bad cursor (then the first page is shown)."""
    at = moment_of(value)
    if value and at is None:
        return None
    last = kind.model._base_manager.filter(number=number).values("id")[:1]
    after = "lt" if descending else "gt"
    same_kind = Q(**{f"id__{after}": last}) if number.startswith(kind.prefix) else Q(pk__in=[])
    if not number.startswith(kind.prefix) and kind.prefix > number[:1]:
        same_kind = Q()
    if at is None:
        return Q(**{f"{column}__isnull": True}) & same_kind
    # The outer bound lets an index begin where the page begins.
    here = Q(**{f"{column}__{after}e": at}) & (Q(**{f"{column}__{after}": at}) | same_kind)
    return here if column == "opened_at" else here | Q(**{f"{column}__isnull": True})


@dataclass(frozen=True)
class Tally:
    """How many were asked for (one more than ``CAP`` for more than that), and how those stand: light → number."""

    total: int
    lights: Mapping[str, int]


def tally(person: Person, asked: Asked, cap: int | None = None, whole: Sequence[Any] | None = None) -> Tally:
    """Counts what was asked for, looking at no more than ``cap`` rows (and one) of each kind, in the order of the index
    that holds only open ones. The lights are counted as if no light had been asked for. ``whole``: the list itself, if it
    fits its first page; then nothing is asked."""
    cap, total, lights = CAP if cap is None else cap, 0, Counter[str]()
    wanted, day = LIGHTS_OF.get(asked.light), today()
    if whole is not None and not asked.light:
        if asked.show != ALL:
            lights.update("stopped" if _stands_still(case) else case.light for case in whole)
        total = len(whole)
    else:
        for kind in KINDS.values():
            if asked.show == ALL:
                total += len(_first(cap + 1, kind, person, asked, day, ["pk"]))
                continue
            still = Case_(When(LIGHTS["stopped"], then=1), default=0)
            lit = replace(asked, light="")
            for light, stopped in _first(cap + 1, kind, person, lit, day, ["light", still]):
                name = "stopped" if stopped else light
                lights[name] += 1
                total += wanted is None or name in wanted
    return Tally(min(total, cap + 1), lights | {"late": lights["yellow"] + lights["red"]})


def _stands_still(case: Any) -> bool:
    """``LIGHTS["stopped"]`` of one case."""
    return case.clock_from is not None and case.clock_ended_at is None and case.due_at is None


def waiting(person: Person, cap: int = 100) -> int:
    """The red dot of the menu: how many cases wait for this person (``cap`` for that many or more)."""
    known = getattr(person, "waits", None)  # counted already for the list of this page
    return min(tally(person, Asked(), cap - 1).total if known is None else known, cap)


def anything_waits(person: Person) -> bool:
    """Whether cases ever wait for this person; those who only look on begin with all that is open."""
    return any(kind.waiting(person) != Q(pk__in=[]) for kind in KINDS.values())


def neighbours(case: Any, person: Person) -> tuple[str, str]:
    """The numbers of the cases before and after this one among those that wait for this person; empty at an end. Two
    queries."""
    kind, due = of(case), case.due_at

    def before(pk: int, due: Any = None) -> QuerySet:
        earlier = Q(due_at__isnull=False) | Q(id__lt=pk)
        if due is not None:
            earlier = Q(due_at__lt=due) | Q(due_at=due, id__lt=pk)
        mine = select(kind, person, Asked()).filter(earlier)
        return mine.order_by(F("due_at").desc(nulls_first=True), "-id").values_list("number")[:1]

    def after(pk: int, due: Any = None) -> QuerySet:
        later = Q(due_at__isnull=True, id__gt=pk)
        if due is not None:
            later = Q(due_at__gt=due) | Q(due_at=due, id__gt=pk) | Q(due_at__isnull=True)
        return select(kind, person, Asked()).filter(later).values_list("number")[:1]

    key, values = (kind, *_standing(kind, person), due is None), (case.pk, due)[: 1 if due is None else 2]
    one, other = (MEMORY.rows((build.__name__, *key), build, *values) for build in (before, after))
    return one[0][0] if one else "", other[0][0] if other else ""


def find(number: str, person: Person) -> Any:
    """The case with all that its page needs, or None: absent and not this person's to see are the same."""
    kind = KINDS.get(number[:1])
    if kind is None:
        return None

    def build(number: str) -> QuerySet:
        return kind.model.objects.seen_by(person).with_facts().filter(number=number)  # type: ignore[attr-defined]

    if not person.works_here:
        return one(build(number))
    found = MEMORY.rows(("find", kind, *_standing(kind, person)), lambda n: build(n).order_by()[:1], number)
    return found[0] if found else None


def file_of(case: Any, key: str) -> Attachment | None:
    """The attachment of this case with this key."""
    return Attachment.objects.filter(number=case.number, key=key).first()


def left(case: Any, now: dt.datetime | None = None) -> int | None:
    """Working days left of the promise that runs; None if none does."""
    if case.due_at is None or case.clock_ended_at is not None:
        return None
    return working_days_left(now or instant.now(), case.due_at, current_calendar())


def light(case: Any) -> str:
    """How the case stands, as ``parts/light.html`` wants it: GREEN, AMBER, YELLOW, RED, STOPPED, IN_TIME (closed,
    and no day passed) or nothing."""
    if case.is_stopped:
        return "STOPPED"
    light = str(case.light).upper()
    if case.is_open:
        return "" if case.clock_ended_at else light
    return light if light in ("YELLOW", "RED") else "IN_TIME"


def log_access(case: Any, *, by: Person, field: str, purpose: str, ip: str | None) -> None:
    """Writes down that somebody saw personal data in full, and what for (PIPL 51)."""
    AccessLog.objects.create(
        at=instant.now(),
        person=by.username,
        number=case.number,
        field=field,
        purpose=purpose[:200],
        ip=ip or None,
    )


def log_export(*, by: Person, purpose: str, ip: str | None) -> None:
    """Writes down that a list left the house, even though it is masked."""
    AccessLog.objects.create(
        at=instant.now(), person=by.username, number="", field="export", purpose=purpose, ip=ip or None
    )


# A typed name or identity number must not stand in an address, where logs and histories keep it: it is sealed there.


def sealed(text: str) -> str:
    """A typed text as it may stand in an address."""
    return seal(text).partition(":")[2] if text else ""


def unsealed(token: str) -> str:
    """The text again; empty for what is none."""
    try:
        return unseal(f"aesgcm1:{token}") if token else ""
    except (ValueError, InvalidTag):
        return ""


def export(person: Person, asked: Asked) -> Iterator[Any]:
    """Every case that was asked for, kind by kind, in order, without holding more than a few hundred."""
    for kind in KINDS.values():
        yield from select(kind, person, asked).iterator(chunk_size=500)


def today() -> dt.date:
    return timezone.localdate(instant.now())


def recent(asked: Asked, days: int = 365) -> Asked:
    """The whole history is shown from a day on: a rare filter must not read ten years. A search for a
    text is exact, and a list that is bounded by another day is short."""
    dated = asked.opened_from or any(isinstance(value, dt.date) for value in asked.more.values())
    if asked.show != ALL or dated or asked.text:
        return asked
    return replace(asked, opened_from=(asked.opened_to or today()) - dt.timedelta(days=days))
