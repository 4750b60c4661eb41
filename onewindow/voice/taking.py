"""What a device sends: batches of events from its chain, and heartbeats. The clauses (C1 …) are those of ODP/1.

One batch is one transaction: what is acknowledged is stored, whatever happens to the server a moment later.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from onewindow.cases import instant
from onewindow.hall.actions import at_counter
from onewindow.hall.models import Ticket
from onewindow.voice import actions, alarms, evaluators, odp, stands, visits
from onewindow.voice.device_models import (
    AlarmKind,
    DeviceBoot,
    DeviceChain,
    DeviceEvent,
    TimeQuality,
    WindowVerdict,
)
from onewindow.voice.models import (
    Conflict,
    Device,
    DeviceBeat,
    DeviceKind,
    Indicator,
    Level,
    Prompt,
    PromptState,
    ReviewChannel,
    secret_digest,
)

MS = dt.timedelta(milliseconds=1)


class Malformed(Exception):
    """Not what the protocol asks for: ``code`` is stable."""

    def __init__(self, code: str = "malformed"):
        super().__init__(code)
        self.code = code


# -- envelope --


def _whole(given: dict[str, Any], name: str, most: int = odp.MOST) -> int:
    value = given.get(name, 0)
    if type(value) is not int or not 0 <= value <= most:
        raise Malformed
    return value


def _key(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not odp.KEY.fullmatch(value):
        raise Malformed
    return value


@dataclass
class Batch:
    """A batch whose envelope is well-formed. ``oldest``: the lowest sequence number that the device still keeps."""

    batch_id: str
    chain_key: str
    boot_key: str
    wall_ms: int
    mono_ms: int
    oldest: int
    head: str
    sig: str
    events: list[dict[str, Any]]
    received: dt.datetime = field(default_factory=instant.now)

    @classmethod
    def read(cls, given: dict[str, Any]) -> Batch:
        """Raises :class:`Malformed`; nothing of such a batch is stored (C4)."""
        events = given.get("events")
        if not isinstance(events, list) or not 1 <= len(events) <= odp.BATCH:
            raise Malformed
        for event in events:
            if not isinstance(event, dict):
                raise Malformed
            id_, hash_, prev = (event.get(name) for name in ("id", "hash", "prev_hash"))
            if not isinstance(id_, str) or not odp.ID.fullmatch(id_):
                raise Malformed
            if not all(isinstance(h, str) and odp.HASH.fullmatch(h) for h in (hash_, prev)):
                raise Malformed
            if not 1 <= _whole(event, "seq", 2**53 - 2):
                raise Malformed
        events = sorted(events, key=lambda event: event["seq"])
        head, sig, batch_id = (given.get(name, "") for name in ("head", "sig", "batch_id"))
        if head != events[-1]["hash"] or not isinstance(sig, str) or len(sig) > 120:
            raise Malformed
        if not isinstance(batch_id, str) or not odp.ID.fullmatch(batch_id):
            raise Malformed
        oldest = _whole(given, "oldest")
        if not 1 <= oldest <= events[0]["seq"]:
            raise Malformed
        return cls(
            batch_id, _key(given, "chain_id"), _key(given, "boot_id"), _whole(given, "t_wall"),
            _whole(given, "t_mono"), oldest, head, sig, events,
        )  # fmt: skip


class BadSignature(Exception):
    """The batch is not signed by the device's own key: nothing of it is taken (C6)."""


def take(device: Device, batch: Batch) -> dict[str, Any]:
    """Takes a batch down: ``acked_seq`` (all up to there may be forgotten) and a result for each event, in the order of
    ``seq``. Raises :class:`BadSignature`."""
    if device.public_key and not odp.is_signed(device.public_key, batch.batch_id, batch.head, batch.sig):
        alarms.sound(device, AlarmKind.SIGNATURE)
        raise BadSignature
    with transaction.atomic():
        return _Taking(device, batch).all()


# -- clocks --


#: How much a device's monotonic clock may run slow: so much may its zero move a millisecond (200 ppm, 17 s a day).
DRIFT = 0.0002


def sync(device: Device, boot_key: str, *, wall_ms: int, mono_ms: int, at: dt.datetime) -> DeviceBoot:
    """Notes both clocks of a device beside ours. A clock more than two minutes off is an alarm until it is right."""
    zero, known = _ms(at) - mono_ms, DeviceBoot.objects.filter(device=device, key=boot_key).first()
    if known is not None:
        since = max(0, _ms(at) - _ms(known.synced_at))
        zero = min(zero, known.zero_ms + int(since * DRIFT))
    offset = zero + mono_ms - wall_ms
    fresh = {"synced_at": at, "mono_ms": mono_ms, "zero_ms": zero, "offset_ms": offset}
    if known is not None:
        fresh["mono_ms"] = max(mono_ms, known.mono_ms)
        DeviceBoot.objects.filter(pk=known.pk).update(**fresh)
    else:
        DeviceBoot.objects.update_or_create(device=device, key=boot_key, defaults=fresh)
    if abs(offset) > odp.SKEW_MS:
        alarms.sound(device, AlarmKind.CLOCK, note=f"{offset // 1000} s")
    else:
        alarms.quiet(device, AlarmKind.CLOCK)
    return DeviceBoot(device=device, key=boot_key, **fresh)


def _ms(at: dt.datetime) -> int:
    return int(at.timestamp() * 1000)


def happened(
    event: dict[str, Any], boots: dict[str, DeviceBoot], offset_ms: int, *, since: dt.datetime | None, received: dt.datetime
) -> tuple[dt.datetime, str]:  # fmt: skip
    """When an event happened, and how well that is known (C8).

    *Exact* if the same run of the device was heard later: both instants lie on one monotonic clock. Else *estimated*: the
    device's wall clock, put right by the last known offset. What is impossible (before the question, after now) is
    *clamped* to the nearest instant that is not.
    """
    boot = boots.get(event["boot_id"])
    try:
        if boot is not None and boot.mono_ms >= event["t_mono"]:
            exact = (boot.zero_ms + event["t_mono"]) / 1000
            at, quality = dt.datetime.fromtimestamp(exact, dt.UTC), TimeQuality.EXACT
        else:
            wall = event["t_wall"] + (boot.offset_ms if boot else offset_ms)
            at, quality = dt.datetime.fromtimestamp(wall / 1000, dt.UTC), TimeQuality.ESTIMATED
    except (OverflowError, ValueError, OSError):
        at, quality = received, TimeQuality.CLAMPED
    possible = min(max(at, since) if since else at, received)
    return (at, quality) if possible == at else (possible, TimeQuality.CLAMPED)


# -- events --


def chain_of(device: Device, key: str, at: dt.datetime) -> DeviceChain:
    """The chain of a batch or heartbeat. A device that begins another has lost its storage: what it had told us of and
    never sent is missing (C7)."""
    found, new = DeviceChain.objects.get_or_create(device=device, key=key, defaults={"started_at": at})
    if new:
        beat = DeviceBeat.objects.filter(device=device).first()
        for old in DeviceChain.objects.filter(device=device, ended_at__isnull=True).exclude(pk=found.pk):
            told = beat.head_seq if beat and beat.chain_key == old.key else 0
            lost = max(told - old.acked_seq, 0)
            DeviceChain.objects.filter(pk=old.pk).update(ended_at=at, missing=F("missing") + lost)
            alarms.sound(device, AlarmKind.WIPED, count=lost, note=f"after event {old.acked_seq}")
    return found


class _Taking:
    """One batch on its way into the tables."""

    def __init__(self, device: Device, batch: Batch):
        self.device, self.batch, self.at = device, batch, batch.received
        self.boot = sync(
            device, batch.boot_key, wall_ms=batch.wall_ms, mono_ms=batch.mono_ms, at=batch.received
        )
        self.chain = chain_of(device, batch.chain_key, batch.received)
        ids = [_id(event) for event in batch.events]
        seqs = {event["seq"] for event in batch.events}
        self.by_id = {e.event_id: e for e in DeviceEvent.objects.filter(device=device, event_id__in=ids)}
        wanted = seqs | {seq - 1 for seq in seqs}
        self.by_seq = {e.seq: e for e in DeviceEvent.objects.filter(chain=self.chain, seq__in=wanted)}
        boots = {event.get("boot_id") for event in batch.events if isinstance(event.get("boot_id"), str)}
        self.boots = {b.key: b for b in DeviceBoot.objects.filter(device=device, key__in=boots)}
        keys = {e.get("prompt_id") for e in batch.events if isinstance(e.get("prompt_id"), str)}
        self.prompts = {p.key: p for p in Prompt.objects.filter(device=device, key__in=keys)}

    def all(self) -> dict[str, Any]:
        lost = self.batch.oldest - self._reach(self.chain.acked_seq) - 1
        if lost > 0:
            alarms.sound(self.device, AlarmKind.GAP, count=lost)
            self.chain.acked_seq += lost
            DeviceChain.objects.filter(pk=self.chain.pk).update(
                missing=F("missing") + lost, acked_seq=self.chain.acked_seq
            )
        results = [{"id": event["id"], "seq": event["seq"]} | self._one(event) for event in self.batch.events]
        self._advance()
        return {"acked_seq": self.chain.acked_seq, "results": results, "policy_version": odp.POLICY_VERSION}

    def _reach(self, seq: int) -> int:
        """The highest number up to which everything is here, from a number on that is."""
        while True:
            later = DeviceEvent.objects.filter(chain=self.chain, seq__gt=seq).order_by("seq")
            some = list(later.values_list("seq", flat=True)[:1000])
            n = next((n for n, found in enumerate(some) if found != seq + 1 + n), len(some))
            seq += n
            if n < 1000:
                return seq

    def _advance(self) -> None:
        seq = self._reach(self.chain.acked_seq)
        if seq == self.chain.acked_seq:
            return
        head = self.by_seq.get(seq) or DeviceEvent.objects.filter(chain=self.chain, seq=seq).first()
        known = DeviceChain.objects.filter(pk=self.chain.pk, acked_seq__lt=seq)
        known.update(acked_seq=seq, head=head.hash if head else "")
        self.chain.acked_seq = seq

    def _one(self, event: dict[str, Any]) -> dict[str, Any]:
        first = self.by_id.get(_id(event))
        if first is not None:
            return self._again(first, event)
        try:
            with transaction.atomic():
                return self._new(event)
        except IntegrityError:  # the same batch came by two ways at once
            first = DeviceEvent.objects.filter(device=self.device, event_id=_id(event)).first()
            if first is None:
                return self._conflict(event)
            return self._again(first, event)

    def _again(self, first: DeviceEvent, event: dict[str, Any]) -> dict[str, Any]:
        """Sent before: the first answer again, or a conflict."""
        same = first.hash == event["hash"] and first.seq == event["seq"] and first.chain_id == self.chain.pk
        if not same:
            return self._conflict(event)
        told = {"result": "duplicate", "first": first.result}
        return told | ({"reason": first.reason} if first.reason else {})

    def _conflict(self, event: dict[str, Any]) -> dict[str, Any]:
        """Another content under an id or number that is taken: kept apart, and somebody is told."""
        text = event.get("text") if isinstance(event.get("text"), str) else ""
        body = {name: value for name, value in event.items() if name != "text"}
        if len(odp.canonical(body).encode()) > odp.BODY:
            body = {"id": event["id"], "seq": event["seq"], "hash": event["hash"]}
        _row, new = Conflict.objects.get_or_create(
            device=self.device,
            event_id=_id(event),
            body_digest=event["hash"],
            defaults={"at": self.at, "body": body, "text": actions.clean(text)[: odp.LONGEST]},
        )
        if new:
            alarms.sound(self.device, AlarmKind.CONFLICT)
        return {"result": "conflict"}

    def _new(self, event: dict[str, Any]) -> dict[str, Any]:
        seq = event["seq"]
        if seq in self.by_seq:
            return self._conflict(event)
        form, reason = self._form(event)
        prompt = self.prompts.get(event.get("prompt_id", "")) if not reason else None
        if reason:
            at, quality = self.at, TimeQuality.CLAMPED
        else:
            at, quality = happened(
                event, self.boots, self.boot.offset_ms,
                since=prompt.created_at if prompt else None, received=self.at,
            )  # fmt: skip
        self._follows(event)
        told = {"result": "rejected", "reason": reason} if reason else self._act(event, prompt, at)
        row = DeviceEvent.objects.create(
            device=self.device,
            chain=self.chain,
            seq=seq,
            event_id=_id(event),
            kind=event["type"] if event.get("type") in odp.TYPES else "?",
            body=form,
            prev_hash=event["prev_hash"],
            hash=event["hash"],
            result=told["result"],
            reason=told.get("reason", ""),
            event_at=at,
            time_quality=quality,
            received_at=self.at,
        )
        self.by_id[row.event_id] = self.by_seq[seq] = row
        return told

    def _form(self, event: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """What is kept of an event, and why it is malformed, if it is (C4). Only such are rejected: never one that comes
        late, from a wrong clock or about a case that is closed."""
        bare = {"id": event["id"], "seq": event["seq"]}
        if reason := odp.fault(event):
            return bare, reason
        try:
            form = odp.hashed_form(event)
            size = len(form.encode())
        except UnicodeEncodeError:  # half a character
            return bare, "malformed"
        if size > odp.BODY:
            return bare, "too_long"
        if odp.link(event["prev_hash"], form) != event["hash"]:
            return bare, "bad_hash"
        return {name: value for name, value in event.items() if name not in ("text", "prev_hash", "hash")} | (
            {"text_hash": secret_digest(event["text"])} if event.get("text") else {}
        ), ""

    def _follows(self, event: dict[str, Any]) -> None:
        """An event that does not continue the one before it is a second branch: taken, and looked into (C7)."""
        before = self.by_seq.get(event["seq"] - 1)
        expected = before.hash if before else odp.ZERO if event["seq"] == 1 else event["prev_hash"]
        if expected != event["prev_hash"]:
            alarms.sound(self.device, AlarmKind.FORK)

    def _act(self, event: dict[str, Any], prompt: Prompt | None, at: dt.datetime) -> dict[str, Any]:
        kind = event["type"]
        if kind == "boot":
            return {"result": "accepted"}
        if not self.device.takes_verdicts:
            return {"result": "rejected", "reason": "wrong_kind"}
        if event.get("prompt_id") is None and kind == "answered":
            return self._unasked(event, at)
        if prompt is None:
            return {"result": "rejected", "reason": "unknown_prompt"}
        if kind == "answered" and (no := self._review(event, prompt, at)):
            return no
        evaluators.move_prompt(prompt, PromptState(kind), at)
        return {"result": "accepted"}

    def _review(self, event: dict[str, Any], prompt: Prompt, at: dt.datetime) -> dict[str, Any] | None:
        """Takes the verdict down; says why not, or nothing."""
        a = None if prompt.ticket else evaluators.case_of(prompt)
        ticket = Ticket.objects.with_places().filter(key=prompt.ticket).first() if prompt.ticket else None
        if a is None and ticket is None:
            return {"result": "rejected", "reason": "unknown_case"}
        score = event.get("score")
        said: dict[str, Any] = {
            "level": score if score in Level.values else 0,
            "codes": event.get("tags", []),
            "text": event.get("text", ""),
            "channel": ReviewChannel.TABLET,
            "event_id": self._name(event),
            "device": self.device,
            "said_at": at,
        }
        try:
            with transaction.atomic():
                if ticket is not None:
                    visits.give(ticket, **said)
                elif a is not None:
                    order = event.get("order", "")
                    actions.review(a, prompt.touchpoint, clerk=prompt.clerk, shown_order=order, **said)
        except actions.NotPossible as bad:
            return {"result": "rejected", "reason": bad.code}
        return None

    def _unasked(self, event: dict[str, Any], at: dt.datetime) -> dict[str, Any]:
        """What was said while the device could not be asked anything counts for the window (C10)."""
        score, tags = event.get("score"), sorted(set(event.get("tags", [])))
        if score not in Level.values:
            return {"result": "rejected", "reason": "bad_level"}
        known = set(Indicator.objects.published().filter(level=score).values_list("code", flat=True))
        if set(tags) - known:
            return {"result": "rejected", "reason": "bad_codes"}
        if self.device.kind == DeviceKind.FEEDBACK:
            stands.take(self.device, event, tags, at=at, received=self.at, event_id=self._name(event))
            return {"result": "accepted"}
        WindowVerdict.objects.create(
            device=self.device,
            counter_id=self.device.counter_id,
            hall_id=self.device.counter.hall_id,
            event_id=self._name(event),
            ticket=(typed := actions.clean(event.get("ticket", ""))),
            visit_ticket=_ticket_there(self.device.counter_id, at, typed),
            level=score,
            codes=tags,
            text=actions.clean(event.get("text", "")),
            said_at=at,
            at=self.at,
        )
        return {"result": "accepted"}

    def _name(self, event: dict[str, Any]) -> str:
        """The event's name among the events of all devices: no device can take another one's."""
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.device.pk} {_id(event)}").hex


#: So long after its end a ticket is still the one that a verdict means: people rate as they go.
GOING = dt.timedelta(minutes=5)


def _ticket_there(counter_id: int, at: dt.datetime, typed: str) -> str:
    """The key of the ticket that was at the window at the instant; nothing if there was none, or another than was typed."""
    ticket = at_counter(counter_id, at)
    if ticket is None or (ticket.closed_at is not None and ticket.closed_at < at - GOING):
        return ""
    return ticket.key if typed.upper() in ("", ticket.number) else ""


def _id(event: dict[str, Any]) -> str:
    return event["id"].replace("-", "")


# -- heartbeats --


def heartbeat(device: Device, given: dict[str, Any]) -> dict[str, Any]:
    """Takes a heartbeat down and gives how far the device's chain has been acknowledged. Raises :class:`Malformed`."""
    at = instant.now()
    waiting, wall, mono = _whole(given, "waiting", 10**6), _whole(given, "t_wall"), _whole(given, "t_mono")
    battery = _whole(given, "battery", 100) if "battery" in given else None
    storage = _whole(given, "storage_mb", 2**31 - 1) if "storage_mb" in given else None
    head_seq = _whole(given, "head_seq")
    chain_key = _key(given, "chain_id") if "chain_id" in given else ""
    oldest, touched = _whole(given, "oldest_wall"), _whole(given, "touched_wall")
    version = given.get("app_version", "")
    if not isinstance(version, str):
        raise Malformed
    is_dark = given.get("dark", False)
    if not isinstance(is_dark, bool):
        raise Malformed
    chain = chain_of(device, chain_key, at) if chain_key else None
    said = {
        "seen_at": at,
        "waiting": waiting,
        "oldest_at": _ago(at, wall - oldest) if oldest and waiting else None,
        "touched_at": _ago(at, wall - touched) if touched else None,
        "battery": battery,
        "storage_mb": storage,
        "chain_key": chain_key,
        "head_seq": head_seq,
        "dark_since": (device.beat.dark_since if hasattr(device, "beat") else None) or at
        if is_dark
        else None,
    }
    if "boot_id" in given:
        said["offset_ms"] = sync(device, _key(given, "boot_id"), wall_ms=wall, mono_ms=mono, at=at).offset_ms
    DeviceBeat.objects.update_or_create(device_id=device.pk, defaults=said)
    if version and version[:20] != device.app_version:
        Device.objects.filter(pk=device.pk).update(app_version=actions.clean(version)[:20])
    if is_dark or (hasattr(device, "beat") and device.beat.dark_since):
        alarms.dark(device, is_dark)
    if waiting >= odp.QUEUE:
        alarms.sound(device, AlarmKind.FULL)
    else:
        alarms.quiet(device, AlarmKind.FULL)
    return {"acked_seq": chain.acked_seq if chain else 0}


def _ago(at: dt.datetime, ms: int) -> dt.datetime:
    """So many milliseconds before, by the device's own clock; never later than now nor longer than a year ago."""
    return at - min(max(ms, 0), 365 * 86_400_000) * MS
