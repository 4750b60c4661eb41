"""What can be done with a pledge. Each step's docstring begins with the Chinese term and names its rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases import clock, instant, numbers
from onewindow.cases.flow import Flow, open_case, register
from onewindow.cases.models import Attachment
from onewindow.cases.rules import Actor, By, the_clock
from onewindow.catalog.lint import in_working_days
from onewindow.catalog.models import Item, ItemVersion
from onewindow.org.models import Hall, limit, number
from onewindow.org.sealed import digest
from onewindow.pledges import rules
from onewindow.pledges.models import Kind, Pledge, Status

S = Status
flow = Flow("pledge", "C", Status, closed=(S.KEPT, S.ENFORCED, S.LAPSED))
register(flow, Pledge)

#: What a commitment stands for where it names no single paper.
ALL_CONDITIONS = "符合该事项的全部法定条件、标准和技术要求"
ALL_CONDITIONS_EN = "That all lawful conditions of the item are met"


def time_to_follow(version: ItemVersion) -> str:
    """How long a material may be put off: the county's limit, never longer than the item's own promised limit."""
    most = str(limit("deferral_limit"))
    return min(most, version.promised_limit, key=in_working_days)


def may_follow(version: ItemVersion) -> bool:
    """Whether anything may be put off at all: what is decided on the spot leaves no time for it."""
    return not version.is_immediate and in_working_days(version.promised_limit) > 0


def broken_before(id_number: str) -> Pledge | None:
    """A pledge that this holder broke lately and was not cleared of; it shuts both ways for a time."""
    since = instant.now() - dt.timedelta(days=number("breach_record_days"))
    return Pledge.objects.on_record(id_number, since).first()


def promise(
    application: str,
    *,
    by: By,
    kind: Kind,
    item: Item,
    version: ItemVersion,
    hall: Hall | None,
    id_number: str,
    spec_no: int = 0,
    what: str = ALL_CONDITIONS,
    what_en: str = ALL_CONDITIONS_EN,
) -> Pledge:
    """容缺受理 / 告知承诺 — opens a pledge inside the caller's transaction; its clock runs from now.

    A deferral is due within :func:`time_to_follow`, a commitment is checked within ``commitment_check_limit``.
    """
    now = instant.now()
    p = Pledge(
        number=numbers.new("C"),
        title=what[:120],
        office=item.office,
        status=S.PROMISED,
        opened_at=now,
        application=application,
        kind=kind,
        item=item,
        hall=hall,
        holder_digest=digest(id_number),
        spec_no=spec_no,
        what=what,
        what_en=what_en,
    )
    given = time_to_follow(version) if kind == Kind.DEFERRAL else str(limit("commitment_check_limit"))
    started = clock.start(lambda _: given, lambda _: "")(p, now, {})  # a promise, no statute: never red
    said = {"application": application, "pledge": str(kind), "material": spec_no, **started}
    return open_case(p, "promise", by=by, data=said)


@flow.step(
    S.PROMISED,
    to=S.KEPT,
    who=rules.supplier & rules.deferral,
    label=_("Supply what is owed"),
    clock=clock.finish(),
)
def make_good(
    p: Pledge, *, by: By, now: dt.datetime, form: str, attachment: Attachment | None = None
) -> dict[str, Any]:
    """补齐容缺材料 — the applicant brings the material, at the window, from the phone or through a program. Also after its
    day, as long as no breach has been found."""
    p.form, p.kept_at = form, now
    if attachment is not None:
        p.attachment = attachment
        Attachment.objects.filter(pk=attachment.pk).update(number=p.application)
    return {
        "application": p.application,
        "material": p.spec_no,
        "form": form,
        "by_applicant": isinstance(by, Actor),
    }


@flow.step(
    S.PROMISED,
    to=S.KEPT,
    who=rules.department & rules.commitment,
    label=_("Checked: commitment kept"),
    clock=clock.finish(),
)
def check(p: Pledge, *, by: By, now: dt.datetime, staff: str, note: str) -> dict[str, Any]:
    """承诺核查 — the department has checked, with two members of staff (行政许可法 34), that what was promised is true."""
    p.kept_at, p.note = now, f"{staff}：{note}"
    return {"application": p.application}


@flow.step(
    S.PROMISED,
    to=S.BROKEN,
    who=rules.department & rules.breakable,
    label=_("Find it broken"),
    clock=clock.start(lambda p: str(limit("statement_limit")), lambda p: ""),
)
def breach(p: Pledge, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """认定违诺 — the material did not come in time, or a check showed the commitment false; the party is told the reason and
    may state its case before anything is revoked (行政许可法 7)."""
    p.broken_at, p.reason, p.owed_until = now, reason, p.due_at
    return {"application": p.application, "pledge": p.kind, "material": p.spec_no}


@flow.step(S.BROKEN, who=rules.supplier, label=_("Take down what the party says"))
def state(p: Pledge, *, by: By, now: dt.datetime, statement: str) -> dict[str, Any]:
    """陈述申辩 — the party states its case; the department must look at it again before it decides (行政许可法 7)."""
    p.statement = statement
    return {"application": p.application, "by_applicant": isinstance(by, Actor)}


@flow.step(S.BROKEN, to=S.KEPT, who=rules.head, label=_("Clear: not broken after all"), clock=clock.finish())
def clear(p: Pledge, *, by: By, now: dt.datetime, reason: str) -> dict[str, Any]:
    """撤销违诺认定 — what the party stated was looked at again and holds: nothing stays on record."""
    p.note, p.kept_at, p.broken_at = reason, now, None
    return {"application": p.application}


@flow.step(
    S.BROKEN,
    to=S.ENFORCED,
    who=the_clock,
    label=_("Consequence drawn"),
    clock=clock.finish(),
    when="application.revoke",
)
def enforce(p: Pledge, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """违诺后果落实 — the application was revoked, or counts as withdrawn: the breach stays on record."""
    return {"application": p.application}


@flow.step(
    S.PROMISED,
    S.BROKEN,
    to=S.LAPSED,
    who=the_clock,
    label=_("No longer owed"),
    clock=clock.finish(),
    when="application.withdraw",
)
def lapse(p: Pledge, *, by: By, now: dt.datetime) -> dict[str, Any]:
    """承诺终止 — the application ended otherwise: withdrawn, refused, voided. Nothing is owed any more."""
    return {"application": p.application}
