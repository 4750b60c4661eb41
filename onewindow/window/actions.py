"""What can be done with an Application. Each step's docstring begins with the Chinese term and names its law."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import clock, instant, numbers
from onewindow.cases.flow import Flow, StepRefused, open_case, register
from onewindow.cases.models import Attachment, Event
from onewindow.cases.rows import insert_all, prepared
from onewindow.cases.rules import Actor, By, Reason, the_clock
from onewindow.catalog import stops
from onewindow.catalog.models import ItemVersion
from onewindow.org.calendar import ZONE
from onewindow.org.models import Counter, Hall, Person, limit, number
from onewindow.org.sealed import digest
from onewindow.window import confirming, joint, pledging, renewing, reuse, rules
from onewindow.window.models import (
    Application,
    Document,
    DocumentForm,
    Paper,
    PaperKind,
    Result,
    Status,
    new_query_code,
    new_track_token,
    token_digest,
)
from onewindow.window.papers import issue

S = Status
flow = Flow(
    "application", "A", Status, closed=(S.NOT_ACCEPTED, S.DELIVERED, S.WITHDRAWN, S.VOIDED, S.REVOKED)
)
register(flow, Application)


def _notice(a: Application) -> str:
    return str(limit("notice_limit"))


def _promised(a: Application) -> str:
    return a.item_version.promised_limit


def _legal(a: Application) -> str:
    """What the law allows: that of the item, or 45 working days where departments act together (行政许可法 42(2))."""
    return str(limit("joint_limit")) if a.is_joint else a.item_version.legal_limit


def extension_of(a: Application) -> str:
    """By how much the limit may be extended, once: that of the item, or 15 working days (行政许可法 42)."""
    return str(limit("joint_extension")) if a.is_joint else a.item_version.legal_extension


def _delivery(a: Application) -> str:
    return str(limit("delivery_limit"))


#: ``reason_code`` of what nobody decided and the law granted
RENEWED_BY_LAW = "renewed_by_law"
ONLY_REVOKED = _(
    "What was decided can't be voided: people rely on it. A wrong decision is revoked by the department (行政许可法 69)."
)
#: letters that are handed over with the decision, as the delivery receipt names them
HANDED_OVER = {
    PaperKind.GRANT: "准予行政许可决定书",
    PaperKind.REFUSAL: "不予行政许可决定书",
    PaperKind.RENEWAL: "准予延续行政许可告知书",
}
#: days before the last day of the corrections on which the applicant is reminded
CORRECT_SOON = 3
#: how a decision reached its hands, as the delivery receipt says it
WAYS = {
    "self": "直接送达",
    "proxy": "委托代收",
    "post": "邮寄送达",
    "electronic": "电子送达",
    "counter": "直接送达",
}


class Duplicate(Exception):
    """The same holder already has an open application for the same item; ``number`` is it."""

    def __init__(self, number: str):
        super().__init__(number)
        self.number = number


def _duplicates(item_id: int, id_digest: str) -> Any:
    return Application.objects.open().filter(id_digest=id_digest, item_id=item_id).order_by("-id")


def open_duplicate(item_id: int, id_number: str) -> Application | None:
    """The holder's newest open application for the item, if any."""
    return _duplicates(item_id, digest(id_number)).first()


@prepared
def _open_numbers(item_id: int, id_digest: str) -> Any:
    """The number of that application."""
    return _duplicates(item_id, id_digest).values_list("number")[:1]


@prepared
def _held(application: int) -> Any:
    """(number of the material, form) of an application's documents, in the order of the item's list."""
    return (
        Document.objects.filter(application=application).order_by("spec__no").values_list("spec__no", "form")
    )


def take_in(
    version: ItemVersion,
    *,
    by: By,
    applicant: Mapping[str, str],
    materials: Mapping[int, tuple[str, reuse.What]],
    hall: Hall,
    counter: Counter | None = None,
    channel: str = "counter",
    agent: Mapping[str, str] | None = None,
    delivery_form: str = "counter",
    lang: str = "zh-hans",
    allow_duplicate: bool = False,
    account: Person | None = None,
    answers: Mapping[str, Any] | None = None,
    on_commitment: bool = False,
    renews: str = "",
    parent: str = "",
    consent: str = "",
    number: str = "",
    renew_by: dt.datetime | None = None,
) -> Application:
    """收件 — opens an application with its materials, in one transaction, and starts the notice clock (行政许可法 32(4)).

    ``applicant``: kind, name, id_type, id_number, mobile, contact, address (identifiers already checked).
    ``materials``: number of the material in the version → (form, attachment, library material or None); those left out are
    missing. ``consent``: how the holder agreed that what was handed in before is used again (``exchange.models.Given``).
    ``number``: one reserved for this form (:func:`reuse.reserve`).
    ``account``: whose account it was handed in by; ``answers``: to the item's own questions, kept sealed;
    ``parent``: number of the package (一件事) that it belongs to;
    ``renew_by``: the instant at which the licence ``renews`` expires, where it is not in our register.
    Raises :class:`Duplicate` unless ``allow_duplicate`` (the clerk has seen the warning and insists), and
    :class:`~onewindow.window.pledging.NotOffered` where the law or an earlier breach shuts a deferral or commitment out, or
    where ``renews`` (the number of a licence) names one that this applicant can't renew.
    """
    pledging.check(version, applicant["id_number"], materials, on_commitment)
    ours = bool(renews) and renew_by is None
    renewed = renewing.check(version, renews, applicant["id_number"]) if ours else None
    with transaction.atomic():
        if not allow_duplicate:
            for (other,) in _open_numbers(version.item_id, digest(applicant["id_number"])):
                raise Duplicate(other)
        held, late = reuse.resolve(version, applicant, materials, number, online=channel == "online")
        now = instant.now()
        token = new_track_token()
        online = channel == "online"
        a = Application(
            number=number or numbers.new("A"),
            title=version.item.name,
            office=version.item.office,
            status=S.SUBMITTED if online else S.RECEIVED,
            opened_at=now,
            received_at=None if online else now,
            item=version.item,
            item_version=version,
            hall=hall,
            counter=counter,
            channel=channel,
            applicant_kind=applicant["kind"],
            applicant_name=applicant["name"],
            id_type=applicant["id_type"],
            id_number=applicant["id_number"],
            id_digest=digest(applicant["id_number"]),
            mobile=applicant["mobile"],
            mobile_digest=digest(applicant["mobile"]),
            contact=applicant.get("contact", ""),
            address=applicant.get("address", ""),
            agent_name=(agent or {}).get("name", ""),
            agent_id_number=(agent or {}).get("id_number", ""),
            agent_mobile=(agent or {}).get("mobile", ""),
            delivery_form=delivery_form,
            lang=lang,
            account=account,
            answers=json.dumps(dict(answers), ensure_ascii=False, sort_keys=True) if answers else "",
            on_commitment=on_commitment,
            renews=renewed.number if renewed else renews,
            renew_by=renewed.expires_at if renewed else renew_by,
            parent=parent,
            is_joint=version.is_joint,
            track_token=token,
            track_digest=token_digest(token),
            query_code=new_query_code(),
        )
        # 行政许可法 32(4): five working days from receipt, online too; the limit runs from the day of receipt.
        clock.start(_notice, _notice)(a, now, {})
        said = {"item": version.item.code, "version": version.version, "channel": channel}
        if counter:
            said |= {"hall": hall.code, "counter": counter.code}
        if parent:
            said["package"] = parent
        if held:
            said["reused"] = sorted(held)
        open_case(a, "submit" if online else "receive", by=by, data=said)
        documents = []
        for spec in version.specs:
            form, what = materials.get(spec.no, (DocumentForm.MISSING, None))
            form = DocumentForm.OWED if spec.no in late else form
            attachment = what if isinstance(what, Attachment) else None
            documents.append(
                Document(
                    application=a, spec=spec, form=form, attachment=attachment, material=held.get(spec.no)
                )
            )
        insert_all(documents)
        if held:
            reuse.record(a, held, by=by, consent=consent)
        if files := [d.attachment_id for d in documents if d.attachment_id]:
            Attachment.objects.filter(pk__in=files).update(number=a.number)
        return a


@flow.step(S.SUBMITTED, to=S.RECEIVED, who=rules.clerk_here, label=_("Receive"))
def receive(a: Application, *, by: By, now: dt.datetime, materials: Iterable[int] = ()) -> dict[str, Any]:
    """收件 — takes an application handed in online into the hall's work. The notice clock already runs.

    ``materials``: numbers of those that the applicant was going to bring and that have come in on paper.
    """
    a.received_at = now
    brought = sorted(materials)
    if not brought:
        return {}
    missing = Document.objects.filter(application=a, form=DocumentForm.MISSING, spec__no__in=brought)
    missing.update(form=DocumentForm.PAPER)
    return {"materials": brought}


@flow.step(S.RECEIVED, who=rules.clerk_here, label=_("Mark materials"))
def check_materials(
    a: Application, *, by: By, now: dt.datetime, materials: Mapping[int, tuple[str, Attachment | None]]
) -> dict[str, Any]:
    """材料登记 — a material handed in after all, or a tick made by mistake taken back, before anything was decided.

    No round of corrections: what can be put right on the spot is put right on the spot (行政许可法 32(3)).
    ``materials``: number of the material → (form, attachment or None); ``missing`` takes a tick back.
    """
    changed = put_materials(a, materials)
    return {"materials": [[no, form] for no, form in sorted(changed.items())]}


def put_materials(a: Application, materials: Mapping[int, tuple[str, Attachment | None]]) -> dict[int, str]:
    """Writes how each given material came; returns number → form of those written."""
    put = {}
    for document in Document.objects.filter(application=a).select_related("spec"):
        given = materials.get(document.spec.no)
        if given is None:
            continue
        form, attachment = given
        changes: dict[str, Any] = {"form": form, "to_correct": ""}
        if attachment:
            changes["attachment"] = attachment
            Attachment.objects.filter(pk=attachment.pk).update(number=a.number)
        elif form == DocumentForm.MISSING:
            changes["attachment"] = None
        Document.objects.filter(pk=document.pk).update(**changes)
        put[document.spec.no] = form
    return put


@flow.step(
    S.RECEIVED,
    to=S.CORRECTING,
    who=rules.clerk_here & rules.not_yet_told,
    label=_("Ask for corrections"),
    clock=clock.finish(),
)
def ask_correction(
    a: Application, *, by: By, now: dt.datetime, note: str, materials: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """补正告知 — tells the applicant once, completely and in writing what is missing (行政许可法 32(4)).

    ``materials``: number of the material → what to correct. At most once an application.
    """
    marked = {}
    for document in Document.objects.filter(application=a).select_related("spec"):
        text = (materials or {}).get(document.spec.no, "")
        if text:
            Document.objects.filter(pk=document.pk).update(to_correct=text)
            marked[document.spec.no] = text
    a.correction_note = note
    a.corrections_told += 1
    a.correct_until = timezone.localdate(now) + dt.timedelta(days=number("correction_days"))
    a.remind_at = max(now, closing(a.correct_until - dt.timedelta(days=CORRECT_SOON)))
    issue(a, PaperKind.CORRECTION, now, {"note": note, "materials": [[n, t] for n, t in marked.items()]})
    return {"materials": sorted(marked), "until": a.correct_until.isoformat()}


@flow.step(
    S.CORRECTING,
    to=S.RECEIVED,
    who=rules.applicant_here | rules.clerk_here,
    label=_("Supply corrections"),
    clock=clock.start(_notice, _notice),
)
def correct(
    a: Application,
    *,
    by: By,
    now: dt.datetime,
    materials: Mapping[int, tuple[str, Attachment | None]] | None = None,
) -> dict[str, Any]:
    """补正 — the applicant supplies what was asked for; the notice limit runs anew from this day."""
    return {"materials": sorted(put_materials(a, materials or {}))}


def closing(day: dt.date) -> dt.datetime:
    """The end of a natural day."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), ZONE)


@flow.alarm(at=lambda a: a.remind_at if a.status == S.CORRECTING else None)
def remind_correction(a: Application, now: dt.datetime) -> dict[str, Any]:
    """补正提醒 — the applicant is reminded three days before the last day of the corrections; when it has passed, the window
    hears of it too: it refuses acceptance, or waits. Nothing lapses by itself."""
    assert a.correct_until is not None
    over = now >= closing(a.correct_until)
    a.remind_at = None if over else closing(a.correct_until)
    return {"until": a.correct_until.isoformat(), "over": over}


def _accepted(a: Application, now: dt.datetime, since: dt.datetime, by: By) -> set[str]:
    """Issues the notice; gives the forms in which the materials came."""
    a.accepted_at = since
    a.remind_at = confirming.first_ring(a)
    legal, promised = _legal(a), _promised(a)
    held = list(_held(a.pk))
    said = {
        "legal": legal,
        "promised": promised,
        "deemed": a.is_deemed,
        "materials": [list(row) for row in held],
    }
    if owed := pledging.open_for(a, said["materials"], by=by, now=now):
        said["pledges"] = owed
        issue(a, PaperKind.COMMITMENT, now, pledging.terms(a, owed))
    if a.is_renewal:
        said["renewal"] = "in_time" if a.renewal_deemed_at else "late"
    issue(a, PaperKind.DEEMED_ACCEPTANCE if a.is_deemed else PaperKind.ACCEPTANCE, now, said)
    return {form for _no, form in held}


@flow.step(
    S.RECEIVED,
    to=S.EXAMINING,
    who=rules.clerk_here & rules.complete,
    label=_("Accept"),
    clock=clock.start(_promised, _legal),
)
def accept(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """受理 — accepts a complete application: the decision clock starts, the notice of acceptance is issued
    (行政许可法 32(5))."""
    if DocumentForm.REUSED in _accepted(a, now, now, by):
        reuse.check_again(a)
    joint.open_parts(a, by)
    return {}


@flow.step(
    S.RECEIVED,
    S.SUBMITTED,
    to=S.EXAMINING,
    who=the_clock,
    label=_("Deemed accepted"),
    clock=clock.start(_promised, _legal, since="accepted_at"),
    when="legal_due_at",
)
def deem_accepted(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """视为受理 — nobody gave notice within five working days: accepted from the day of receipt (行政许可法 32(4))."""
    a.is_deemed = True
    a.received_at = a.received_at or a.opened_at
    _accepted(a, now, a.clock_from or a.received_at, by)
    joint.open_parts(a, by)
    return {"deemed": True}


@flow.step(
    S.SUBMITTED,
    S.RECEIVED,
    S.CORRECTING,
    to=S.NOT_ACCEPTED,
    who=rules.clerk_here,
    label=_("Refuse acceptance"),
    clock=clock.finish(),
)
def refuse_acceptance(
    a: Application, *, by: By, now: dt.datetime, reason_code: str, reason: str
) -> dict[str, Any]:
    """不予受理 — the matter needs no licence, is not ours, or stays incomplete; in writing, with remedies
    (行政许可法 32(1)(2))."""
    a.reason_code, a.reason = reason_code, reason
    issue(a, PaperKind.NON_ACCEPTANCE, now, {"reason_code": reason_code, "reason": reason})
    return {"reason_code": reason_code}


@flow.step(S.EXAMINING, to=S.SUSPENDED, who=rules.approver_here, label=_("Suspend"), clock=clock.stop())
def suspend(
    a: Application, *, by: By, now: dt.datetime, reason: str, notice: str, days: int, basis: str = ""
) -> dict[str, Any]:
    """特别程序 — a hearing, test, expert review … stops the clock; the time needed is told in writing (行政许可法 45).

    ``reason``: a code of the list ``stop_reason`` that this item knows (see ``stops.py``); ``notice``: what the applicant
    is told; ``days``: working days it is expected to take; ``basis``: the article, where the item doesn't provide for it.
    """
    stops.check(a.item_version, reason, days, basis)
    issue(a, PaperKind.SUSPENSION, now, {"reason": reason, "notice": notice, "days": days, "basis": basis})
    return {"reason": reason, "days": days} | ({"basis": basis} if basis else {})


@flow.alarm(at=lambda a: clock.overrun_at(a) if a.status == S.SUSPENDED else None)
def stop_overrun(a: Application, now: dt.datetime) -> dict[str, Any]:
    """特别程序超时 — the time that was told is over and the clock still stands: a hold must not become a way to hide."""
    return clock.overrun(a, now)


@flow.step(
    S.SUSPENDED,
    to=S.EXAMINING,
    who=rules.approver_here & rules.no_hearing_owed,
    label=_("Resume"),
    clock=clock.resume(),
)
def resume(a: Application, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """恢复计时 — the special procedure is over; the clock runs on. A hearing that the applicant asked for is not over before
    it was held (行政许可法 46)."""
    return {}


@flow.step(
    S.EXAMINING,
    who=rules.head_unless_joint
    & rules.leader_if_joint
    & rules.extendable
    & rules.not_yet_extended
    & rules.before_the_limit,
    label=_("Extend the limit"),
    clock=clock.extend(extension_of),
)
def extend(a: Application, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """延期 — lengthens the limit once and before it has passed, approved by the head of the organ, the reason told
    (行政许可法 42); joint handling by 15 working days, approved by the head of the government (42(2))."""
    together = {"joint": True} if a.is_joint else {}
    issue(a, PaperKind.EXTENSION, now, {"reason": reason, "extension": extension_of(a), **together})
    return {"reason": reason}


@flow.step(
    S.EXAMINING,
    S.FORWARDED,
    to=S.DECIDED,
    who=(rules.approver_here | rules.clerk_on_the_spot) & rules.hearing_over & joint.all_have_spoken,
    label=_("Decide"),
    clock=pledging.after_decision(clock.start(_delivery, _delivery)),
)
def decide(
    a: Application, *, by: By, now: dt.datetime, result: str, reason: str = "", reason_code: str = ""
) -> dict[str, Any]:
    """决定 — grants, or refuses with reasons and remedies (行政许可法 38). The delivery clock starts (44).
    An objection of a department can't be granted over; conditions become part of it."""
    if result == Result.REFUSE and not reason.strip():
        raise StepRefused(Reason("reasons_missing", _("A refusal gives its reasons (行政许可法 38).")))
    reason = joint.concluded(a, result, reason)
    if result == Result.GRANT:
        reuse.nothing_owed(a)
    a.decided_at, a.result, a.reason, a.reason_code = now, result, reason, reason_code
    clock.work_out(a, now)
    a.decision_due_at, a.decision_legal_due_at = a.due_at, a.legal_due_at
    light = a.light
    kind = PaperKind.GRANT if result == Result.GRANT else PaperKind.REFUSAL
    said = {"reason": reason, "reason_code": reason_code, "result": a.item_version.result}
    if result == Result.GRANT and (owed := pledging.owed(a)):
        a.is_preliminary, kind = True, PaperKind.PRELIMINARY
        said["pledges"] = owed
    issue(a, kind, now, said)
    preliminary = {"preliminary": True} if a.is_preliminary else {}
    return {"result": result, "reason_code": reason_code, "light": light, **preliminary}


@flow.step(
    S.DECIDED, to=S.DELIVERED, who=rules.clerk_here & rules.final, label=_("Hand over"), clock=clock.finish()
)
def deliver(
    a: Application,
    *,
    by: By,
    now: dt.datetime,
    received_by: str = "",
    proxy: bool = False,
    post_number: str = "",
) -> dict[str, Any]:
    """送达 — the decision reaches the applicant (行政许可法 44: within ten working days). The proof is the delivery receipt.

    ``received_by``: who signed for it, ``proxy`` if in the applicant's stead; ``post_number``: of the registered letter.
    """
    a.delivered_at = now
    how = "post" if post_number else "proxy" if proxy else "self" if received_by else a.delivery_form
    if received_by or post_number:
        handed = Paper.objects.filter(application=a, kind__in=HANDED_OVER).order_by("id")
        facts = {
            "papers": [[HANDED_OVER[PaperKind(p.kind)], p.serial_text] for p in handed],
            "received_by": received_by,
            "form": f"{WAYS[how]}（单号 {post_number}）" if post_number else WAYS[how],
        }
        issue(a, PaperKind.DELIVERY, now, facts)
    return {"form": a.delivery_form, "how": how}


@flow.step(
    S.SUBMITTED,
    S.RECEIVED,
    S.CORRECTING,
    S.EXAMINING,
    S.SUSPENDED,
    S.FORWARDED,
    to=S.WITHDRAWN,
    who=rules.applicant_here | rules.clerk_here,
    label=_("Withdraw"),
    clock=clock.finish(),
)
def withdraw(a: Application, *, by: By, now: dt.datetime, reason: str = "") -> dict[str, Any]:
    """撤回、退回 — the applicant takes the application back, before acceptance or after it; at the window on a signed
    request. The materials are given back; it ends the matter and forbids no new application."""
    a.reason = reason
    issue(a, PaperKind.WITHDRAWAL, now, {"reason": reason})
    return {"by_applicant": isinstance(by, Actor)}


@flow.step(
    S.SUBMITTED,
    S.RECEIVED,
    S.CORRECTING,
    S.EXAMINING,
    S.SUSPENDED,
    S.FORWARDED,
    to=S.VOIDED,
    who=rules.manager_here,
    label=_("Void"),
    clock=clock.finish(),
    because=dict.fromkeys((S.DECIDED, S.DELIVERED), ONLY_REVOKED),
)
def void(a: Application, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """作废 — an entry made by mistake is voided by the hall manager; it stays visible with its reason."""
    a.reason = reason
    return {"reason": reason}


def timeline(a: Application) -> Iterable[Event]:
    """The events of an application, first to last."""
    return Event.objects.of(a.number)
