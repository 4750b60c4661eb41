"""设备管理: pairing a device by code, putting it to its window or into its hall, its states, its secrets, and its end."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rows import prepared
from onewindow.org.models import Counter, Hall, Person
from onewindow.voice import alarms, rules
from onewindow.voice.actions import NotPossible
from onewindow.voice.device_models import PASSING, AlarmKind
from onewindow.voice.models import (
    ENDED,
    LETTERS,
    OPEN,
    Device,
    DeviceAssignment,
    DeviceBeat,
    DeviceKind,
    DeviceState,
    DeviceStep,
    Pairing,
    Prompt,
    PromptState,
    secret_digest,
)
from onewindow.window.models import PLAIN

S = DeviceState
#: From which state which others are reached. ``late`` and ``offline`` are none: they follow from the heartbeat.
STEPS: dict[str, tuple[str, ...]] = {
    S.PENDING: (S.AUTHORISED, S.REVOKED),
    S.AUTHORISED: (S.ACTIVE, S.SUSPENDED, S.REVOKED, S.RETIRED),
    S.ACTIVE: (S.SUSPENDED, S.REVOKED, S.RETIRED),
    S.SUSPENDED: (S.AUTHORISED, S.ACTIVE, S.REVOKED),
    S.REVOKED: (),
    S.RETIRED: (),
}
#: Who brought a change about that no person did.
ITSELF, SYSTEM = "device", "system"


def go(device: Device, after: str, *, by: str, note: str = "", **more: Any) -> bool:
    """The one place that writes a device's state: a step of :data:`STEPS`, once, with who and when. Whether it was taken;
    not if somebody was faster."""
    if after not in STEPS[device.state]:
        return False
    now = instant.now()
    with transaction.atomic():
        known = Device.objects.filter(pk=device.pk, state=device.state)
        if not known.update(state=after, changed_at=now, **more):
            return False
        DeviceStep.objects.create(device=device, before=device.state, after=after, by=by, note=note, at=now)
    device.state = after
    return True


def _must(done: bool) -> None:
    if not done:
        raise NotPossible("not_now", _("The device is in another state by now. Please look again."))


# -- pairing --


def offer_pairing(
    *, model: str = "", app_version: str = "", public_key: str = "", kind: str = DeviceKind.EVALUATOR
) -> tuple[Pairing, str]:
    """A device asks to be paired: the pairing (with its code to show) and the token by which it asks for news.
    ``public_key``: with which it will sign, if it can keep a key. ``kind``: what it says that it is."""
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
                    kind=kind,
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
    """The pairing whose code a manager typed, if nobody has confirmed it yet and it is not over."""
    code = "".join(c for c in user_code.upper() if c in LETTERS)
    since = instant.now() - Pairing.EXPIRES
    found = Pairing.objects.filter(user_code=code, created_at__gte=since).select_related("device")
    pairing = found.order_by("-created_at").first()
    return pairing if pairing and (pairing.device is None or pairing.device.state == S.PENDING) else None


def propose(
    pairing: Pairing, *, by: Person, hall: Hall | None = None, counter: Counter | None = None, place: str = ""
) -> Device:
    """待核对: the code has been typed; the device is written down for its place, and is nothing before the numbers have been
    compared. Typed again, it may be for another place."""
    hall = counter.hall if counter else hall
    if (pairing.kind == DeviceKind.EVALUATOR) != (counter is not None) or hall is None:
        raise NotPossible("which_place", _("An evaluator belongs to a window, every other device to a hall."))
    rules.must_run(by, hall)
    with transaction.atomic():
        if (device := pairing.device) is not None:
            rules.must_run(by, device.hall)
            Device.objects.filter(pk=device.pk, state=S.PENDING).update(
                hall=hall, counter=counter, place=place
            )
            device.hall, device.counter, device.place = hall, counter, place
            return device
        device = _new(
            pairing.kind, hall, counter, place, S.PENDING, by=by.username, model=pairing.model,
            app_version=pairing.app_version, public_key=pairing.public_key,
        )  # fmt: skip
        if not Pairing.objects.filter(pk=pairing.pk, device__isnull=True).update(device=device):
            raise NotPossible("already_paired", _("This code has been used already."))
        pairing.device = device
        return device


def confirm(device: Device, *, by: Person) -> Device:
    """确认: the numbers are equal. A device that stood at the window before is revoked (it has been replaced)."""
    rules.must_run(by, device.hall)
    with transaction.atomic():
        _replace(device.counter, by.username)
        if not go(device, S.AUTHORISED, by=by.username, paired_by=by.username, paired_at=instant.now()):
            raise NotPossible("already_paired", _("This code has been used already."))
        _stands(device)
    return device


def pair(
    pairing: Pairing, counter: Counter | None = None, *, by: Person, hall: Hall | None = None, place: str = ""
) -> Device:
    """Proposed and confirmed in one, by somebody who has compared the numbers."""
    with transaction.atomic():
        return confirm(propose(pairing, by=by, hall=hall, counter=counter, place=place), by=by)


def seat(kind: str, hall: Hall, counter: Counter | None, place: str, *, by: str, **facts: str) -> Device:
    """A new device by a slip, confirmed beforehand by whoever printed it, in the caller's transaction; its secret is drawn
    when it fetches it. The one that stood at its window is revoked, and what it had not sent is reported as missing."""
    _replace(counter, by)
    device = _new(kind, hall, counter, place, S.AUTHORISED, by=by, **facts)
    _stands(device)
    return device


def _new(
    kind: str, hall: Hall, counter: Counter | None, place: str, state: str, *, by: str, **facts: str
) -> Device:
    now = instant.now()
    device = Device.objects.create(
        code="".join(secrets.choice(PLAIN) for _ in range(8)),
        kind=kind,
        hall=hall,
        counter=counter,
        place=place,
        state=state,
        secret_digest=secret_digest(secrets.token_urlsafe(32)),
        secret_at=now,
        paired_at=now,
        paired_by=by,
        **facts,
    )
    DeviceStep.objects.create(device=device, after=state, by=by, at=now)
    return device


def _replace(counter: Counter | None, by: str) -> None:
    for old in Device.objects.at_window(counter.pk if counter else None).with_places():
        _end(old, S.REVOKED, by=by, note="replaced")


def _stands(device: Device) -> None:
    DeviceAssignment.objects.create(
        device=device, hall=device.hall, counter=device.counter, place=device.place, from_at=instant.now()
    )


def collect_secret(token: str) -> tuple[Device, str] | None:
    """The device's own secret, after the manager has confirmed; None while nobody has. Only its digest is kept.

    A device that lost the answer may ask again until it has first shown its secret; each time it gets a new one.
    Raises :class:`NotPossible` ``expired`` when the ten minutes are over or the secret is in use.
    """
    over = NotPossible("expired", _("The code has expired. Ask for a new one."))
    pairing = (
        Pairing.objects.filter(poll_digest=secret_digest(token))
        .select_related("device__counter", "device__hall")
        .first()
    )
    if pairing is None or pairing.created_at < instant.now() - 2 * Pairing.EXPIRES:
        raise over
    if pairing.device is None or pairing.device.state == S.PENDING:
        if pairing.created_at < instant.now() - Pairing.EXPIRES:
            raise over
        return None
    with transaction.atomic():
        secret = first_secret(pairing.device, over)
        Pairing.objects.filter(pk=pairing.pk).update(taken_at=instant.now())
    return pairing.device, secret


def first_secret(device: Device, over: NotPossible) -> str:
    """Draws the secret of a device that has not yet shown one; raises ``over`` for any other."""
    secret = secrets.token_urlsafe(32)
    fresh = {"secret_digest": secret_digest(secret), "secret_at": instant.now()}
    if not Device.objects.filter(pk=device.pk, state=S.AUTHORISED).update(**fresh):
        raise over
    return secret


def first_word(pk: int) -> None:
    """A confirmed device has been heard of with its secret: from now on it is in use."""
    device = Device.objects.filter(pk=pk, state=S.AUTHORISED).first()
    if device is not None:
        go(device, S.ACTIVE, by=ITSELF)


# -- out of use --


def revoke(device: Device, *, by: Person) -> None:
    """吊销: ends a device for good; from the next request on it is refused and wipes itself."""
    rules.must_run(by, device.hall)
    with transaction.atomic():
        _must(_end(device, S.REVOKED, by=by.username))


def _end(device: Device, state: str, *, by: str, note: str = "") -> bool:
    """What a revoked device said was waiting on it will not come any more: that is reported, never passed over."""
    over = {"next_digest": "", "roll_asked_at": None, "retire_asked_at": None}
    if not go(device, state, by=by, note=note, **over):
        return False
    beat = DeviceBeat.objects.filter(device=device).first()
    if state == S.REVOKED and beat and beat.waiting:
        alarms.sound(device, AlarmKind.GAP, count=beat.waiting, note="revoked")
    for kind in PASSING:  # there is nothing left of it to put right
        alarms.quiet(device, kind)
    DeviceAssignment.objects.filter(device=device, to_at__isnull=True).update(to_at=instant.now())
    _drop_prompts(device)
    return True


def retire(device: Device, *, by: Person) -> bool:
    """退役: takes a device out of service in good order: it takes nothing more, sends what it has and says so; only then is it
    retired. At once if it was never heard of. Whether it is retired now."""
    rules.must_run(by, device.hall)
    if device.state == S.AUTHORISED:
        with transaction.atomic():
            _must(_end(device, S.RETIRED, by=by.username))
        return True
    if device.state != S.ACTIVE:
        raise NotPossible(
            "not_in_use", _("Only a device in use can send what it still holds: put it into use again first.")
        )
    now = instant.now()
    asked = {"retire_asked_at": now, "retire_asked_by": by.username, "changed_at": now}
    _must(bool(Device.objects.filter(pk=device.pk, state=S.ACTIVE).update(**asked)))
    _drop_prompts(device)
    return False


def keep_on(device: Device, *, by: Person) -> None:
    """The device stays in service after all."""
    rules.must_run(by, device.hall)
    Device.objects.filter(pk=device.pk).update(
        retire_asked_at=None, retire_asked_by="", changed_at=instant.now()
    )


def leave(device: Device, *, waiting: int, unacknowledged: int) -> bool:
    """A device that was asked to says that it takes nothing more: retired, if nothing is missing of what it had."""
    if device.retire_asked_at is None or waiting or unacknowledged > 0:
        return False
    with transaction.atomic():
        return _end(device, S.RETIRED, by=device.retire_asked_by)


def give_up(now: dt.datetime) -> int:
    """What nobody has confirmed while its code worked was not paired. Gives how many."""
    late = Device.objects.filter(state=S.PENDING, paired_at__lt=now - Pairing.EXPIRES)
    return sum(go(device, S.REVOKED, by=SYSTEM, note="not confirmed") for device in late)


def suspend(device: Device, *, by: Person) -> None:
    """停用: takes a device out of use for a while."""
    rules.must_run(by, device.hall)
    with transaction.atomic():
        _must(go(device, S.SUSPENDED, by=by.username))
        _drop_prompts(device)


def reactivate(device: Device, *, by: Person) -> None:
    """恢复使用: puts a suspended device back into use, if its window has no other by now."""
    rules.must_run(by, device.hall)
    heard = DeviceBeat.objects.filter(device=device).exists()
    try:
        with transaction.atomic():
            _must(go(device, S.ACTIVE if heard else S.AUTHORISED, by=by.username))
    except IntegrityError as taken:
        raise NotPossible("window_taken", _("Another device is in use at this window.")) from taken


def _drop_prompts(device: Device) -> None:
    Prompt.objects.filter(device=device, state__in=OPEN).update(state=PromptState.CANCELLED)


# -- secrets --


def ask_to_roll(device: Device, *, by: Person) -> None:
    """The device fetches a new secret with its next heartbeat; the old one works until the new one is first used."""
    rules.must_run(by, device.hall)
    now = instant.now()
    Device.objects.filter(pk=device.pk, state=S.ACTIVE).update(roll_asked_at=now, changed_at=now)


def roll(device: Device) -> str:
    """A new secret for a device that has shown its own. Asked again before it is used, it is another one."""
    secret = secrets.token_urlsafe(32)
    Device.objects.filter(pk=device.pk).update(next_digest=secret_digest(secret))
    return secret


def move(
    device: Device, counter: Counter | None = None, *, by: Person, hall: Hall | None = None, place: str = ""
) -> None:
    """Puts a device at another window or place of the manager's halls; what was said at the old one stays there."""
    hall = counter.hall if counter else hall or device.hall
    rules.must_run(by, device.hall)
    rules.must_run(by, hall)
    if device.state in ENDED or device.state == S.PENDING:
        raise NotPossible("revoked", _("This device has been revoked: pair it anew."))
    if device.is_evaluator != (counter is not None):
        raise NotPossible("which_place", _("An evaluator belongs to a window, every other device to a hall."))
    if (hall.pk, counter and counter.pk, place) == (device.hall_id, device.counter_id, device.place):
        return
    now = instant.now()
    try:
        with transaction.atomic():
            Device.objects.filter(pk=device.pk).update(
                hall=hall, counter=counter, place=place, changed_at=now
            )
            DeviceAssignment.objects.filter(device=device, to_at__isnull=True).update(to_at=now)
            device.hall, device.counter, device.place = hall, counter, place
            _stands(device)
            _drop_prompts(device)
    except IntegrityError as taken:
        raise NotPossible("window_taken", _("Another device is in use at this window.")) from taken


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
