"""一次办: what happens in one sitting at the counter – taken in and accepted, decided, told or only received – happens
in one transaction and once for one form, however often its button is pressed."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter as Tally
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.models import Event
from onewindow.cases.rows import prepared
from onewindow.catalog.models import Item, ItemVersion
from onewindow.org.calendar import Limit, deadline
from onewindow.org.memory import Memory
from onewindow.org.models import AccessLog, FirstAnswer, Hall, Person, Region, current_calendar
from onewindow.org.roles import Role
from onewindow.window import actions
from onewindow.window.models import Application, Draft, PaperKind, Result
from onewindow.window.papers import issue

#: What the button of the form asks for.
ACCEPT, DECIDE, TELL, RECEIVE = "accept", "decide", "tell", "receive"
DRAFT_DAYS = 30


def hall_of(clerk: Person) -> Hall | None:
    """The hall that this clerk works in today: that of the own counter, else that of the post; None without a post."""
    halls = {p.hall_id: p.hall for p in clerk.posts_today if p.role == Role.CLERK and p.hall_id}
    counter = clerk.counter
    return halls.get(counter.hall_id if counter else None) or next(iter(halls.values()), None)


def finish(
    key: str,
    do: str,
    version: ItemVersion,
    *,
    by: Person,
    note: str = "",
    to_correct: Mapping[int, str] | None = None,
    **intake: Any,
) -> Application:
    """Takes the application in and goes as far as the button says; ``intake`` goes to :func:`actions.take_in`.

    The second press of the same form (the same ``key``) returns the application of the first. Raises what the steps
    raise; then nothing has happened.
    """
    with transaction.atomic():
        first, is_new = FirstAnswer.objects.get_or_create(
            caller=_caller(by), key=key, defaults={"status": 303}
        )
        if not is_new:
            return Application.objects.get(number=first.headers["number"])
        hall = hall_of(by)
        counter = by.counter if by.counter and hall and by.counter.hall_id == hall.pk else None
        number = reserved(by, key)
        a = actions.take_in(
            version, by=by, hall=hall, counter=counter, channel="counter", number=number, **intake
        )
        if do == RECEIVE:
            issue(a, PaperKind.RECEIPT, a.opened_at, {}, seq=a.version)
        elif do == TELL:
            actions.ask_correction(a, by=by, note=note, materials=to_correct or {})
        else:
            actions.accept(a, by=by)
            if do == DECIDE:
                actions.decide(a, by=by, result=Result.GRANT)
        first.headers = {"number": a.number}
        first.save(update_fields=["headers"])
        Draft.objects.filter(person=by, key=key).delete()
        return a


def _caller(by: Person) -> str:
    return f"counter:{by.pk}"


def done(number: str, by: Person) -> tuple[Application, bool] | None:
    """An application that this person may see, and whether it was this person's own sitting of the last two hours: only
    then the query code and the link are shown again."""
    a = Application.objects.seen_by(by).with_facts().filter(number=number).first()
    if a is None:
        return None
    mine = Event.objects.filter(number=number, seq=1, by=by.username).exists()
    return a, mine and instant.now() - a.opened_at < dt.timedelta(hours=2)


class Preview(NamedTuple):
    """When the decision will be due if the application is accepted now."""

    promised_at: dt.datetime | None
    legal_at: dt.datetime | None
    is_provisional: bool


def preview(version: ItemVersion) -> Preview:
    """By the clock that acceptance itself will use."""
    now, calendar = instant.now(), current_calendar()
    promised, legal = (
        deadline(now, [Limit.parse(text)], [], calendar)
        for text in (version.promised_limit, version.legal_limit)
    )
    return Preview(promised.at, legal.at, promised.provisional or legal.provisional)


def frequent(clerk: Person, most: int = 6) -> list[Item]:
    """The items that this clerk took in most often lately; for a newcomer those in demand."""
    since = instant.now() - dt.timedelta(days=30)
    codes = [c for c, _n in Tally(code for (code,) in _received(clerk.username, since)).most_common(most)]
    day = timezone.localdate()

    def named(*codes: str) -> Any:
        return Item.objects.published().filter(code__in=codes)

    def hot() -> Any:
        return Item.objects.published().filter(is_hot=True).order_by("code")[: 2 * most]

    items = {i.code: i for i in ITEMS.rows((day, len(codes)), named, *codes)}
    mine = [items[c] for c in codes if c in items]
    more = ITEMS.rows((day, most, "hot"), hot) if len(mine) < most else []
    return [*mine, *(i for i in more if i.code not in codes)][:most]


ITEMS = Memory()


@prepared
def _received(username: str, since: dt.datetime) -> Any:
    rows = Event.objects.filter(kind="application.receive", by=username, at__gte=since).order_by("-at")
    return rows.values_list("data__item")[:200]


def visits(clerk: Person, id_number: str) -> list[Application]:
    """Earlier applications of the same holder, newest first, as far as this clerk may see them."""
    return list(
        Application.objects.seen_by(clerk).held_by(id_number).with_facts().order_by("-opened_at")[:20]
    )


def take_over(clerk: Person, id_number: str, ip: str | None = None) -> dict[str, str]:
    """Name, mobile and address of the holder's last application, for a holder who is at the counter again. Logged."""
    last = next(iter(visits(clerk, id_number)), None)
    if last is None:
        return {}
    fields = {
        "name": last.applicant_name,
        "mobile": last.mobile,
        "contact": last.contact,
        "address": last.address,
    }
    AccessLog.objects.create(
        at=instant.now(), person=clerk.username, number=last.number, field="name, mobile, address",
        purpose="intake: the same applicant at the counter", ip=ip,
    )  # fmt: skip
    return fields


# --- drafts ------------------------------------------------------------------------------------------------


def save_draft(clerk: Person, key: str, title: str, data: Mapping[str, Any]) -> Draft | None:
    """Keeps a form as it is, sealed. None if the form has already become an application."""
    with transaction.atomic():
        if FirstAnswer.objects.filter(caller=_caller(clerk), key=key).exists():
            return None
        draft, _new = Draft.objects.update_or_create(
            person=clerk,
            key=key,
            defaults={
                "title": title[:120],
                "body": json.dumps(dict(data), ensure_ascii=False),
                "saved_at": instant.now(),
            },
        )
        return draft


def drafts(clerk: Person) -> list[Draft]:
    """The clerk's own, newest first; nobody else's are ever shown."""
    return list(Draft.objects.filter(person=clerk).defer("body").order_by("-saved_at")[:20])


def draft(clerk: Person, key: str) -> dict[str, Any] | None:
    """What was in a draft, None if there is none (any more)."""
    found = Draft.objects.filter(person=clerk, key=key).first()
    return json.loads(found.body) if found else None


def reserved(clerk: Person, key: str) -> str:
    """The number that the form of this draft will have, if a register has been asked for it."""
    return Draft.objects.filter(person=clerk, key=key).values_list("number", flat=True).first() or ""


def drop_draft(clerk: Person, key: str) -> None:
    Draft.objects.filter(person=clerk, key=key).delete()


def towns() -> list[str]:
    """Towns, streets and farms of the county, for the address field."""
    return list(Region.objects.exclude(level="county").order_by("code").values_list("name", flat=True)[:60])
