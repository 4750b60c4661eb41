"""A fleet of evaluators on a bad day, over real HTTP: lines that lose, double and re-order, clocks a day wrong, two hours
without a line, storage wiped, secrets revoked, a thief, and a server that is killed and started again.

What the devices know is held against what the server has: nothing acknowledged may be lost, nothing doubled, every wipe
reported with the number that went with it, and nothing personal in any address or log line.
"""

from __future__ import annotations

import copy
import datetime as dt
import http.client
import json
import random
import secrets
import time
from collections import Counter as Count
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from onewindow.cases import instant
from onewindow.data.people import citizens
from onewindow.org.models import Counter, Hall, Person, Post
from onewindow.org.roles import Role
from onewindow.sim import evaluator
from onewindow.sim.caller import Answer
from onewindow.sim.fleet_account import Report, account
from onewindow.sim.own_server import Server
from onewindow.voice import enrol, evaluators, placing
from onewindow.voice.models import Device, Prompt, PromptState
from onewindow.window import actions
from onewindow.window.models import Application

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
AWAY = 2 * HOUR
LOSS, DOUBLED, LATE = 0.2, 0.1, 0.1
#: Every so-manieth device is wiped, or revoked, while it still holds answers.
WIPED, REVOKED = 6, 7
#: Up to this one devices are paired by code in turn with slips, all later ones by slip.
BY_CODE = 100
#: Displays, ticket machines and feedback stands in a fleet: one of each kind for so many evaluators, at least one.
HALL_KINDS, FOR_SO_MANY = ("signage", "kiosk", "feedback"), 28


class Line:
    """A device's line to the server. ``is_bad`` lets it lose a fifth, double a tenth and deliver a tenth much later."""

    def __init__(self, server: Server, seed: int, addresses: set[str]):
        self.server, self.dice, self.addresses = server, random.Random(seed), addresses
        self.is_bad, self.is_cut = False, False
        self.done: Count[str] = Count()
        self._late: list[tuple[str, str, str, Any]] = []
        self._open: http.client.HTTPConnection | None = None

    def __call__(self, method: str, path: str, auth: str, said: Any) -> Answer | None:
        if self.is_cut:
            return None
        if not self.is_bad:
            return self._once(method, path, auth, said)
        if self._late and self.dice.random() < 0.5:
            self._once(*self._late.pop(self.dice.randrange(len(self._late))))
        fate = self.dice.random()
        if fate < LOSS / 2:
            self.done["request lost"] += 1
            return None
        answer = self._once(method, path, auth, said)
        if method == "POST" and self.dice.random() < DOUBLED:
            self.done["doubled"] += 1
            self._once(method, path, auth, copy.deepcopy(said))
        if path.endswith("/events") and self.dice.random() < LATE:
            self.done["delivered late again"] += 1
            self._late.append((method, path, auth, copy.deepcopy(said)))
        if fate < LOSS:
            self.done["answer lost"] += 1
            return None
        return answer

    def _once(self, method: str, path: str, auth: str, said: Any) -> Answer | None:
        self.addresses.add(path)
        body = None if said is None else json.dumps(said, ensure_ascii=False).encode()
        headers = {"Authorization": auth, "Content-Type": "application/json"}
        for fresh in (False, True):
            try:
                if self._open is None or fresh:
                    self._open = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=40)
                self._open.request(method, path, body, headers)
                if self.server.strike():
                    raise ConnectionError("killed while this call was under way: its answer is lost")
                got = self._open.getresponse()
                return Answer(got.status, got.headers, got.read())
            except (OSError, http.client.HTTPException):
                self.close()
        self.done["server away"] += 1
        self.server.missed()
        return None

    def close(self) -> None:
        if self._open:
            self._open.close()
        self._open = None


class Tracked(evaluator.Device):
    """A device of which we know what it did and what it was told is safe. ``back``: how many milliseconds ago it lives."""

    def begin(self, dice: random.Random) -> Tracked:
        self.back = 0
        self.dice = random.Random(dice.random())  # its own: what it does depends on no other device's pace
        self.skew = dice.choice([0, 0, DAY, -DAY])
        started = dice.randrange(DAY)
        self.wall = lambda: _now() + self.skew - self.back
        self.mono = lambda: time.monotonic_ns() // 1_000_000 + DAY + started - self.back
        self.noted: dict[str, tuple[int, dict[str, Any]]] = {}
        self.safe: dict[str, str] = {}
        self.lost: list[int] = []
        return self

    def note(self, kind: str, prompt_id: str | None = None, **more: Any) -> dict[str, Any]:
        event = super().note(kind, prompt_id, **more)
        self.noted[event["id"]] = (_now() - self.back, event)
        return event

    def acknowledged(self, answer: Any) -> None:
        before = {event["id"]: event["hash"] for event in self.queue}
        super().acknowledged(answer)
        kept = {event["id"] for event in self.queue}
        self.safe |= {id_: hash_ for id_, hash_ in before.items() if id_ not in kept}


class Refused(RuntimeError):
    """The server did not let a device be paired; the text is the server's own."""


def _given(answer: Answer | None) -> Answer:
    """The answer of a pairing that went well; the refusal in words otherwise."""
    if answer is None:
        raise Refused("the server does not answer while devices are being paired")
    if answer.status >= 300:
        told = answer.json
        later = answer.headers.get("Retry-After", "")
        words = f"pairing refused: {answer.status} {told.get('code', '')}: {told.get('title', '')}"
        raise Refused(words + (f" (again in {later} seconds)" if later else ""))
    return answer


def _now() -> int:
    return time.time_ns() // 1_000_000


class Fleet:
    """``size`` devices over the halls of the city that is in the database; ``questions`` online and as many cut off."""

    def __init__(
        self,
        server: Server,
        size: int,
        *,
        questions: int = 3,
        seed: int = 1,
        say: Callable[[str], None] = print,
    ):
        self.server, self.size, self.questions, self.say = server, size, questions, say
        self.dice = random.Random(seed)
        self.addresses: set[str] = set()
        self.devices: list[Tracked] = []
        self.rows: list[Device] = []
        self.others: list[tuple[str, Tracked]] = []
        self.other_rows: list[Device] = []
        self.report = Report(devices=size)
        self.person = next(iter(citizens(1, seed)))
        self.words = f"说了要等{secrets.token_hex(4)}天"

    # -- the cast --

    def build(self) -> None:
        """Windows for all devices, their managers, and one application as a pattern of all others."""
        halls = list(Hall.objects.order_by("code"))
        windows = list(Counter.objects.filter(has_device=True).order_by("hall__code", "code"))
        for n in range(len(windows), self.size):
            hall = halls[n % len(halls)]
            windows.append(
                Counter.objects.create(
                    hall=hall, code=f"S{n}", name=f"窗口 S{n}", name_en=f"Window S{n}", kind="comprehensive", has_device=True
                )
            )  # fmt: skip
        self.windows = windows[: self.size]
        self.managers = {}
        for hall in halls:
            post = Post.objects.filter(hall=hall, role=Role.HALL_MANAGER).select_related("person").first()
            if post is None:
                who = Person.objects.create(username=f"manager-{hall.code}", name="大厅负责人")
                post = Post.objects.create(
                    person=who, role=Role.HALL_MANAGER, office=Post.objects.first().office, hall=hall,
                    starts_on=instant.now().date(),
                )  # fmt: skip
            self.managers[hall.pk] = post.person
        clerk = Person.objects.filter(posts__role=Role.CLERK, counter__isnull=False).first()
        from onewindow.catalog.models import Item

        version = Item.objects.get(code="ZD-MSA-001").current
        self.pattern = actions.accept(
            actions.take_in(
                version,
                by=clerk,
                applicant={
                    "kind": "person", "name": self.person.name, "id_type": "citizen_id", "id_number": self.person.id_number,
                    "mobile": self.person.mobile,
                },
                materials=dict.fromkeys(range(1, 6), ("paper", None)),
                hall=clerk.counter.hall,
                counter=clerk.counter,
            ),
            by=clerk,
        )  # fmt: skip
        self.clerk = clerk

    def cases(self, many: int) -> list[Application]:
        """So many accepted applications, like the pattern but for their numbers."""
        made = []
        for _ in range(many):
            one = copy.copy(self.pattern)
            one.pk, one.number, one.track_digest = (
                None,
                f"S{secrets.token_hex(6).upper()}X",
                secrets.token_hex(32),
            )
            made.append(one)
        return Application.objects.bulk_create(made)

    def pair_all(self) -> None:
        """The first hundred by the code on their screen, every second one of them by a printed slip; all further ones by
        slip, as whoever sets up ten counties does it: a server takes no more than 200 codes from one address in ten minutes."""
        slips = {}
        for hall_id, manager in self.managers.items():
            counters = [
                c for n, c in enumerate(self.windows) if c.hall_id == hall_id and (n % 2 or n >= BY_CODE)
            ]
            slips |= {slip.counter.pk: slip.token for slip in enrol.print_slips(counters, by=manager)}
        for n, window in enumerate(self.windows):
            line = Line(self.server, n, self.addresses)
            device = Tracked(line, evaluator.Signer() if n % 4 != 3 else None).begin(self.dice)
            hello = {"model": "fleet", "pubkey": device.signer.public if device.signer else ""}
            if window.pk in slips:
                told = line("POST", f"{evaluator.API}/enrol", "", hello | {"token": slips[window.pk]})
            else:
                offer = _given(line("POST", f"{evaluator.API}/pair", "", hello))
                pairing = placing.open_pairing(offer.json["user_code"])
                placing.pair(pairing, window, by=self.managers[window.hall_id])
                told = line("GET", f"{evaluator.API}/pair/", f"Pairing {offer.json['poll_token']}", None)
            device.secret = _given(told).json["secret"]
            device.heartbeat()
            self.devices.append(device)
            self.rows.append(Device.objects.get(code=told.json["device"]["code"]))

    def pair_others(self) -> None:
        """Displays, ticket machines and stands of the halls, by slip."""
        halls = list(Hall.objects.order_by("code"))
        each = max(1, self.size // FOR_SO_MANY)
        for n, kind in enumerate(kind for kind in HALL_KINDS for _ in range(each)):
            hall = halls[n % len(halls)]
            spot = enrol.Spot(kind, hall, None, f"{kind} {n}")
            slip = enrol.print_for([spot], by=self.managers[hall.pk])[0]
            line = Line(self.server, self.size + n, self.addresses)
            device = Tracked(line, evaluator.Signer()).begin(self.dice)
            hello = {"model": "fleet", "kind": kind, "pubkey": device.signer.public if device.signer else ""}
            told = _given(line("POST", f"{evaluator.API}/enrol", "", hello | {"token": slip.token}))
            device.secret = told.json["secret"]
            device.heartbeat()
            self.others.append((kind, device))
            self.other_rows.append(Device.objects.get(code=told.json["device"]["code"]))
            if kind == "kiosk":
                mark = line("POST", "/device/kiosk/open", f"Device {device.secret}", {})
                self.report.machines_marked += mark is not None and "Set-Cookie" in mark.headers
        self.report.hall_devices = len(self.others)

    # -- the day --

    def run(self) -> Report:
        self.server.start()
        try:
            self.say(f"pairing {self.size} devices ...")
            self.pair_all()
            self.pair_others()
            for device in (*self.devices, *(other for _kind, other in self.others)):
                device.line.is_bad = True
            with ThreadPoolExecutor(min(64, self.size)) as pool:
                for turn in range(self.questions):
                    self._online(pool, kill=turn == self.questions // 2 > 0)
                self._cut_off(pool)
                self._back(pool)
            self._steal()
            for device in (*self.devices, *(other for _kind, other in self.others)):
                device.line.close()
        finally:
            self.server.kill()
        return account(self)

    def _online(self, pool: ThreadPoolExecutor, *, kill: bool) -> None:
        """A question on every device; in one turn the server is killed while they answer."""
        self.say("a question on every device ..." + (" and the server is killed" if kill else ""))
        for row, case in zip(self.rows, self.cases(self.size), strict=True):
            evaluators.ask(case, "accepted", clerk=self.clerk.username, counter_id=row.counter_id)
        if kill:
            self.server.kill_by(self.size)  # each calls at least once to fetch its question
        running = [pool.submit(self._serve, device) for device in self.devices]
        if kill:
            self.server.start_again()
        running += [pool.submit(self._stand_by, kind, device) for kind, device in self.others]
        for one in running:
            one.result()

    def _stand_by(self, kind: str, device: Tracked) -> None:
        """A device of a hall on a bad line: it says how it is, and a stand what somebody said."""
        device.note("boot")
        if kind == "feedback":
            self._say_at(device)
        device.flush()
        device.heartbeat(**({"dark": False} if kind == "signage" else {}))

    def _say_at(self, device: Tracked) -> None:
        score = device.dice.choice([1, 2, 3, 4, 5, 5])
        device.note("answered", None, score=score, tags=[], text=self.words, order="low_first")

    def _serve(self, device: Tracked) -> None:
        prompt, until = None, time.monotonic() + 60
        while prompt is None and time.monotonic() < until:
            prompt = device.next(wait=5)
            if prompt is None:
                time.sleep(0.05)
        if prompt is None:
            raise RuntimeError("a question did not arrive within a minute")
        self._press(device, prompt["id"])
        device.flush()
        device.heartbeat()
        device.flush()

    def _press(self, device: Tracked, key: str) -> None:
        for kind in ("shown", "touched"):
            device.note(kind, key)
        if device.dice.random() < 0.1:
            device.note("declined", key)
            return
        device.note(
            "answered", key, score=device.dice.choice([1, 2, 3, 4, 5, 5, 5]), tags=[], text=self.words
        )

    def _cut_off(self, pool: ThreadPoolExecutor) -> None:
        """Two hours without a line, lived in the past: what happens now on the devices happened then by all their clocks."""
        self.say("two hours without a line ...")
        now = instant.now()
        asked = now - dt.timedelta(milliseconds=AWAY)
        for row, device in zip(self.rows, self.devices, strict=True):
            device.line.is_cut = True
            device.reboot()  # the power had gone as well: of this run nothing was ever heard
            for n, case in enumerate(self.cases(self.questions)):
                prompt = Prompt.objects.create(
                    number=case.number, touchpoint="accepted", device=row, counter_id=row.counter_id,
                    clerk=self.clerk.username, title="S", state=PromptState.DELIVERED,
                    created_at=asked, expires_at=asked, delivered_at=asked,
                )  # fmt: skip
                device.back = AWAY - (n + 1) * 10 * MINUTE
                self._press(device, prompt.key)
                device.flush()
            device.back = 0
            if self.dice.random() < 0.3:
                device.reboot()
        for kind, device in self.others:
            device.line.is_cut = True
            device.reboot()
            for n in range(self.questions if kind == "feedback" else 0):
                device.back = AWAY - (n + 1) * 10 * MINUTE
                self._say_at(device)
                device.flush()
            device.back = 0

    def _back(self, pool: ThreadPoolExecutor) -> None:
        """The lines are back: some devices have lost their storage by then, some are revoked; the rest send all they have
        while the server is killed once more."""
        self.say("the lines are back ...")
        for n, (row, device) in enumerate(zip(self.rows, self.devices, strict=True)):
            device.line.is_cut = False
            if n % WIPED == 1 or n % REVOKED == 2:
                while device.heartbeat() is None and not device.stopped:
                    pass
            if n % WIPED == 1:
                device.lost += [event["seq"] for event in device.queue]
                device.wipe()
                self.report.wipes += 1
                device.note("boot")
            elif n % REVOKED == 2:
                placing.revoke(row, by=self.managers[row.counter.hall_id])
                self.report.revoked += 1
        for _kind, device in self.others:
            device.line.is_cut = False
        began = time.monotonic()
        self.server.kill_by(
            (self.size + 1) // 2
        )  # each has something to send: some are heard by then, some are not
        running = [pool.submit(self._empty, device) for device in self.devices]
        running += [pool.submit(self._empty, device) for _kind, device in self.others]
        self.server.start_again()
        for one in running:
            one.result()
        self.report.flush_seconds = round(time.monotonic() - began, 1)

    def _empty(self, device: Tracked) -> None:
        until, pause = time.monotonic() + 60, 0.02
        while not device.flush() and not device.stopped and time.monotonic() < until:
            time.sleep(pause)
            pause = min(pause * 2, 0.2)
        while device.line._late and not device.stopped:
            device.line._once(*device.line._late.pop())

    def _steal(self) -> None:
        """A thief who knows a secret, but not the key."""
        device = next(d for d in self.devices if d.signer and not d.stopped)
        thief = Tracked(Line(self.server, 0, self.addresses), evaluator.Signer(), device.secret).begin(
            self.dice
        )
        thief.skew = 0
        thief.note("boot")
        thief.flush()
        thief.line.close()
        self.report.forged_refused = int(thief.stopped == "bad_signature")
        self.thief = device
