"""What can be done with an entry of the register. Every change is one event of the licence's own chain."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import chain, instant, numbers, rows
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.rules import CLOCK, By, Reason
from onewindow.catalog.models import Item, ItemVersion
from onewindow.licences import identifier, rules
from onewindow.licences.models import CANCEL_REASONS, Licence, State
from onewindow.org.calendar import Limit
from onewindow.org.sealed import digest

#: Days before the end on which the holder is told (行政许可法 50: renewal is asked for 30 days before). Natural days: 82
#: counts working days for what the organ has to do, not for the holder.
ALERT_DAYS = (45, 30, 15)
RENEW_BEFORE = 30


def last_day(first: dt.date, validity: str) -> dt.date | None:
    """The last valid day of ``5y``, ``18mo`` or ``90d`` from ``first``, which counts; None for no end."""
    if not validity:
        return None
    if validity.endswith("y"):
        months = int(validity[:-1]) * 12
    else:
        limit = Limit.parse(validity)
        if limit.unit != "mo":
            return first + dt.timedelta(days=limit.amount - 1)
        months = limit.amount
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    month += 1
    after = dt.date(year + month // 12, month % 12 + 1, 1)
    day = min(first.day, (after - dt.timedelta(days=1)).day)
    return dt.date(year, month, day) - dt.timedelta(days=1)


def next_alert(valid_to: dt.date | None, today: dt.date) -> dt.date | None:
    """The day on which the licence is looked at next: an alert, or the day after its end. None for no end."""
    if valid_to is None:
        return None
    days = [valid_to - dt.timedelta(days=n) for n in ALERT_DAYS] + [valid_to + dt.timedelta(days=1)]
    return next((day for day in days if day > today), days[-1])


def grant(
    application: str,
    version: ItemVersion,
    *,
    by: By,
    at: dt.datetime,
    holder: dict[str, str],
    conditions: str = "",
) -> Licence:
    """颁发 — enters what was granted into the register, once an application.

    ``holder``: kind, name, id_type, id_number. ``at``: the instant of the decision; valid from its day, for the time that
    the item's version prints (``result_validity``).
    """
    if (known := Licence.objects.filter(application=application).first()) is not None:
        return known
    item, today = version.item, timezone.localdate(at)
    number = numbers.new("L")
    valid_to = last_day(today, version.result_validity)
    licence = Licence(
        number=number,
        identifier=identifier.make(item.code, item.office.code, number, 1),
        title=version.result,
        title_en=version.result_en,
        item=item,
        office=item.office,
        holder_kind=holder["kind"],
        holder_name=holder["name"],
        id_type=holder["id_type"],
        id_number=holder["id_number"],
        id_digest=digest(holder["id_number"]),
        application=application,
        latest=application,
        conditions=conditions,
        issued_at=at,
        valid_from=today,
        valid_to=valid_to,
        validity=version.result_validity,
        next_alert_on=next_alert(valid_to, today),
        version=1,
    )
    said = {"application": application, "item": item.code, "identifier": licence.identifier, **_days(licence)}
    with transaction.atomic():
        event = chain.link(licence, "grant", by=by, at=instant.now(), data=said)
        licence.head = event.hash
        rows.insert(licence)
        chain.append(event)
    return licence


def _days(licence: Licence) -> dict[str, str]:
    end = licence.valid_to.isoformat() if licence.valid_to else ""
    return {"valid_from": licence.valid_from.isoformat(), "valid_to": end}


def record(licence: Licence, verb: str, *, by: By, data: dict[str, Any], **changes: Any) -> Licence:
    """Writes a change and its one event, if the licence still is as it was read; else :class:`Stale`."""
    with transaction.atomic():
        draft = copy.copy(licence)
        for name, value in changes.items():
            setattr(draft, name, value)
        draft.version = licence.version + 1
        event = chain.link(draft, verb, by=by, at=instant.now(), data=data)
        draft.head = event.hash
        if not rows.update_if(draft, licence.version, sorted({*changes, "version", "head"})):
            raise Stale
        chain.append(event)
    licence.__dict__.update(draft.__dict__)
    return licence


def _must(*reasons: Reason | None) -> None:
    for reason in reasons:
        if reason is not None:
            raise StepRefused(reason)


def _edition(licence: Licence) -> dict[str, Any]:
    """A changed licence is a new edition, with an identifier of its own (GB/T 36904)."""
    edition = licence.edition + 1
    made = identifier.make(licence.item.code, licence.office.code, licence.number, edition)
    return {"edition": edition, "identifier": made}


def renew(licence: Licence, *, by: By, application: str, at: dt.datetime) -> Licence:
    """延续 — one more time of validity, following on the old one (行政许可法 50); once an application."""
    if licence.latest == application:
        return licence
    _must(rules.in_state(licence, State.VALID, State.EXPIRED))
    first = max(timezone.localdate(at), (licence.valid_to or timezone.localdate(at)) + dt.timedelta(days=1))
    valid_to = last_day(first, licence.validity)
    changes = _edition(licence) | {
        "valid_to": valid_to,
        "latest": application,
        "state": State.VALID,
        "ended_at": None,
        "next_alert_on": next_alert(valid_to, timezone.localdate(at)),
    }
    before = licence.valid_to.isoformat() if licence.valid_to else ""
    after = valid_to.isoformat() if valid_to else ""
    said = {"application": application, "before": before, "valid_to": after, "edition": changes["edition"]}
    return record(licence, "renew", by=by, data=said, **changes)


def change(licence: Licence, *, by: By, reason: str, conditions: str, holder_name: str = "") -> Licence:
    """变更 — the head changes the conditions, or the holder's name where the holder has a new one (行政许可法 49)."""
    _must(rules.head_only(licence, by), rules.in_state(licence, State.VALID, State.SUSPENDED))
    changes: dict[str, Any] = _edition(licence) | {"conditions": conditions}
    fields = ["conditions"] if conditions != licence.conditions else []
    if holder_name and holder_name != licence.holder_name:
        changes["holder_name"] = holder_name
        fields.append("holder_name")
    said = {"reason": reason, "fields": fields, "edition": changes["edition"]}
    if "conditions" in fields:
        said["conditions"] = conditions
    return record(licence, "change", by=by, data=said, **changes)


def suspend(licence: Licence, *, by: By, reason: str) -> Licence:
    """暂扣 — put on hold for a time, with the reason."""
    _must(rules.head_only(licence, by), rules.in_state(licence, State.VALID))
    return record(licence, "suspend", by=by, data={"reason": reason}, state=State.SUSPENDED)


def restore(licence: Licence, *, by: By, reason: str) -> Licence:
    """恢复 — in force again."""
    _must(rules.head_only(licence, by), rules.in_state(licence, State.SUSPENDED))
    return record(licence, "restore", by=by, data={"reason": reason}, state=State.VALID)


def revoke(licence: Licence, *, by: By, application: str) -> Licence:
    """撤销 — the decision that it came of was revoked (行政许可法 69); by reaction, after the head's decision."""
    _must(rules.head_only(licence, by))
    if licence.state == State.REVOKED:
        return licence
    return _end(licence, State.REVOKED, "revoke", by=by, data={"application": application})


def cancel(licence: Licence, *, by: By, reason_code: str, reason: str = "") -> Licence:
    """注销 — struck off the register on one of the grounds of the law (行政许可法 70)."""
    if reason_code not in CANCEL_REASONS:
        raise StepRefused(Reason("unknown_ground", _("The law knows no such ground (行政许可法 70).")))
    _must(rules.head_only(licence, by))
    if licence.state == State.CANCELLED:
        _must(rules.in_state(licence, State.VALID))
    said = {"reason_code": reason_code, "reason": reason}
    return _end(licence, State.CANCELLED, "cancel", by=by, data=said)


def _end(licence: Licence, state: State, verb: str, *, by: By, data: dict[str, Any]) -> Licence:
    return record(licence, verb, by=by, data=data, state=state, next_alert_on=None, ended_at=instant.now())


def scan(limit: int = 200) -> int:
    """One round over the licences whose day has come: the holder is to be told, or the validity is over. Returns how many.

    Each is one event; the message follows by reaction. Two workers at once tell nothing twice.
    """
    today, done = timezone.localdate(instant.now()), 0
    for licence in Licence.objects.due(today).select_related("office")[:limit]:
        try:
            done += _look_at(licence, today)
        except Stale:  # another worker was faster
            continue
    return done


def _look_at(licence: Licence, today: dt.date) -> int:
    end = licence.valid_to
    if end is None or licence.has_ended:
        Licence.objects.filter(pk=licence.pk, version=licence.version).update(next_alert_on=None)
        return 0
    if today > end:
        _end(licence, State.EXPIRED, "expire", by=CLOCK, data={"valid_to": end.isoformat()})
    else:
        days = (end - today).days
        nearest = min(n for n in (*ALERT_DAYS, days) if n >= days)
        said = {"valid_to": end.isoformat(), "days": days, "alert": nearest}
        record(licence, "expiring", by=CLOCK, data=said, next_alert_on=next_alert(end, today))
    return 1


def ask_by(licence: Licence) -> dt.date | None:
    """The last day on which a renewal is asked for in time (行政许可法 50); None for no end."""
    return licence.valid_to - dt.timedelta(days=RENEW_BEFORE) if licence.valid_to else None


def renewal_item(licence: Licence) -> Item:
    """With which service the licence is renewed: the department's own one for renewals of this kind (食品经营许可（变更/延续）
    for one of 食品经营许可（新办）), else the one that it came of."""
    stem = licence.item.name.partition("（")[0]
    able = Item.objects.published().filter(
        office_id=licence.office_id, name__startswith=f"{stem}（", name__contains="延续"
    )
    return able.exclude(pk=licence.item_id).order_by("code").first() or licence.item


def renewable(licence: Licence, id_number: str) -> Reason | None:
    """Why an application can't renew this licence; nothing if it can. Asked later than 30 days before the end it still can
    be asked, but the law then renews nothing by silence (行政许可法 50)."""
    if licence.id_digest != digest(id_number):
        return Reason("not_the_holder", _("This licence belongs to somebody else."))
    if licence.valid_to is None:
        return Reason("no_end", _("This licence has no end: nothing has to be renewed."))
    if licence.state not in (State.VALID, State.SUSPENDED):
        return rules.in_state(licence, State.VALID)
    return None
