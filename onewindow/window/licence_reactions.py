"""How the register of licences follows the applications, and what its holders are told."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.urls import reverse

from onewindow.cases import numbers
from onewindow.cases.models import Event
from onewindow.cases.reactions import on
from onewindow.cases.rules import CLOCK
from onewindow.licences import actions as licences
from onewindow.licences.models import Licence
from onewindow.org.calendar import ZONE
from onewindow.window.letters import LICENCE
from onewindow.window.models import Application, PaperKind, Result
from onewindow.window.papers import issue
from onewindow.window.reactions import tell


@on("application.decide", "application.finalise", "application.renew_by_law")
def enter(event: Event) -> None:
    """What was granted for good is entered into the register; a granted renewal (行政许可法 50, also the one by law)
    lengthens the licence that it renews."""
    a = Application.objects.with_facts().get(number=event.number)
    if a.is_preliminary or a.item_version.kind_code != LICENCE or a.result != Result.GRANT:
        return
    if a.renews and (old := Licence.objects.with_facts().filter(number=a.renews).first()):
        licences.renew(old, by=CLOCK, application=a.number, at=event.at)
        return
    holder = {
        "kind": a.applicant_kind, "name": a.applicant_name, "id_type": a.id_type, "id_number": a.id_number,
    }  # fmt: skip
    licences.grant(a.number, a.item_version, by=CLOCK, at=event.at, holder=holder)


@on("application.revoke")
def take_back(event: Event) -> None:
    """A revoked decision takes its licence with it (行政许可法 69)."""
    for licence in Licence.objects.with_facts().filter(latest=event.number):
        licences.revoke(licence, by=CLOCK, application=event.number)


#: ground of a cancellation → number and words of 行政许可法 70
GROUNDS = {
    "not_renewed": ("一", "该行政许可有效期届满未延续"),
    "death": ("二", "被许可人死亡或者丧失行为能力"),
    "dissolved": ("三", "被许可人已依法终止"),
    "taken_back": ("四", "该行政许可已依法被撤销、撤回，或者证照已依法被吊销"),
    "force_majeure": ("五", "因不可抗力导致该许可事项无法实施"),
    "own_wish": ("六", "你（单位）申请注销，属于法律、法规规定应当注销的其他情形"),
}


@on("licence.change", "licence.cancel")
def write(event: Event) -> None:
    """变更、注销决定书 — the measure reaches the holder as a decision in writing (行政许可法 38, 49, 70), kept with the
    application of which the licence came."""
    licence = Licence.objects.get(number=event.number)
    a = Application.objects.with_facts().get(number=licence.latest)
    facts = {
        "of": licence.number, "licence": numbers.shown(licence.number), "reason": event.data.get("reason", ""),
    }  # fmt: skip
    if event.verb == "cancel":
        facts["clause"], facts["ground"] = GROUNDS[event.data["reason_code"]]
        issue(a, PaperKind.CANCELLATION, event.at, facts, event.seq)
        return
    changed = event.data["fields"]
    if not changed:  # a new edition of the same content
        return
    facts["edition"] = event.data["edition"]
    if "holder_name" in changed:
        facts["holder"] = licence.holder_name
    if "conditions" in changed:
        said = event.data["conditions"].rstrip("。")
        facts |= {"conditions": said, "unconditional": not said}
    issue(a, PaperKind.LICENCE_CHANGE, event.at, facts, event.seq)


def my_page() -> str:
    """Where holders find their licences. The link of the application that one came of may have ended long ago."""
    return f"{settings.BASE_URL}{reverse('my_licences')}"


#: what happened to a licence → its text in templates/messages
TEXTS = {
    "expiring": "licence_expiring",
    "expire": "licence_expired",
    "change": "licence_changed",
    "suspend": "licence_suspended",
    "restore": "licence_restored",
    "cancel": "licence_cancelled",
}


@on(*(f"licence.{verb}" for verb in TEXTS))
def tell_holder(event: Event) -> None:
    """The holder is told 45, 30 and 15 days before the end, when it is over, and of every measure against the licence."""
    licence = Licence.objects.get(number=event.number)
    a = Application.objects.with_facts().get(number=licence.latest)
    told: dict[str, Any] = {
        "licence": licence.title_en if a.lang.startswith("en") and licence.title_en else licence.title,
        "link": my_page(),
    }
    if event.data.get("valid_to"):
        end = dt.date.fromisoformat(event.data["valid_to"])
        last = end - dt.timedelta(days=licences.RENEW_BEFORE)
        told |= {
            "end": dt.datetime.combine(end, dt.time(), ZONE),
            "ask_by": dt.datetime.combine(last, dt.time(), ZONE),
            "days": event.data.get("days", 0),
            "in_time": event.data.get("days", 0) > licences.RENEW_BEFORE,
        }
    tell(a, TEXTS[event.verb], event, **told)
