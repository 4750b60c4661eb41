"""Whom an account may act for, and what it may see of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.rules import Actor
from onewindow.my.models import Account, Authority, AuthorityKind, Scope
from onewindow.org.masking import mask_id, mask_name
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.org.sealed import digest


@dataclass(frozen=True)
class Holder:
    """办事主体 — for whom somebody acts: himself, an enterprise, or a principal. ``kind``: person or enterprise;
    ``ground``: ``self`` or the kind of authority; ``items``: primary keys of the items it is limited to (empty: all)."""

    key: str
    kind: str
    name: str
    id_type: str
    id_number: str
    ground: str
    may_act: bool = True
    items: frozenset[int] = field(default_factory=frozenset)
    since: Any = None

    @property
    def digest(self) -> str:
        return digest(self.id_number)

    @property
    def is_agent(self) -> bool:
        return self.ground == AuthorityKind.AGENT

    @property
    def masked(self) -> str:
        return mask_name(self.name, kind=self.kind)

    @property
    def masked_id(self) -> str:
        return self.id_number if self.id_type == "uscc" else mask_id(self.id_number)

    def covers(self, item_id: int) -> bool:
        return not self.items or item_id in self.items


def account_of(person: Any) -> Account | None:
    """The open account behind a signed-in person; None for staff and strangers."""
    if not getattr(person, "is_authenticated", False) or not person.is_active:
        return None
    found = Account.objects.filter(person=person, closed_at__isnull=True).first()
    if found is not None:
        found.person = person
    return found


def holders(person: Person) -> list[Holder]:
    """All for whom this person may act or whose cases he may follow today, himself first. Read once a request."""
    kept = person.__dict__.get("_holders")
    if kept is None:
        kept = person.__dict__["_holders"] = _holders(person)
    return kept


def _holders(person: Person) -> list[Holder]:
    found: list[Holder] = []
    account = account_of(person)
    if account is not None and account.is_bound:
        found.append(Holder("self", "person", account.name, account.id_type, account.id_number, "self"))
    if person.has_role(Role.ENTERPRISE) and person.uscc:
        found.append(Holder("post", "enterprise", person.name, "uscc", person.uscc, AuthorityKind.STAFF))
    if account is None:
        return found
    day = timezone.localdate(instant.now())
    held = Authority.objects.in_force(day).filter(grantee=person).prefetch_related("items").order_by("id")
    for a in held:
        found.append(
            Holder(
                a.key,
                a.holder_kind,
                a.holder_name,
                a.holder_id_type,
                a.holder_id_number,
                a.kind,
                a.scope == Scope.ACT,
                frozenset(i.pk for i in a.items.all()),
                a.starts_on,
            )
        )
    return found


def seen(person: Any) -> Q:
    """The applications of all these; of a principal only what the authority covers: its items, and of ended matters only
    those begun under it (个人信息保护法 6: no more than is needed)."""
    mine = Q(pk__in=[])
    if not getattr(person, "is_authenticated", False) or person.works_here:
        return mine
    for h in holders(person):
        one = Q(id_digest=h.digest)
        if h.items:
            one &= Q(item_id__in=h.items)
        if h.is_agent:
            one &= Q(closed_at__isnull=True) | Q(opened_at__date__gte=h.since)
        mine |= one
    return mine


def seen_licences(person: Any) -> Q:
    """The licences of all these; of a principal only those in force that the power covers, and only if it is one to act:
    he renews them (个人信息保护法 6)."""
    mine = Q(pk__in=[])
    if not getattr(person, "is_authenticated", False) or person.works_here:
        return mine
    for h in holders(person):
        one = Q(id_digest=h.digest)
        if h.items:
            one &= Q(item_id__in=h.items)
        if h.is_agent:
            one &= Q(state__in=("valid", "suspended"))
        if h.may_act:
            mine |= one
    return mine


def seen_materials(person: Any) -> set[str]:
    """Digests of those whose library is shown: one's own and the enterprises'. A power of attorney does not open the
    principal's papers."""
    if not getattr(person, "is_authenticated", False) or person.works_here:
        return set()
    return {h.digest for h in holders(person) if not h.is_agent}


def holder_of(person: Any, case: Any) -> Holder | None:
    """On whose behalf this person would act in a case: the strongest ground first."""
    fit = [h for h in holders(person) if h.digest == case.id_digest and h.covers(case.item_id)]
    fit.sort(key=lambda h: (not h.may_act, h.is_agent))
    return fit[0] if fit else None


def actor(person: Any, case: Any) -> Actor:
    """The person as he acts in one case: its applicant, an agent, or one who only reads."""
    h = holder_of(person, case)
    kind = "applicant" if h is not None and h.may_act else "reader"
    return Actor(kind, case.number, account=person.username, is_agent=bool(h and h.is_agent and h.may_act))


def may_use(person: Any) -> bool:
    """Whether the pages under ``/my/`` are this person's: an open account, or the post of an enterprise."""
    if account_of(person) is not None:
        return True
    return bool(person.has_role(Role.ENTERPRISE) and person.uscc)
