"""The hands of simulated people over HTTP, as people and machines do it: see ``direct.py`` for what they can do.

Staff act through ``/api/v1`` with a token each, evaluators through ``/api/device/v1``, applicants by the link that they
were given. Only the cast (who works where, the tokens, the manager's word for a new evaluator) comes from the database.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.models import Message
from onewindow.cases.rules import Reason
from onewindow.catalog.models import Item, ItemVersion
from onewindow.org.http import new_token, revoke_tokens
from onewindow.org.models import Counter, Hall, Office, Person
from onewindow.org.roles import Role
from onewindow.sim import evaluator
from onewindow.sim.caller import Answer, Away, Caller
from onewindow.voice import actions as voice
from onewindow.voice import placing
from onewindow.voice.models import Device
from onewindow.window import actions
from onewindow.window.models import DocumentForm

log = logging.getLogger(__name__)
API, DEVICE = "/api/v1", "/api/device/v1"
SCOPES = ["cases:read", "cases:write", "hall:read", "hall:write", "issues:read", "issues:write"]
BEAT = 60  # seconds between two heartbeats of an evaluator
LOOKS, PAUSE = 3, 0.5  # how often an evaluator looks for its question, and the seconds between
#: Evaluators that nobody stands at: those of the demonstration city, and life's own of an earlier run.
OURS = ("demo", "live")


@dataclass
class Seen:
    """A case as its clerk sees it over the API, with what the people in it remember."""

    number: str
    item_version: ItemVersion
    office_id: int
    hall_id: int
    counter_id: int | None
    clerk: Person
    link: str = ""  # path of the applicant's own page
    lacking: list[int] = field(default_factory=list)
    holder: str = "本人"
    etag: str = ""
    pledge_count: int = 0  # nothing is put off over the API
    is_preliminary: bool = False
    is_open: bool = True
    decided_at: dt.datetime | None = None
    decision_due_at: dt.datetime | None = None


@dataclass
class Matter:
    """An issue as the bureau sees it over the API."""

    number: str
    office_id: int
    clerk: Person
    etag: str = ""


@dataclass
class Evaluator:
    """A device as its page behaves: what was pressed waits here until the server has it."""

    counter: Counter
    device: evaluator.Device
    beat_at: float = 0.0


class Remote:
    """``caller``: to which server, with how much patience. ``say`` gets a line for each deed."""

    def __init__(self, caller: Caller, *, say: Callable[[str], None] = log.info):
        self.caller, self.say = caller, say
        self._tokens: dict[str, tuple[int, str]] = {}
        self._evaluators: dict[int, Evaluator | None] = {}
        self.latest = ""  # number of the last application that was taken in
        self._versions = {
            i.code: self._version(i) for i in Item.objects.published().select_related("current")
        }
        self._offices = dict(Office.objects.values_list("code", "pk"))
        self._halls = {h.code: h for h in Hall.objects.all()}
        self._counters = {
            (c.hall.code, c.code): c for c in Counter.objects.select_related("hall") if c.has_device
        }

    @staticmethod
    def _version(item: Any) -> ItemVersion:
        version = item.current
        version.item = item
        return version

    # -- time passes at the server --

    def day(self) -> AbstractContextManager[Any]:
        return contextlib.nullcontext()

    deed = day

    def wake(self) -> None:
        """The server's own worker does that."""

    def follow(self) -> None:
        """Evaluators send what waits, and say that they are there."""
        for counter, its in self._evaluators.items():
            if its and (its.device.queue or time.monotonic() - its.beat_at > BEAT):
                self._tend(counter, its)

    def close(self) -> None:
        """Ends the tokens that were made for this life."""
        revoke_tokens([pk for pk, _ in self._tokens.values()])
        self.caller.close()

    # -- staff --

    def _ask(self, by: Person, method: str, path: str, **more: Any) -> Answer:
        """A call in somebody's name; a token that has ended is replaced once."""
        for last in (False, True):
            if by.username not in self._tokens:
                row, token = new_token(by, SCOPES, days=1)
                self._tokens[by.username] = (row.pk, token)
            answer = self.caller.call(
                method, API + path, auth=f"Bearer {self._tokens[by.username][1]}", **more
            )
            if answer.status != 401 or last:
                break
            del self._tokens[by.username]
        return answer

    def take_in(
        self,
        version: Any,
        *,
        by: Person,
        applicant: dict[str, str],
        materials: dict[int, Any],
        hall: Hall,
        counter: Counter | None,
        **_more: Any,
    ) -> Seen:
        """The clerk takes an application in. What only this process knows of (a file, a register's answer) comes on
        paper, and so does what could be put off: that is supplied at the counter's page, not over the API."""
        if counter:
            self.device_at(counter.pk)  # it must stand there before it is asked anything
        forms = {no: form for no, (form, _what) in materials.items()}
        on_paper = dict.fromkeys([DocumentForm.REUSED, DocumentForm.DEFERRED], DocumentForm.PAPER)
        said: dict[str, Any] = {
            "item": version.item.code,
            "applicant": applicant,
            "materials": [{"spec": no, "form": str(on_paper.get(form, form))} for no, form in forms.items()],
            "hall": hall.code,
            "counter": counter.code if counter else "",
        }
        answer = self._ask(by, "POST", "/applications", said=said, Idempotency_Key=uuid.uuid4().hex)
        if answer.json.get("code") == "duplicate":
            raise actions.Duplicate(answer.json["number"])
        told = self._right(answer)
        lacking = [
            s.no for s in version.specs if forms.get(s.no, DocumentForm.MISSING) == DocumentForm.MISSING
        ]
        self.say(f"receive {told['number']} by {by.username}")
        self.latest = told["number"]
        return Seen(
            told["number"], version, version.item.office_id, hall.pk, counter.pk if counter else None, by,
            urlsplit(told["track_url"]).path, lacking, applicant.get("contact") or applicant["name"], answer.etag,
        )  # fmt: skip

    def order(
        self, item: Item, *, by: Person, text: str, kind_code: str, reporter: tuple[str, str]
    ) -> Matter:
        """12345 passes on what somebody has told it, under its own number."""
        name, mobile = reporter
        said = {
            "origin": "hotline", "own_number": f"SH-{uuid.uuid4().hex[:12]}", "text": text, "item": item.code,
            "kind": kind_code, "reporter": {"name": name, "mobile": mobile},
        }  # fmt: skip
        told = self._right(self._ask(by, "POST", "/issues", said=said, Idempotency_Key=uuid.uuid4().hex))
        self.say(f"order {told['number']} by {by.username}")
        return Matter(told["number"], item.office_id, by)

    def issues(self, by: Person, status: str, origin: str) -> list[Matter]:
        """Open issues of one status and origin that somebody may see."""
        told = self._right(self._ask(by, "GET", f"/cases?kind=issue&status={status}&limit=100"))["items"]
        return [
            Matter(t["number"], self._offices[t["office"]["code"]], by)
            for t in told
            if t["facts"]["origin"] == origin
        ]

    def look(self, i: Any) -> Any:
        """The issue as it is now: what somebody has seen is what the next step is taken on."""
        i.etag = self._issue(i).etag
        return i

    def outcome(self, i: Any) -> str:
        return self._right(self._issue(i))["facts"]["outcome"]

    def _issue(self, i: Any) -> Answer:
        answer = self._ask(i.clerk, "GET", f"/cases/{i.number}")
        self._right(answer)
        return answer

    def speak(self, i: Any, do: str, *, text: str) -> None:
        """The reporter, on the own page: its link came by text message, for which one may have to wait a little."""
        path = ""
        for _look in range(4 * LOOKS):
            bodies = Message.objects.filter(number=i.number).order_by("id").values_list("body", flat=True)
            if path := next((m[0] for body in bodies if (m := re.search(r"/i/[\w-]+", body))), ""):
                break
            if self.caller.stop.wait(PAUSE):
                break
        if not path:
            raise StepRefused(Reason("no_link", "the link was told to somebody else"))
        self._sent(self.caller.submit(path, do=do, text=text))
        self.say(f"{do} {i.number} by reporter")

    def again(self, a: Seen) -> Seen:
        answer = self._ask(a.clerk, "GET", f"/cases/{a.number}")
        facts = self._right(answer)["facts"]
        a.etag = answer.etag
        a.decided_at, a.decision_due_at = _at(facts["decided_at"]), _at(facts["decision_due_at"])
        return a

    def step(self, verb: str, a: Seen, *, by: Person, **said: Any) -> None:
        said = {k: {str(no): v for no, v in x.items()} if isinstance(x, dict) else x for k, x in said.items()}
        answer = self._ask(
            by,
            "POST",
            f"/cases/{a.number}/{verb}",
            said=said,
            If_Match=a.etag,
            Idempotency_Key=uuid.uuid4().hex,
        )
        self._right(answer)
        a.etag = answer.etag
        self.say(f"{verb} {a.number} by {by.username}")

    def _right(self, answer: Answer) -> Any:
        """What was told; what was refused, as the actions say it."""
        if answer.status < 300:
            return answer.json
        problem = answer.json
        if answer.status == 412:
            raise Stale
        faults = " ".join(f"{e['pointer']} {e['code']}" for e in problem.get("errors") or ())
        why = problem.get("reason") or {
            "code": f"{problem.get('code', answer.status)} {faults}".strip(),
            "text": "",
        }
        raise StepRefused(Reason(why["code"], why["text"], problem.get("code", "not_possible")))

    def shares(self, a: Seen) -> tuple[list[Seen], int]:
        """The departments' shares that can be examined now, and how many are still open at all."""
        if not a.item_version.plan:
            return [], 0
        told = self._right(self._ask(a.clerk, "GET", f"/cases?kind=approval&q={a.number}"))["items"]
        pending = [t for t in told if not t["closed_at"] and not t["facts"]["is_advisory"]]
        now = [t for t in pending if t["status"] == "examining"]
        return [
            Seen(t["number"], a.item_version, self._offices[t["office"]["code"]], a.hall_id, None, a.clerk,
                 etag=f'"{t["version"]}"')
            for t in now
        ], len(pending)  # fmt: skip

    def missing(self, a: Seen) -> list[int]:
        return a.lacking

    def correct(self, a: Seen, *, by: Person) -> None:
        self.step("correct", a, by=by, materials=dict.fromkeys(a.lacking, "paper"))

    def waiting(self, by: Person, status: str, limit: int = 100) -> list[Seen]:
        """Open cases of one status that somebody may see: those of an earlier life, whose applicants have their own link."""
        found = []
        for told in self._right(
            self._ask(by, "GET", f"/cases?kind=application&status={status}&limit={limit}")
        )["items"]:
            version, hall = self._versions.get(told["facts"]["item"]["code"]), told["facts"]["hall"]
            if version and hall:
                office, at = self._offices[told["office"]["code"]], self._halls[hall["code"]].pk
                found.append(Seen(told["number"], version, office, at, None, by, etag=f'"{told["version"]}"'))
        return found

    # -- applicants --

    def holder(self, a: Seen) -> str:
        return a.holder

    def withdraw(self, a: Seen, *, reason: str) -> None:
        if not a.link:
            raise StepRefused(Reason("no_link", "the link was told to somebody else"))
        self._sent(self.caller.submit(f"{a.link}/withdraw", reason=reason))
        self.say(f"withdraw {a.number} by applicant")

    def _sent(self, answer: Answer) -> None:
        if answer.status != 302:
            raise StepRefused(Reason(f"page_{answer.status}", f"the page answered {answer.status}"))

    # -- verdicts --

    def switch_on(self) -> None:
        """The evaluators of all windows, as on any morning: the managers' tiles show a hall at work."""
        for counter in self._counters.values():
            self.device_at(counter.pk)

    def device_at(self, counter_id: int) -> Evaluator | None:
        """The evaluator of a window, paired when it is first needed; a window whose device a visitor has paired is left alone."""
        if counter_id not in self._evaluators:
            self._evaluators[counter_id] = self._pair(counter_id)
        return self._evaluators[counter_id]

    def _pair(self, counter_id: int) -> Evaluator | None:
        counter = next((c for c in self._counters.values() if c.pk == counter_id), None)
        stands = Device.objects.at_window(counter_id).first()
        if counter is None or (stands and stands.model not in OURS):
            return None
        managers = Person.objects.filter(posts__hall=counter.hall, posts__role=Role.HALL_MANAGER)
        manager = next((m for m in managers if counter.hall_id in m.halls_as(Role.HALL_MANAGER)), None)
        if manager is None:
            return None
        signer = evaluator.Signer()
        said = {"model": "live", "pubkey": signer.public}
        offer = self.caller.call("POST", f"{DEVICE}/pair", said=said).json
        pairing = placing.open_pairing(offer["user_code"])
        if pairing is None:
            return None
        placing.pair(pairing, counter, by=manager)  # the hall's manager has compared the numbers
        told = self.caller.call("GET", f"{DEVICE}/pair/", auth=f"Pairing {offer['poll_token']}").json
        if not told.get("secret"):
            return None
        return Evaluator(counter, evaluator.Device(self._line, signer, told["secret"]))

    def _line(self, method: str, path: str, auth: str, said: Any) -> Answer | None:
        try:
            return self.caller.call(method, path, auth=auth, said=said, patience=0)
        except Away:
            return None

    def _tend(self, counter: int, its: Evaluator) -> None:
        """Heartbeat, and whatever waits. A device that was revoked forgets its secret; one without a net waits on."""
        told = len(its.device.results)
        if its.device.queue:
            its.device.flush()
        for result in its.device.results[told:]:
            self.say(f"device {its.counter.code}: {result['result']} {result.get('reason', '')}")
        if its.device.heartbeat() is not None:
            its.beat_at = time.monotonic()
        if its.device.stopped:
            self._evaluators[counter] = None

    def rate(
        self, a: Seen, touchpoint: str, *, level: int, codes: list[str], text: str, device: Evaluator | None
    ) -> None:
        if device:
            self._press(a, touchpoint, device, {"level": level, "codes": codes, "text": text})
            return
        if not a.link:
            raise voice.NotPossible("no_link", "")
        path = f"/rate/{a.link.rsplit('/', 1)[1]}"
        answer = self.caller.submit(
            f"{path}?touchpoint={touchpoint}&score={level}",
            touchpoint=touchpoint,
            score=level,
            codes=codes,
            text=text,
        )
        if answer.status != 302 or not answer.headers.get("Location", "").endswith("thanks=1"):
            raise voice.NotPossible(f"page_{answer.status}", "")
        self.say(f"rate {a.number} by applicant")

    def _press(self, a: Seen, touchpoint: str, device: Evaluator, verdict: dict[str, Any]) -> None:
        """Looks what the device asks now and answers that: it does not know whose case it is."""
        prompt = None
        for _look in range(LOOKS):
            prompt = device.device.next()
            if prompt is not None or self.caller.stop.wait(PAUSE):
                break
        if prompt is None or prompt["touchpoint"] != touchpoint:
            raise voice.NotPossible("nothing_asked", "")
        for kind in ("shown", "touched"):
            device.device.note(kind, prompt["id"])
        said = {"score": verdict["level"], "tags": verdict["codes"], "text": verdict["text"]}
        said |= {"order": prompt["order"]} if "order" in prompt else {}
        device.device.note("answered", prompt["id"], **said)
        self._tend(device.counter.pk, device)


def _at(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
