"""Opening an issue: by anybody who finds something to put right. Always in one transaction with its first event, that of the
caller where there is one.

Apps above register an origin (origins.py) and call :func:`open_issue`; nothing else has to be known.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from onewindow.cases import clock, instant, numbers
from onewindow.cases.flow import Stale, StepRefused, note, open_case
from onewindow.cases.models import Attachment
from onewindow.cases.rules import Actor, By
from onewindow.catalog.models import Code, Item
from onewindow.issues import evidence, origins, similar
from onewindow.issues.actions import add, bureau_office, contact_clock, reopen
from onewindow.issues.models import Grade, Issue, Kin, Outcome, Refusal, Relay, Status
from onewindow.issues.separation import kept_out_text, works_at
from onewindow.org.models import Counter, CounterKind, Hall, Office, Person, limit

#: somebody who reports without a post: by phone page or by a slip
CITIZEN = Actor("reporter")


@transaction.atomic
def open_issue(
    origin: str,
    *,
    by: By,
    text: str,
    office: Office | None = None,
    item: Item | None = None,
    source: str = "",
    subject: Person | None = None,
    hall: Hall | None = None,
    counter: Counter | None = None,
    is_at_window: bool = False,
    application: str = "",
    kind_code: str = "",
    grade: str = Grade.SIMPLE,
    facts: dict[str, Any] | None = None,
    reporter: tuple[str, str] | None = None,
    agrees: bool = False,
    files: Sequence[Attachment] = (),
    lang: str = "zh-hans",
) -> Issue:
    """登记问题 — opens an issue, at once with ``office`` (else the item's department, else the bureau, to be assigned).

    ``reporter``: name and mobile; None for an anonymous one. ``agrees``: the unit may know who
    it was. ``subject``: the member of staff it is about; an office in which
    that person works never handles it. ``source``: the origin's own key, at most one issue each (the database refuses a
    second one with IntegrityError). Raises LookupError if nobody holds the bureau's role.
    """
    how, now = origins.ORIGINS[origin], instant.now()
    unit = office or (item.office if item else None)
    if how.confidentiality == origins.SEALED or (unit and subject and works_at(subject, unit)):
        unit = bureau_office()
    assigned = unit is not None
    name, mobile = reporter or ("", "")
    i = Issue(
        number=numbers.new("Q"),
        title=_title(item),
        office=unit or bureau_office(),
        status=Status.ASSIGNED if assigned else Status.REGISTERED,
        opened_at=now,
        turned_at=now,
        origin=origin,
        source=source,
        grade=grade,
        kind_code=kind_code,
        text=text[:1000],
        application=application,
        item=item,
        hall=hall,
        counter=counter,
        is_at_window=is_at_window,
        subject=subject,
        kept_out=kept_out_text(subject),
        facts=facts or {},
        reporter_name=name,
        reporter_mobile=mobile,
        is_anonymous=not (name or mobile),
        agrees=how.confidentiality == origins.OPEN or (agrees and how.confidentiality == origins.MASKED),
        lang=lang,
    )
    started = _start(i, now, assigned) | ({"files": len(files)} if files else {})
    said = {"origin": origin, "office": i.office.code, "grade": grade, "anonymous": i.is_anonymous, **started}
    open_case(i, "open", by=by, data=said | ({"item": item.code} if item else {}))
    evidence.tie(i, files, evidence.REPORTER)
    similar.learn(i)
    return i


def _start(i: Issue, now: dt.datetime, assigned: bool) -> dict[str, Any]:
    if assigned:
        return contact_clock(i, now, {})
    given = str(limit(origins.of(i).assign))
    return clock.start(lambda _: given, lambda _: "")(i, now, {})


def _title(item: Item | None) -> str:
    """What lists and cards call it: the item, never the reporter's words, which may name people."""
    return item.name[:120] if item else "其他问题"


def open_for_review(
    a: Any, *, touchpoint: str, level: int, text: str, codes: list[str], clerk: str, counter_id: int | None,
    by: By, facts: dict[str, Any], nth: int = 1,
) -> Issue:  # fmt: skip
    """差评整改 — the issue of a bad review, in the review's own transaction (国办发〔2019〕51号). ``facts``: what the
    system knows of the matter at this moment. ``nth``: the issues of this touchpoint so far and one; a further one comes of
    what is said again when the one before can't be reopened any more."""
    subject = Person.objects.filter(username=clerk).first() if clerk else None
    return open_issue(
        "review",
        by=by,
        text=text or "（未填写文字说明）",
        item=a.item,
        source=review_source(a.number, touchpoint, nth),
        subject=subject,
        hall=a.hall,
        counter=Counter.objects.filter(pk=counter_id).first() if counter_id else None,
        application=a.number,
        facts=facts | {"level": level, "codes": codes, "touchpoint": touchpoint},
        reporter=(a.contact or a.applicant_name, a.mobile),
        lang=a.lang,
    )


def open_for_ticket(
    ticket: Any, *, level: int, text: str, codes: list[str], clerk: str, facts: dict[str, Any]
) -> Issue:
    """差评整改 — the issue of a bad verdict on a ticket without an application, in the verdict's own transaction. Nobody knows
    who it was: the visit's own page leads to it. The bureau says which unit answers for it."""
    subject = Person.objects.filter(username=clerk).first() if clerk else None
    return open_issue(
        "review",
        by=CITIZEN,
        text=text or "（未填写文字说明）",
        source=ticket_source(ticket.key),
        subject=subject,
        hall=ticket.hall,
        counter=ticket.counter,
        facts=facts | {"level": level, "codes": codes, "ticket": ticket.number, "matter": ticket.group.name,
                       "outcome": ticket.outcome},
    )  # fmt: skip


def ticket_source(key: str) -> str:
    """The key by which a verdict on a ticket and its issue know each other."""
    return f"ticket {key}"


def of_ticket(source: str) -> Issue | None:
    """What was registered with this ticket at the could-not-be-done window."""
    return Issue.objects.filter(origin="stuck", source=source).first()


def review_source(application: str, touchpoint: str, nth: int = 1) -> str:
    """The key by which a review and its issue know each other."""
    return f"{application} {touchpoint}" + (f" {nth}" if nth > 1 else "")


def of_touchpoint(application: str, *, touchpoint: str) -> Issue | None:
    """The newest issue that takes care of what was said about this touchpoint."""
    return _of_touchpoint(application, touchpoint).with_facts().order_by("-id").first()


def next_nth(application: str, *, touchpoint: str) -> int:
    return _of_touchpoint(application, touchpoint).count() + 1


def _of_touchpoint(application: str, touchpoint: str) -> Any:
    source = review_source(application, touchpoint)
    mine = Q(source=source) | Q(source__startswith=f"{source} ")
    return Issue.objects.filter(mine, origin="review")


#: How often a step is tried again when somebody of ours is working on the issue in the same moment.
TRIES = 3


def said_again(i: Issue, text: str) -> bool:
    """追评仍为差评 — somebody is still not content, or again: an open issue gets the words, one that was answered or has ended is
    reopened as by its reporter. False if that is no longer possible (its days are over, it was joined with another, a panel
    has ruled): then a new one is opened and linked. In the transaction of the review."""
    words = text or "（追加差评，未填写文字说明）"
    me = Actor("reporter", i.number)
    for _try in range(TRIES):
        if i.outcome in (Outcome.MERGED, Outcome.UNFOUNDED):
            return False
        try:
            if i.status not in (Status.REPLIED, Status.CLOSED):
                add(i, text=words)
            else:
                reopen(i, by=me, reason=words)
            return True
        except StepRefused:
            return False
        except Stale:
            i = Issue.objects.with_facts().get(pk=i.pk)
    raise Stale


def follow_up(i: Issue, first: Issue) -> None:
    """关联 — the new issue of a matter whose first one has ended for good: both are linked, so that whoever works on it reads
    what was said and answered before."""
    a, b = sorted((i, first), key=lambda x: x.pk)
    Kin.objects.get_or_create(a=a, b=b, defaults={"at": instant.now(), "by": CITIZEN.username})
    note(i, "linked", by=CITIZEN, data={"with": first.number})


def of_reviews(reviews: Any, person: Person) -> dict[str, str]:
    """The numbers of the newest issues of these reviews that the person may see, by :func:`review_source`; one query."""
    sources = {review_source(r.number, r.touchpoint, nth): review_source(r.number, r.touchpoint)
               for r in reviews for nth in (1, 2, 3)}  # fmt: skip
    found = Issue.objects.seen_by(person).filter(origin="review", source__in=list(sources)).order_by("id")
    return {sources[source]: number_ for source, number_ in found.values_list("source", "number")}


def relay(origin: str, own_number: str, *, by: Person, **given: Any) -> Issue:
    """转来登记 — what reached another system (12345, a leaders' mailbox) is put right here; that system follows it under its own
    number. Raises :class:`Known` for a number that this origin has sent before."""
    with transaction.atomic():
        if known := Issue.objects.filter(origin=origin, source=own_number).first():
            raise Known(known)
        i = open_issue(origin, by=by, source=own_number, **given)
        Relay.objects.create(issue=i, account=by, own_number=own_number, changed_at=i.opened_at)
        return i


class Known(Exception):
    """This was sent before; ``issue`` is what became of it."""

    def __init__(self, issue: Issue):
        super().__init__(issue.number)
        self.issue = issue


def unit(code: str) -> Office | None:
    """The department of a code; the government itself handles no issue."""
    return Office.objects.exclude(kind="government").filter(code=code).first()


def say_no(
    *, by: Person | None, hall: Hall, counter: Counter | None, item: Item, reason: str, basis: str,
    note: str = "", application: str = "",
) -> Refusal:  # fmt: skip
    """否定报备 — writes one "no" down. An issue that comes of it is about the word of the clerk who said it."""
    return Refusal.objects.create(
        at=instant.now(), hall=hall, counter=counter, clerk=by, item=item, reason=reason, basis=basis, note=note,
        application=application,
    )  # fmt: skip


def from_refusal(
    r: Refusal,
    *,
    text: str,
    reporter: tuple[str, str] | None,
    lang: str,
    files: Sequence[Attachment] = (),
    by: By = CITIZEN,
) -> Issue:
    """扫码转办 — one scan of the slip makes an issue of a "no"; a second scan finds the first one's (the caller looks before)."""
    return open_issue(
        "refusal",
        by=by,
        text=text,
        item=r.item,
        source=r.code,
        subject=r.clerk,
        hall=r.hall,
        counter=r.counter,
        is_at_window=True,
        application=r.application,
        grade=Grade.QUICK,
        facts={"reason": r.reason, "basis": r.basis},
        reporter=reporter,
        files=files,
        lang=lang,
    )


def of_refusal(r: Refusal) -> Issue | None:
    return Issue.objects.filter(origin="refusal", source=r.code).first()


def formal_no(a: Any, *, clerk: Person | None, code: str, verb: str) -> Refusal:
    """The "no" of a refusal in writing; once an application, however often its event is followed up."""
    reasons = Code.objects.filter(list__in=["refuse_acceptance", "refuse"], code=code)
    row = reasons.exclude(legal_basis="").first()
    basis = row.legal_basis if row else a.item_version.legal_basis[:200]
    return Refusal.objects.get_or_create(
        application=a.number,
        defaults={"at": instant.now(), "hall": a.hall, "counter": a.counter, "clerk": clerk, "item": a.item,
                  "reason": code or verb, "basis": basis or "《行政许可法》第三十八条"},
    )[0]  # fmt: skip


def stuck_windows(halls: set[int] | None) -> list[Counter]:
    """The could-not-be-done windows (办不成事窗口) of these halls, or of all."""
    found = (
        Counter.objects.filter(kind=CounterKind.STUCK).select_related("hall").order_by("hall__code", "code")
    )
    return list(found if halls is None else found.filter(hall_id__in=halls))


def window_of(hall: str, counter: str) -> Counter | None:
    """The window whose code was scanned."""
    return Counter.objects.filter(hall__code=hall, code=counter).select_related("hall").first()


def refusal_of_slip(code: str) -> Refusal | None:
    """The "no" of a slip, as scanned or typed."""
    given = re.sub(r"[\s\-–—]", "", code).upper()
    return Refusal.objects.filter(code=given).select_related("item__office", "hall", "clerk").first()
