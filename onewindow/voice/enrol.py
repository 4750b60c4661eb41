"""成批配对: a printed slip for every window, or for each display, ticket machine and stand of a hall; the device that shows its
code first belongs there."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.org.models import Counter, Hall, Person
from onewindow.org.templatetags.ow import local
from onewindow.voice import placing, rules
from onewindow.voice.actions import NotPossible
from onewindow.voice.device_models import EnrolToken
from onewindow.voice.models import Device, DeviceKind, secret_digest


@dataclass(frozen=True)
class Spot:
    """Where a device will stand: at a window, or at a place of a hall."""

    kind: str
    hall: Hall
    counter: Counter | None = None
    place: str = ""


@dataclass(frozen=True)
class Slip:
    """One slip as it is printed; the token is nowhere but on it."""

    spot: Spot
    token: str
    row: EnrolToken

    @property
    def counter(self) -> Counter | None:
        return self.spot.counter

    @property
    def name(self) -> str:
        """The window, or what will stand where."""
        if self.spot.counter is not None:
            return str(local(self.spot.counter))
        return f"{DeviceKind(self.spot.kind).label} {self.spot.place}".strip()


def print_slips(counters: Iterable[Counter], *, by: Person) -> list[Slip]:
    """A new slip for the evaluator of each window."""
    return print_for([Spot(DeviceKind.EVALUATOR, c.hall, c) for c in counters], by=by)


def print_for(spots: Iterable[Spot], *, by: Person) -> list[Slip]:
    """A new slip for each spot (128 bits, fourteen days, once); older ones for it that nobody used are void."""
    spots = list(spots)
    for spot in spots:
        rules.must_run(by, spot.hall)
    now = instant.now()
    slips = []
    with transaction.atomic():
        windows = [spot.counter for spot in spots if spot.counter]
        EnrolToken.objects.filter(counter__in=windows, used_at__isnull=True).delete()
        for spot in spots:
            if spot.counter is None:
                same = EnrolToken.objects.filter(kind=spot.kind, hall=spot.hall, place=spot.place)
                same.filter(used_at__isnull=True).delete()
            token = secrets.token_hex(16)
            row = EnrolToken.objects.create(
                digest=secret_digest(token),
                kind=spot.kind,
                hall=spot.hall,
                counter=spot.counter,
                place=spot.place,
                created_at=now,
                created_by=by.username,
                expires_at=now + EnrolToken.EXPIRES,
            )
            slips.append(Slip(spot, token, row))
    return slips


class WrongKind(Exception):
    """The slip is for another kind of device."""


def enrol(
    token: str, *, model: str = "", app_version: str = "", public_key: str = "", kind: str = ""
) -> tuple[Device, str]:
    """The device that shows an unused slip is put to its place and given its secret. ``kind``: what it says that it is, if
    it says so; :class:`WrongKind` if the slip is for something else.

    A device that lost the answer may show the slip again until it has first shown its secret. Raises
    :class:`NotPossible` ``expired`` for a slip that is used, void or too old.
    """
    over = NotPossible("expired", _("This slip has been used, replaced or is older than fourteen days."))
    now = instant.now()
    slip = (
        EnrolToken.objects.filter(digest=secret_digest(token), expires_at__gt=now)
        .select_related("counter", "hall", "device__counter", "device__hall")
        .first()
    )
    if slip is None:
        raise over
    if kind and kind != slip.kind:
        raise WrongKind
    if slip.device is not None:
        return slip.device, placing.first_secret(slip.device, over)
    with transaction.atomic():
        device = placing.seat(
            slip.kind, slip.hall, slip.counter, slip.place,
            by=slip.created_by, model=model, app_version=app_version, public_key=public_key,
        )  # fmt: skip
        unused = EnrolToken.objects.filter(pk=slip.pk, used_at__isnull=True)
        if not unused.update(used_at=now, device=device):
            raise over
        return device, placing.first_secret(device, over)
