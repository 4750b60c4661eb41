"""经办人: who has taken a case on, who may give it to whom, and how open work passes from one person to another.

Being the handler adds no right and takes none: any approver of the office can still decide. It says who is asked first,
whose list the case is in, and whose name stands on a card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import flow, instant
from onewindow.cases.flow import FLOWS, StepRefused
from onewindow.cases.models import Handover
from onewindow.cases.notices import bilingual, over, say, tell
from onewindow.cases.rules import Reason
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role

say("handover", _("%(by)s asks you to sign a hand-over: %(giver)s to %(taker)s"), "arrow-right-left")

MOST = 200


def may_handle(case: Any, person: Person) -> bool:
    """Whether this person does that department's work on the case today."""
    return case.handled_by(person)


def is_head(case: Any, person: Person) -> bool:
    return case.handled_by(person) and case.office_id in person.offices_as(Role.HEAD)


def colleagues(case: Any) -> list[Person]:
    """To whom the head can give the case: whoever examines for that department today, each once."""
    day = timezone.localdate(instant.now())
    posts = Post.objects.on(day).filter(
        office_id=case.office_id, role__in=case.HANDLERS, person__is_active=True
    )
    found = {p.person_id: p.person for p in posts.select_related("person").order_by("person__username")}
    return [person for person in found.values() if case.may_be_told(person)]


def why_not(case: Any, by: Person, to: Person | None) -> Reason | None:
    """Whether ``by`` may give the case to ``to`` (None: put it back)."""
    if not case.is_open:
        return Reason("closed", _("The matter has ended."))
    if to is not None and not may_handle(case, to):
        return Reason(
            "not_of_office", _("Only somebody who examines for this department can take the matter on.")
        )
    if is_head(case, by):
        return None
    if not may_handle(case, by):
        return Reason(
            "only_department", _("Only an approver of the responsible department can do that."), "not_allowed"
        )
    if to is not None and to.pk != by.pk:
        return Reason("only_head_assigns", _("Only the head gives matters to others."), "not_allowed")
    if case.handler_id not in (None, by.pk):
        return Reason("taken", _("A colleague has taken this matter on; the head can give it to you."))
    return None


def assign(case: Any, to: Person | None, *, by: Person) -> Any:
    """领办、分办、退回 — sets the handler, with one event; the person given the case by another is told.

    Raises :class:`StepRefused` or :class:`flow.Stale`. Setting what is already so changes nothing.
    """
    if reason := why_not(case, by, to):
        raise StepRefused(reason)
    return _set(case, to, by=by)


def _set(case: Any, to: Person | None, *, by: Person, **more: str) -> Any:
    if case.handler_id == (to.pk if to else None):
        return case
    before = case.handler.username if case.handler_id else ""
    data = {"handler": to.username if to else "", "handler_before": before} | more
    with transaction.atomic():
        flow.note(case, "assign", by=by, data=data, handler_id=to.pk if to else None)
    case._state.fields_cache.pop("handler", None)
    return case


# --- hand-over ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """One sort of thing that is handed over: what the giver has, and how one of it passes to the taker. ``give`` returns
    nothing, or why it was not possible."""

    collect: Callable[[Person], list[dict[str, str]]]
    give: Callable[[dict[str, str], Person, Person], Any]


#: kind of hand-over → sort of thing → how; higher apps add theirs at start-up
PARTS: dict[str, dict[str, Part]] = {"work": {}, "shift": {}}


def part(
    kind: str, what: str, collect: Callable[[Person], list[dict[str, str]]], give: Callable[..., Any]
) -> None:
    """Registers a sort of thing. ``collect`` gives lines ``{"what", "key", "words"}``."""
    PARTS[kind][what] = Part(collect, give)


def open_work(giver: Person) -> list[dict[str, str]]:
    """Every open case that the giver has taken on."""
    lines = []
    for kind in FLOWS.values():
        assert kind.model is not None
        mine = kind.model._base_manager.filter(handler=giver, closed_at__isnull=True).order_by("due_at", "id")
        lines += [
            {"what": "case", "key": number, "words": title}
            for number, title in mine.values_list("number", "title")[:MOST]
        ]
    return lines


def give_case(line: dict[str, str], giver: Person, taker: Person) -> Any:
    """Passes one case on, if the giver still has it."""
    model = FLOWS[line["key"][:1]].model
    assert model is not None
    case = model._base_manager.select_related("office").filter(number=line["key"]).first()
    if case is None or not case.is_open:
        return _("The matter has ended.")
    if case.handler_id != giver.pk:
        return _("It had meanwhile been given to somebody else.")
    if not may_handle(case, taker):
        return _("Only somebody who examines for this department can take the matter on.")
    _set(case, taker, by=taker, handover="1")
    return None


part("work", "case", open_work, give_case)


def collect(kind: str, giver: Person) -> list[dict[str, str]]:
    """All that this person would hand over now."""
    return [line for one in PARTS[kind].values() for line in one.collect(giver)]


def manages(by: Person, giver: Person) -> bool:
    """The head of one of the giver's offices, or the manager of one of the giver's halls."""
    offices, halls = by.offices_as(Role.HEAD), by.halls_as(Role.HALL_MANAGER)
    posts = giver.posts.on(timezone.localdate(instant.now()))
    return any(p.office_id in offices or p.hall_id in halls for p in posts)


def takers(kind: str, giver: Person) -> list[Person]:
    """Who can take it: colleagues with the same role at the same office or hall."""
    day = timezone.localdate(instant.now())
    roles = [Role.CLERK, Role.HALL_MANAGER] if kind == "shift" else [Role.APPROVER, Role.HEAD]
    own = list(giver.posts.on(day).filter(role__in=roles))
    places = (
        Q(hall_id__in=[p.hall_id for p in own])
        if kind == "shift"
        else Q(office_id__in=[p.office_id for p in own])
    )
    posts = Post.objects.on(day).filter(places, role__in=roles, person__is_active=True).exclude(person=giver)
    return list(
        {p.person_id: p.person for p in posts.select_related("person").order_by("person__username")}.values()
    )


def hand_over(kind: str, giver: Person, taker: Person, *, by: Person, note: str = "") -> Handover:
    """移交清单 — writes the list down as it is now and asks both to sign. Raises :class:`StepRefused`."""
    if by.pk != giver.pk and not manages(by, giver):
        raise StepRefused(
            Reason("not_yours", _("You hand over your own work, or that of your unit."), "not_allowed")
        )
    if taker.pk not in {p.pk for p in takers(kind, giver)}:
        raise StepRefused(Reason("wrong_taker", _("Choose a colleague of the same unit.")))
    lines = collect(kind, giver)
    if kind == "work" and not lines:
        raise StepRefused(Reason("nothing", _("There is nothing to hand over.")))
    made = Handover.objects.create(
        kind=kind, giver=giver, taker=taker, made_by=by, made_at=instant.now(), note=note, lines=lines
    )
    _ask([p for p in (giver, taker) if p.pk != by.pk], made, by)
    return made


def _ask(people: Iterable[Person], h: Handover, by: Person) -> None:
    said: dict[str, Any] = {"by": bilingual(by), "giver": bilingual(h.giver), "taker": bilingual(h.taker)}
    tell(people, "handover", key=str(h.pk), url=f"/desk/handovers/{h.pk}/", **said)


def seen_by(person: Person) -> QuerySet[Handover]:
    """The hand-overs that this person gave, took or wrote, and those of the unit that he or she leads."""
    day = timezone.localdate(instant.now())
    found = Q(giver=person) | Q(taker=person) | Q(made_by=person)
    offices, halls = person.offices_as(Role.HEAD), person.halls_as(Role.HALL_MANAGER)
    if offices or halls:
        led = Post.objects.on(day).filter(Q(office_id__in=offices) | Q(hall_id__in=halls)).values("person_id")
        found |= Q(giver__in=led)
    return Handover.objects.filter(found).select_related("giver", "taker", "made_by", "given_by")


def can_sign(h: Handover, by: Person) -> str:
    """``given`` or ``taken``: what this person's signature would be now; empty for none. The head or manager signs for a
    giver who is away: absence never stops a case."""
    if h.done_at or h.refused_at:
        return ""
    if by.pk == h.taker_id:
        return "" if h.taken_at else "taken"
    if h.given_at is None and (by.pk == h.giver_id or manages(by, h.giver)):
        return "given"
    return ""


def sign(h: Handover, *, by: Person) -> Handover:
    """签字 — one signature; with the second, everything on the list passes on, each thing by itself, with a note of what
    could not. Raises :class:`StepRefused`."""
    with transaction.atomic():
        h = Handover.objects.select_related("giver", "taker").get(pk=h.pk)
        what = can_sign(h, by)
        if not what:
            raise StepRefused(
                Reason("not_to_sign", _("There is nothing for you to sign here."), "not_allowed")
            )
        now = instant.now()
        open_ = Handover.objects.filter(pk=h.pk, done_at__isnull=True, refused_at__isnull=True)
        signed = {"given_at": now, "given_by": by} if what == "given" else {"taken_at": now}
        if not open_.filter(**{f"{what}_at__isnull": True}).update(**signed):
            raise StepRefused(
                Reason("not_to_sign", _("There is nothing for you to sign here."), "not_allowed")
            )
        h.refresh_from_db()
        if h.given_at and h.taken_at and open_.update(done_at=now):
            lines = []
            for line in h.lines:
                why = PARTS[h.kind][line["what"]].give(line, h.giver, h.taker)
                lines.append(line | ({"why": str(why)} if why else {}))
            h.lines, h.done_at = lines, now
            h.save(update_fields=["lines"])
        over("handover", str(h.pk), of=None if h.done_at else by)
        return h


def refuse(h: Handover, *, by: Person) -> None:
    """退回 — giver, taker or the chief takes the list back before both have signed."""
    if by.pk not in (h.giver_id, h.taker_id, h.made_by_id) and not manages(by, h.giver):
        raise StepRefused(
            Reason("not_yours", _("You hand over your own work, or that of your unit."), "not_allowed")
        )
    Handover.objects.filter(pk=h.pk, done_at__isnull=True, refused_at__isnull=True).update(
        refused_at=instant.now()
    )
    over("handover", str(h.pk))


def givers(by: Person) -> list[Person]:
    """Whose work this person may hand over: the own, and that of the unit that he or she leads."""
    day = timezone.localdate(instant.now())
    offices, halls = by.offices_as(Role.HEAD), by.halls_as(Role.HALL_MANAGER)
    if not offices and not halls:
        return [by]
    posts = Post.objects.on(day).filter(Q(office_id__in=offices) | Q(hall_id__in=halls)).exclude(person=by)
    led = {p.person_id: p.person for p in posts.select_related("person").order_by("person__username")}
    return [by, *led.values()]


def giver(by: Person, username: str) -> Person:
    """The person of that name among them; the own one for any other name."""
    return next((p for p in givers(by) if username and p.username == username), by)
