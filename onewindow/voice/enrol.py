"""成批配对: a printed slip for every window; the tablet that shows its code first belongs there."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.org.models import Counter, Person
from onewindow.voice import evaluators, rules
from onewindow.voice.actions import NotPossible
from onewindow.voice.device_models import EnrolToken
from onewindow.voice.models import Device, secret_digest


@dataclass(frozen=True)
class Slip:
    """One slip as it is printed; the token is nowhere but on it."""

    counter: Counter
    token: str
    row: EnrolToken


def print_slips(counters: Iterable[Counter], *, by: Person) -> list[Slip]:
    """A new slip for each window (128 bits, fourteen days, once); older ones of the window that nobody used are void."""
    counters = list(counters)
    for counter in counters:
        rules.must_run(by, counter)
    now = instant.now()
    slips = []
    with transaction.atomic():
        EnrolToken.objects.filter(counter__in=counters, used_at__isnull=True).delete()
        for counter in counters:
            token = secrets.token_hex(16)
            row = EnrolToken.objects.create(
                digest=secret_digest(token),
                counter=counter,
                created_at=now,
                created_by=by.username,
                expires_at=now + EnrolToken.EXPIRES,
            )
            slips.append(Slip(counter, token, row))
    return slips


def enrol(token: str, *, model: str = "", app_version: str = "", public_key: str = "") -> tuple[Device, str]:
    """The device that shows an unused slip is put to its window and given its secret.

    A device that lost the answer may show the slip again until it has first shown its secret. Raises
    :class:`NotPossible` ``expired`` for a slip that is used, void or too old.
    """
    over = NotPossible("expired", _("This slip has been used, replaced or is older than fourteen days."))
    now = instant.now()
    slip = (
        EnrolToken.objects.filter(digest=secret_digest(token), expires_at__gt=now)
        .select_related("counter__hall", "device__counter__hall")
        .first()
    )
    if slip is None:
        raise over
    if slip.device is not None:
        return slip.device, evaluators.first_secret(slip.device, over)
    with transaction.atomic():
        device = evaluators.seat(
            slip.counter, by=slip.created_by, model=model, app_version=app_version, public_key=public_key
        )
        unused = EnrolToken.objects.filter(pk=slip.pk, used_at__isnull=True)
        if not unused.update(used_at=now, device=device):
            raise over
        return device, evaluators.first_secret(device, over)
