"""What applicants are told when something happens to their case: one short text, in their language, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.channels import PAGE_CHANNEL
from onewindow.cases.models import Event, Light, Message
from onewindow.cases.notices import bilingual, say
from onewindow.cases.notices import tell as tell_staff
from onewindow.cases.reactions import on
from onewindow.catalog.models import Code
from onewindow.org.models import Office
from onewindow.org.roles import Role
from onewindow.window import links, staff
from onewindow.window.models import Application, Status

#: One text message of 70 UCS-2 characters; a longer one is sent, and paid for, as two.
LONGEST = 70

#: verb → its text in templates/messages
TEXTS = {
    "submit": "receive",
    "receive": "receive",
    "accept": "accept",
    "deem_accepted": "accept",
    "ask_correction": "ask_correction",
    "refuse_acceptance": "refuse_acceptance",
    "suspend": "suspend",
    "ask_hearing": "suspend",
    "resume": "resume",
    "record_hearing": "resume",
    "give_up_hearing": "resume",
    "offer_hearing": "offer_hearing",
    "call_hearing": "call_hearing",
    "forward": "forward",
    "renew_by_law": "renew_by_law",
    "extend": "extend",
    "decide": "decide",
    "deliver": "deliver",
    "correct": "correct",
    "withdraw": "withdraw",
    "void": "void",
    "finalise": "finalise",
    "revoke": "revoke",
    "deem_withdrawn": "deem_withdrawn",
}


def by_text(a: Application) -> list[tuple[str, str]]:
    """The way of those who have no account: a text message to the number that they gave."""
    return [(settings.SMS_CHANNEL, a.mobile)]


#: How an applicant is reached, as (channel, address): the first entry counts. The app of the accounts, which knows what
#: people prefer, puts its own before it.
ROADS: list[Callable[[Application], list[tuple[str, str]]]] = [by_text]


@on(*(f"application.{verb}" for verb in TEXTS))
def tell_applicant(event: Event) -> None:
    """Writes the text about an event; an item decided on the spot needs none before its decision."""
    a = Application.objects.with_facts().get(number=event.number)
    at_window = a.item_version.is_immediate and a.channel != "online"
    if not a.mobile or (at_window and event.verb in ("submit", "receive", "accept")):
        return
    # handed in online: the first text said when an answer comes; this one says that somebody has it in hand
    in_hand = event.verb == "receive" and a.channel == "online"
    tell(a, "taken_in" if in_hand else TEXTS[event.verb], event)


def tell(a: Application, template: str, event: Event, **more: Any) -> None:
    """One message on each way that this applicant has chosen, about an event of the case itself or of a part of it.
    ``more``: what the template needs besides; instants are told as days."""
    if not a.mobile:
        return
    body, now = text(template, a, event, **more), instant.now()
    link = more.get("link") or links.short_url(a)
    for channel, address in ROADS[0](a):
        Message.objects.get_or_create(
            number=a.number,
            event_seq=event.seq,
            template=template,
            channel=channel,
            defaults={
                "address": address,
                "lang": a.lang,
                "body": body if channel != PAGE_CHANNEL else body.replace(link, "").strip(),
                "created_at": now,
                "next_at": now,
            },
        )


def text(name: str, a: Application, event: Event, **more: Any) -> str:
    """The longest wording that fits: a template has one a line, the fullest first, the barest last."""
    english = a.lang.startswith("en")
    code = event.data.get("stop", "")
    stop = Code.objects.filter(list="stop_reason", code=code).first() if code else None
    context = {
        "item": a.item.name_en if english and a.item.name_en else a.item.name,
        "result": event.data.get("result", ""),
        "form": a.delivery_form,
        "due": day(event.data.get("due_at"), english),
        "until": day(event.data.get("until"), english),
        "on": day(event.data.get("on"), english),
        "time": event.data.get("time", ""),
        "stop": (stop.name_en if english else stop.name) if stop else "",
        "preliminary": bool(event.data.get("preliminary")),
        "link": links.short_url(a),
    }
    for key, value in more.items():
        context[key] = _word(value, english)
    with translation.override(a.lang):
        lines = render_to_string(f"messages/{name}.{'en' if english else 'zh'}.txt", context).splitlines()
    wordings = [line.strip() for line in lines if line.strip()]
    return next((w for w in wordings if len(w) <= LONGEST), wordings[-1])


def _word(value: Any, english: bool) -> Any:
    """An instant as a day, an office by its name in the applicant's language; anything else as it is."""
    if isinstance(value, dt.datetime):
        return day(value.isoformat(), english)
    if isinstance(value, Office):
        return value.name_en if english and value.name_en else value.short or value.name
    return value


def day(value: str | None, english: bool) -> str:
    """11月26日 or 26 Nov of an ISO day or instant; empty for nothing."""
    if not value:
        return ""
    at = dt.datetime.fromisoformat(value)
    found = timezone.localtime(at).date() if at.tzinfo else at.date()
    return f"{found.day} {found:%b}" if english else f"{found.month}月{found.day}日"


say(
    "application.stop_overrun",
    _("%(matter)s: the time told for “%(why)s” is over and the clock still stands. End it, or say why not."),
    icon="hourglass",
)
say(
    "application.deem_accepted",
    _("%(matter)s counts as accepted by law: nobody gave notice within five working days."),
    icon="triangle-alert",
)


say(
    "application.undelivered",
    _("%(matter)s: the decision must be handed over by %(day)s (行政许可法 44)."),
    icon="mail-warning",
)


say(
    "application.correction_over",
    _("%(matter)s: the corrections did not come by %(day)s. Ask the applicant, or refuse acceptance."),
    icon="hourglass",
)


@on("application.remind_correction")
def remind_of_corrections(event: Event) -> None:
    """The applicant is reminded before the last day and told when it has passed; then the window hears of it too."""
    a = Application.objects.with_facts().get(number=event.number)
    if a.status != Status.CORRECTING:
        return
    over = event.data["over"]
    tell(a, "correction_over" if over else "correction_due", event)
    if over:
        told = staff.of_hall(a.hall_id, Role.CLERK, Role.HALL_MANAGER)
        said = {"matter": bilingual(a.item), "day": event.data["until"]}
        tell_staff(
            told, "application.correction_over", number=a.number, key=f"{a.number} {event.seq}", **said
        )


@on("application.light")
def remind_of_delivery(event: Event) -> None:
    """A decision that lies undelivered: the hall's manager hears of it when little time is left, and when it is over."""
    if event.data["light"] not in (Light.AMBER, Light.RED):
        return
    a = Application.objects.with_facts().get(number=event.number)
    if a.status != Status.DECIDED or a.due_at is None:
        return
    told = staff.of_hall(a.hall_id, Role.HALL_MANAGER)
    day = timezone.localdate(a.due_at).isoformat()
    key = f"{a.number} {event.data['light']}"
    tell_staff(told, "application.undelivered", number=a.number, key=key, matter=bilingual(a.item), day=day)


@on("application.stop_overrun")
def remind_of_stop(event: Event) -> None:
    """A hold that lasts longer than was told: the department's approvers and its head hear of it."""
    a = Application.objects.with_facts().get(number=event.number)
    reason = Code.objects.filter(list="stop_reason", code=event.data["stop"]).first()
    tell_staff(
        staff.of_office(a.office_id, Role.APPROVER, Role.HEAD),
        event.kind,
        number=a.number,
        key=f"{a.number} {event.seq}",
        matter=bilingual(a.item),
        why=bilingual(reason) if reason else event.data["stop"],
    )


@on("application.deem_accepted")
def tell_of_deemed_acceptance(event: Event) -> None:
    """Accepted by silence (行政许可法 32(4)): the hall that was silent and the department that must decide now."""
    a = Application.objects.with_facts().get(number=event.number)
    told = staff.of_hall(a.hall_id, Role.HALL_MANAGER) + staff.of_office(
        a.office_id, Role.APPROVER, Role.HEAD
    )
    tell_staff(told, event.kind, number=a.number, key=a.number, matter=bilingual(a.item))
