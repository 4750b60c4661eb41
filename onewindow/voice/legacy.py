"""网址评价器: the adapter for evaluators that only open an address.

Such a device gets a short opaque address for its window; the page there shows the question that waits at the window and takes
the answer, without script, cookie or account. Behind it stands an ordinary device of low assurance, so questions, alarms and
figures need to know nothing of it. Off in every hall until its manager switches it on.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.hall.models import Ticket
from onewindow.org.models import Counter, Hall, Person
from onewindow.voice import actions, evaluators, placing, rules, visits
from onewindow.voice.actions import NotPossible
from onewindow.voice.legacy_models import LegacyHall, LegacyUrl
from onewindow.voice.models import IN_USE, Device, DeviceKind, Prompt, PromptState, ReviewChannel
from onewindow.window.models import PLAIN

MODEL = "URL"
#: Sixteen of 28 letters and digits: 77 bits.
LENGTH = 16


def is_on(hall: Hall) -> bool:
    return LegacyHall.objects.filter(hall=hall).exists()


def switch(hall: Hall, on: bool, *, by: Person) -> None:
    """Lets the old evaluators of a hall in, or shuts all of them out: their addresses open nothing any more."""
    rules.must_run(by, hall)
    with transaction.atomic():
        if on:
            LegacyHall.objects.get_or_create(hall=hall, defaults={"by": by.username, "at": instant.now()})
            return
        LegacyHall.objects.filter(hall=hall).delete()
        for device in Device.objects.in_use().filter(legacy__isnull=False, hall=hall).with_places():
            placing.revoke(device, by=by)


def give(counter: Counter, *, by: Person) -> LegacyUrl:
    """A new address for a window; the one before opens nothing any more. Raises :class:`NotPossible` ``off``, ``paired``."""
    rules.must_run(by, counter.hall)
    if not is_on(counter.hall):
        raise NotPossible("off", _("Switch old evaluators on for this hall first."))
    with transaction.atomic():
        here = Device.objects.at_window(counter.pk).filter(legacy__isnull=True)
        if here.exists():
            raise NotPossible("paired", _("A paired evaluator stands here: revoke it first."))
        device = placing.seat(DeviceKind.EVALUATOR, counter.hall, counter, "", by=by.username, model=MODEL)
        code = "".join(secrets.choice(PLAIN) for _ in range(LENGTH))
        return LegacyUrl.objects.create(device=device, code=code, made_by=by.username, made_at=instant.now())


def device_of(code: str) -> Device | None:
    """The device of an address, in use and in a hall that has them on."""
    found = LegacyUrl.objects.filter(code=code.upper()[:40], device__state__in=IN_USE)
    url = found.select_related("device__counter", "device__hall", "device__beat").first()
    return url.device if url is not None and is_on(url.device.hall) else None


def waiting(device: Device) -> Prompt | None:
    """The question that the window puts now; that it is shown is written down."""
    placing.heard(device.pk, device.beat.seen_at if hasattr(device, "beat") else None)
    placing.first_word(device.pk)
    prompt = evaluators.current_prompt(device.pk)
    if prompt is not None:
        evaluators.move_prompt(prompt, PromptState.SHOWN, instant.now())
    return prompt


def answer(device: Device, key: str, *, level: int | None, codes: Sequence[str] = (), text: str = "") -> None:
    """What somebody pressed on the question ``key``; ``level`` None: skipped. The same again is the same. Raises
    :class:`NotPossible`."""
    prompt = Prompt.objects.filter(device=device, key=key).first()
    if prompt is None:
        raise NotPossible("unknown_prompt", _("This question is over."))
    if level is None:
        evaluators.move_prompt(prompt, PromptState.DECLINED, instant.now())
        return
    event = uuid.uuid5(uuid.NAMESPACE_OID, f"legacy {prompt.key}").hex
    channel = ReviewChannel.TERMINAL
    with transaction.atomic():
        if prompt.ticket:
            ticket = Ticket.objects.with_places().get(key=prompt.ticket)
            visits.give(
                ticket, level=level, codes=codes, text=text, channel=channel, event_id=event, device=device
            )
        elif (a := evaluators.case_of(prompt)) is not None:
            actions.review(
                a, prompt.touchpoint, level=level, codes=codes, text=text, channel=channel, event_id=event,
                device=device, clerk=prompt.clerk,
            )  # fmt: skip
        evaluators.move_prompt(prompt, PromptState.ANSWERED, instant.now())
