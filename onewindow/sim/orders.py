"""工单与差评 over HTTP: 12345 passes orders on, bad reviews are taken up as they come, and each goes the whole loop by the API
and the reporter's own page: contacted, verified, planned or appealed against, answered, called back, reopened.

Three calls at three different hours of the day need three hours: over HTTP, where time is real, somebody who is not reached
is reached the second time.
"""

from __future__ import annotations

import datetime as dt
import time
from random import Random
from typing import Any

from onewindow.org.calendar import ZONE
from onewindow.org.models import Person, current_calendar
from onewindow.org.roles import Role
from onewindow.sim.matters import A_YEAR, ENDS, REVIEWS, WORKING_DAYS
from onewindow.sim.scenes.issues import SAYINGS

#: who says what with which step: verb, the person, the words
Deed = tuple[str, Person | None, dict[str, Any]]
ANSWER = "您反映的问题已办理，对给您带来的不便深表歉意。"
PANEL = "经评审，评价属实，请抓紧整改。"
UNFOUNDED = "经评审，评价所述情况与记录不符；评价仍计入原始统计。"


class Orders:
    """Nobody acts in the name of ``life.visitors``; what they do first is respected."""

    def __init__(self, life: Any, seed: int):
        self.life, self.random = life, Random(f"orders {seed}")
        self.bureau = self._who(Role.BUREAU)[:2]
        self.judges = [*self._who(Role.LEADER), *(h for people in life.heads.values() for h in people)]
        self.items = [v.item for v in life.versions if life.approvers.get(v.item.office_id)]
        self.passed_on = 0
        self.taken: set[str] = set()  # on their way, or left to somebody else

    def _who(self, role: str) -> list[Person]:
        found = Person.objects.filter(posts__role=role, is_active=True).order_by("username").distinct()
        return [p for p in found if p.username not in self.life.visitors]

    @property
    def can_be(self) -> bool:
        return len(self.bureau) == 2 and bool(self.items)

    def plan(self, day: dt.date, storm: int = 0) -> None:
        """At the end of the first day one, on the others with the frequency of a county."""
        if self.can_be and (not self.passed_on or self.random.random() < A_YEAR / WORKING_DAYS):
            self.passed_on += 1
            self.life.at(dt.datetime.combine(day, dt.time(16, 50), ZONE), self.pass_on)

    def heard(self, level: int) -> None:
        """A bad review begins to be worked on soon after it was given."""
        if level <= 2 and self.can_be:
            self.life.at(self.life.later(0.3), self.take_up)

    def pass_on(self) -> None:
        """12345 passes on what somebody has told it."""
        if not self.can_be:
            return
        item, said = self.random.choice(self.items), self.random.choice(SAYINGS)
        who = self.random.choice(self.life.citizens)
        i = self.life.hands.order(
            item, by=self.bureau[1], text=said[0], kind_code=said[1], reporter=(who.name, who.mobile)
        )
        self.life.tally["orders"] += 1
        end = self.random.choices(list(ENDS), list(ENDS.values()))[0]
        self._next(i, self.deeds(i, end, {"how": "phone", "note": "已说明情况"}), "order")

    def leave(self) -> None:
        """What is there now waits for the visitor."""
        if self.can_be:
            self.taken |= {i.number for i in self.life.hands.issues(self.bureau[0], "assigned", "review")}

    def take_up(self) -> None:
        """The bad reviews that wait to be contacted, each once."""
        if not self.can_be:
            return
        for i in self.life.hands.issues(self.bureau[0], "assigned", "review"):
            if i.number in self.taken:
                continue
            self.taken.add(i.number)
            self.life.tally["reviews taken up"] += 1
            end = self.random.choices(list(REVIEWS), list(REVIEWS.values()))[0]
            written = {"how": "page", "note": "", "text": "您好，我们正在核实，有进展会在这里答复您。"}
            self._next(i, self.deeds(i, end, written), "review")

    def _next(self, i: Any, deeds: list[Deed], kind: str) -> None:
        if deeds:
            self.life.at(self.life.later(self.random.uniform(0.2, 1)), lambda: self._do(i, deeds, kind))
        else:
            self.life.tally[f"{kind} {self.life.hands.outcome(i)}"] += 1
            self.life.tally[f"{kind}s closed"] += 1

    def _do(self, i: Any, deeds: list[Deed], kind: str) -> None:
        verb, by, given = deeds[0]
        if by is None:
            self.life.hands.speak(i, verb, **given)
        else:
            self.life.hands.step(verb, self.life.hands.look(i), by=by, **given)
        self._next(i, deeds[1:], kind)

    def deeds(self, i: Any, end: str, contacted: dict[str, Any]) -> list[Deed]:
        """The steps up to an end, with who takes them; nobody (None) is the reporter, on the own page."""
        life, said = self.life, self.random.choice(SAYINGS)
        verifier, caller = self.bureau
        unit = self.random.choice(life.approvers.get(i.office_id) or [caller])
        if unit == caller:  # the bureau handles it itself: who answers doesn't call back
            verifier, caller = caller, verifier
            unit, verifier = verifier, caller
        heads = [h for h in life.heads.get(i.office_id, ()) if h.pk != unit.pk]
        if not heads and end in ("planned", "upheld", "dismissed"):
            end = "solved"
        if len(self._panel(i, unit, caller)) < 2 and end in ("upheld", "dismissed"):
            end = "solved"
        cause = {"cause": said[2], "prevention": said[3], "prevention_note": said[4]}
        shown = life.hands.latest
        done = {"proposal": "solved", "done_case": shown} if shown else {"proposal": "explained"}
        contact: Deed = ("contact", unit, contacted)
        verify: Deed = (
            "verify",
            verifier,
            {"founded": "yes", "finding": "经核对收件记录，情况属实。", "grade": "simple"},
        )
        reply: Deed = ("reply", unit, {"answer": ANSWER, **done, **cause})
        content: Deed = ("close", caller, {"words": "反映人表示满意，问题已解决。"})
        own: Deed = ("confirm", None, {"text": "解决了，谢谢"})
        again: Deed = ("reopen", None, {"text": "说办好了，去了还是不行。"})
        missed: Deed = ("callback_missed", caller, {"how": "phone", "note": "无人接听"})
        worked = [contact, verify]

        def plan() -> Deed:
            today = dt.datetime.fromtimestamp(time.time(), ZONE).date()  # the server's
            day = current_calendar().add_working(today, 6)
            return ("plan", heads[0], {"plan": "修改流转规则，窗口培训后执行", "plan_owner": "分管负责人",
                                       "plan_due": day.isoformat(), "reason": "涉及系统调整"})  # fmt: skip

        def judged(upholds: bool) -> Deed:
            first, other = self._panel(i, unit, caller)[:2]
            votes = [
                ("first", first.username),
                ("other", other.username),
                ("outsider", "李体验官（企业代表）"),
            ]
            vote = "uphold" if upholds else "dismiss"
            given = dict(votes)
            given |= {f"{name}_vote": vote for name, _who in votes} | {
                f"{name}_reason": "核对记录" for name, _who in votes
            }
            return (
                "uphold" if upholds else "dismiss",
                verifier,
                given | {"answer": UNFOUNDED if upholds else PANEL},
            )

        def appeal() -> Deed:
            return ("appeal", heads[0], {"reason": "经核对叫号和收件记录，当日按时办结。"})

        match end:
            case "explained":
                explained = {
                    "answer": "经核实，情况说明如下：该事项按现行规定办理。",
                    "proposal": "explained",
                    **cause,
                }
                return [*worked, ("reply", unit, explained), content]
            case "impossible":
                no = {"article": "《行政许可法》第三十八条", "answer": "经核实，场所不符合法定条件，依法不能办理。",
                      "alternatives": "整改后可重新申请；也可另选符合条件的场所，由帮办人员陪同办理。", **cause}  # fmt: skip
                return [*worked, ("refuse_lawfully", unit, no), ("countersign", verifier, {}), content]
            case "unreachable":
                return [*worked, reply, missed, content]
            case "again" | "reopened":
                return [*worked, reply, again, contact, verify, reply, own]
            case "planned":
                return [*worked, plan(), reply, content]
            case "upheld":
                return [contact, appeal(), judged(True)]
            case "dismissed":
                return [contact, appeal(), judged(False), reply, content]
            case _:
                return [*worked, reply, own if self.random.random() < 0.5 else content]

    def _panel(self, i: Any, unit: Person, caller: Person) -> list[Person]:
        """Who may judge: leaders and heads of other units, and of the bureau who did not work on it."""
        heads = {h.pk for h in self.life.heads.get(i.office_id, ())}
        return [p for p in (*self.judges, caller) if p.pk not in heads | {unit.pk}]
