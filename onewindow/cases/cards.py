"""黄牌、红牌: what people do with a card – see it, answer with the reason, revoke it – and who may."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onewindow.cases import desk, flow, instant
from onewindow.cases.flow import FLOWS, StepRefused
from onewindow.cases.models import KEPT_FROM_SOME, Card, CardReply, ReplyKind
from onewindow.cases.rules import Reason
from onewindow.org.models import Person
from onewindow.org.roles import Role

PAGE = 50
MOST_COUNTED = 100
OPEN, ANSWERED, REVOKED, UNTOLD = "open", "answered", "revoked", "untold"

_REPLIES = Prefetch("replies", CardReply.objects.select_related("by"), to_attr="said")


@dataclass(frozen=True)
class Line:
    """A card with what became of it."""

    card: Card
    seen: CardReply | None
    answer: CardReply | None
    revoked: CardReply | None

    @property
    def state(self) -> str:
        return REVOKED if self.revoked else ANSWERED if self.answer else OPEN


def lines(cards: Any) -> list[Line]:
    """Cards (with ``said`` prefetched) as lines."""
    rows = []
    for card in cards:
        said = {reply.kind: reply for reply in card.said}
        rows.append(Line(card, said.get("seen"), said.get("answered"), said.get("revoked")))
    return rows


def of_case(number: str) -> list[Line]:
    """All cards of one case, first to last; one query for the many that have none."""
    return lines(
        Card.objects.of(number).select_related("office", "hall", "person").prefetch_related(_REPLIES)
    )


def _replied(kind: str) -> Exists:
    return Exists(CardReply.objects.filter(card=OuterRef("pk"), kind=kind))


def select(person: Person, asked: Mapping[str, Any]) -> QuerySet[Card]:
    """The cards that were asked for, newest first, within what this person may see.

    ``asked``: ``code``, ``office``, ``hall`` (codes), ``state``, ``issued_from``, ``issued_to`` (days, both included).
    """
    cards = Card.objects.seen_by(person)
    if code := asked.get("code"):
        cards = cards.filter(code=code)
    if office := asked.get("office"):
        cards = cards.filter(office__code=office, hall__isnull=True)
    if hall := asked.get("hall"):
        cards = cards.filter(hall__code=hall)
    if first := asked.get("issued_from"):
        cards = cards.filter(issued_at__gte=desk._midnight(first))
    if last := asked.get("issued_to"):
        cards = cards.filter(issued_at__lt=desk._midnight(last + dt.timedelta(days=1)))
    match asked.get("state"):
        case "open":
            cards = cards.filter(~_replied("answered"), ~_replied("revoked"))
        case "answered":
            cards = cards.filter(_replied("answered"), ~_replied("revoked"))
        case "revoked":
            cards = cards.filter(_replied("revoked"))
        case "untold":
            cards = cards.exclude(untold=[])
    return cards.select_related("office", "hall", "person").prefetch_related(_REPLIES).order_by("-id")


def to_answer(person: Person) -> int:
    """The red dot of the menu: unanswered cards of the own unit (bureau and leaders answer none)."""
    offices = person.offices_as(Role.APPROVER, Role.HEAD)
    halls = person.halls_as(Role.CLERK, Role.HALL_MANAGER)
    if not offices and not halls:
        return 0

    def build() -> QuerySet[Any, Any]:
        ours = Q(hall_id__in=halls) | Q(office_id__in=offices, hall__isnull=True)
        plain = select(person, {"state": OPEN}).order_by().prefetch_related(None).select_related(None)
        return plain.filter(ours).values_list("pk")[:MOST_COUNTED]

    kept = tuple(desk.KINDS[prefix].besides(person) for prefix in KEPT_FROM_SOME)
    return len(desk.MEMORY.rows(("cards", person.standing, kept, desk.today()), build))


def find(person: Person, pk: int) -> Card | None:
    """A card that this person may see, or None."""
    return Card.objects.seen_by(person).filter(pk=pk).select_related("office", "hall").first()


def why_not(kind: str, card: Card, by: Person) -> Reason | None:
    """Whether this person may reply so: the unit sees and answers, the bureau revokes; each once."""
    replied = set(CardReply.objects.filter(card=card).values_list("kind", flat=True))
    if ReplyKind.REVOKED in replied:
        return Reason("card_revoked", _("This card has been revoked."))
    if kind in replied or (kind == ReplyKind.SEEN and ReplyKind.ANSWERED in replied):
        return Reason("card_replied", _("This has been done already."))
    if kind == ReplyKind.REVOKED:
        may = by.has_role(Role.BUREAU)
        text = _("Only the business-environment bureau can revoke a card.")
    elif card.hall_id:
        may = card.hall_id in by.halls_as(Role.CLERK, Role.HALL_MANAGER)
        text = _("Only the hall that got the card can answer it.")
    else:
        may = card.office_id in by.offices_as(Role.APPROVER, Role.HEAD)
        text = _("Only the department that got the card can answer it.")
    return None if may else Reason("not_your_card", text, "not_allowed")


def reply(card: Card, kind: str, *, by: Person, text: str = "") -> CardReply:
    """Writes the reply and its event on the case. ``text``: the reason, which the public may read (722号令 36); needed for
    all but *seen*. Raises :class:`StepRefused`."""
    with transaction.atomic():
        if reason := why_not(kind, card, by):
            raise StepRefused(reason)
        try:
            with transaction.atomic():
                said = CardReply.objects.create(card=card, kind=kind, text=text, at=instant.now(), by=by)
        except IntegrityError as twice:
            raise StepRefused(Reason("card_replied", _("This has been done already."))) from twice
        if kind != ReplyKind.SEEN:
            model = FLOWS[card.number[:1]].model
            assert model is not None
            case = model._base_manager.select_related("office").get(number=card.number)
            flow.note(case, f"card_{kind}", by=by, data={"card": card.code, "reason": text})
        return said
