"""回避: who is kept out of an issue, whatever posts he or she holds: the person it is about, and whoever leads that person.

The leader of somebody who sits in a hall is the manager of that hall; of anybody else, the head of the office.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.rules import Actor, By
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role

#: the bureau's leader, and then the leading group, handle what came back a second and a third time
LEADERS_TURN = 3


def led_by(person: Person) -> set[int]:
    """The keys of the people whom this person leads today; asked once a request."""
    known = getattr(person, "_led", None)
    if known is None:
        halls, offices = person.halls_as(Role.HALL_MANAGER), person.offices_as(Role.HEAD)
        known = set()
        if halls or offices:
            posts = Post.objects.on(timezone.localdate(instant.now()))
            there = Q(hall_id__in=halls) | Q(hall__isnull=True, office_id__in=offices)
            known = set(posts.filter(there).values_list("person_id", flat=True)) - {person.pk}
        person._led = known  # type: ignore[attr-defined]
    return known


def chiefs_of(subject: Person) -> set[int]:
    """The keys of those who lead this person today."""
    posts = list(Post.objects.on(timezone.localdate(instant.now())).filter(person=subject))
    halls = {p.hall_id for p in posts if p.hall_id}
    offices = {p.office_id for p in posts if not p.hall_id}
    leads = Q(role=Role.HALL_MANAGER, hall_id__in=halls) | Q(role=Role.HEAD, office_id__in=offices)
    found = (
        Post.objects.on(timezone.localdate(instant.now())).filter(leads).values_list("person_id", flat=True)
    )
    return set(found) - {subject.pk}


def kept_out_text(subject: Person | None) -> str:
    """What ``Issue.kept_out`` holds: the ids between commas."""
    keys = sorted(chiefs_of(subject)) if subject else []
    return f",{','.join(map(str, keys))}," if keys else ""


def works_at(subject: Person, office: Any) -> bool:
    """Whether the person works in that office itself (not in a hall): its people would judge their own colleague."""
    day = timezone.localdate(instant.now())
    return Post.objects.on(day).filter(person=subject, office=office, hall__isnull=True).exists()


def kept_out(issue: Any, person: By) -> bool:
    """Whether this is the person it is about, or leads or led that person: no post opens the issue then."""
    if isinstance(person, Actor):
        return False
    return (
        issue.subject_id == person.pk
        or f",{person.pk}," in issue.kept_out
        or (issue.subject_id is not None and issue.subject_id in led_by(person))
    )


def handles(issue: Any, by: By) -> bool:
    """Whether this person is of the unit whose turn it is: after the third reopening the leading group."""
    if isinstance(by, Actor) or kept_out(issue, by):
        return False
    if issue.reopened >= LEADERS_TURN:
        return by.has_role(Role.LEADER)
    return issue.office_id in by.offices_as(*issue.HANDLERS)
