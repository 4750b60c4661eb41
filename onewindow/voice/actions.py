"""Pairing devices, asking the question, taking the verdict down."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import re
import secrets
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import chain, instant
from onewindow.cases.models import Event
from onewindow.cases.rules import By
from onewindow.org.models import Counter, Person, number
from onewindow.voice import rules
from onewindow.voice.models import (
    LETTERS,
    OPEN,
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
from onewindow.window.models import PLAIN, Application

#: Characters of a review's text.
LONGEST = 500


class NotPossible(Exception):
    """What was asked can't be done; ``code`` is stable, ``text`` a sentence with the remedy."""

    def __init__(self, code: str, text: Any):
        super().__init__(code)
        self.code, self.text = code, text


class AlreadyReviewed(NotPossible):
    """This touchpoint has its one review (一次一评)."""

    def __init__(self) -> None:
        super().__init__("already_reviewed", _("This has been rated already. Thank you."))


class NotOpenForReview(NotPossible):
    """The touchpoint has not been reached, or its time for reviews is over."""

    def __init__(self) -> None:
        super().__init__("not_open", _("This can't be rated now."))


class BadCodes(NotPossible):
    """``which`` are not reasons of the chosen level."""

    def __init__(self, which: Sequence[str]) -> None:
        super().__init__("bad_codes", _("Choose reasons from the list of the chosen level."))
        self.which = list(which)


class Conflicting(NotPossible):
    """The same event was sent before with another content."""

    def __init__(self) -> None:
        text = _("This answer was sent before with another content; it has been put aside.")
        super().__init__("conflict", text)


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
    """A device asks to be paired: the pairing (with its code to show) and the token by which it asks for news."""
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
    rules.must_run(by, counter)
    with transaction.atomic():
        now = instant.now()
        for old in Device.objects.filter(counter=counter, state=DeviceState.ACTIVE):
            revoke(old, by=by)
        device = Device.objects.create(
            code="".join(secrets.choice(PLAIN) for _ in range(8)),
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


def collect_secret(token: str) -> tuple[Device, str] | None:
    """The device's own secret, after the manager has confirmed; None while nobody has. Only its digest is kept.

    A device that lost the answer may ask again until it has first shown its secret; each time it gets a new one.
    Raises :class:`NotPossible` ``expired`` when the ten minutes are over or the secret is in use.
    """
    pairing = (
        Pairing.objects.filter(poll_digest=secret_digest(token))
        .select_related("device__counter__hall")
        .first()
    )
    if pairing is None or pairing.created_at < instant.now() - 2 * Pairing.EXPIRES:
        raise NotPossible("expired", _("The code has expired. Ask for a new one."))
    if pairing.device is None:
        if pairing.created_at < instant.now() - Pairing.EXPIRES:
            raise NotPossible("expired", _("The code has expired. Ask for a new one."))
        return None
    with transaction.atomic():
        unused = Device.objects.filter(pk=pairing.device_id, state=DeviceState.ACTIVE, beat__isnull=True)
        secret = secrets.token_urlsafe(32)
        if not Device.objects.filter(pk__in=unused.values("pk")).update(secret_digest=secret_digest(secret)):
            raise NotPossible("expired", _("The code has expired. Ask for a new one."))
        Pairing.objects.filter(pk=pairing.pk).update(taken_at=instant.now())
    return pairing.device, secret


def revoke(device: Device, *, by: Person) -> None:
    """Ends a device for good; from the next request on it is refused."""
    rules.must_run(by, device.counter)
    now = instant.now()
    with transaction.atomic():
        Device.objects.filter(pk=device.pk).update(state=DeviceState.REVOKED)
        DeviceAssignment.objects.filter(device=device, to_at__isnull=True).update(to_at=now)
        _drop_prompts(device, PromptState.CANCELLED)


def suspend(device: Device, *, by: Person) -> None:
    """Takes a device out of use for a while."""
    rules.must_run(by, device.counter)
    _drop_prompts(device, PromptState.CANCELLED)
    Device.objects.filter(pk=device.pk, state=DeviceState.ACTIVE).update(state=DeviceState.SUSPENDED)


def reactivate(device: Device, *, by: Person) -> None:
    """Puts a suspended device back into use, if its window has no other by now."""
    rules.must_run(by, device.counter)
    try:
        with transaction.atomic():
            Device.objects.filter(pk=device.pk, state=DeviceState.SUSPENDED).update(state=DeviceState.ACTIVE)
    except IntegrityError as taken:
        raise NotPossible("window_taken", _("Another device is in use at this window.")) from taken


def move(device: Device, counter: Counter, *, by: Person) -> None:
    """Puts a device at another window of the manager's halls; what was said at the old one stays there."""
    rules.must_run(by, device.counter)
    rules.must_run(by, counter)
    if device.state == DeviceState.REVOKED:
        raise NotPossible("revoked", _("This device has been revoked: pair it anew."))
    if counter.pk == device.counter_id:
        return
    now = instant.now()
    try:
        with transaction.atomic():
            Device.objects.filter(pk=device.pk).update(counter=counter)
            DeviceAssignment.objects.filter(device=device, to_at__isnull=True).update(to_at=now)
            DeviceAssignment.objects.create(device=device, counter=counter, from_at=now)
            _drop_prompts(device, PromptState.CANCELLED)
    except IntegrityError as taken:
        raise NotPossible("window_taken", _("Another device is in use at this window.")) from taken
    device.counter = counter


def owner_of(secret: str) -> Device | None:
    """The device that owns the secret, in whatever state; None for an unknown secret."""
    if not secret:
        return None
    found = Device.objects.filter(secret_digest=secret_digest(secret))
    return found.select_related("counter__hall", "beat").first()


def device_of(secret: str) -> Device | None:
    """The device in use that owns the secret, or None (unknown, suspended or revoked)."""
    device = owner_of(secret)
    return device if device and device.state == DeviceState.ACTIVE else None


def beat(device: Device, waiting: int | None = None) -> None:
    """Notes that a device was heard of; of its questions only one in half a minute is written down."""
    now = instant.now()
    known = getattr(device, "beat", None)
    if known and waiting is None and now - known.seen_at < dt.timedelta(seconds=30):
        return
    said = {"seen_at": now} | ({} if waiting is None else {"waiting": min(waiting, 1_000_000)})
    DeviceBeat.objects.update_or_create(device_id=device.pk, defaults=said)


# -- the question --


def ask(a: Application, touchpoint: str, *, clerk: str, counter_id: int | None = None) -> Prompt | None:
    """Puts the question on the device of the window (if none is named, the application's own); an older unanswered one
    gives way."""
    at_counter = counter_id or a.counter_id
    device = Device.objects.filter(counter_id=at_counter, state=DeviceState.ACTIVE).first()
    if device is None or Review.objects.filter(number=a.number, touchpoint=touchpoint).exists():
        return None
    now = instant.now()
    with transaction.atomic():
        prompt, new = Prompt.objects.get_or_create(
            number=a.number,
            touchpoint=touchpoint,
            device=device,
            defaults={
                "counter_id": device.counter_id,
                "clerk": clerk,
                "title": a.item.name,
                "title_en": a.item.name_en,
                "created_at": now,
                "expires_at": now + dt.timedelta(seconds=number("prompt_seconds")),
            },
        )
        if new:
            older = Prompt.objects.filter(device=device, state__in=OPEN).exclude(pk=prompt.pk)
            older.update(state=PromptState.SUPERSEDED)
    return prompt


def _drop_prompts(device: Device, state: str) -> None:
    Prompt.objects.filter(device=device, state__in=OPEN).update(state=state)


def current_prompt(device: Device) -> Prompt | None:
    """What the device should ask now; what nobody answered in time is marked so. Writes only when something changes."""
    now = instant.now()
    waiting = list(Prompt.objects.filter(device=device, state__in=OPEN).order_by("-created_at", "-id")[:5])
    if over := [p.pk for p in waiting if p.expires_at < now]:
        Prompt.objects.filter(pk__in=over, state__in=OPEN).update(state=PromptState.EXPIRED)
    prompt = next((p for p in waiting if p.expires_at >= now), None)
    if prompt and prompt.state == PromptState.CREATED:
        Prompt.objects.filter(pk=prompt.pk, state=PromptState.CREATED).update(state=PromptState.DELIVERED)
        prompt.state = PromptState.DELIVERED
    return prompt


def prompt_of(device: Device, key: str) -> Prompt | None:
    """The prompt with this key, if it was this device's."""
    return Prompt.objects.filter(device=device, key=key).first()


def case_of(prompt: Prompt) -> Application | None:
    """The application that a prompt asks about."""
    return Application.objects.with_facts().filter(number=prompt.number).first()


#: What a device may say of a prompt, and from which states that leads on: never back, never out of an end.
MOVES = {
    PromptState.SHOWN: (PromptState.CREATED, PromptState.DELIVERED),
    PromptState.TOUCHED: OPEN,
    PromptState.DECLINED: OPEN,
    PromptState.EXPIRED: OPEN,
}


def move_prompt(device: Device, key: str, state: str) -> bool:
    """Shown, touched, skipped or left alone; a prompt that is over stays as it is."""
    froms = MOVES[PromptState(state)]
    return bool(Prompt.objects.filter(device=device, key=key, state__in=froms).update(state=state))


# -- the verdict --


def reached(a: Application) -> dict[str, dt.datetime]:
    """The touchpoints that an application has reached, with their instants. An item decided on the spot is one service
    and has one: its end (一次一评)."""
    found = {Touchpoint.DELIVERED.value: a.delivered_at}
    if not a.item_version.is_immediate:
        found = {Touchpoint.ACCEPTED.value: a.accepted_at} | found
    return {touchpoint: at for touchpoint, at in found.items() if at}


def rateable(a: Application) -> list[str]:
    """The touchpoints of an application that may be reviewed now: reached, within the window, not yet reviewed."""
    window = dt.timedelta(days=number("review_window_days"))
    done = set(Review.objects.filter(number=a.number).values_list("touchpoint", flat=True))
    now = instant.now()
    return [t for t, at in reached(a).items() if at <= now <= at + window and t not in done]


#: What no text needs and a database may refuse: control characters but for line ends, halves of characters.
UNPRINTABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """A text as it is stored."""
    return UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\t", " ")).strip()


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
    """评价 — takes one verdict down, once a touchpoint (一次一评). Sent again with the same ``event_id`` and body it
    is the same review.

    A device was asked in time and may have been offline since: its answer is never too late. ``said_at`` is when the
    person said it, never later than now. Raises :class:`AlreadyReviewed`, :class:`NotOpenForReview`, :class:`BadCodes`,
    :class:`Conflicting`, or :class:`NotPossible` ``bad_level``, ``too_long``.
    """
    codes, text = sorted(set(codes)), clean(text)
    body = chain.canonical([a.number, touchpoint, level, codes, text])
    body_digest = hashlib.sha256(body.encode()).hexdigest()
    if event_id and (first := Review.objects.filter(event_id=event_id).first()):
        return _same(first, body_digest, device)
    if level not in Level.values:
        raise NotPossible("bad_level", _("Choose one of the five levels."))
    known = Indicator.objects.published().filter(level=level).values_list("code", flat=True)
    if foreign := sorted(set(codes) - set(known)):
        raise BadCodes(foreign)
    if len(text) > LONGEST:
        raise NotPossible("too_long", _("Please keep to 500 characters."))
    given = Review.objects.filter(number=a.number, touchpoint=touchpoint)
    if given.exists():
        raise AlreadyReviewed
    if device is None and touchpoint not in rateable(a):
        if given.exists():  # given by someone else between the two questions
            raise AlreadyReviewed
        raise NotOpenForReview
    now = instant.now()
    counter_id, served_by = _served(a, touchpoint)
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
                counter_id=counter_id,
                hall_id=a.hall_id,
                office_id=a.office_id,
                item_code=a.item.code,
                clerk=clerk or served_by,
                at=now,
                said_at=min(said_at or now, now),
            )
    except IntegrityError as twice:  # two answers at once: the first one counts
        if event_id and (first := Review.objects.filter(event_id=event_id).first()):
            return _same(first, body_digest, device)
        raise AlreadyReviewed from twice
    Prompt.objects.filter(number=a.number, touchpoint=touchpoint, state__in=OPEN).update(
        state=PromptState.ANSWERED
    )
    return row


def _same(first: Review, body_digest: str, device: Device | None) -> Review:
    """The first answer again if the repeated one says the same; what says something else is put aside."""
    if first.body_digest == body_digest:
        return first
    if device:
        Conflict.objects.get_or_create(
            device=device, event_id=first.event_id, body_digest=body_digest, defaults={"at": instant.now()}
        )
    raise Conflicting


def _served(a: Application, touchpoint: str) -> tuple[int | None, str]:
    """At which window and by whom the person was served: where the question was asked, else by the case's event."""
    if asked := Prompt.objects.filter(number=a.number, touchpoint=touchpoint).order_by("-id").first():
        return asked.counter_id, asked.clerk
    kind = "application.accept" if touchpoint == Touchpoint.ACCEPTED else "application.deliver"
    event = Event.objects.of(a.number).filter(kind=kind).last()
    return a.counter_id, event.by if event else ""
