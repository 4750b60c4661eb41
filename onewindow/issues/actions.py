"""What can be done with an issue. Each step's docstring begins with the Chinese term and names its rule."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onewindow.cases import clock, instant
from onewindow.cases.flow import Flow, StepRefused, note, register
from onewindow.cases.models import Attachment, Stop
from onewindow.cases.rules import Actor, By, Reason, the_clock
from onewindow.catalog.models import ItemVersion
from onewindow.issues import evidence, origins, rules
from onewindow.issues.models import (
    Attempt,
    How,
    Issue,
    Kin,
    Outcome,
    PanelVote,
    Prevention,
    Proposal,
    Purpose,
    Said,
    Status,
)
from onewindow.issues.separation import works_at
from onewindow.org.models import Office, Person, limit, number
from onewindow.org.roles import Role

S = Status
flow = Flow("issue", "Q", Status, closed=(S.CLOSED,))
register(flow, Issue)

OPEN = tuple(s for s in Status if s != S.CLOSED)
#: the reporter may still be spoken with, and has not been answered
UNANSWERED = (S.REGISTERED, S.ASSIGNED, S.CONTACTED, S.WORKING, S.ASKED, S.APPEALED, S.SIGNING)


def _clock_of(code: str) -> clock.Effect:
    """A clock of its own, from now, with the limit of a parameter. A promise, no statute: it is never red."""
    return clock.start(lambda i: str(limit(code)), lambda i: "")


contact_clock = clock.start(lambda i: str(limit(origins.of(i).contact)), lambda i: "", since="turned_at")
_work = clock.start(lambda i: origins.of(i).limit_of(i.grade), lambda i: "", since="turned_at")


def work_clock(i: Issue, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
    """Putting right runs from the report (or the reopening), not from when the unit got round to it. What an appeal or a
    signature interrupted runs on as it was: its plan still lengthens it, and the days it waited for the reporter stay out."""
    longer, told = i.plan_more, _work(i, now, given)
    i.clock_extension = longer
    i.clock_stops = (
        Stop.objects.filter(number=i.number, ended_at__gt=i.turned_at).count() if i.asked_days else 0
    )
    clock.work_out(i, now)
    return told | {"due_at": clock._iso(i.due_at)}


def bureau_office() -> Office:
    """The office of the business-environment bureau: where those who hold its role sit."""
    found = Office.objects.filter(posts__role=Role.BUREAU).order_by("code").first()
    if found is None:
        raise LookupError("nobody holds the role of the business-environment bureau")
    return found


# --- finding who answers for it ----------------------------------------------------------------------------


@flow.step(
    S.REGISTERED, S.ASSIGNED, S.CONTACTED, S.WORKING,
    to=S.ASSIGNED, who=rules.bureau, label=_("Assign"), clock=contact_clock,
)  # fmt: skip
def dispatch(
    i: Issue, *, by: By, now: dt.datetime, office: Office, grade: str, helper: Office | None = None
) -> dict[str, Any]:
    """分派 — the bureau says which unit answers for it, how hard it is and who helps. An origin that is sealed stays with the
    bureau, and so does what is about somebody of that very unit (separation of whom it is about)."""
    if reason := why_not_there(i, office):
        raise StepRefused(reason)
    i.office, i.handler, i.grade, i.helper = office, None, grade, helper
    return {"office": office.code, "grade": grade, "helper": helper.code if helper else ""}


@flow.step(S.ASSIGNED, to=S.REGISTERED, who=rules.unit & rules.not_bounced & rules.returnable, label=_("Not ours: send back"),
           clock=_clock_of("issue_assign_limit"))  # fmt: skip
def send_back(i: Issue, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """退回分派 — the unit says why it is not its matter, once; after that the bureau's word counts."""
    before, i.bounced, i.handler = i.office.code, i.bounced + 1, None
    i.office = bureau_office()
    return {"office": before, "reason": reason}


@flow.step(S.REGISTERED, S.ASSIGNED, S.CONTACTED, to=S.REPLIED, who=rules.bureau, label=_("Outside: explain"),
           clock=_clock_of("issue_callback_limit"))  # fmt: skip
def decline(
    i: Issue, *, by: By, now: dt.datetime, kind_code: str, answer: str, missing_list: str = "",
    transferred_to: str = "", receipt: str = "",
) -> dict[str, Any]:  # fmt: skip
    """不属受理范围 — a lawsuit, a petition already under way, something against the law, or conditions that are not met: a
    written explanation and one list of what is missing; where another body answers for it, it goes there against a
    receipt (信访工作条例: a petition is handed over, not handled)."""
    i.kind_code, i.missing_list = kind_code, missing_list
    i.proposal = Proposal.TRANSFERRED if transferred_to else Outcome.EXPLAINED
    i.transferred_to, i.receipt = transferred_to, receipt
    _answered(i, by, now, answer)
    _cause(i, "outside", Prevention.NONE, "不属于本级政务服务处理范围")
    return {"kind": kind_code, "proposal": i.proposal}


def why_not_there(i: Issue, office: Office) -> Reason | None:
    """Why this office can't answer for the issue: it would judge its own colleague, or the origin is the bureau's alone."""
    mine = office.pk == bureau_office().pk
    if origins.of(i).confidentiality == origins.SEALED and not mine:
        return Reason("sealed", _("What came in this way stays with the bureau."))
    if i.subject is not None and not mine and works_at(i.subject, office):
        return Reason("own_colleague", _("The person it is about works there: the bureau handles it itself."))
    return None


def _answered(i: Issue, by: Any, now: dt.datetime, answer: str) -> None:
    """``missed_hours``: tries of the first contact are none of the call back."""
    i.answer, i.answered_by, i.answered_at, i.missed_hours = answer, by, now, 0


def _cause(i: Issue, cause: str, prevention: str, note: str, version: ItemVersion | None = None) -> None:
    i.cause, i.prevention, i.prevention_note, i.prevention_version = cause, prevention, note, version


# --- speaking with the reporter ----------------------------------------------------------------------------


def _tried(i: Issue, by: Any, now: dt.datetime, *, how: str, reached: bool, note: str) -> Purpose:
    purpose = Purpose.CALLBACK if i.status == S.REPLIED else Purpose.CONTACT
    slot = rules.local_hour(now)
    Attempt.objects.create(issue_id=i.pk, round=i.reopened, purpose=purpose, how=how, reached=reached, at=now,
                           slot=slot, by=by.username, note=note)  # fmt: skip
    mine = Attempt.objects.filter(issue_id=i.pk, round=i.reopened, purpose=purpose, reached=False)
    i.missed_hours = mine.values("slot").distinct().count() if not reached else 0
    return purpose


@flow.step(S.ASSIGNED, to=S.CONTACTED, who=rules.contacter, label=_("Contacted"),
           clock=work_clock)  # fmt: skip
def contact(
    i: Issue, *, by: By, now: dt.datetime, how: str, note: str, agrees: bool = False, text: str = ""
) -> dict[str, Any]:
    """首次联系 — the unit has spoken with the reporter, or has written on the reporter's page (``text``). A number that the
    unit may not see is called by the bureau; once the reporter agrees, the unit may know who it is."""  # fmt: skip
    i.contacted_by, i.contacted_at, i.agrees = by, now, i.agrees or agrees  # type: ignore[assignment]
    _tried(i, by, now, how=how, reached=True, note=note)
    if how == How.PAGE:
        Said.objects.create(issue_id=i.pk, at=now, by=by.username, text=text)
    return {"how": how, "agrees": i.agrees}


@flow.step(S.ASSIGNED, who=rules.contacter, label=_("Not reached"))
def missed(i: Issue, *, by: By, now: dt.datetime, how: str, note: str = "") -> dict[str, Any]:
    """未联系上 — one try without success; three at three different hours, and the reporter counts as unreachable."""
    purpose = _tried(i, by, now, how=how, reached=False, note=note)
    return {"how": how, "purpose": purpose, "hours": i.missed_hours}


@flow.step(S.REPLIED, who=rules.centre & rules.callable_, label=_("Called back, not reached"))
def callback_missed(i: Issue, *, by: By, now: dt.datetime, how: str, note: str = "") -> dict[str, Any]:
    """回访未接通 — the centre has called back in vain; counted like the first contact."""
    purpose = _tried(i, by, now, how=how, reached=False, note=note)
    return {"how": how, "purpose": purpose, "hours": i.missed_hours}


@flow.step(S.ASSIGNED, to=S.WORKING, who=rules.unit & rules.tried, label=_("Go on without the reporter"),
           clock=work_clock)  # fmt: skip
def go_on(i: Issue, *, by: By, now: dt.datetime, finding: str) -> dict[str, Any]:
    """无法联系先行办理 — the reporter cannot be reached; what is known is put right all the same."""
    i.finding, i.missed_hours = finding, 0
    return {}


@flow.step(S.CONTACTED, to=S.WORKING, who=rules.second, label=_("Verified"))
def verify(i: Issue, *, by: By, now: dt.datetime, founded: str, finding: str, grade: str) -> dict[str, Any]:
    """核实 — a second person holds what was said against the facts (separation: never the one who spoke with the reporter, nor
    anybody whom it is about). The grade may be corrected; the limit runs from the report."""
    i.verified_by, i.founded, i.finding = by, founded, finding  # type: ignore[assignment]
    told: dict[str, Any] = {"founded": founded}
    if grade != i.grade:
        i.grade = grade
        told |= {"grade": grade} | work_clock(i, now, {})
    return told


@flow.step(S.WORKING, to=S.ASKED, who=rules.unit & rules.may_ask, label=_("Ask the reporter"),
           clock=clock.stop("reporter"))  # fmt: skip
def ask_reporter(i: Issue, *, by: By, now: dt.datetime, notice: str, days: int) -> dict[str, Any]:
    """待反映人补充 — something only the reporter knows; the clock stands for some working days, five all told, and the
    question stands on the reporter's page."""
    given = min(days, number("issue_asked_days") - i.asked_days)
    i.asked_days += given
    i.asked_until = clock.expected_end(now, given)
    Said.objects.create(issue_id=i.pk, at=now, by=by.username, text=notice)  # type: ignore[union-attr]
    return {"asked": given}


@flow.step(S.ASKED, to=S.WORKING, who=rules.reporter, label=_("Answer"), clock=clock.resume())
def reporter_answers(i: Issue, *, by: By, now: dt.datetime, text: str) -> dict[str, Any]:
    """反映人答复 — what was asked is answered on the page; the clock runs on."""
    i.asked_until = None
    Said.objects.create(issue_id=i.pk, at=now, text=text)
    return {}


@flow.step(S.ASKED, to=S.WORKING, who=rules.unit, label=_("Go on"), clock=clock.resume())
def resume(i: Issue, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """恢复办理 — the answer came another way, or is no longer needed."""
    i.asked_until = None
    return {}


@flow.step(S.ASKED, to=S.WORKING, who=the_clock, label=_("Nobody answered"), clock=clock.resume(),
           when="asked_until")  # fmt: skip
def resume_by_itself(i: Issue, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """到期恢复 — the days for the answer are over; the issue goes on with what is known."""
    i.asked_until = None
    return {}


# --- putting it right --------------------------------------------------------------------------------------


@flow.step(S.WORKING, who=rules.unit_head & rules.unplanned, label=_("Plan with a day"),
           clock=clock.extend(lambda i: i.plan_more))  # fmt: skip
def plan(
    i: Issue, *, by: By, now: dt.datetime, plan: str, plan_owner: str, plan_due: dt.date, reason: str
) -> dict[str, Any]:
    """整改计划 — it cannot be put right at once: measures, who answers for them and until when; the head says why. The limit
    grows to that of a complex issue, once a round."""
    i.plan, i.plan_owner, i.plan_due, i.plan_more = plan, plan_owner, plan_due, _rest(i)
    return {"until": plan_due.isoformat(), "reason": reason}


def longest_plan(i: Issue) -> dt.date:
    """The last day of a plan: that of a complex issue, from the report on."""
    draft = copy.copy(i)
    draft.clock_extension = _rest(i)
    clock.work_out(draft, instant.now())
    return timezone.localdate(draft.due_at or instant.now())


def _rest(i: Issue) -> str:
    """What a complex issue has beyond the limit that runs, in working days (none if it is complex already)."""
    o = origins.of(i)
    return f"{max(0, limit(o.limits['complex']).amount - limit(o.limits[i.grade]).amount)}wd"


@flow.step(S.REGISTERED, S.ASSIGNED, S.CONTACTED, to=S.REPLIED, who=rules.unit_or_window,
           label=_("Settled on the spot"), clock=_clock_of("issue_callback_limit"))  # fmt: skip
def settle(
    i: Issue, *, by: By, now: dt.datetime, answer: str, cause: str, prevention: str, prevention_note: str,
    done_case: str = "", done_paper: Attachment | None = None, papers: Sequence[Attachment] = (),
    prevention_version: ItemVersion | None = None,
) -> dict[str, Any]:  # fmt: skip
    """当场解决 — done while the reporter stands there: the case or paper that came of it is named; the centre still asks."""
    i.proposal, i.grade = Proposal.SOLVED, "spot"
    _shown(i, done_case, done_paper, papers)
    _answered(i, by, now, answer)
    _cause(i, cause, prevention, prevention_note, prevention_version)
    return {"proposal": i.proposal, "case": done_case}


def _shown(i: Issue, done_case: str, done_paper: Attachment | None, papers: Sequence[Attachment]) -> None:
    i.done_case, i.done_paper = done_case, done_paper
    if all_of_them := [a.pk for a in (done_paper, *papers) if a is not None]:
        Attachment.objects.filter(pk__in=all_of_them).update(number=i.number)


@flow.step(S.WORKING, to=S.REPLIED, who=rules.unit, label=_("Answer the reporter"),
           clock=_clock_of("issue_callback_limit"))  # fmt: skip
def reply(
    i: Issue, *, by: By, now: dt.datetime, proposal: str, answer: str, cause: str, prevention: str,
    prevention_note: str, prevention_version: ItemVersion | None = None, done_case: str = "",
    done_paper: Attachment | None = None, papers: Sequence[Attachment] = (), receipt: str = "", transferred_to: str = "",
    policy_note: str = "",
) -> dict[str, Any]:  # fmt: skip
    """答复 — done (with the case or paper that shows it), done partly, explained, transferred (with the receipt), or in need of
    another policy (which goes to the leading group); with the cause and what was changed so that it does not return."""
    i.proposal = proposal
    _shown(i, done_case, done_paper, papers)
    i.receipt, i.transferred_to, i.policy_note = receipt, transferred_to, policy_note
    _answered(i, by, now, answer)
    _cause(i, cause, prevention, prevention_note, prevention_version)
    return {"proposal": proposal, "case": done_case, "cause": cause, "prevention": prevention}


@flow.step(S.WORKING, to=S.SIGNING, who=rules.unit, label=_("Lawfully impossible"),
           clock=_clock_of("issue_no_limit"))  # fmt: skip
def refuse_lawfully(
    i: Issue, *, by: By, now: dt.datetime, article: str, answer: str, alternatives: str, cause: str,
    prevention: str, prevention_note: str, prevention_version: ItemVersion | None = None,
) -> dict[str, Any]:  # fmt: skip
    """依法不能办理 — a lawful no: the article, what can be done instead; a second person has to sign it (行政许可法 38)."""
    i.proposal, i.article, i.alternatives = Proposal.IMPOSSIBLE, article, alternatives
    _answered(i, by, now, answer)
    _cause(i, cause, prevention, prevention_note, prevention_version)
    return {"article": article, "cause": cause, "prevention": prevention}


@flow.step(S.SIGNING, to=S.REPLIED, who=rules.signer, label=_("Sign the no"),
           clock=_clock_of("issue_callback_limit"))  # fmt: skip
def countersign(i: Issue, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """会签 — the second person stands for it: the law does not allow it, and what else is possible has been said."""
    i.signed_by = by  # type: ignore[assignment]
    return {"article": i.article}


@flow.step(S.SIGNING, to=S.WORKING, who=rules.signer, label=_("Do not sign"), clock=work_clock)
def reject_no(i: Issue, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """不予会签 — the law does allow it, or more can be done: back to the unit, which finds its words again as a draft."""
    words = {name: getattr(i, name) for name in ("answer", "article", "alternatives")}
    _unanswered(i)
    for name, text in words.items():
        setattr(i, name, text)
    return {"reason": reason}


def _unanswered(i: Issue) -> None:
    """Takes the answer of a round back. What the reporter has read stays with what was said (:func:`_next_round`)."""
    i.proposal = i.answer = i.article = i.alternatives = i.receipt = i.transferred_to = i.policy_note = ""
    i.done_case = i.missing_list = i.cause = i.prevention = i.prevention_note = ""
    i.done_paper = i.signed_by = i.answered_by = i.answered_at = i.prevention_version = None  # type: ignore[assignment]
    i.missed_hours = 0


# --- appeal ------------------------------------------------------------------------------------------------


@flow.step(S.CONTACTED, S.WORKING, to=S.APPEALED, who=rules.unit_head & rules.appealable, label=_("Appeal"),
           clock=_clock_of("issue_appeal_limit"))  # fmt: skip
def appeal(i: Issue, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """申诉 — the unit holds a review for mistaken or malicious. Three judge it, one of them from outside; the review itself stays
    counted whatever they say, and the limit for putting it right runs on."""
    return {"reason": reason}


def _votes(i: Issue, votes: list[dict[str, Any]], now: dt.datetime) -> None:
    PanelVote.objects.bulk_create(PanelVote(issue_id=i.pk, no=n, at=now, **v) for n, v in enumerate(votes, 1))
    i.panel_size, i.panel_outside = len(votes), sum(v["is_outside"] for v in votes)


@flow.step(S.APPEALED, to=S.CLOSED, who=rules.panel, label=_("Panel: unfounded"), clock=clock.finish())
def uphold(i: Issue, *, by: By, now: dt.datetime, votes: list[dict[str, Any]], answer: str) -> dict[str, Any]:
    """申诉成立 — two of three find the review mistaken. It stays in the raw count, shown as set aside after appeal."""
    _votes(i, votes, now)
    i.outcome = Outcome.UNFOUNDED
    _answered(i, by, now, answer)
    _cause(i, i.cause or "unfounded", Prevention.NONE, "经评审小组复核，评价与事实不符")
    return {"for": "", "votes": sum(v["upholds"] for v in votes)}


@flow.step(S.APPEALED, to=S.WORKING, who=rules.panel, label=_("Panel: the review stands"), clock=work_clock)
def dismiss(
    i: Issue, *, by: By, now: dt.datetime, votes: list[dict[str, Any]], answer: str
) -> dict[str, Any]:
    """申诉不成立 — the review stands; the unit puts it right within the limit that has run all the while."""
    _votes(i, votes, now)
    return {"votes": sum(v["upholds"] for v in votes), "reason": answer}


# --- the end -----------------------------------------------------------------------------------------------


def _end(i: Issue, outcome: str, now: dt.datetime, *, word: str = "", words: str = "") -> dict[str, Any]:
    i.outcome = outcome
    if word:
        i.confirmed_at, i.confirmed_by, i.words = now, word, words
    if outcome in (Outcome.SOLVED, Outcome.PARTLY) and _sampled(i):
        i.recheck_at = now + dt.timedelta(days=number("issue_recheck_days"))
    return {"outcome": outcome}


def _sampled(i: Issue) -> bool:
    """Whether this one is asked about again: by the number's own digest, so that nobody chooses."""
    return int(hashlib.sha256(i.number.encode()).hexdigest()[:8], 16) % 100 < number("issue_recheck_share")


@flow.step(S.REPLIED, to=S.CLOSED, who=rules.reporter & rules.not_own_unit, label=_("I am content"),
           clock=clock.finish())  # fmt: skip
def confirm(i: Issue, *, by: By, now: dt.datetime, words: str = "") -> dict[str, Any]:
    """反映人确认 — the reporter's own word on the own page: solved, or content with the explanation."""
    return _end(i, i.proposal, now, word="reporter", words=words)


@flow.step(S.REPLIED, to=S.CLOSED, who=rules.centre & rules.callable_, label=_("Called back: content"),
           clock=clock.finish())  # fmt: skip
def close(i: Issue, *, by: By, now: dt.datetime, words: str) -> dict[str, Any]:
    """回访办结 — the centre has called, never the unit; the reporter's words are written down."""
    _tried(i, by, now, how=How.PHONE, reached=True, note=words)
    return _end(i, i.proposal, now, word=by.username, words=words)


@flow.step(
    S.REPLIED, to=S.CLOSED, who=rules.centre & rules.tried, label=_("Unreachable"), clock=clock.finish()
)
def give_up(i: Issue, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """无法联系 — three calls at three different hours of the day; the answer stays on the page and the issue can be reopened."""
    return _end(i, Outcome.UNREACHABLE, now)


@flow.step(S.REPLIED, to=S.CLOSED, who=rules.bureau & rules.silent_and_anonymous,
           label=_("Nobody has answered on the page"), clock=clock.finish())  # fmt: skip
def let_go(i: Issue, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """匿名未回应 — an anonymous report can't be called back: its answer has stood on the page long enough."""
    return _end(i, Outcome.UNREACHABLE, now)


@flow.step(
    *OPEN, to=S.CLOSED, who=rules.reporter, label=pgettext_lazy("issue", "Take it back"), clock=clock.finish()
)
def take_back(i: Issue, *, by: By, now: dt.datetime, reason: str = "") -> dict[str, Any]:
    """反映人撤回 — the reporter no longer wants it followed."""
    return _end(i, Outcome.WITHDRAWN, now)


@flow.step(S.REGISTERED, S.ASSIGNED, S.CONTACTED, S.WORKING, to=S.CLOSED, who=rules.bureau,
           label=_("Join with another issue"), clock=clock.finish())  # fmt: skip
def merge(i: Issue, *, by: By, now: dt.datetime, main: Issue) -> dict[str, Any]:
    """并案 — the same matter was reported before: this one ends in that one, and its reporter follows that one from now on."""
    i.merged_into = main
    Issue.objects.following(i).update(
        merged_into=main
    )  # whose reporters followed this one, follow that one too
    return _end(i, Outcome.MERGED, now) | {"main": main.number}


@flow.step(S.CLOSED, to=S.ASSIGNED, who=rules.joined & (rules.bureau | rules.follower | the_clock),
           label=_("Handle it by itself again"), clock=contact_clock)  # fmt: skip
def part(i: Issue, *, by: By, now: dt.datetime, reason: str = "") -> dict[str, Any]:
    """恢复单独办理 — joined by mistake; or the one that it was joined with ended otherwise than this reporter wanted, who says
    so; or that one was taken back by its own reporter, which is nobody else's word."""
    main, i.merged_into = i.merged_into, None
    if by.username == "reporter":
        _next_round(i, now)
        Said.objects.create(issue_id=i.pk, at=now, text=reason)
    else:
        i.turned_at, i.closed_at, i.outcome = now, None, ""
    return {"main": main.number if main else "", "reason": "" if by.username == "reporter" else reason}


# --- once more ---------------------------------------------------------------------------------------------


@flow.step(S.REPLIED, S.CLOSED, to=S.ASSIGNED, who=(rules.reporter | rules.bureau) & rules.reopenable,
           label=_("Not right: reopen"), clock=contact_clock)  # fmt: skip
def reopen(i: Issue, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """重新办理 — the reporter is not content: first back to the unit, the second time to the bureau's leader, the third to the
    leading group. The answer of before stays among what was said."""
    if i.status == S.REPLIED and not isinstance(
        by, Actor
    ):  # the centre has called, and this is what it heard
        _tried(i, by, now, how=How.PHONE, reached=True, note=reason)
    _next_round(i, now)
    Said.objects.create(
        issue_id=i.pk, at=now, by="" if by.username == "reporter" else by.username, text=reason
    )
    return {"round": i.reopened}


def _next_round(i: Issue, now: dt.datetime) -> None:
    """The answer of before stays word for word among what was said: it was given in writing."""
    if i.answered_by is not None and i.answered_at is not None:
        more = [f"法律依据：{i.article}"] * bool(i.article) + [f"其他办法：{i.alternatives}"] * bool(
            i.alternatives
        )
        for text in (i.answer, "\n".join(more), i.missing_list):
            if text:
                Said.objects.create(issue_id=i.pk, at=i.answered_at, by=i.answered_by.username, text=text)
    i.founded = ""
    i.reopened, i.turned_at, i.closed_at, i.outcome = i.reopened + 1, now, None, ""
    i.handler = i.contacted_by = i.verified_by = i.confirmed_at = i.recheck_at = None
    i.asked_days, i.confirmed_by, i.words, i.is_recheck_told = 0, "", "", False
    i.plan, i.plan_owner, i.plan_due, i.plan_more = "", "", None, ""
    _unanswered(i)
    if i.reopened > 1:
        i.office = bureau_office()


@flow.step(S.REPLIED, S.CLOSED, who=rules.bureau & rules.has_cause, label=_("Correct the cause"))
def correct_cause(
    i: Issue, *, by: By, now: dt.datetime, cause: str, prevention: str, prevention_note: str,
    prevention_version: ItemVersion | None = None,
) -> dict[str, Any]:  # fmt: skip
    """成因复核 — the centre looks at the causes once a month and corrects what a unit has named."""
    before = i.cause
    _cause(i, cause, prevention, prevention_note, prevention_version)
    return {"cause_before": before, "cause": cause, "prevention": prevention}


@flow.step(S.CLOSED, who=rules.bureau & rules.recheck_due, label=_("Asked again: is it still right?"))
def recheck(i: Issue, *, by: By, now: dt.datetime, still_right: bool, note: str) -> dict[str, Any]:
    """二十八日复查 — on a sample that nobody chooses: is it really fixed? What is not can be reopened by its reporter."""
    i.rechecked_at, i.is_still_right = now, still_right
    return {"still_right": still_right}


# --- by itself ---------------------------------------------------------------------------------------------


@flow.alarm(at=lambda i: i.recheck_at if i.rechecked_at is None and not i.is_recheck_told else None)
def recheck_due(i: Issue, now: dt.datetime) -> dict[str, Any]:
    """复查提醒 — four weeks have passed since one of the sample was solved: the centre asks whether it is really fixed."""
    i.is_recheck_told = True
    return {}


# --- without a step ----------------------------------------------------------------------------------------


def add(i: Issue, *, text: str) -> Issue:
    """补充 — the reporter adds something on the own page, at any time before the end; it moves nothing."""
    with transaction.atomic():
        Said.objects.create(issue_id=i.pk, at=instant.now(), text=text)
        return note(i, "added", by=Actor("reporter", i.number))


def send_files(i: Issue, held: Sequence[Attachment]) -> Issue:
    """补充附件 — the reporter sends photos or papers along, at any time before the end."""
    with transaction.atomic():
        n = evidence.tie(i, held, evidence.REPORTER)
        return note(i, "filed", by=Actor("reporter", i.number), data={"files": n}) if n else i


def agree(i: Issue) -> Issue:
    """同意告知 — the reporter lets the unit know who it was, so that it may call."""
    return note(i, "agreed", by=Actor("reporter", i.number), agrees=True)


def link(i: Issue, other: Issue, *, by: Person) -> None:
    """关联 — two issues that belong together; both keep their own life."""
    a, b = sorted((i, other), key=lambda x: x.pk)
    with transaction.atomic():
        _kin, new = Kin.objects.get_or_create(a=a, b=b, defaults={"at": instant.now(), "by": by.username})
        if new:
            note(i, "linked", by=by, data={"with": other.number})


def forget_reporters(ended_before: dt.datetime) -> int:
    """个人信息到期清除 — once the link of an ended issue opens nothing, name and mobile have no purpose left (PIPL 19)."""
    named = ~Q(reporter_mobile="") | ~Q(reporter_name="")
    return Issue.objects.filter(named, closed_at__lt=ended_before).update(
        reporter_name="", reporter_mobile=""
    )
