"""Evaluators: pairing them, their secrets, where they stand, and the question that they put."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rows import prepared
from onewindow.org.models import Counter, Person, number
from onewindow.voice import alarms, rules
from onewindow.voice.actions import NotPossible
from onewindow.voice.device_models import AlarmKind
from onewindow.voice.models import (
    LETTERS,
    OPEN,
    Device,
    DeviceAssignment,
    DeviceBeat,
    DeviceState,
    Pairing,
    Prompt,
    PromptState,
    Review,
    secret_digest,
)
from onewindow.window.models import PLAIN, Application

# -- pairing --


def offer_pairing(*, model: str = "", app_version: str = "", public_key: str = "") -> tuple[Pairing, str]:
    """A device asks to be paired: the pairing (with its code to show) and the token by which it asks for news.
    ``public_key``: with which it will sign, if it can keep a key."""
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
                    public_key=public_key,
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
        device = seat(
            counter,
            by=by.username,
            model=pairing.model,
            app_version=pairing.app_version,
            public_key=pairing.public_key,
        )
        if not Pairing.objects.filter(pk=pairing.pk, device__isnull=True).update(device=device):
            raise NotPossible("already_paired", _("This code has been used already."))
        return device


def seat(counter: Counter, *, by: str, **facts: str) -> Device:
    """A new device at a window, in the caller's transaction; its secret is drawn when it fetches it. The one that stood
    there is revoked, and what it had not sent is reported as missing."""
    now = instant.now()
    for old in Device.objects.filter(counter=counter, state=DeviceState.ACTIVE).with_places():
        _end(old, now)
    device = Device.objects.create(
        code="".join(secrets.choice(PLAIN) for _ in range(8)),
        counter=counter,
        secret_digest=secret_digest(secrets.token_urlsafe(32)),
        secret_at=now,
        paired_at=now,
        paired_by=by,
        **facts,
    )
    DeviceAssignment.objects.create(device=device, counter=counter, from_at=now)
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
        secret = first_secret(
            pairing.device, NotPossible("expired", _("The code has expired. Ask for a new one."))
        )
        Pairing.objects.filter(pk=pairing.pk).update(taken_at=instant.now())
    return pairing.device, secret


def first_secret(device: Device, over: NotPossible) -> str:
    """Draws the secret of a device that has not yet shown one; raises ``over`` for any other."""
    unused = Device.objects.filter(pk=device.pk, state=DeviceState.ACTIVE, beat__isnull=True)
    secret = secrets.token_urlsafe(32)
    fresh = {"secret_digest": secret_digest(secret), "secret_at": instant.now()}
    if not Device.objects.filter(pk__in=unused.values("pk")).update(**fresh):
        raise over
    return secret


def revoke(device: Device, *, by: Person) -> None:
    """Ends a device for good; from the next request on it is refused and wipes itself."""
    rules.must_run(by, device.counter)
    with transaction.atomic():
        _end(device, instant.now())


def _end(device: Device, now: dt.datetime) -> None:
    """What it said was waiting on it will not come any more: that is reported, never passed over."""
    beat = DeviceBeat.objects.filter(device=device).first()
    if beat and beat.waiting:
        alarms.sound(device, AlarmKind.GAP, count=beat.waiting, note="revoked")
    Device.objects.filter(pk=device.pk).update(
        state=DeviceState.REVOKED, changed_at=now, next_digest="", roll_asked_at=None
    )
    DeviceAssignment.objects.filter(device=device, to_at__isnull=True).update(to_at=now)
    _drop_prompts(device, PromptState.CANCELLED)


def suspend(device: Device, *, by: Person) -> None:
    """Takes a device out of use for a while."""
    rules.must_run(by, device.counter)
    _drop_prompts(device, PromptState.CANCELLED)
    Device.objects.filter(pk=device.pk, state=DeviceState.ACTIVE).update(
        state=DeviceState.SUSPENDED, changed_at=instant.now()
    )


def reactivate(device: Device, *, by: Person) -> None:
    """Puts a suspended device back into use, if its window has no other by now."""
    rules.must_run(by, device.counter)
    try:
        with transaction.atomic():
            Device.objects.filter(pk=device.pk, state=DeviceState.SUSPENDED).update(
                state=DeviceState.ACTIVE, changed_at=instant.now()
            )
    except IntegrityError as taken:
        raise NotPossible("window_taken", _("Another device is in use at this window.")) from taken


def ask_to_roll(device: Device, *, by: Person) -> None:
    """The device fetches a new secret with its next heartbeat; the old one works until the new one is first used."""
    rules.must_run(by, device.counter)
    now = instant.now()
    Device.objects.filter(pk=device.pk, state=DeviceState.ACTIVE).update(roll_asked_at=now, changed_at=now)


def roll(device: Device) -> str:
    """A new secret for a device that has shown its own. Asked again before it is used, it is another one."""
    secret = secrets.token_urlsafe(32)
    Device.objects.filter(pk=device.pk).update(next_digest=secret_digest(secret))
    return secret


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
            Device.objects.filter(pk=device.pk).update(counter=counter, changed_at=now)
            DeviceAssignment.objects.filter(device=device, to_at__isnull=True).update(to_at=now)
            DeviceAssignment.objects.create(device=device, counter=counter, from_at=now)
            _drop_prompts(device, PromptState.CANCELLED)
    except IntegrityError as taken:
        raise NotPossible("window_taken", _("Another device is in use at this window.")) from taken
    device.counter = counter


def owner_of(secret: str) -> Device | None:
    """The device that owns the secret, in whatever state; None for an unknown secret. A new secret that is shown for the
    first time takes the place of the old one."""
    if not secret:
        return None
    digest = secret_digest(secret)
    devices = Device.objects.with_places()
    if (found := devices.filter(secret_digest=digest).first()) is not None:
        return found
    fresh = {"secret_digest": digest, "next_digest": "", "secret_at": instant.now(), "roll_asked_at": None}
    if Device.objects.filter(next_digest=digest).update(**fresh):
        return devices.filter(secret_digest=digest).first()
    return None


def device_of(secret: str) -> Device | None:
    """The device in use that owns the secret, or None (unknown, suspended or revoked)."""
    device = owner_of(secret)
    return device if device and device.state == DeviceState.ACTIVE else None


@dataclass(frozen=True)
class Caller:
    """As much of a device as a poll needs: who it is, its state, and when it was last heard of."""

    pk: int
    state: str
    seen_at: dt.datetime | None


@prepared
def _callers(digest: str) -> Any:
    """The device with that secret. Nearly all that devices ask is this: it is compiled once (bench/devices.py)."""
    return Device.objects.filter(secret_digest=digest).order_by().values_list("pk", "state", "beat__seen_at")


def caller_of(secret: str) -> Caller | None:
    """The device that owns the secret, as :func:`owner_of`, with no more than a poll needs of it."""
    if not secret:
        return None
    for pk, state, seen_at in _callers(secret_digest(secret)):
        return Caller(pk, state, seen_at)
    device = owner_of(secret)  # a new secret, shown for the first time
    return Caller(device.pk, device.state, None) if device else None


def heard(device: int, seen_at: dt.datetime | None) -> None:
    """Notes that a device was heard of; of its questions only one in half a minute is written down."""
    now = instant.now()
    if seen_at is None or now - seen_at >= dt.timedelta(seconds=30):
        DeviceBeat.objects.update_or_create(device_id=device, defaults={"seen_at": now})


# -- the question --


def ask(a: Application, touchpoint: str, *, clerk: str, counter_id: int | None = None) -> Prompt | None:
    """Puts the question on the device of the window (if none is named, the application's own); an older unanswered one
    gives way."""
    at_counter = counter_id or a.counter_id
    device = Device.objects.filter(counter_id=at_counter, state=DeviceState.ACTIVE).first()
    if device is None or Review.objects.filter(number=a.number, touchpoint=touchpoint).exists():
        return None
    facts = {
        "counter_id": device.counter_id,
        "clerk": clerk,
        "title": a.item.name,
        "title_en": a.item.name_en,
    }
    return _put(device, a.number, touchpoint, 1, facts)


def _put(device: Device, number_: str, touchpoint: str, attempt: int, facts: dict[str, Any]) -> Prompt:
    now = instant.now()
    until = now + dt.timedelta(seconds=number("prompt_seconds"))
    with transaction.atomic():
        prompt, new = Prompt.objects.get_or_create(
            number=number_,
            touchpoint=touchpoint,
            device=device,
            attempt=attempt,
            defaults=facts | {"created_at": now, "expires_at": until},
        )
        if new:
            older = Prompt.objects.filter(device=device, state__in=OPEN).exclude(pk=prompt.pk)
            older.update(state=PromptState.SUPERSEDED)
    return prompt


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
    if last.device.state != DeviceState.ACTIVE or last.device.counter_id != counter_id:
        return None
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
    return _put(last.device, last.number, last.touchpoint, 2, facts)


def _drop_prompts(device: Device, state: str) -> None:
    Prompt.objects.filter(device=device, state__in=OPEN).update(state=state)


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
