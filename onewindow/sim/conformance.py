"""Is this server one of ODP/1? A device of ours asks it, clause by clause; nothing but HTTP and the published text is used."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from onewindow.sim import evaluator
from onewindow.sim.caller import Answer

TIMEOUT = 40


@dataclass
class Finding:
    """One thing that a clause asks for, and whether the server does it."""

    clause: str
    what: str
    passed: bool
    seen: str = ""


@dataclass
class Checks:
    """``base``: address of the server; ``token``: of an unused slip for a window where nobody is served meanwhile."""

    base: str
    token: str
    findings: list[Finding] = field(default_factory=list)
    say: Callable[[Finding], None] = lambda finding: None

    def run(self) -> list[Finding]:
        """All clauses in order. A server that does not answer ends the run with a finding, not with an error."""
        try:
            self._transport()
            if self._pairing():
                for clause in (
                    self._events, self._hashes, self._answers, self._signature, self._gaps, self._clocks, self._heartbeat,
                    self._questions, self._wipe, self._sealed,
                ):  # fmt: skip
                    clause()
        except (OSError, http.client.HTTPException, KeyError, ValueError, TypeError) as error:
            self._note("C1", "the server answers as the text says", False, repr(error)[:200])
        return self.findings

    # -- how we ask --

    def line(self, method: str, path: str, auth: str, said: Any, **headers: str) -> Answer:
        parts = urlsplit(self.base)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        line = kind(parts.hostname or "localhost", parts.port, timeout=TIMEOUT)
        body = (
            said
            if isinstance(said, bytes)
            else None
            if said is None
            else json.dumps(said, ensure_ascii=False).encode()
        )
        try:
            names = {"Authorization": auth, "Content-Type": "application/json"} | headers
            line.request(method, parts.path.rstrip("/") + path, body, {k: v for k, v in names.items() if v})
            got = line.getresponse()
            return Answer(got.status, got.headers, got.read())
        finally:
            line.close()

    def _call(self, method: str, path: str, said: Any = None, **headers: str) -> Answer:
        return self.line(method, f"{evaluator.API}/{path}", f"Device {self.device.secret}", said, **headers)

    def _send(self, *events: dict[str, Any], **changes: Any) -> Answer:
        return self._call("POST", "events", self.device.batch(list(events)) | changes)

    def _note(self, clause: str, what: str, passed: bool, seen: Any = "") -> None:
        finding = Finding(clause, what, bool(passed), "" if passed else str(seen)[:200])
        self.findings.append(finding)
        self.say(finding)

    def _results(self, answer: Answer) -> list[str]:
        told = answer.json.get("results", [])
        return [f"{r.get('result')}:{r['reason']}" if r.get("reason") else str(r.get("result")) for r in told]

    def _refused(self, clause: str, what: str, answer: Answer, status: int, code: str) -> None:
        seen = (answer.status, answer.json.get("code"))
        self._note(clause, what, seen == (status, code), seen)

    def _settle(self) -> None:
        """What a check has changed on purpose is left behind: the device goes on from what is acknowledged."""
        self.device.queue.clear()

    # -- the clauses --

    def _transport(self) -> None:
        api = evaluator.API
        about = self.line("GET", f"{api}/", "", None)
        self._note("C1", "says which protocol it speaks", about.json.get("protocol") == "ODP/1", about.status)
        self._note("C1", "answers carry server_time", "T" in str(about.json.get("server_time")), about.json)
        stranger = self.line("GET", f"{api}/next", "Device nobody", None)
        self._refused("C12", "an unknown secret is refused", stranger, 401, "unknown_device")
        kind = stranger.headers.get("Content-Type", "")
        self._note("C1", "errors are RFC 9457 problems", kind.startswith("application/problem+json"), kind)
        self._note("C1", "sets no cookie", stranger.headers.get("Set-Cookie") is None)

    def _pairing(self) -> bool:
        api, signer = evaluator.API, evaluator.Signer()
        offer = self.line("POST", f"{api}/pair", "", {"pubkey": signer.public, "model": "conformance"})
        toaster = self.line("POST", f"{api}/pair", "", {"kind": "toaster"})
        self._refused("C2", "a kind of device that is none is refused", toaster, 422, "bad_kind")
        wanted = {"user_code", "check_number", "poll_token", "expires_in", "interval"}
        self._note(
            "C2", "offers a code to be typed", offer.status == 201 and wanted <= set(offer.json), offer.status
        )
        waits = self.line("GET", f"{api}/pair/", f"Pairing {offer.json.get('poll_token')}", None)
        self._note(
            "C2", "says that nobody has confirmed yet", waits.json.get("state") == "waiting", waits.status
        )
        bad = self.line("POST", f"{api}/enrol", "", {"token": self.token, "pubkey": "no key"})
        self._refused("C2", "a key that is none is refused", bad, 422, "bad_key")
        other = self.line("POST", f"{api}/enrol", "", {"token": self.token, "kind": "signage"})
        self._refused("C2", "a slip is for one kind of device", other, 422, "bad_kind")
        void = self.line("POST", f"{api}/enrol", "", {"token": "0" * 32})
        self._refused("C2", "an unknown slip is refused", void, 410, "expired")
        told = self.line(
            "POST", f"{api}/enrol", "", {"token": self.token, "pubkey": signer.public, "model": "conformance"}
        )
        self.device = evaluator.Device(self.line, signer, told.json.get("secret", ""))
        self._note(
            "C2",
            "a slip pairs the device that shows it",
            told.status == 201 and self.device.secret,
            told.json,
        )
        if told.status != 201:
            return False
        device = told.json.get("device", {})
        self._note(
            "C2",
            "it is told what it is and in which hall",
            device.get("kind") == "evaluator" and bool((device.get("hall") or {}).get("code")),
            device,
        )
        self._note(
            "C2", "a device with a key is of high assurance", device.get("assurance") == "high", device
        )
        self._note("C9", "a heartbeat is taken", self.device.heartbeat() is not None)
        again = self.line("POST", f"{api}/enrol", "", {"token": self.token})
        self._refused("C2", "a slip whose device has shown its secret is over", again, 410, "expired")
        return True

    def _events(self) -> None:
        first = self.device.note("boot")
        for what, answer in {
            "a body that is no JSON": self._call("POST", "events", b"{"),
            "a batch without events": self._send(first, events=[]),
            "a head that is not that of the last event": self._send(first, head="0" * 64),
            "an event without an id": self._send(
                first, events=[{k: v for k, v in first.items() if k != "id"}]
            ),
            "more than a hundred events": self._send(first, events=[first] * 101),
        }.items():
            self._refused("C4", f"{what} is malformed and nothing is taken", answer, 422, "malformed")
        answer = self._send(first)
        self._note("C4", "a good event is accepted", self._results(answer) == ["accepted"], answer.json)
        bad = [
            self.device.note("deleted"),
            self.device.note("boot", colour="red"),
            self.device.note("boot", order="sideways"),
            self.device.note("shown", "0" * 32),
            self.device.note("answered", None, score=6, tags=[], text=""),
            self.device.note("answered", None, score=5, tags=["000"], text=""),
            self.device.note("answered", None, score=5, tags=[], text="x" * 501),
        ]
        answer = self._send(*bad)
        expected = [
            "unknown_type",
            "malformed",
            "malformed",
            "unknown_prompt",
            "bad_level",
            "bad_codes",
            "too_long",
        ]
        seen = self._results(answer)
        self._note(
            "C4", "bad events are rejected one by one", seen == [f"rejected:{e}" for e in expected], seen
        )
        told = answer.json.get("acked_seq")
        self._note("C4", "what is rejected is acknowledged too", told == self.device.seq, told)
        self._settle()

    def _hashes(self) -> None:
        event = self.device.note("boot")
        answer = self._send(event | {"t_wall": event["t_wall"] + 1})
        self._note(
            "C5",
            "an event changed on its way is rejected",
            self._results(answer) == ["rejected:bad_hash"],
            answer.json,
        )
        self._settle()
        rare = self.device.note("shown", "0" * 32, text='引号 " 反斜线 \\ 换行 \n \u2028 \u007f 😀')
        seen = self._results(self._send(rare))
        self._note(
            "C5",
            "rare characters have the same hash on both sides",
            seen == ["rejected:unknown_prompt"],
            seen,
        )
        self._settle()

    def _answers(self) -> None:
        event = self.device.note("boot")
        first, again = self._send(event), self._send(event)
        told = (self._results(again), again.json["results"][0].get("first"))
        self._note("C11", "the same event again is a duplicate", told == (["duplicate"], "accepted"), told)
        self._note(
            "C11",
            "and is acknowledged as before",
            first.json["acked_seq"] == again.json["acked_seq"],
            again.json,
        )
        other = event | {"t_wall": event["t_wall"] + 1}
        other["hash"] = evaluator.fingerprint(other)
        seen = self._results(self._send(other))
        self._note("C11", "another content under its id is a conflict", seen == ["conflict"], seen)
        other = event | {"id": uuid.uuid4().hex}
        other["hash"] = evaluator.fingerprint(other)
        seen = self._results(self._send(other))
        self._note("C11", "another event under its number is a conflict", seen == ["conflict"], seen)
        self._settle()
        before, late, early = self.device.seq, [], []
        for n in range(4):
            (late if n < 2 else early).append(self.device.note("boot"))
        acked = [self._send(*some).json["acked_seq"] for some in (early, late)]
        self._note("C11", "only what is complete is acknowledged", acked == [before, before + 4], acked)
        self._settle()

    def _signature(self) -> None:
        event = self.device.note("boot")
        thief = evaluator.Signer()
        batch = self.device.batch([event])
        forged = thief.sign(f"ODP/1\n{batch['batch_id']}\n{batch['head']}")
        for what, sig in {"an unsigned batch": "", "a batch signed by another key": forged}.items():
            answer = self._call("POST", "events", batch | {"sig": sig})
            self._refused("C6", f"{what} is refused", answer, 403, "bad_signature")
        seen = self._results(self._send(event))
        self._note("C6", "of a refused batch nothing was taken", seen == ["accepted"], seen)
        self._settle()

    def _gaps(self) -> None:
        for _n in range(3):
            self.device.note("boot")
        del self.device.queue[:2]
        answer = self._send(*self.device.queue)
        told = answer.json.get("acked_seq")
        self._note("C7", "a hole is noted and not waited for", told == self.device.seq, told)
        self._settle()

    def _clocks(self) -> None:
        right, self.device.wall = self.device.wall, lambda: time.time_ns() // 1_000_000 - 86_400_000
        event = self.device.note("boot")
        seen = self._results(self._send(event))
        self._note("C8", "an event of a clock that is a day wrong is accepted", seen == ["accepted"], seen)
        self.device.wall = right
        self._settle()

    def _heartbeat(self) -> None:
        told = self.device.heartbeat(battery=80, storage_mb=100)
        wanted = {
            "device", "kind", "hall", "counter", "assurance", "acked_seq", "interval", "roll", "retire", "policy", "server_time",
        }  # fmt: skip
        self._note("C9", "a heartbeat tells what a device must know", wanted <= set(told or {}), told)
        self._note(
            "C9",
            "it says how far the chain is acknowledged",
            told["acked_seq"] == self.device.seq,
            told["acked_seq"],
        )
        self._note(
            "C9",
            "its interval lies between 50 and 70 seconds",
            50 <= told["interval"] <= 70,
            told["interval"],
        )
        order = told["policy"].get("order")
        known = ("high_first", "low_first", "drawn")
        self._note("C10", "its policy names the order of the faces", order in known, order)
        stays = self.device.heartbeat(leaving=True)
        self._note("C12", "a device that nobody asked to leave stays", stays is not None, self.device.stopped)
        dark = self._call("POST", "heartbeat", {"dark": "very"})
        self._refused("C9", "dark is true or false", dark, 422, "malformed")
        bad = self._call("POST", "heartbeat", {"waiting": -1})
        self._refused("C9", "a malformed heartbeat is refused", bad, 422, "malformed")
        roll = self._call("POST", "secret")
        self._refused("C9", "a new secret is given only when one was asked for", roll, 409, "not_asked")

    def _questions(self) -> None:
        began = time.monotonic()
        answer = self._call("GET", "next?wait=2")
        took = time.monotonic() - began
        if answer.status == 200:
            tag = answer.headers.get("ETag", "")
            same = self._call("GET", "next", **{"If-None-Match": tag})
            self._note("C10", "an unchanged question is not sent twice", same.status == 304, same.status)
            return
        self._note("C10", "without a question a poll ends with 204", answer.status == 204, answer.status)
        self._note("C10", "within the time that the device would wait", took < 4, f"{took:.1f} s")
        after = answer.headers.get("Retry-After", "")
        self._note("C10", "and says when to ask again", after.isdigit(), after)

    def _wipe(self) -> None:
        self.device.wipe()
        seen = self._results(self._send(self.device.note("boot")))
        self._note("C7", "a device whose storage was wiped begins another chain", seen == ["accepted"], seen)

    def _sealed(self) -> None:
        log = self.line("GET", "/reviews/roots.json", "", None)
        said = log.json
        self._note(
            "C13", "the log of sealed days is public", "RFC 6962" in str(said.get("scheme")), log.status
        )
        days = [day.get("day") for day in said.get("days", [])]
        self._note("C13", "a day stands in it once, in order", days == sorted(set(days)), days[:3])
        void = self.line("GET", f"/reviews/proof/?format=json&id={'0' * 32}", "", None)
        self._note("C13", "nothing is proved of a review that there is not", void.status == 404, void.status)


def vectors() -> dict[str, Any]:
    """A small chain with everything that is easily spelt otherwise; a device must come to the same hashes."""
    prev, events = evaluator.ZERO, []
    said: tuple[dict[str, Any], ...] = (
        {"type": "boot", "prompt_id": None},
        {"type": "touched", "prompt_id": "0f" * 16},
        {
            "type": "answered",
            "prompt_id": "0f" * 16,
            "score": 2,
            "tags": ["207", "209"],
            "text": '说“三天”\n"等了"\\一周 😀',
        },
        {"type": "answered", "prompt_id": None, "score": 5, "tags": [], "text": "", "ticket": "A012"},
        {
            "type": "answered",
            "prompt_id": "0e" * 16,
            "score": 4,
            "tags": [],
            "text": "",
            "order": "low_first",
        },
    )
    for n, more in enumerate(said, 1):
        event: dict[str, Any] = {
            "id": f"{n:032x}", "seq": n, "boot_id": "ab" * 16, "t_wall": 1_795_000_000_000 + n, "t_mono": n * 1000,
            "prev_hash": prev,
        } | more  # fmt: skip
        event["hash"] = prev = evaluator.fingerprint(event)
        events.append(event)
    return {"protocol": "ODP/1", "events": events, "signed_text": f"ODP/1\n{'cd' * 16}\n{prev}"}
