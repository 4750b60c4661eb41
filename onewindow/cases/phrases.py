"""常用语: sentences that are written often – one's own, those of the office, and those that come with a step."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from onewindow.cases import desk
from onewindow.cases.models import Phrase
from onewindow.org.models import Person
from onewindow.org.roles import Role

MOST = 60  # of one person or office


def offered(person: Person, verb: str, shipped: tuple[str, ...]) -> list[str]:
    """What the page of a step offers: the own first, then the office's, then those that come with it; each once."""
    rows = list(visible(person).filter(Q(verb="") | Q(verb=verb)))
    own = [p.text for p in rows if p.person_id]
    office = [p.text for p in rows if not p.person_id]
    return list(dict.fromkeys([*own, *office, *shipped]))


def visible(person: Person) -> QuerySet[Phrase]:
    """The own phrases and those of the offices in which this person works."""
    offices = {post.office_id for post in person.posts_today}
    return (
        Phrase.objects.filter(Q(person=person) | Q(office_id__in=offices))
        .select_related("office")
        .order_by("id")
    )


def led(person: Person) -> Any:
    """The office for which this person may write phrases: the one that he or she heads."""
    return next((p.office for p in person.posts_today if p.role in (Role.HEAD, Role.HALL_MANAGER)), None)


def add(person: Person, text: str, verb: str = "", *, shared: bool = False) -> Phrase | None:
    """Keeps a phrase; None if there are too many already. Shared ones are the head's to write."""
    office = led(person) if shared else None
    owner = {"office": office} if office else {"person": person}
    if Phrase.objects.filter(**owner).count() >= MOST:
        return None
    return Phrase.objects.get_or_create(**owner, verb=verb, text=text.strip())[0]


def may_drop(phrase: Phrase, person: Person) -> bool:
    office = led(person)
    return phrase.person_id == person.pk or (office is not None and phrase.office_id == office.pk)


def drop(pk: int, person: Person) -> bool:
    """Deletes a phrase that is this person's to delete."""
    found = visible(person).filter(pk=pk).first()
    if found is None or not may_drop(found, person):
        return False
    found.delete()
    return True


def verbs() -> list[tuple[str, str]]:
    """The steps at which something is written."""
    found = {}
    for kind in desk.KINDS.values():
        for verb, form in kind.forms.items():
            if getattr(form, "phrases", ()) or any(
                "data-phrases" in f.widget.attrs for f in form.base_fields.values()
            ):
                found[verb] = str(kind.model.flow.steps[verb].label)
    return list(found.items())
