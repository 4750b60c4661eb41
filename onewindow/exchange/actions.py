"""What can be done with the library and with shared data. Nothing here is a step: no case moves by it."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.models import Attachment
from onewindow.cases.rows import insert, insert_all
from onewindow.cases.rules import By, Reason
from onewindow.exchange import connectors, kinds, rules
from onewindow.exchange.models import (
    Basis,
    Call,
    Dataset,
    Given,
    Grant,
    GrantState,
    Material,
    Origin,
    Outcome,
    Reuse,
    canonical,
    signed,
)
from onewindow.exchange.needs import Need
from onewindow.org.calendar import deadline
from onewindow.org.models import Office, Person, current_calendar, limit
from onewindow.org.sealed import digest


class NotPossible(Exception):
    """It can't be done; ``reason`` says why. Nothing has changed."""

    def __init__(self, reason: Reason):
        super().__init__(reason.code)
        self.reason = reason

    @property
    def text(self) -> str:
        return str(self.reason.text)


def _check(reason: Reason | None) -> None:
    if reason is not None:
        raise NotPossible(reason)


def today() -> dt.date:
    return timezone.localdate(instant.now())


# --- the library -------------------------------------------------------------------------------------------


def register(
    holder: Mapping[str, str],
    title: str,
    *,
    source: str,
    no: int = 0,
    origin: str = Origin.HANDED_IN,
    kind: str = "",
    title_en: str = "",
    issuer: str = "",
    about: str = "",
    document_no: str = "",
    issued_on: dt.date | None = None,
    valid_until: dt.date | None = None,
    attachment: Attachment | None = None,
    reference: str = "",
) -> Material | None:
    """Puts a material into its holder's library; once for a source, ``no`` and kind, however often it is called.

    ``holder``: ``kind`` (person, enterprise) and ``id_number``. ``kind``: a code of the list, else found by the title;
    None for a paper that is written for one application only. ``source``: number of the application or licence it came
    with; ``about``: that matter's name. ``valid_until`` empty: for a handed-in copy the days that its kind may be kept,
    for what was issued here without end. A newer one *issued here* of the same kind and title takes the place of the older.
    """
    kind = kind or kinds.code_of(title, holder["kind"])
    if not kind:
        return None
    issued_on = issued_on or today()
    if valid_until is None and origin == Origin.HANDED_IN:
        valid_until = issued_on + dt.timedelta(days=kinds.kind(kind).keep_days)
    with transaction.atomic():
        found, is_new = Material.objects.get_or_create(
            source=source,
            no=no,
            kind=kind,
            origin=origin,
            defaults={
                "holder_kind": holder["kind"],
                "holder_digest": digest(holder["id_number"]),
                "title": title[:120],
                "title_en": title_en[:200],
                "issuer": issuer[:60],
                "about": about[:120],
                "document_no": document_no,
                "issued_on": issued_on,
                "valid_until": valid_until,
                "attachment": attachment,
                "reference": reference[:120],
                "sha256": attachment.sha256 if attachment else "",
                "added_at": instant.now(),
            },
        )
        if is_new and origin == Origin.ISSUED:
            older = Material.objects.filter(
                holder_digest=found.holder_digest, kind=kind, origin=origin, title=found.title,
                replaced_by__isnull=True, issued_on__lte=issued_on,
            )  # fmt: skip
            older.exclude(pk=found.pk).update(replaced_by=found)
        return found


def revoke(source: str, reason: str, *, no: int | None = None, origin: str = Origin.ISSUED) -> int:
    """What came from a source no longer counts (a licence was revoked, a decision withdrawn). Gives how many rows."""
    rows = Material.objects.filter(source=source, origin=origin, revoked_at__isnull=True)
    if no is not None:
        rows = rows.filter(no=no)
    return rows.update(revoked_at=instant.now(), revoked_reason=reason[:200])


def withdraw_consent(m: Material) -> bool:
    """撤回同意 — the holder no longer wants a handed-in material to be used again (个人信息保护法 15). What was used stays on
    record; what the government itself issued or registered is not his to take back."""
    rows = Material.objects.filter(pk=m.pk, origin=Origin.HANDED_IN, revoked_at__isnull=True)
    return bool(rows.update(revoked_at=instant.now(), revoked_reason="持有人撤回同意"))


def prolong(source: str, valid_until: dt.date | None, *, no: int = 0) -> int:
    """A licence was renewed or changed: until when it is valid now."""
    return Material.objects.filter(source=source, no=no, origin=Origin.ISSUED).update(valid_until=valid_until)


def offers(id_number: str, wanted: Iterable[str], number: str = "") -> dict[str, Material]:
    """For each kind the best material that the holder has and that may be used today: an extract fetched for this very
    matter (``number``), then what was issued here, then what was handed in; of those the newest."""
    codes = {k for k in wanted if k}
    if not codes or not id_number:
        return {}
    rank = {Origin.EXTRACT: 0, Origin.ISSUED: 1, Origin.HANDED_IN: 2}
    rows = Material.objects.of(id_number).for_matter(number).filter(kind__in=codes).usable(today())
    best: dict[str, Material] = {}
    for m in sorted(rows, key=lambda m: (rank[Origin(m.origin)], -m.issued_on.toordinal(), -m.pk)):
        best.setdefault(m.kind, m)
    return best


def use(
    held: Mapping[int, Material],
    *,
    number: str,
    office: str,
    hall: str,
    item: str,
    by: By,
    consent: str = "",
    holder: str,
    wanted: Mapping[int, str],
) -> list[Reuse]:
    """复用 — records that these materials (number of the asked material → what stands in) were not asked for again, after
    looking at each once more *now*, inside the caller's transaction. Raises :class:`NotPossible` with the first reason.

    ``consent``: how the holder agreed (:class:`Given`); what was handed in needs it (个人信息保护法 13), what the government
    itself issued or registered does not: there is a duty not to ask again (国令809, 716)."""
    now = instant.now()
    day = timezone.localdate(now)
    fresh = Material.objects.in_bulk([m.pk for m in held.values()])
    rows = []
    for no, given in sorted(held.items()):
        m = fresh[given.pk]
        _check(rules.why_not_use(m, holder=holder, kind=wanted[no], number=number, day=day, consent=consent))
        basis = Basis.CONSENT if m.needs_consent else Basis.DUTY
        rows.append(
            Reuse(
                number=number, no=no, material=m, kind=m.kind, origin=m.origin, issuer=m.issuer, basis=basis,
                article=rules.CONSENT if m.needs_consent else rules.DUTY,
                given=consent if m.needs_consent else Given.NONE, at=now, by=by.username, office=office, hall=hall,
                item=item, valid_until=m.valid_until,
            )
        )  # fmt: skip
    insert_all(rows)
    return rows


# --- shared data -------------------------------------------------------------------------------------------


def query(
    dataset: Dataset,
    need: Need | None,
    *,
    by: By,
    number: str = "",
    purpose: str = "",
    fields: Sequence[str] = (),
) -> tuple[Call, Material | None]:
    """调用 — asks a data set about the holder of one open matter. Every question leaves a row, also a refused one.

    ``need``: what :func:`needs.of` says of the number. ``fields``: fewer than the grant allows, if fewer will do. The
    answer is kept as an extract in the holder's library, bound to this number, with its signed provenance; asked again
    on the days on which that is valid, it is given again without another call. Raises :class:`NotPossible`.
    """
    day = today()
    grant = rules.grant_for(dataset, need, day) if need else None
    reason = rules.why_not_call(dataset, need, by, grant=grant)
    said: dict[str, Any] = {
        "by": by.username, "dataset": dataset, "number": (need.number if need else number)[:14],
        "office": need.office if need else "", "item": need.item if need else "",
        "purpose": (purpose or (grant.purpose if grant else ""))[:200],
        "subject_digest": digest(need.subject) if need else "",
    }  # fmt: skip
    if reason is not None or need is None or grant is None:
        reason = reason or Reason("no_case", "")
        insert(Call(at=instant.now(), outcome=Outcome.REFUSED, reason=reason.code, **said))
        raise NotPossible(reason)
    allowed = [f["code"] for f in dataset.fields if f["code"] in grant.fields]
    asked = [f for f in allowed if f in fields] if fields else allowed
    said |= {"grant": grant, "legal_basis": grant.legal_basis, "fields": asked}
    if known := _known(dataset, need, day):
        call = Call.objects.filter(number=need.number, dataset=dataset, outcome=Outcome.FOUND).latest("at")
        return call, known
    got = connectors.ask(dataset.method, need.subject, name=need.subject_name, fields=asked)
    outcome = Outcome.UNAVAILABLE if got.failed else Outcome.NOT_FOUND if got.facts is None else Outcome.FOUND
    body = canonical(got.facts) if got.facts else ""
    said |= {"attempts": got.attempts, "milliseconds": got.milliseconds, "reason": got.failed}
    said["sha256"] = hashlib.sha256(body.encode()).hexdigest() if body else ""
    with transaction.atomic():
        call = insert(Call(at=instant.now(), outcome=outcome, **said))
        return call, _extract(dataset, need, call, body, day) if body else None


def _known(dataset: Dataset, need: Need, day: dt.date) -> Material | None:
    """The extract that was already fetched for this very matter."""
    rows = Material.objects.of(need.subject).filter(
        origin=Origin.EXTRACT, source=need.number, dataset=dataset
    )
    return rows.usable(day).first()


def _extract(dataset: Dataset, need: Need, call: Call, body: str, day: dt.date) -> Material:
    m = Material(
        holder_kind=need.holder_kind,
        holder_digest=call.subject_digest,
        kind=dataset.kind,
        title=dataset.material.name,
        title_en=dataset.material.name_en,
        origin=Origin.EXTRACT,
        issuer=dataset.owner.name,
        source=need.number,
        no=call.pk % 32000,
        about=need.title,
        dataset=dataset,
        issued_on=day,
        valid_until=day + dt.timedelta(days=dataset.valid_days),
        reference=f"{dataset.code} {call.pk}",
        body=body,
        sha256=call.sha256,
        added_at=call.at,
    )
    m.signature = signed(m)
    return insert(m)


def fetchable(office: str, item: str, wanted: Iterable[str]) -> dict[str, Dataset]:
    """For each kind the data set that this office may ask for this item today."""
    rows = Grant.objects.in_force(today()).filter(
        office__code=office, item__in=["", item], dataset__is_active=True, dataset__kind__in=set(wanted)
    )
    return {g.dataset.kind: g.dataset for g in rows.select_related("dataset__owner")}


def add_dataset(owner: Office, facts: Mapping[str, Any]) -> Dataset:
    """Adds a data set to the catalogue, or brings its facts up to date (the code stays)."""
    given = {k: v for k, v in facts.items() if k != "code"} | {"owner": owner}
    return Dataset.objects.update_or_create(code=facts["code"], defaults=given)[0]


def read_datasets(lines: Iterable[str]) -> list[tuple[str, dict[str, Any]]]:
    """(code of the owner, facts) of each line of a CSV file such as ``data/datasets.csv``; fields are written as
    ``code:中文:English`` and parted by ``|``."""
    found = []
    for row in csv.DictReader(lines):
        names = ("code", "name", "name_en")
        row_fields = [dict(zip(names, f.split(":"), strict=True)) for f in row.pop("fields").split("|")]
        found.append((row.pop("owner"), row | {"fields": row_fields, "valid_days": int(row["valid_days"])}))
    return found


# --- grants ------------------------------------------------------------------------------------------------


def ask_grant(
    dataset: Dataset,
    office: Office,
    *,
    by: Person,
    purpose: str,
    legal_basis: str,
    fields: Sequence[str],
    item: str = "",
    starts_on: dt.date | None = None,
    until: dt.date | None = None,
) -> Grant:
    """申请共享 — the head of an office asks for a grant; the owner has ten working days (政务数据共享条例). Asking for the
    same again while it is open gives the open one."""
    _check(rules.why_not_ask(by))
    now = instant.now()
    with transaction.atomic():
        same = Grant.objects.filter(dataset=dataset, office=office, item=item, state=GrantState.ASKED).first()
        if same:
            return same
        return Grant.objects.create(
            dataset=dataset,
            office=office,
            item=item,
            purpose=purpose,
            legal_basis=legal_basis,
            fields=[f["code"] for f in dataset.fields if f["code"] in fields],
            starts_on=starts_on or today(),
            until=until,
            asked_at=now,
            asked_by=by.username,
            answer_by=deadline(now, [limit("grant_answer")], [], current_calendar()).at,
        )


def answer_grant(
    grant: Grant, *, by: Person, approve: bool, answer: str = "", fields: Sequence[str] | None = None
) -> Grant:
    """The owner approves (perhaps fewer fields) or refuses with its reason; once, whoever was faster."""
    _check(rules.why_not_answer(grant, by))
    if not approve and not answer:
        raise NotPossible(Reason("no_reason", ""))
    kept = grant.fields if fields is None else [f for f in grant.fields if f in fields]
    rows = Grant.objects.filter(pk=grant.pk, state=GrantState.ASKED).update(
        state=GrantState.APPROVED if approve else GrantState.REFUSED,
        answered_at=instant.now(), answered_by=by.username, answer=answer, fields=kept,
    )  # fmt: skip
    _check(None if rows else _answered())
    grant.refresh_from_db()
    return grant


def revoke_grant(grant: Grant, *, by: Person, reason: str) -> Grant:
    """撤销授权 — from this moment no call goes through; what was fetched before keeps its record."""
    _check(rules.why_not_answer(grant, by))
    rows = Grant.objects.filter(pk=grant.pk, state=GrantState.APPROVED).update(
        state=GrantState.REVOKED, revoked_at=instant.now(), revoked_by=by.username, revoked_reason=reason
    )
    _check(None if rows else _answered())
    grant.refresh_from_db()
    return grant


def _answered() -> Reason:
    return Reason("already_answered", _("This has been decided in the meantime. Please look again."))
