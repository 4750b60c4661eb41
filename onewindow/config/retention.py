"""What may no longer be kept goes: personal data are kept no longer than the purpose or the law asks (PIPL 19)."""

from __future__ import annotations

import datetime as dt

from django.contrib.sessions.models import Session

from onewindow.cases import instant
from onewindow.exchange.models import Call, Material
from onewindow.hall.keeping import drop_old as drop_old_tickets
from onewindow.issues import evidence
from onewindow.issues.actions import forget_reporters
from onewindow.my.applying import drop_old
from onewindow.my.models import OneTimeCode
from onewindow.org.models import AccessLog, FirstAnswer, SignIn, number
from onewindow.voice.device_models import DeviceBoot, EnrolToken
from onewindow.voice.inviting import KEPT, forget
from onewindow.voice.models import Pairing

FIRST_ANSWER_DAYS = 7  # a program that repeats a call after a week repeats it wrongly
PAIRING_DAYS = 1  # a code works for minutes
BOOT_DAYS = 400  # what a device kept from an earlier run is dated by what we heard of that run
CODE_DAYS = 1  # a code lives five minutes; the day is for the limit on how many are sent
EXTRACT_DAYS = 31  # a draft lives for thirty days; what no application came to use is not kept (PIPL 19)
ROWS = 5000  # in one transaction, so that nobody waits for the purge


def purge(now: dt.datetime | None = None) -> dict[str, int]:
    """Deletes what is past its day; safe at any time, several times a day. Gives the rows deleted of each kind."""
    now = now or instant.now()
    old = {
        "access_log": AccessLog.objects.filter(at__lt=now - dt.timedelta(days=number("access_log_days"))),
        "sign_ins": SignIn.objects.filter(at__lt=now - dt.timedelta(days=number("sign_in_log_days"))),
        "first_answers": FirstAnswer.objects.filter(at__lt=now - dt.timedelta(days=FIRST_ANSWER_DAYS)),
        "pairings": Pairing.objects.filter(created_at__lt=now - dt.timedelta(days=PAIRING_DAYS)),
        "slips": EnrolToken.objects.filter(expires_at__lt=now - dt.timedelta(days=PAIRING_DAYS)),
        "boots": DeviceBoot.objects.filter(synced_at__lt=now - dt.timedelta(days=BOOT_DAYS)),
        "codes": OneTimeCode.objects.filter(sent_at__lt=now - dt.timedelta(days=CODE_DAYS)),
        # rows younger than three years the database keeps whatever is asked (exchange/migrations/0002)
        "calls": Call.objects.filter(at__lt=now - dt.timedelta(days=number("sharing_log_days"))),
        "unused_extracts": Material.objects.unused_extracts(now - dt.timedelta(days=EXTRACT_DAYS)),
        "sessions": Session.objects.filter(expire_date__lt=now),
    }
    gone = {name: _delete(rows) for name, rows in old.items()}
    ended = now - dt.timedelta(days=number("track_days"))
    gone["tickets"] = drop_old_tickets(now - dt.timedelta(days=number("ticket_days")), ROWS)
    gone["invitations"] = forget(now - KEPT)
    drafts = drop_old(now - dt.timedelta(days=number("draft_days")))
    sent = evidence.drop_old(ended, now)
    return gone | {"drafts": drafts, "reporters": forget_reporters(ended), "reporters_files": sent}


def _delete(rows) -> int:  # type: ignore[no-untyped-def]
    done = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:ROWS]):
        done += rows.model._base_manager.filter(pk__in=keys).delete()[0]
    return done
