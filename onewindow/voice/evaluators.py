"""The question that an evaluator puts: to which device it goes, how often, when it is over, and what the device says of it."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rows import prepared
from onewindow.org.models import Person, number
from onewindow.voice import odp
from onewindow.voice.actions import NotPossible
from onewindow.voice.models import IN_USE, OPEN, Device, Prompt, PromptState, Review, Touchpoint
from onewindow.voice.visit_models import VisitVerdict
from onewindow.window.models import Application


def ask(a: Application, touchpoint: str, *, clerk: str, counter_id: int | None = None) -> Prompt | None:
    """Puts the question on the device of the window (if none is named, the application's own); an older unanswered one
    gives way."""
    at_counter = counter_id or a.counter_id
    device = Device.objects.at_window(at_counter).filter(retire_asked_at__isnull=True).first()
    if device is None or Review.objects.filter(number=a.number, touchpoint=touchpoint).exists():
        return None
    facts = {
        "counter_id": device.counter_id,
        "clerk": clerk,
        "title": a.item.name,
        "title_en": a.item.name_en,
    }
    return _put(device, a.number, touchpoint, 1, facts)


def ask_about_ticket(key: str, counter_id: int, *, clerk: str, title: str, title_en: str) -> Prompt | None:
    """Puts the question about a ticket that ended without an application on the device of the window."""
    device = Device.objects.at_window(counter_id).filter(retire_asked_at__isnull=True).first()
    if device is None:
        return None
    facts = {"counter_id": device.counter_id, "clerk": clerk, "title": title, "title_en": title_en}
    return _put(device, "", Touchpoint.DELIVERED, 1, facts, ticket=key)


def _put(
    device: Device, number_: str, touchpoint: str, attempt: int, facts: dict[str, Any], *, ticket: str = ""
) -> Prompt:
    now = instant.now()
    until = now + dt.timedelta(seconds=number("prompt_seconds"))
    with transaction.atomic():
        prompt, new = Prompt.objects.get_or_create(
            number=number_,
            ticket=ticket,
            touchpoint=touchpoint,
            device=device,
            attempt=attempt,
            defaults=facts | {"created_at": now, "expires_at": until, "order": _drawn()},
        )
        if new:
            older = Prompt.objects.filter(device=device, state__in=OPEN).exclude(pk=prompt.pk)
            older.update(state=PromptState.SUPERSEDED)
    return prompt


#: What the parameter ``faces_order`` says.
ORDER_POLICIES = (*odp.ORDERS, odp.DRAWN)


def order_policy() -> str:
    """In which order devices show the faces: always the same, or drawn anew for each question. Where a face stands should not
    sway what people say; whether it does is seen by comparing the two (``orders.py``)."""
    return ORDER_POLICIES[number("faces_order")]


def _drawn() -> str:
    policy = order_policy()
    return secrets.choice(odp.ORDERS) if policy == odp.DRAWN else policy


#: How long after the question the clerk may have it put once more: the person has gone by then.
AGAIN = dt.timedelta(minutes=10)


def to_ask_again(counter_id: int | None) -> Prompt | None:
    """The question at this window that went unanswered just now and may be put once more; None if there is none."""
    last = (
        Prompt.objects.filter(counter_id=counter_id, created_at__gte=instant.now() - AGAIN)
        .select_related("device")
        .first()
    )
    if last is None or last.attempt > 1:
        return None
    over = last.state == PromptState.EXPIRED or (last.state in OPEN and last.expires_at < instant.now())
    if not over:
        return None
    if last.device.state not in IN_USE or last.device.counter_id != counter_id or last.device.retire_asked_at:
        return None
    if last.ticket:
        done = VisitVerdict.objects.filter(ticket=last.ticket).exists()
    else:
        done = Review.objects.filter(number=last.number, touchpoint=last.touchpoint).exists()
    return None if done else last


def ask_again(*, by: Person) -> Prompt:
    """The clerk has the last question at the own window put once more: once, and it is written down who asked for it
    (re-asking is a sign that the bureau looks at). Who has skipped has answered and is not asked again."""
    last = to_ask_again(by.counter_id)
    if last is None:
        raise NotPossible(
            "nothing_to_ask", _("There is no unanswered question of the last ten minutes here.")
        )
    facts = {"counter_id": last.counter_id, "clerk": last.clerk, "asked_by": by.username}
    facts |= {"title": last.title, "title_en": last.title_en}
    return _put(last.device, last.number, last.touchpoint, 2, facts, ticket=last.ticket)


class News:
    """Which devices something is new for, since the last look: a question that waits, a change of the device itself, or
    that the question which it shows is over (answered on a phone, replaced at the desk).

    Rows are looked for by their keys, a little way back: commits are not in the order of keys."""

    BACK: ClassVar[int] = 200
    MARGIN: ClassVar[dt.timedelta] = dt.timedelta(seconds=5)
    #: Every so-manieth look is also one for the questions that are shown.
    SHOWN: ClassVar[int] = 5

    def __init__(self) -> None:
        self.prompt, self.changed, self.looks = 0, instant.now(), 0
        self.told: set[tuple[int, dt.datetime]] = set()

    def look(self, shown: Collection[int] = ()) -> set[int]:
        """Device ids; a question counts until the device has it, a change once. ``shown``: keys of the questions that
        devices show while their polls are held."""
        if self.prompt:
            found = _newer(self.prompt - self.BACK)
        else:
            newest = Prompt.objects.order_by("-pk").values("pk")[: self.BACK]
            found = list(Prompt.objects.filter(pk__in=newest).values_list("pk", "device_id", "state"))
        self.prompt = max([self.prompt, *(pk for pk, _device, _state in found)])
        asked = {device for _pk, device, state in found if state == PromptState.CREATED}
        changed = set(
            Device.objects.filter(changed_at__gt=self.changed - self.MARGIN).values_list("pk", "changed_at")
        )
        new, self.told = changed - self.told, changed
        self.changed = max([self.changed, *(when for _pk, when in changed if when)])
        self.looks += 1
        if shown and self.looks % self.SHOWN == 0:
            over = Prompt.objects.filter(pk__in=shown).exclude(state__in=OPEN).order_by()
            asked |= set(over.values_list("device_id", flat=True))
        return asked | {device for device, _when in new}


@prepared
def _newer(than: int) -> Any:
    return Prompt.objects.filter(pk__gt=than).order_by("pk").values_list("pk", "device_id", "state")


@prepared
def _asked(device: int) -> Any:
    return Prompt.objects.filter(device=device, state__in=OPEN).order_by().values_list("pk")[:1]


def current_prompt(device: int) -> Prompt | None:
    """What the device should ask now; what nobody answered in time is marked so. Writes only when something changes."""
    if not _asked(device):
        return None
    now = instant.now()
    waiting = list(Prompt.objects.filter(device=device, state__in=OPEN).order_by("-created_at", "-id")[:5])
    if over := [p.pk for p in waiting if p.expires_at < now]:
        Prompt.objects.filter(pk__in=over, state__in=OPEN).update(state=PromptState.EXPIRED)
    prompt = next((p for p in waiting if p.expires_at >= now), None)
    if prompt and prompt.state == PromptState.CREATED:
        sent = {"state": PromptState.DELIVERED, "delivered_at": now}
        Prompt.objects.filter(pk=prompt.pk, state=PromptState.CREATED).update(**sent)
        prompt.state = PromptState.DELIVERED
    return prompt


def case_of(prompt: Prompt) -> Application | None:
    """The application that a prompt asks about."""
    return Application.objects.with_facts().filter(number=prompt.number).first()


#: What a device may say of a prompt, and from which states that leads on: never back, never out of an end – but that a
#: question was answered, or skipped, is true also when the word comes hours later from a device that was cut off.
MOVES = {
    PromptState.SHOWN: (PromptState.CREATED, PromptState.DELIVERED),
    PromptState.TOUCHED: OPEN,
    PromptState.DECLINED: (*OPEN, PromptState.EXPIRED),
    PromptState.EXPIRED: OPEN,
    PromptState.ANSWERED: (*OPEN, PromptState.EXPIRED, PromptState.SUPERSEDED),
}


def move_prompt(prompt: Prompt, state: str, at: dt.datetime) -> None:
    """Shown, touched, answered, skipped or left alone, at an instant; a prompt that is over stays as it is."""
    known = Prompt.objects.filter(pk=prompt.pk)
    known.filter(state__in=MOVES[PromptState(state)]).update(state=state)
    if state == PromptState.SHOWN:
        known.filter(shown_at__isnull=True).update(shown_at=at)
    elif state == PromptState.TOUCHED:
        known.filter(touched_at__isnull=True).update(touched_at=at)
