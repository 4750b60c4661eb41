"""AB 角: who stands in for whom, who is away, and the dated posts that follow – so that absence never stops a case.

While A is away, B (the first of A's stand-ins who is there that day) holds a post that ``stands_in_for`` each of A's; every
rule works on it unchanged, and what B does is recorded “for A”. A day of absence without B is an alarm.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.ladder import holders
from onewindow.cases.notices import bilingual, say, tell
from onewindow.org.models import Absence, Person, Post, StandIn
from onewindow.org.roles import Role

say("stand_in", _("You stand in for %(absent)s from %(first)s to %(last)s"), "users-round")
say("uncovered", _("%(absent)s is away from %(first)s to %(last)s and nobody stands in"), "user-round-x")

LONGEST = 366  # days of one absence


class NotPossible(ValueError):
    """Why an absence or a pairing can't be entered; the message is for the page, ``field`` the one at fault."""

    def __init__(self, message: Any, field: str | None = None):
        super().__init__(message)
        self.message, self.field = message, field


def today() -> dt.date:
    return timezone.localdate(instant.now())


def staff_of(manager: Person) -> QuerySet[Person]:
    """Whose absences and stand-ins this person arranges: a head the department, a hall manager the hall, bureau and
    leaders their own office; everybody the own absence."""
    mine = Q(pk=manager.pk)
    if offices := manager.offices_as(Role.HEAD):
        mine |= _now(Q(posts__office_id__in=offices, posts__role__in=[Role.APPROVER, Role.HEAD]))
    if halls := manager.halls_as(Role.HALL_MANAGER):
        mine |= _now(Q(posts__hall_id__in=halls, posts__role__in=[Role.CLERK, Role.HALL_MANAGER]))
    if offices := manager.offices_as(Role.BUREAU, Role.LEADER):
        mine |= _now(Q(posts__office_id__in=offices, posts__role__in=[Role.BUREAU, Role.LEADER]))
    return Person.objects.filter(mine, is_active=True).distinct().order_by("username")


def _now(q: Q) -> Q:
    day = today()
    held = Q(posts__starts_on__lte=day) & (Q(posts__ends_on__isnull=True) | Q(posts__ends_on__gte=day))
    return q & held & Q(posts__stands_in_for__isnull=True)


def arranges(manager: Person) -> bool:
    """Whether this person arranges stand-ins (and not only reports the own absence)."""
    return manager.has_role(Role.HEAD, Role.HALL_MANAGER, Role.BUREAU, Role.LEADER)


def candidates(a: Person) -> QuerySet[Person]:
    """Who could stand in: colleagues of the same office or hall. Never the administrator, who gives rights and uses none."""
    day = today()
    own = list(a.posts.on(day).filter(stands_in_for__isnull=True))
    same = Q(posts__office_id__in={p.office_id for p in own}) | Q(
        posts__hall_id__in={p.hall_id for p in own if p.hall_id}
    )
    found = Person.objects.filter(_now(same), is_active=True).exclude(pk=a.pk)
    barred = Post.objects.on(day).filter(role__in=[Role.ADMIN, Role.ENTERPRISE]).values("person_id")
    return found.exclude(pk__in=barred).distinct().order_by("username")


def pair(a: Person, b: Person, *, by: Person) -> StandIn:
    """确定 AB 角 — from today ``b`` stands in for ``a`` whenever a is away. Raises :class:`NotPossible`."""
    if not arranges(by) or not staff_of(by).filter(pk=a.pk).exists():
        raise NotPossible(_("You arrange the stand-ins of your own unit only."), "a")
    if not candidates(a).filter(pk=b.pk).exists():
        raise NotPossible(_("A stand-in works in the same department or hall."), "b")
    if pairs(a, today()).filter(b=b).exists():
        raise NotPossible(_("These two are already paired."), "b")
    with transaction.atomic():
        made = StandIn.objects.create(a=a, b=b, starts_on=today(), set_by=by, set_at=instant.now())
        for absence in Absence.objects.filter(person=a, ends_on__gte=today()):
            cover(absence)
        return made


def unpair(pairing: StandIn, *, by: Person) -> None:
    """解除 AB 角 — ends a pairing with yesterday (or takes back one of today); running absences are covered anew."""
    if not arranges(by) or not staff_of(by).filter(pk=pairing.a_id).exists():
        raise NotPossible(_("You arrange the stand-ins of your own unit only."))
    with transaction.atomic():
        if pairing.starts_on >= today():
            pairing.delete()
        else:
            pairing.ends_on = today() - dt.timedelta(days=1)
            pairing.save(update_fields=["ends_on"])
        for absence in Absence.objects.filter(person_id=pairing.a_id, ends_on__gte=today()):
            cover(absence)


def pairs(a: Person, day: dt.date) -> QuerySet[StandIn]:
    """The stand-ins of a person on a day, the first one first."""
    return StandIn.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=day), a=a, starts_on__lte=day, b__is_active=True
    ).order_by("id")


def leave(person: Person, first: dt.date, last: dt.date, *, reason: str, by: Person) -> Absence:
    """请假 — enters an absence, gives the stand-ins their posts and tells them; raises the alarm for days without one.

    Raises :class:`NotPossible`: not this person's to enter, in the past, too long, or overlapping another.
    """
    if not staff_of(by).filter(pk=person.pk).exists():
        raise NotPossible(_("You enter the absences of your own unit, and your own."), "person")
    if last < first:
        raise NotPossible(_("The last day lies before the first."), "ends_on")
    if first < today():
        raise NotPossible(
            _("An absence is entered from today on; what was done stays as it was."), "starts_on"
        )
    if (last - first).days >= LONGEST:
        raise NotPossible(_("At most a year; for longer, the post itself ends."), "ends_on")
    with transaction.atomic():
        if Absence.objects.filter(person=person, starts_on__lte=last, ends_on__gte=first).exists():
            raise NotPossible(_("There is already an absence in these days."), "starts_on")
        made = Absence.objects.create(
            person=person,
            starts_on=first,
            ends_on=last,
            reason=reason,
            entered_by=by,
            entered_at=instant.now(),
        )
        cover(made)
        # whoever leaves may himself be somebody's stand-in in these days
        for other in Absence.objects.filter(
            person__in=StandIn.objects.filter(b=person).values("a"), starts_on__lte=last, ends_on__gte=first
        ):
            cover(other)
        return made


def come_back(absence: Absence, *, by: Person) -> None:
    """返岗 — the absence ends with yesterday; one of today or later is taken back altogether."""
    if not staff_of(by).filter(pk=absence.person_id).exists():
        raise NotPossible(_("You enter the absences of your own unit, and your own."))
    with transaction.atomic():
        _clear(absence.person, today(), absence.ends_on)
        if absence.starts_on >= today():
            absence.delete()
        else:
            absence.ends_on = today() - dt.timedelta(days=1)
            absence.save(update_fields=["ends_on"])


Span = tuple[dt.date, dt.date, Person | None]


def _spans(absence: Absence, post: Post) -> Iterator[Span]:
    """Who stands in for this post, from today on: stretches of days with one person (None: nobody is there)."""
    first = max(absence.starts_on, post.starts_on, today())
    last = min(absence.ends_on, post.ends_on or absence.ends_on)
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    stand_ins = list(
        StandIn.objects.filter(a=absence.person, b__is_active=True).select_related("b").order_by("id")
    )
    away = list(
        Absence.objects.filter(
            person__in=[p.b_id for p in stand_ins], ends_on__gte=first, starts_on__lte=last
        ).values_list("person_id", "starts_on", "ends_on")
    )

    def there(day: dt.date) -> Person | None:
        for p in stand_ins:
            in_force = p.starts_on <= day and (p.ends_on is None or day <= p.ends_on)
            if in_force and not any(who == p.b_id and a <= day <= b for who, a, b in away):
                return p.b
        return None

    for person, stretch in groupby(days, key=there):
        found = list(stretch)
        yield found[0], found[-1], person


def cover(absence: Absence) -> list[Span]:
    """Gives the stand-ins their posts for the days of an absence that are still to come; gives the days that nobody covers.

    What was held before today stays on record. Run again, it leaves what is already so.
    """
    person = absence.person
    gaps: list[Span] = []
    _clear(person, max(absence.starts_on, today()), absence.ends_on)
    own = person.posts.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=today()),
        stands_in_for__isnull=True,
        starts_on__lte=absence.ends_on,
    ).exclude(role__in=[Role.ADMIN, Role.ENTERPRISE])
    told: set[tuple[Any, ...]] = set()
    for post in own.select_related("office", "hall"):
        for first, last, b in _spans(absence, post):
            if b is None:
                gaps.append((first, last, None))
                _alarm(absence, post, first, last)
                continue
            Post.objects.create(
                person=b, role=post.role, office=post.office, hall=post.hall, starts_on=first, ends_on=last,
                stands_in_for=post,
            )  # fmt: skip
            if (b.pk, first, last) not in told:
                told.add((b.pk, first, last))
                said: dict[str, Any] = {
                    "absent": bilingual(person),
                    "first": first.isoformat(),
                    "last": last.isoformat(),
                }
                tell([b], "stand_in", key=f"{absence.pk} {first} {last}", url="/desk/stand-ins/", **said)
    return gaps


def _clear(person: Person, first: dt.date, last: dt.date) -> None:
    """Takes back the stand-ins' posts of these days; what has begun before keeps its past."""
    posts = Post.objects.filter(stands_in_for__person=person, starts_on__lte=last, ends_on__gte=first)
    for post in posts:
        if post.starts_on >= first:
            post.delete()  # no day of it has passed
        else:
            post.ends_on = first - dt.timedelta(days=1)
            post.save(update_fields=["ends_on"])


def _alarm(absence: Absence, post: Post, first: dt.date, last: dt.date) -> None:
    """Nobody stands in: the own chief, bureau and administration are told, and shown it on the page."""
    said: dict[str, Any] = {
        "absent": bilingual(absence.person),
        "first": first.isoformat(),
        "last": last.isoformat(),
    }
    key = f"{absence.pk} {first} {last}"
    chiefs = holders(Role.HALL_MANAGER if post.hall_id else Role.HEAD, post.office, None)
    if post.hall_id:
        chiefs = [p.person for p in Post.objects.on(today()).filter(role=Role.HALL_MANAGER, hall=post.hall)]
    people = [*chiefs, *holders(Role.BUREAU), *holders(Role.ADMIN)]
    tell({p.pk: p for p in people}.values(), "uncovered", key=key, url="/desk/stand-ins/", **said)


def uncovered(absences: Sequence[Absence]) -> dict[int, list[Span]]:
    """The days of each absence, from today on, on which nobody stands in."""
    gaps: dict[int, list[Span]] = {}
    for absence in absences:
        if absence.ends_on < today():
            continue
        for post in absence.person.posts.filter(stands_in_for__isnull=True).on(
            max(today(), absence.starts_on)
        ):
            if post.role not in (Role.ADMIN, Role.ENTERPRISE):
                gaps.setdefault(absence.pk, []).extend(s for s in _spans(absence, post) if s[2] is None)
    return {pk: spans for pk, spans in gaps.items() if spans}


# --- for the page ------------------------------------------------------------------------------------------


def colleagues(manager: Person) -> QuerySet[Person]:
    """Everybody of the offices and halls that this person leads: from among them a stand-in is chosen."""
    offices = manager.offices_as(Role.HEAD, Role.BUREAU, Role.LEADER)
    halls = manager.halls_as(Role.HALL_MANAGER)
    same = _now(Q(posts__office_id__in=offices) | Q(posts__hall_id__in=halls))
    return Person.objects.filter(same, is_active=True).distinct().order_by("username")


def absences_of(people: QuerySet[Person]) -> list[dict[str, Any]]:
    """Running and coming absences of these people, the next first, each with who stands in and the days of nobody."""
    found = list(
        Absence.objects.filter(person__in=people, ends_on__gte=today())
        .select_related("person")
        .order_by("starts_on", "id")[:100]
    )
    stood = Post.objects.filter(stands_in_for__person__in=[a.person_id for a in found], ends_on__gte=today())
    by: dict[int, list[Post]] = {}
    for post in stood.select_related("person", "stands_in_for").order_by("starts_on", "id"):
        by.setdefault(post.stands_in_for.person_id, []).append(post)  # type: ignore[union-attr]
    gaps = uncovered(found)
    return [
        {
            "absence": a,
            "posts": _once(a, by.get(a.person_id, [])),
            "gaps": sorted({s[:2] for s in gaps.get(a.pk, [])}),
        }
        for a in found
    ]


def _once(absence: Absence, posts: list[Post]) -> list[Post]:
    mine = [
        p for p in posts if p.starts_on <= absence.ends_on and p.ends_on and p.ends_on >= absence.starts_on
    ]
    return list({(p.person_id, p.starts_on, p.ends_on): p for p in mine}.values())


def pairs_of(people: QuerySet[Person]) -> list[StandIn]:
    """The stand-ins in force of these people."""
    day = today()
    in_force = StandIn.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), a__in=people)
    return list(in_force.select_related("a", "b").order_by("a__username", "id"))


def mine(person: Person) -> list[Post]:
    """The posts that this person holds or will hold in somebody's place."""
    posts = person.posts.filter(stands_in_for__isnull=False, ends_on__gte=today())
    return list(posts.select_related("office", "hall", "stands_in_for__person").order_by("starts_on", "id"))


def end(do: str, pk: str, *, by: Person) -> None:
    """Ends the absence (``back``) or pairing (``unpair``) with this key; NotPossible if it is not this person's to end."""
    key = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 18 else 0
    if do == "back":
        if (
            absence := Absence.objects.select_related("person").filter(pk=key, ends_on__gte=today()).first()
        ) is None:
            raise NotPossible(_("This is no longer there."))
        come_back(absence, by=by)
    else:
        if (pairing := StandIn.objects.filter(pk=key).first()) is None:
            raise NotPossible(_("This is no longer there."))
        unpair(pairing, by=by)
