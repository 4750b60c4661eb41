"""事实核对: what the system itself knows of a reviewed matter, as it stood when the review was given.

Several of the national indicators can be held against facts (好差评 national list): late against the promise (209) or the
statute (110), papers beyond the guide (109), and how often the person had to come (114). The facts decide nothing; they
spare the first question.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F
from django.utils import timezone

from onewindow.cases.models import Event
from onewindow.voice.models import Review
from onewindow.window.models import Application, Document
from onewindow.window.spared import VISITS


@dataclass(frozen=True)
class Facts:
    """Of one review. ``beyond``: names of papers asked for that its guide does not list; ``note``: the free words of a notice
    of corrections, in which more may have been asked for than the list can tell."""

    late_promise: bool = False
    late_law: bool = False
    visits: int = 0
    visits_promised: int = 1
    beyond: Sequence[str] = field(default_factory=tuple)
    note: str = ""

    @property
    def too_many_visits(self) -> bool:
        return self.visits > self.visits_promised

    def holds(self, fact: str) -> bool | None:
        """Whether an indicator's fact is borne out; None: the system does not know."""
        if fact == "extra_material":
            return True if self.beyond else None if self.note else False
        known = {
            "late_promise": self.late_promise,
            "late_law": self.late_law,
            "visits": self.too_many_visits,
        }
        return known.get(fact)

    def told(self) -> dict[str, object]:
        """For programs and for what is opened about a low mark."""
        return {
            "late_promise": self.late_promise,
            "late_law": self.late_law,
            "visits": self.visits,
            "visits_promised": self.visits_promised,
            "beyond_the_guide": list(self.beyond),
        }


def known(a: Application, at: dt.datetime) -> dict[str, object]:
    """The facts of one matter as they stand at ``at``, for what is opened about a low mark."""
    came = (
        Event.objects.filter(number=a.number, kind__in=VISITS, at__lte=at).exclude(by="applicant").order_by()
    )
    days = {timezone.localdate(when) for when in came.values_list("at", flat=True)}
    strange = Document.objects.filter(application=a).exclude(spec__version=a.item_version_id)
    found = _one(at, a, len(days), list(strange.values_list("spec__name", flat=True)))
    return found.told() | {"deemed": a.is_deemed}


def of(rows: Iterable[Review], cases: Mapping[str, Application]) -> dict[int, Facts]:
    """Review → its facts, by two queries however many there are. ``cases``: number → application with its facts."""
    rows = [r for r in rows if r.number in cases]
    numbers = {r.number for r in rows}
    came = Event.objects.filter(number__in=numbers, kind__in=VISITS).exclude(by="applicant").order_by()
    visits = list(came.values_list("number", "at"))
    beyond: dict[str, list[str]] = {}
    strange = Document.objects.filter(application__number__in=numbers).exclude(
        spec__version=F("application__item_version")
    )
    for number, name in strange.values_list("application__number", "spec__name"):
        beyond.setdefault(number, []).append(name)
    found = {}
    for r in rows:
        days = {(n, timezone.localdate(at)) for n, at in visits if n == r.number and at <= r.at}
        found[r.pk] = _one(
            r.at, cases[r.number], Tally(n for n, _ in days)[r.number], beyond.get(r.number, ())
        )
    return found


def _one(at: dt.datetime, a: Application, visits: int, beyond: Sequence[str]) -> Facts:
    decided = a.decided_at if a.decided_at and a.decided_at <= at else None
    ended = decided or at
    promise, law = (
        (a.decision_due_at, a.decision_legal_due_at) if a.decided_at else (a.due_at, a.legal_due_at)
    )
    return Facts(
        late_promise=bool(promise and ended > promise),
        late_law=bool(law and ended > law),
        visits=visits,  # several events of one day are one visit
        visits_promised=a.item_version.visit_count or 1,
        beyond=beyond,
        note=a.correction_note,
    )
