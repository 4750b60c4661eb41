"""消息: the in-page copies of notices. A copy belongs to a case; whoever may see the case may read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from onewindow.cases.channels import PAGE_CHANNEL
from onewindow.cases.models import Message
from onewindow.my.models import Account, OneTimeCode
from onewindow.org.models import Person
from onewindow.window.models import Application

PAGE = 20


def seen_by(person: Person) -> QuerySet[Message]:
    """The notices of all cases that this person may see as an applicant, the newest first."""
    mine = Application.objects.seen_by(person).order_by().values("number")
    return Message.objects.filter(channel=PAGE_CHANNEL, number__in=mine).order_by("-id")


def url(message: Message) -> str:
    """The page that a notice is about: its case, or the licences."""
    if message.template.startswith("licence_"):
        return reverse("my_licences")
    return reverse("my_case", args=[message.number])


def unread(person: Person, account: Account | None) -> int:
    """How many came since the page was opened last; an enterprise's post keeps no such mark."""
    return seen_by(person).filter(pk__gt=account.read_until).count() if account else 0


def read(account: Account | None, shown: Iterable[Message]) -> None:
    """Marks everything up to the newest that was shown as read."""
    newest = max((m.pk for m in shown), default=0)
    if account is not None:
        Account.objects.filter(pk=account.pk, read_until__lt=newest).update(read_until=newest)


def demo_code(key: str) -> str:
    """In a demonstration no text leaves the house: the text with the code, for the page that asks for it. Else nothing."""
    if not settings.DEMO:
        return ""
    code = OneTimeCode.objects.filter(key=key).first()
    sent: Any = Message.objects.filter(template="code", event_seq=code.pk).first() if code else None
    return sent.body if sent else ""
