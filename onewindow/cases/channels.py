"""How a message leaves the house: one small adapter a channel. Real SMS gateways are added here."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from email.utils import make_msgid
from functools import cache
from importlib import import_module

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.models import Message
from onewindow.org.calendar import ZONE

Channel = Callable[[Message], str]


def to_console(message: Message) -> str:
    """Writes the text to standard output; the address stays hidden, because consoles end up in logs."""
    sys.stdout.write(f"SMS {message.number}: {message.body}\n")
    return "console"


def to_file(message: Message) -> str:
    """Appends the message to ``messages.jsonl`` in the data directory (readable by the server's user only)."""
    line = {"to": message.address, "text": message.body, "number": message.number, "lang": message.lang}
    with open(settings.DATA_DIR / "messages.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return f"file:{message.pk}"


#: the copy that stays on the applicant's own page; nothing leaves the house
PAGE_CHANNEL = "page"
#: channels that ring somebody's telephone: they keep quiet hours
SMS_CHANNELS = {"console", "file", "sms"}
QUIET_FROM, QUIET_UNTIL = dt.time(21), dt.time(8)
#: these are waited for by somebody who holds the telephone in his hand
AT_ONCE = {"code"}


def to_page(message: Message) -> str:
    """Nothing to do: the row is the message."""
    return PAGE_CHANNEL


def to_email(message: Message) -> str:
    """Through Django's mail settings (``EMAIL_URL``); the subject is the city's name."""
    mail = EmailMessage(str(settings.CITY["name"]), message.body, to=[message.address])
    mail.extra_headers["Message-ID"] = make_msgid(domain="onewindow")
    mail.send()
    return f"email:{mail.extra_headers['Message-ID']}"[:80]


def to_gateway(message: Message) -> str:
    """Through the gateway that the county has connected: ``ONEWINDOW_SMS=package.module:function`` names a function that
    takes the message, sends it and returns the gateway's own number for it (docs/howto/sms.md)."""
    return _gateway(settings.SMS_GATEWAY)(message)[:80]


@cache
def _gateway(dotted: str) -> Channel:
    module, _, name = dotted.partition(":")
    return getattr(import_module(module), name)


CHANNELS: dict[str, Channel] = {
    "console": to_console,
    "file": to_file,
    "sms": to_gateway,
    "email": to_email,
    PAGE_CHANNEL: to_page,
}


def not_before(message: Message, now: dt.datetime) -> dt.datetime:
    """When a message may go: text messages not between nine in the evening and eight in the morning, codes at any time."""
    if message.channel not in SMS_CHANNELS or message.template in AT_ONCE:
        return now
    here = timezone.localtime(now, ZONE)
    if QUIET_UNTIL <= here.time() < QUIET_FROM:
        return now
    day = here.date() + dt.timedelta(days=here.time() >= QUIET_FROM)
    return dt.datetime.combine(day, QUIET_UNTIL, ZONE)


#: What is done when a message can't be brought to its addressee, by apps above, which know whose it is.
UNREACHED: list[Callable[[Message], None]] = []
#: How often one message is tried; a code is worth nothing after its five minutes.
MOST_TRIES, MOST_TRIES_AT_ONCE = 6, 2


def is_spent(message: Message, tries: int) -> bool:
    """Whether a message was tried often enough."""
    return tries >= (MOST_TRIES_AT_ONCE if message.template in AT_ONCE else MOST_TRIES)


def give_up(message: Message, error: str) -> None:
    """No more is tried. Whoever has registered for it tells somebody to call instead; once."""
    now = instant.now()
    with transaction.atomic():
        given_up = Message.objects.filter(pk=message.pk, gave_up_at__isnull=True)
        if given_up.update(gave_up_at=now, error=error[:200]):
            for tell in UNREACHED:
                tell(message)


def delivered(receipt: str, *, ok: bool, error: str = "") -> bool:
    """A gateway's report on what became of a message it took; False if no message has this receipt. The first word counts:
    the same report again changes nothing."""
    found = list(Message.objects.filter(receipt=receipt, receipt__gt=""))
    for message in found:
        if message.delivered_at or message.gave_up_at:
            continue
        if ok:
            Message.objects.filter(pk=message.pk).update(delivered_at=instant.now(), error="")
        else:
            give_up(message, f"undelivered {error}".strip())
    return bool(found)


def send(message: Message) -> str:
    """Sends a message over its channel and returns the channel's receipt; raises what the channel raises."""
    return CHANNELS[message.channel](message)
