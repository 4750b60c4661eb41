"""证明: the record of every device, read from its first event to its last – nothing changed, nothing cut off, gaps counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onewindow.voice import odp
from onewindow.voice.device_models import DeviceChain, DeviceEvent


@dataclass(frozen=True)
class Fault:
    """What does not hold: of which device, at which event."""

    device: str
    chain: str
    seq: int
    fault: str


@dataclass
class Proof:
    """``missing``: events that devices are known to have had and never sent; reported, not broken."""

    events: int = 0
    chains: int = 0
    missing: int = 0
    broken: list[Fault] | None = None


def prove() -> Proof:
    """Reads every event of every device once, in constant memory."""
    proof, faults = Proof(), []
    for chain in DeviceChain.objects.select_related("device").order_by("device_id", "pk").iterator():
        proof.chains += 1
        proof.missing += chain.missing
        for seq, fault in _walk(chain, proof):
            faults.append(Fault(chain.device.code, chain.key, seq, fault))
    proof.broken = faults
    return proof


def _walk(chain: DeviceChain, proof: Proof) -> Iterator[tuple[int, str]]:
    """Faults of one chain. A rejected event whose body was not well-formed keeps the hash that the device claimed."""
    before: DeviceEvent | None = None
    acked_hash, skipped = "", 0
    for event in DeviceEvent.objects.filter(chain=chain).order_by("seq").iterator(chunk_size=2000):
        proof.events += 1
        if event.result == "accepted" or event.reason in KEPT:
            if odp.link(event.prev_hash, odp.canonical(event.body)) != event.hash:
                yield event.seq, "changed: its content does not have its hash"
        skipped += event.seq - (before.seq if before else 0) - 1
        if before is not None and before.seq == event.seq - 1 and before.hash != event.prev_hash:
            yield event.seq, "does not continue the event before it"
        if event.seq == chain.acked_seq:
            acked_hash = event.hash
        before = event
    if chain.head and chain.head != acked_hash:
        yield chain.acked_seq, "cut off: the last acknowledged event is not there"
    if skipped > chain.missing:
        yield chain.acked_seq, f"{skipped - chain.missing} events were taken out"


#: Reasons for which a well-formed event is rejected: its body was kept whole.
KEPT = {"unknown_prompt", "unknown_case", "bad_level", "bad_codes", "already_reviewed"}
