"""A well-behaved device of ODP/1, as a vendor would write one: writes each event down first, sends from the oldest on,
forgets only what is acknowledged without a gap. Life over HTTP, the simulator and the conformance test speak through it.

Its two clocks, its line and its storage are given to it, so that a simulator can make them wrong, bad and empty.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

ZERO = "0" * 64
BATCH = 100
API = "/api/device/v1"


class Answer(Protocol):
    """What a line brings back; ``sim.caller.Answer`` is one."""

    status: int

    @property
    def json(self) -> Any: ...


#: ``line(method, path, auth, body)`` brings the answer, or nothing when there was none.
Line = Callable[[str, str, str, Any], "Answer | None"]


def written(data: Any) -> str:
    """Canonical JSON: keys sorted, no spaces, UTF-8."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Signer:
    """A P-256 key that never leaves the device."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        numbers = self._key.public_key().public_numbers()
        return unpadded(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))

    def sign(self, text: str) -> str:
        r, s = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(SHA256())))
        return unpadded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@dataclass
class Device:
    """``wall`` and ``mono`` give milliseconds; ``queue`` is the storage."""

    line: Line
    signer: Signer | None = None
    secret: str = ""
    wall: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    mono: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000
    chain: str = field(default_factory=lambda: uuid.uuid4().hex)
    boot: str = field(default_factory=lambda: uuid.uuid4().hex)
    seq: int = 0
    head: str = ZERO
    queue: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    stopped: str = ""

    # -- what happens to the device --

    def note(self, kind: str, prompt_id: str | None = None, **more: Any) -> dict[str, Any]:
        """Writes an event down: it has happened, whatever becomes of the line."""
        self.seq += 1
        event = {
            "id": uuid.uuid4().hex, "seq": self.seq, "type": kind, "boot_id": self.boot, "t_wall": self.wall(),
            "t_mono": self.mono(), "prompt_id": prompt_id, **more,
        }  # fmt: skip
        event["prev_hash"] = self.head
        event["hash"] = self.head = fingerprint(event)
        self.queue.append(event)
        return event

    def reboot(self) -> None:
        """Power off and on: the monotonic clock and the run begin anew, the storage stays."""
        self.boot = uuid.uuid4().hex

    def wipe(self) -> int:
        """The storage is lost, the secret is not. Gives how many events went with it."""
        lost, self.queue = len(self.queue), []
        self.chain, self.seq, self.head = uuid.uuid4().hex, 0, ZERO
        self.reboot()
        return lost

    # -- what it sends --

    def batch(self, events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
        """The oldest events (or those given), ready to be sent."""
        events = self.queue[:BATCH] if events is None else events
        said = {
            "batch_id": uuid.uuid4().hex, "chain_id": self.chain, "boot_id": self.boot, "t_wall": self.wall(),
            "t_mono": self.mono(), "oldest": self.queue[0]["seq"] if self.queue else events[0]["seq"],
            "events": events, "head": events[-1]["hash"],
        }  # fmt: skip
        if self.signer:
            said["sig"] = self.signer.sign(f"ODP/1\n{said['batch_id']}\n{said['head']}")
        return said

    def call(self, method: str, path: str, body: Any = None) -> Answer | None:
        answer = self.line(method, API + path, f"Device {self.secret}", body)
        if answer is not None and answer.status in (401, 403):
            self.stopped = answer.json.get("code", "")
            if answer.json.get("wipe"):
                self.secret = ""
        return answer

    def flush(self) -> bool:
        """Sends all that waits; whether nothing does any more."""
        while self.queue:
            before = len(self.queue)
            self.acknowledged(self.call("POST", "/events", self.batch()))
            if len(self.queue) == before:
                return False
        return True

    def acknowledged(self, answer: Answer | None) -> None:
        """Forgets what the answer says is safe."""
        if answer is None or answer.status != 200:
            return
        told = answer.json
        self.results.extend(told["results"])
        self.queue = [event for event in self.queue if event["seq"] > told["acked_seq"]]

    def heartbeat(self, **more: Any) -> Any:
        """Tells how it is; fetches a new secret when it is asked to. Gives what was told, nothing if there was no answer."""
        said = {
            "boot_id": self.boot, "chain_id": self.chain, "t_wall": self.wall(), "t_mono": self.mono(),
            "waiting": len(self.queue), "head_seq": self.seq, "app_version": "sim",
        }  # fmt: skip
        if self.queue:
            said["oldest_wall"] = self.queue[0]["t_wall"]
        answer = self.call("POST", "/heartbeat", said | more)
        if answer is None or answer.status != 200:
            return None
        if answer.json.get("roll"):
            fresh = self.call("POST", "/secret")
            if fresh is not None and fresh.status == 200:
                self.secret = fresh.json["secret"]
        return answer.json

    def next(self, wait: int = 0) -> Any:
        """The question to put now, or nothing."""
        answer = self.call("GET", f"/next?wait={wait}" if wait else "/next")
        return answer.json["prompt"] if answer is not None and answer.status == 200 else None


def fingerprint(event: dict[str, Any]) -> str:
    """The hash that an event carries (C5)."""
    said = {k: v for k, v in event.items() if k not in ("prev_hash", "hash", "text")}
    if event.get("text"):
        said["text_hash"] = hashlib.sha256(str(event["text"]).encode("utf-8", "surrogatepass")).hexdigest()
    return hashlib.sha256((event["prev_hash"] + written(said)).encode("utf-8", "surrogatepass")).hexdigest()
