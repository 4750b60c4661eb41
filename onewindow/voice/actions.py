"""Pairing devices, asking the question, taking the verdict down."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import chain, instant
from onewindow.cases.rules import By
from onewindow.org.models import Counter, Person, number
from onewindow.voice.models import (
    LETTERS,
    Conflict,
    Device,
    DeviceAssignment,
    DeviceBeat,
    DeviceState,
    Indicator,
    Level,
    Pairing,
    Prompt,
    PromptState,
    Review,
    ReviewChannel,
    Touchpoint,
    secret_digest,
)
from onewindow.window.models import Application


class NotPossible(Exception):
    """What was asked can't be done; ``code`` is stable, ``text`` a sentence with the remedy."""

    def __init__(self, code: str, text: Any):
        super().__init__(code)
        self.code, self.text = code, text


def load_indicators(path: Path) -> int:
    """Loads the coded indicators; codes that are there already stay as they are. Returns how many are new."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = set(Indicator.objects.values_list("code", flat=True))
    new = [
        Indicator(
            level=int(r["level"]), code=r["code"], is_core=r["core"] == "1",
            name=r["name"], name_en=r["name_en"], fact=r.get("fact", ""),
        )
        for r in rows if r["code"] not in known
    ]  # fmt: skip
    return len(Indicator.objects.bulk_create(new))


# -- pairing --


def offer_pairing(*, model: str = "", app_version: str = "") -> tuple[Pairing, str]:
    """A device asks to be paired: the pairing (with its code to show) and the secret token by which it asks for news."""
    now = instant.now()
    Pairing.objects.filter(created_at__lt=now - dt.timedelta(days=1)).delete()
    token = secrets.token_urlsafe(24)
    for _try in range(5):
        code = "".join(secrets.choice(LETTERS) for _ in range(8))
        try:
            with transaction.atomic():
                pairing = Pairing.objects.create(
                    user_code=code,
                    poll_digest=secret_digest(token),
                    check_number=f"{secrets.randbelow(10_000):04d}",
                    model=model[:60],
                    app_version=app_version[:20],
                    created_at=now,
                )
            return pairing, token
        except IntegrityError:
            continue
    raise NotPossible("busy", _("Please try again."))


def open_pairing(user_code: str) -> Pairing | None:
    """The pairing whose code a manager typed, if it is still open."""
    code = "".join(c for c in user_code.upper() if c in LETTERS)
    since = instant.now() - Pairing.EXPIRES
    return Pairing.objects.filter(user_code=code, device__isnull=True, created_at__gte=since).first()


def pair(pairing: Pairing, counter: Counter, *, by: Person) -> Device:
    """Puts the device at a window; a device that stood there before is revoked (it has been replaced)."""
    with transaction.atomic():
        now = instant.now()
        for old in Device.objects.filter(counter=counter, state=DeviceState.ACTIVE):
            revoke(old, by=by)
        device = Device.objects.create(
            code=f"D{uuid.uuid4().hex[:8].upper()}",
            counter=counter,
            secret_digest=secret_digest(secrets.token_urlsafe(32)),  # until the device fetches its own
            model=pairing.model,
            app_version=pairing.app_version,
            paired_at=now,
            paired_by=by.username,
        )
        DeviceAssignment.objects.create(device=device, counter=counter, from_at=now)
        if not Pairing.objects.filter(pk=pairing.pk, device__isnull=True).update(device=device):
            raise NotPossible("already_paired", _("This code has been used already."))
        return device


def collect_secret(token: str) -> tuple[Pairing, str] | None:
    """The device's own secret, given out once after the manager has confirmed; None while nobody has."""
    pairing = Pairing.objects.filter(poll_digest=secret_digest(token)).select_related("device").first()
    now = instant.now()
    if pairing is None or (pairing.device_id is None and pairing.created_at < now - Pairing.EXPIRES):
        raise NotPossible("expired", _("The code has expired. Ask for a new one."))
    if pairing.device is None:
        return None
    with transaction.atomic():
        if not Pairing.objects.filter(pk=pairing.pk, taken_at__isnull=True).update(taken_at=now):
            raise NotPossible("expired", _("The code has expired. Ask for a new one."))
        secret = secrets.token_urlsafe(32)
        Device.objects.filter(pk=pairing.device_id).update(secret_digest=secret_digest(secret))
    return pairing, secret


def revoke(device: Device, *, by: Person) -> None:
    """Ends a device for good; from the next request on it is refused."""
    now = instant.now()
    with transaction.atomic():
        Device.objects.filter(pk=device.pk).update(state=DeviceState.REVOKED)
        DeviceAssignment.objects.filter(device=device, to_at__isnull=True).update(to_at=now)
        _drop_prompts(device, PromptState.EXPIRED)


def suspend(device: Device, *, by: Person) -> None:
    """Takes a device out of use for a while."""
    Device.objects.filter(pk=device.pk, state=DeviceState.ACTIVE).update(state=DeviceState.SUSPENDED)


def reactivate(device: Device, *, by: Person) -> None:
    """Puts a suspended device back into use, if its window has no other by now."""
    try:
        with transaction.atomic():
            Device.objects.filter(pk=device.pk, state=DeviceState.SUSPENDED).update(state=DeviceState.ACTIVE)
    except IntegrityError as taken:
        raise NotPossible("window_taken", _("Another device is in use at this window.")) from taken


def device_of(secret: str) -> Device | None:
    """The device in use that owns the secret, or None (unknown, suspended or revoked)."""
    found = Device.objects.filter(secret_digest=secret_digest(secret), state=DeviceState.ACTIVE)
    return found.select_related("counter__hall").first()


def beat(device: Device, waiting: int = 0) -> None:
    """Notes that a device was heard of."""
    DeviceBeat.objects.update_or_create(
        device=device, defaults={"seen_at": instant.now(), "waiting": waiting}
    )


# -- the question --


def ask(a: Application, touchpoint: str, *, clerk: str) -> Prompt | None:
    """Puts the question on the device of the application's counter; an older unanswered one gives way."""
    if a.counter_id is None:
        return None
    device = Device.objects.filter(counter_id=a.counter_id, state=DeviceState.ACTIVE).first()
    if device is None or Review.objects.filter(number=a.number, touchpoint=touchpoint).exists():
        return None
    now = instant.now()
    _drop_prompts(device, PromptState.SUPERSEDED)
    prompt, _new = Prompt.objects.get_or_create(
        number=a.number,
        touchpoint=touchpoint,
        device=device,
        defaults={
            "counter_id": a.counter_id,
            "clerk": clerk,
            "title": a.item.name,
            "title_en": a.item.name_en,
            "created_at": now,
            "expires_at": now + dt.timedelta(seconds=number("prompt_seconds")),
        },
    )
    return prompt


OPEN = (PromptState.CREATED, PromptState.SHOWN, PromptState.TOUCHED)


def _drop_prompts(device: Device, state: str) -> None:
    Prompt.objects.filter(device=device, state__in=OPEN).update(state=state)


def current_prompt(device: Device) -> Prompt | None:
    """What the device should ask now; what nobody answered in time is marked so."""
    now = instant.now()
    Prompt.objects.filter(device=device, state__in=OPEN, expires_at__lt=now).update(state=PromptState.EXPIRED)
    return Prompt.objects.filter(device=device, state__in=OPEN).order_by("-created_at").first()


def move_prompt(device: Device, key: str, state: str) -> bool:
    """Shown, touched or skipped; a prompt that is over stays as it is."""
    return bool(Prompt.objects.filter(device=device, key=key, state__in=OPEN).update(state=state))


# -- the verdict --


def rateable(a: Application) -> list[str]:
    """The touchpoints of an application that may be reviewed now: reached, within the window, not yet reviewed."""
    window = dt.timedelta(days=number("review_window_days"))
    reached = {Touchpoint.ACCEPTED: a.accepted_at, Touchpoint.DELIVERED: a.delivered_at}
    done = set(Review.objects.filter(number=a.number).values_list("touchpoint", flat=True))
    now = instant.now()
    return [t.value for t, at in reached.items() if at and at <= now <= at + window and t not in done]


def review(
    a: Application,
    touchpoint: str,
    *,
    level: int,
    codes: Sequence[str] = (),
    text: str = "",
    channel: int = ReviewChannel.MOBILE,
    event_id: str = "",
    device: Device | None = None,
    clerk: str = "",
    said_at: dt.datetime | None = None,
    by: By | None = None,
) -> Review:
    """评价 — takes one verdict down, once a touchpoint (一次一评). Sent again with the same ``event_id`` and body it is the
    same review; with another body :class:`NotPossible` ``conflict``.

    Raises NotPossible: ``bad_level``, ``bad_codes``, ``too_long``, ``not_open``, ``already_reviewed``, ``conflict``.
    """
    codes = sorted(set(codes))
    body = chain.canonical([a.number, touchpoint, level, codes, text])
    body_digest = hashlib.sha256(body.encode()).hexdigest()
    if event_id and (first := Review.objects.filter(event_id=event_id).first()):
        if first.body_digest == body_digest:
            return first
        if device:
            Conflict.objects.create(
                device=device, event_id=event_id, body_digest=body_digest, at=instant.now()
            )
        raise NotPossible(
            "conflict", _("This answer was sent before with another content; it has been put aside.")
        )
    if level not in Level.values:
        raise NotPossible("bad_level", _("Choose one of the five levels."))
    if set(codes) - set(Indicator.objects.filter(level=level).values_list("code", flat=True)):
        raise NotPossible("bad_codes", _("Choose reasons from the list of the chosen level."))
    if len(text) > 500:
        raise NotPossible("too_long", _("Please keep to 500 characters."))
    if Review.objects.filter(number=a.number, touchpoint=touchpoint).exists():
        raise NotPossible("already_reviewed", _("This has been rated already. Thank you."))
    if device is None and touchpoint not in rateable(a):
        raise NotPossible("not_open", _("This can't be rated now."))
    now = instant.now()
    try:
        with transaction.atomic():
            row = Review.objects.create(
                number=a.number,
                touchpoint=touchpoint,
                level=level,
                codes=codes,
                text=text,
                channel=channel,
                event_id=event_id or uuid.uuid4().hex,
                body_digest=body_digest,
                device=device,
                counter_id=a.counter_id,
                hall_id=a.hall_id,
                office_id=a.office_id,
                item_code=a.item.code,
                clerk=clerk or (prompted.clerk if (prompted := _prompt(a, touchpoint)) else ""),
                at=now,
                said_at=min(said_at or now, now),
            )
    except IntegrityError as twice:  # two answers at once: the first one counts
        raise NotPossible("already_reviewed", _("This has been rated already. Thank you.")) from twice
    Prompt.objects.filter(number=a.number, touchpoint=touchpoint, state__in=OPEN).update(
        state=PromptState.ANSWERED
    )
    return row


def _prompt(a: Application, touchpoint: str) -> Prompt | None:
    return Prompt.objects.filter(number=a.number, touchpoint=touchpoint).first()
