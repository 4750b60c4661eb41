"""Draft, check, publish: how what the county keeps is changed. Nothing that the law forbids gets past the check."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from onewindow.cases import instant, rounds
from onewindow.cases.notices import over, say, tell
from onewindow.catalog import keep
from onewindow.catalog.lint import Finding
from onewindow.catalog.models import Change, ChangeState, ItemVersion
from onewindow.org.models import Office, Person, Post, number
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import limit, local

say(
    "catalogue.second_look",
    gettext_lazy("%(what)s: a change of the catalogue waits for your second look"),
    icon="eye",
)
say(
    "catalogue.not_in_force",
    gettext_lazy("%(what)s: the change could not come into force on its day, see what the check says"),
    icon="triangle-alert",
)


class NotPossible(Exception):
    """Why a change can't be made now; ``str`` is for the person."""


def begin(section: keep.Section, key: str, *, by: Person, content: Any = None) -> Change:
    """The open draft of a thing, or a new one from what is in force (or from ``content``).

    Raises :class:`NotPossible` if the person may not edit it, PermissionError-like, or the thing does not exist.
    """
    before = section.document(key)
    document = content if content is not None else before
    if document is None:
        raise NotPossible(_("There is nothing with this code."))
    if not section.may_edit(by, before or document):
        raise NotPossible(
            _("Only the administrator, the bureau and the head of its department may change this.")
        )
    found = Change.objects.of(section.name, key).open().first()
    if found is not None:
        if content is not None:
            save(found, content, by=by)
        return found
    now = instant.now()
    try:
        with transaction.atomic():
            return Change.objects.create(
                section=section.name,
                key=key,
                office=section.office(document),
                before=before,
                content=document,
                made_at=now,
                made_by=by.username,
                edited_at=now,
                edited_by=by.username,
            )
    except IntegrityError:  # somebody began at the same moment
        return Change.objects.of(section.name, key).open().get()


def save(change: Change, content: keep.Document, *, by: Person) -> None:
    """Keeps what was typed, finished or not. A draft that waited for a second look is one's own again."""
    _own(change, by)
    if content == change.content and change.state == ChangeState.DRAFT:
        return
    change.content, change.state, change.from_on = content, ChangeState.DRAFT, None
    change.edited_at, change.edited_by = instant.now(), by.username
    Change.objects.filter(pk=change.pk).update(
        content=content,
        state=change.state,
        from_on=None,
        edited_at=change.edited_at,
        edited_by=change.edited_by,
    )
    _looked(change)


def drop(change: Change, *, by: Person) -> None:
    """Gives the draft up; what is in force stays."""
    _own(change, by)
    Change.objects.filter(pk=change.pk).update(
        state=ChangeState.DROPPED, edited_at=instant.now(), edited_by=by.username
    )
    _looked(change)


def _looked(change: Change) -> None:
    """Nobody is asked for a second look at it any more."""
    over("catalogue.second_look", f"{change.pk} ", begins=True)


def _own(change: Change, by: Person) -> None:
    if not change.is_open:
        raise NotPossible(_("This change has been decided meanwhile."))
    if not may_edit(change, by):
        raise NotPossible(
            _("Only the administrator, the bureau and the head of its department may change this.")
        )


def may_edit(change: Change, by: Person) -> bool:
    """Judged by what is in force, so that nobody gives himself an item by moving it to his office; and by where it would
    go, so that nobody gives one to another office."""
    section = keep.SECTIONS[change.section]
    return all(section.may_edit(by, document) for document in (change.before, change.content) if document)


def check(change: Change) -> list[Finding]:
    """The fields and the whole lint (rules of the field, 7.1); errors first. Also whether something else came in force."""
    section = keep.SECTIONS[change.section]
    found = section.check(change.content)
    if section.document(change.key) != change.before:
        text = _(
            "Something else came into force since this draft was begun. Compare with the history, or begin anew."
        )
        found.append(Finding("moved_on", "error", text))
    return sorted(found, key=lambda f: f.severity != "error")


def needs_other(change: Change, by: Person) -> bool:
    """四眼原则: whether another person than the last editor must publish it."""
    return bool(number("four_eyes")) and change.edited_by == by.username


def submit(change: Change, *, by: Person, reason: str) -> None:
    """Asks for the second look."""
    _own(change, by)
    _sound(change)
    change.state, change.reason = ChangeState.CHECKED, reason
    Change.objects.filter(pk=change.pk).update(state=change.state, reason=reason, from_on=None)
    section = keep.SECTIONS[change.section]
    url = reverse("keep_check", args=[change.section, change.key])
    title = section.title(change.content)
    tell(
        _others(change, by),
        "catalogue.second_look",
        key=f"{change.pk} {change.edited_at:%y%m%d%H%M%S}",
        url=url,
        what=title,
    )


def _others(change: Change, by: Person) -> list[Person]:
    """Who could publish it: the bureau and the administrators, not whoever asks."""
    return [person for person in _keepers() if person.pk != by.pk]


def _keepers() -> list[Person]:
    posts = Post.objects.on(timezone.localdate(instant.now())).filter(
        role__in=[Role.BUREAU, Role.ADMIN], person__is_active=True
    )
    found = {post.person_id: post.person for post in posts.select_related("person")}
    return list(found.values())


def publish(change: Change, *, by: Person, reason: str = "", from_on: dt.date | None = None) -> str:
    """Puts the change in force, at once or on a later day (then ``scheduled``: the worker does it). Open applications keep
    their version. Returns what became of it (``same``: nothing).

    Raises :class:`NotPossible`: not this person's, not sound, somebody else has to look, or decided meanwhile.
    """
    _own(change, by)
    _sound(change)
    if needs_other(change, by):
        raise NotPossible(_("A second person has to publish what you have written."))
    if from_on is not None and from_on > timezone.localdate(instant.now()):
        taken = Change.objects.filter(pk=change.pk, state=change.state, edited_at=change.edited_at).update(
            state=ChangeState.SCHEDULED,
            from_on=from_on,
            reason=reason or change.reason,
            published_by=by.username,
        )
        if not taken:
            raise NotPossible(_("This change has been decided meanwhile."))
        change.state, change.from_on, change.published_by = ChangeState.SCHEDULED, from_on, by.username
        _looked(change)
        return "scheduled"
    return _put_in_force(change, by.username, reason)


def _put_in_force(change: Change, by: str, reason: str = "") -> str:
    section = keep.SECTIONS[change.section]
    with transaction.atomic():
        taken = Change.objects.filter(pk=change.pk, state=change.state, edited_at=change.edited_at).update(
            state=ChangeState.PUBLISHED,
            reason=reason or change.reason,
            published_at=instant.now(),
            published_by=by,
        )
        if not taken:
            raise NotPossible(_("This change has been decided meanwhile."))
        document = section.normal(change.content)
        outcome = section.publish(document, by=by)
        Change.objects.filter(pk=change.pk).update(content=document)
        _looked(change)
    change.state = ChangeState.PUBLISHED
    return outcome


@rounds.every_turn
def put_due_in_force(limit: int = 200) -> int:
    """What was approved for a day comes into force on it. If it does not fit any more (something else came in force, the
    rules speak against it now), it is a draft again and those who keep the catalogue are told."""
    due = Change.objects.filter(
        state=ChangeState.SCHEDULED, from_on__lte=timezone.localdate(instant.now())
    ).order_by("from_on", "id")
    done = 0
    for change in due[:limit]:
        try:
            _sound(change)
            _put_in_force(change, change.published_by)
        except NotPossible:
            _give_back(change)
        done += 1
    return done


def _give_back(change: Change) -> None:
    back = Change.objects.filter(pk=change.pk, state=ChangeState.SCHEDULED, edited_at=change.edited_at)
    if not back.update(state=ChangeState.DRAFT, from_on=None):
        return  # another worker, or a person, was faster
    approver = Person.objects.filter(username=change.published_by, is_active=True).first()
    tell(
        list({p.pk: p for p in [*([approver] if approver else []), *_keepers()]}.values()),
        "catalogue.not_in_force",
        key=f"{change.pk} {change.from_on}",
        url=reverse("keep_check", args=[change.section, change.key]),
        what=keep.SECTIONS[change.section].title(change.content),
    )


def _sound(change: Change) -> None:
    if keep.errors(check(change)):
        raise NotPossible(_("It can't be published: see what the check says."))
    if change.content == change.before:
        raise NotPossible(_("Nothing has been changed."))


# --- what changed ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One difference: the field in words, before and after (None: it was not there)."""

    label: str
    before: Any
    after: Any


def diff(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[Line]:
    """The differences field by field; rows of a list are told apart by their name, then by their place."""
    return list(_diff(before or {}, after))


def _diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Line]:
    from onewindow.catalog.forms import ROWS

    for name in [*after, *(n for n in before if n not in after)]:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name in ROWS:
            yield from _rows(name, old or [], new or [])
        elif isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
            yield Line(label(name), *_changed_lines(old, new))
        else:
            yield Line(label(name), shown(name, old), shown(name, new))


def _changed_lines(old: str, new: str) -> tuple[str | None, str | None]:
    """Of two long texts the lines that differ."""
    gone, come = [], []
    for line in difflib.ndiff(old.splitlines(), new.splitlines()):
        if line[:2] in ("- ", "+ ") and line[2:].strip():
            (gone if line[0] == "-" else come).append(line[2:])
    return "\n".join(gone) or None, "\n".join(come) or None


def _rows(name: str, old: list[Any], new: list[Any]) -> Iterator[Line]:
    from onewindow.catalog.forms import ROWS

    form = ROWS[name]
    before, after = {form.called(r): r for r in old}, {form.called(r): r for r in new}
    for title in [t for t in before if t not in after]:
        yield Line(f"{label(name)} {title}", form.told(before[title]), None)
    for title, row in after.items():
        if title not in before:
            yield Line(f"{label(name)} {title}", None, form.told(row))
            continue
        for field in [f for f in row if f != "no" and before[title].get(f) != row[f]]:
            text = f"{title}{_(', ')}{label(field, name)}"
            yield Line(text, shown(field, before[title].get(field), name), shown(field, row[field], name))
    kept = [t for t in before if t in after]
    if kept != [t for t in after if t in before]:
        yield Line(
            f"{label(name)}{_(', ')}{_('order')}",
            " → ".join(kept),
            " → ".join(t for t in after if t in before),
        )


def _field(name: str, of: str = "") -> Any:
    """The field behind a name in a document, of a row of a list or of any section's single facts."""
    from onewindow.catalog.forms import FACTS, ROWS

    if of:
        return ROWS[of].base_fields.get(name)
    return next((form.base_fields[name] for form in FACTS if name in form.base_fields), None)


def label(name: str, of: str = "") -> str:
    """A field in words."""
    from onewindow.catalog.forms import ROWS

    if not of and name in ROWS:
        return str(ROWS[name].ONE)
    field = _field(name, of)
    heads = {"value": _("Value"), "code": pgettext("thing", "Code")}
    return str(field.label) if field is not None and field.label else heads.get(name, name)


def shown(name: str, value: Any, of: str = "") -> str:
    """A value in words."""
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "office":
        return local(Office.objects.filter(code=value).first()) or str(value)
    choices = dict(getattr(_field(name, of), "choices", None) or {})
    if choices:
        parts = str(value).split("/") if name in ("service_object", "handling_forms") else value
        parts = parts if isinstance(parts, list) else [parts]
        return pgettext("list", ", ").join(str(choices.get(p, choices.get(str(p), p))) for p in parts)
    if name.endswith(("limit", "extension", "validity")) or name in ("value", "after"):
        return limit(str(value))
    return str(value)


def versions(code: str) -> list[ItemVersion]:
    """All versions of an item, newest first."""
    rows = ItemVersion.objects.filter(item__code=code).exclude(state="draft").select_related("item__office")
    return list(rows.prefetch_related("materials").order_by("-version"))
