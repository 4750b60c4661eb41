"""远程邀评: whoever was not asked at a window, or did not see the question there, is asked by one message, and once more.

Nobody who has rated or skipped is asked; nobody more than once a day or ``review_invites_week`` times in seven days,
whatever number of matters they have (an agent may have thirty); nobody after the days in which a review is taken; nobody who
has asked us to stop. Messages go through the outbox, which keeps quiet hours and tries again.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from onewindow.cases import clock, instant, rounds
from onewindow.cases.channels import QUIET_FROM, QUIET_UNTIL
from onewindow.cases.models import Event
from onewindow.org.calendar import ZONE
from onewindow.org.models import number
from onewindow.org.sealed import digest
from onewindow.voice.invitation_models import (
    Invitation,
    InvitationState,
    InvitationStop,
    InvitationText,
    Place,
)
from onewindow.voice.models import Prompt, PromptState, Review, Touchpoint
from onewindow.window import links
from onewindow.window.models import Application, Channel, DeliveryForm
from onewindow.window.reactions import tell

S = InvitationState
SALT = "onewindow rate link"
#: Days on which somebody was asked limit nothing after a week; the rest is for whoever asks why.
KEPT = dt.timedelta(days=31)
#: What fetches a page without a person behind it: chat programs look at a link before anybody opens it.
ROBOTS = ("bot", "preview", "spider", "crawl", "curl", "python", "headlesschrome")


def expect(a: Application, touchpoint: str, at: dt.datetime) -> Invitation:
    """Notes that a touchpoint was reached, once, however often its event is followed up."""
    place = Place.COUNTER
    if touchpoint == Touchpoint.DELIVERED and a.delivery_form != DeliveryForm.COUNTER:
        place = Place.POST if a.delivery_form == DeliveryForm.POST else Place.ONLINE
    due = _awake(at + dt.timedelta(hours=number("review_invite_hours")))
    facts = {"hall_id": a.hall_id, "place": place, "reached_at": at, "due_at": due}
    who = a.mobile_digest if a.mobile else ""
    return Invitation.objects.get_or_create(
        number=a.number, touchpoint=touchpoint, defaults=facts | {"who": who}
    )[0]


def touchpoint_of(a: Application, verb: str) -> Touchpoint | None:
    """What is asked about after a step: an acceptance only of what was brought to a window (who applies from home is asked
    once, at the end), the end always."""
    if verb == "deliver":
        return Touchpoint.DELIVERED
    at_window = a.channel == Channel.COUNTER and not a.item_version.is_immediate
    return Touchpoint.ACCEPTED if at_window else None


# --- the worker's part ---------------------------------------------------------------------------------------


@rounds.every_turn
def go(limit: int) -> int:
    """Looks at what is due, newest matter first: of two of one person the fresher one is asked about. One query if nothing is."""
    now = instant.now()
    due = list(Invitation.objects.filter(due_at__lte=now).order_by("due_at", "pk")[:limit])
    for found in sorted(due, key=lambda i: (i.reached_at, i.pk), reverse=True):
        look(found, now)
    return len(due)


def look(i: Invitation, now: dt.datetime) -> None:
    """Asks, asks again, puts off or ends one invitation, in one transaction with its message."""
    a = Application.objects.with_facts().filter(number=i.number).first()
    until = i.reached_at + dt.timedelta(days=number("review_window_days"))
    if a is None or (end := _ended(i, now, until)):
        _move(i, state=end if a else S.SPARED, due_at=None, who="")
    elif (morning := _awake(now)) > now:
        _move(i, due_at=morning)
    elif not _may_ask_today(i, now):
        _move(i, due_at=min(_awake(_midnight(now) + dt.timedelta(days=1)), until))
    else:
        _ask(i, a, now, until)


def _ended(i: Invitation, now: dt.datetime, until: dt.datetime) -> InvitationState | None:
    """How it has ended, or nothing if somebody is still to be asked."""
    if Review.objects.filter(number=i.number, touchpoint=i.touchpoint).exists():
        return S.ANSWERED if i.asked else S.SPARED
    skipped = Prompt.objects.filter(number=i.number, touchpoint=i.touchpoint, state=PromptState.DECLINED)
    if skipped.exists():  # who has skipped has answered
        return S.SILENT if i.asked else S.SPARED
    if now >= until or i.asked == 2:
        return S.SILENT if i.asked else S.CROWDED
    if not i.who:
        return S.NO_WAY
    return S.STOPPED if InvitationStop.objects.filter(who=i.who).exists() else None


def _may_ask_today(i: Invitation, now: dt.datetime) -> bool:
    day = timezone.localdate(now, ZONE)
    lately = InvitationText.objects.filter(who=i.who, day__gt=day - dt.timedelta(days=7))
    days = list(lately.values_list("day", flat=True))
    return day not in days and len(days) < number("review_invites_week")


def _ask(i: Invitation, a: Application, now: dt.datetime, until: dt.datetime) -> None:
    """The message, the day on which this person was asked, and what is done next: all or nothing."""
    verb = "accept" if i.touchpoint == Touchpoint.ACCEPTED else "deliver"
    event = Event.objects.of(i.number).filter(kind=f"application.{verb}").last()
    nth = i.asked + 1
    later = clock.expected_end(now, number("review_invite_again_days")) if nth == 1 else None
    following = min(later, until) if later else until
    try:
        with transaction.atomic():
            if event is None or not _move(i, state=S.SENT, asked=nth, due_at=following):
                return
            day = timezone.localdate(now, ZONE)
            InvitationText.objects.create(invitation=i, nth=nth, who=i.who, day=day)
            tell(a, "review_ask" if nth == 1 else "review_ask_again", event, link=url(i))
    except IntegrityError:  # another worker has asked this person today, about something else
        _move(i, due_at=min(_awake(_midnight(now) + dt.timedelta(days=1)), until))


def _move(i: Invitation, **to: object) -> bool:
    """Whether this worker did it: another one may have been faster."""
    was = Invitation.objects.filter(pk=i.pk, due_at=i.due_at, asked=i.asked)
    return bool(was.update(**to))


def _midnight(at: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(timezone.localdate(at, ZONE), dt.time(), ZONE)


def _awake(at: dt.datetime) -> dt.datetime:
    """The instant, or the next morning if it lies in the quiet hours: so the day on which a person is asked is the day on
    which the telephone rings."""
    here = timezone.localtime(at, ZONE)
    if QUIET_UNTIL <= here.time() < QUIET_FROM:
        return at
    return dt.datetime.combine(here.date() + dt.timedelta(days=here.time() >= QUIET_FROM), QUIET_UNTIL, ZONE)


def answered(case_number: str, touchpoint: str) -> None:
    """Something was said: nobody is asked any more. In the transaction of the review."""
    rows = Invitation.objects.filter(number=case_number, touchpoint=touchpoint)
    rows.filter(asked__gt=0).update(state=S.ANSWERED, due_at=None, who="")
    rows.filter(asked=0).update(state=S.SPARED, due_at=None, who="")


# --- the link ------------------------------------------------------------------------------------------------


def url(i: Invitation) -> str:
    """A link that opens one question about one touchpoint, and nothing else of the case."""
    return f"{settings.BASE_URL}/r/{links.code_of(i.pk, SALT)}"


def by_code(code: str) -> tuple[Invitation, Application] | None:
    """The invitation of a link and its case; None for a wrong link, and once its days, and those of a change and a second
    review, are over."""
    if (pk := links.pk_of(code, SALT)) is None:
        return None
    i = Invitation.objects.filter(pk=pk, asked__gt=0).first()
    until = dt.timedelta(days=2 * number("review_window_days"))
    if i is None or instant.now() > i.reached_at + until:
        return None
    a = Application.objects.with_facts().filter(number=i.number).first()
    return (i, a) if a is not None and not links.is_expired(a) else None


def opened(i: Invitation, request: HttpRequest) -> None:
    """Counts the link as opened by a person, once: not for what only looks at headers, nor for a chat program's preview."""
    agent = request.headers.get("User-Agent", "").lower()
    if request.method == "HEAD" or any(word in agent for word in ROBOTS):
        return
    Invitation.objects.filter(pk=i.pk, opened_at__isnull=True).update(opened_at=instant.now())


# --- not any more --------------------------------------------------------------------------------------------


def stop(mobile_digest: str) -> None:
    """The person does not want to be asked by message any more, about whatever."""
    InvitationStop.objects.get_or_create(who=mobile_digest, defaults={"at": instant.now()})


def resume(mobile_digest: str) -> None:
    """The person has thought better of it."""
    InvitationStop.objects.filter(who=mobile_digest).delete()


def is_stopped(mobile_digest: str) -> bool:
    return InvitationStop.objects.filter(who=mobile_digest).exists()


#: Text messages that mean it.
STOP_WORDS = ("退订", "td", "t", "stop", "不要再问")


def stop_by_text(mobile: str, text: str) -> bool:
    """Whether a text message says so, and then it is done."""
    if text.strip().lower() not in STOP_WORDS:
        return False
    stop(digest(mobile))
    return True


def forget(before: dt.datetime) -> int:
    """Days on which somebody was asked have no purpose once they limit nothing (PIPL 19). Gives the rows deleted."""
    return InvitationText.objects.filter(day__lt=before.date()).delete()[0]
