"""网上申请: one question a page. What has been said is kept sealed after each page; the next page follows from what is
still missing, so going back, changing an answer and resuming tomorrow are all the same thing."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onewindow.cases import files, instant
from onewindow.cases.models import Attachment
from onewindow.cases.rules import Actor
from onewindow.catalog import questions
from onewindow.catalog.models import ItemVersion, MaterialSpec, Necessity, Source
from onewindow.my.models import Account, Draft
from onewindow.my.rules import Holder, account_of, holders
from onewindow.org.models import Hall, Person
from onewindow.org.templatetags.ow import local
from onewindow.window import actions as window
from onewindow.window.models import Application, DeliveryForm, DocumentForm

WHO, DELIVERY, NOTICE, CHECK = "who", "delivery", "notice", "check"
#: how a material may come online: our word → how it is kept
UPLOAD, HELD, BRING, LATER, NONE = "upload", "held", "bring", "later", "none"
FORMS = {
    UPLOAD: DocumentForm.ELECTRONIC,
    HELD: DocumentForm.REUSED,
    BRING: DocumentForm.MISSING,
    LATER: DocumentForm.DEFERRED,
    NONE: DocumentForm.MISSING,
}


class NotReady(Exception):
    """Something is still missing; ``step`` is the page that asks for it."""

    def __init__(self, step: str):
        super().__init__(step)
        self.step = step


@dataclass
class Sheet:
    """The open application form of one person: the draft, what it says, and what follows from that."""

    draft: Draft
    said: dict[str, Any]
    person: Person
    account: Account | None

    @property
    def version(self) -> ItemVersion:
        return self.draft.version

    @property
    def answers(self) -> dict[str, str]:
        return self.said.setdefault("answers", {})

    @property
    def materials(self) -> dict[str, dict[str, str]]:
        return self.said.setdefault("materials", {})

    @property
    def owner(self) -> str:
        return owner(self.person)

    def holder(self) -> Holder | None:
        """For whom: as chosen, if that is still allowed today."""
        wanted = self.said.get(WHO, {}).get("holder")
        return next((h for h in eligible(self.person, self.version) if h.key == wanted), None)

    def asked(self) -> list[questions.Question]:
        return questions.visible(self.version.form, self.answers)

    def specs(self) -> list[MaterialSpec]:
        """Materials that the applicant is asked for; what the government holds is not (政务数据共享条例)."""
        return [s for s in self.version.specs if s.source != Source.GOVERNMENT]

    def steps(self) -> list[str]:
        """All pages in their order, as far as the answers show it."""
        asked = [f"q-{q['name']}" for q in self.asked()]
        return [WHO, *asked, *(f"m-{s.no}" for s in self.specs()), DELIVERY, NOTICE, CHECK]

    def is_done(self, step: str) -> bool:
        if step == WHO:
            return self.holder() is not None
        if step.startswith("q-"):
            return step[2:] in self.answers
        if step.startswith("m-"):
            return step[2:] in self.materials
        return bool(self.said.get(step))

    def next(self) -> str:
        """The first page that still lacks its answer; at the end the one that shows all."""
        return next((s for s in self.steps() if s != CHECK and not self.is_done(s)), CHECK)

    def before(self, step: str) -> str | None:
        steps = self.steps()
        at = steps.index(step)
        return steps[at - 1] if at else None

    def spec(self, step: str) -> MaterialSpec:
        return next(s for s in self.specs() if f"m-{s.no}" == step)

    def question(self, step: str) -> questions.Question:
        return next(q for q in self.asked() if f"q-{q['name']}" == step)

    def attachment(self, no: int) -> Attachment | None:
        """The file that was kept for a material and belongs to no case yet."""
        key = self.materials.get(str(no), {}).get("key", "")
        return files.loose([key], self.owner).get(key) if key else None

    def save(self) -> None:
        """Keeps what has been said, unless it was handed in meanwhile."""
        now = instant.now()
        kept = Draft.objects.filter(pk=self.draft.pk, number="")
        self.draft.body, self.draft.saved_at = json.dumps(self.said, ensure_ascii=False), now
        kept.update(body=self.draft.body, saved_at=now)


def owner(person: Person) -> str:
    """Who is written into a file that this account has sent."""
    return f"account:{person.username}"


def eligible(person: Person, version: ItemVersion) -> list[Holder]:
    """For whom this person may apply for the item."""
    return [
        h
        for h in holders(person)
        if h.may_act
        and h.covers(version.item_id)
        and (version.for_enterprises if h.kind == "enterprise" else version.for_persons)
    ]


def begin(person: Person, version: ItemVersion) -> Draft:
    """Opens a form, or the one that is already begun for the item in this version."""
    begun = Draft.objects.filter(person=person, version=version, number="").first()
    if begun is not None:
        return begun
    now = instant.now()
    return Draft.objects.create(person=person, version=version, begun_at=now, saved_at=now)


def sheet(draft: Draft, person: Person) -> Sheet:
    """The form as it stands."""
    return Sheet(draft, json.loads(draft.body) if draft.body else {}, person, account_of(person))


def drop(draft: Draft) -> None:
    """Throws a form away, with the files that were sent with it."""
    said = json.loads(draft.body) if draft.body else {}
    keys = [m["key"] for m in said.get("materials", {}).values() if m.get("key")]
    for attachment in files.loose(keys, owner(draft.person)).values():
        files.forget(attachment)
        attachment.delete()
    Draft.objects.filter(pk=draft.pk, number="").delete()


def drop_old(before: dt.datetime) -> int:
    """Throws away what nobody has touched since ``before``, and forgets the rows of what was handed in; how many."""
    old = list(Draft.objects.filter(saved_at__lt=before).select_related("person"))
    for draft in old:
        drop(draft)
    Draft.objects.filter(pk__in=[d.pk for d in old]).delete()
    return len(old)


def ways_of(spec: MaterialSpec) -> list[tuple[str, Any]]:
    """How a material may come, the phone's camera first."""
    found = [(UPLOAD, _("Photo or file"))] if spec.form != "paper" else []
    found.append((BRING, _("I bring it to the window")))
    if spec.necessity == Necessity.DEFERRABLE:
        found.append((LATER, _("I hand it in later")))
    if spec.necessity == Necessity.OPTIONAL:
        found.append((NONE, _("It does not apply to me")))
    return found


@dataclass(frozen=True)
class Line:
    """One line of the page that shows everything before handing in."""

    step: str
    label: str
    text: str
    href: str = ""
    note: str = ""


def overview(sheet: Sheet) -> list[tuple[str, list[Line]]]:
    """All that was said, in the order of the pages: (heading, lines)."""
    who, delivery, holder = sheet.said.get(WHO, {}), sheet.said.get(DELIVERY, {}), sheet.holder()
    first: list[Line] = []
    if holder:
        name = holder.name if holder.kind == "enterprise" else holder.masked
        first.append(Line(WHO, _("Applicant"), f"{name}  {holder.masked_id}"))
        if holder.is_agent and sheet.account:
            first.append(Line(WHO, _("Agent"), sheet.account.masked_name))
        first += [Line(WHO, label, who[n]) for n, label in WHO_LINES() if who.get(n)]
    answers = [
        Line(f"q-{q['name']}", questions.words(q), questions.shown(q, sheet.answers.get(q["name"], "")))
        for q in sheet.asked()
    ]
    papers = [_material_line(sheet, spec) for spec in sheet.version.specs]
    how = DeliveryForm(delivery["form"]).label if delivery.get("form") else ""
    place = Hall.objects.filter(code=delivery.get("hall", "")).first()
    last = [Line(DELIVERY, _("How to get the result"), str(how), note=local(place) if place else "")]
    if delivery.get("address"):
        last.append(Line(DELIVERY, _("Address"), delivery["address"]))
    parts = [
        (_("Applicant"), first),
        (_("Your answers"), answers),
        (_("Materials"), papers),
        (pgettext("delivery", "Result"), last),
    ]
    return [(heading, lines) for heading, lines in parts if lines]


def WHO_LINES() -> list[tuple[str, str]]:
    return [("contact", _("Contact person")), ("mobile", _("Mobile")), ("address", _("Address"))]


def _material_line(sheet: Sheet, spec: MaterialSpec) -> Line:
    if spec.source == Source.GOVERNMENT:
        return Line("", local(spec), _("The government holds it: you need not bring it"))
    given = sheet.materials.get(str(spec.no), {})
    step = f"m-{spec.no}"
    if given.get("form") == UPLOAD and (file := sheet.attachment(spec.no)):
        return Line(step, local(spec), file.name, href=file.key, note=f"{file.size // 1024 or 1} KB")
    words = dict(ways_of(spec)).get(given.get("form", ""), "")
    return Line(step, local(spec), str(words))


class Done(Exception):
    """It was handed in already; ``number`` is the case."""

    def __init__(self, number: str):
        super().__init__(number)
        self.number = number


def hand_in(sheet: Sheet, *, lang: str) -> Application:
    """网上提交 — makes the application of a complete form, once: a second tap finds the first one's number.

    Raises :class:`NotReady`, :class:`Done`, and ``Duplicate`` if the holder has an open one for the item already.
    """
    with transaction.atomic():
        # claims the row first: the second of two taps waits here, then finds the number
        mine = Draft.objects.filter(pk=sheet.draft.pk, number="")
        if not mine.update(saved_at=instant.now()):
            raise Done(Draft.objects.get(pk=sheet.draft.pk).number)
        if (step := sheet.next()) != CHECK:
            raise NotReady(step)
        holder, who, delivery = sheet.holder(), sheet.said[WHO], sheet.said[DELIVERY]
        assert holder is not None  # or the next page would be the first
        agent = None
        if holder.is_agent and sheet.account:
            a = sheet.account
            agent = {"name": a.name, "id_number": a.id_number, "mobile": a.mobile}
        by = Actor("applicant", account=sheet.person.username, is_agent=holder.is_agent)
        asked = {q["name"]: sheet.answers.get(q["name"], "") for q in sheet.asked()}
        application = window.take_in(
            sheet.version,
            by=by,
            applicant={
                "kind": holder.kind,
                "name": holder.name,
                "id_type": holder.id_type,
                "id_number": holder.id_number,
                "mobile": who["mobile"],
                "contact": who.get("contact", ""),
                "address": delivery.get("address") or who.get("address", ""),
            },
            materials=_materials(sheet),
            hall=Hall.objects.filter(code=delivery.get("hall", "")).first()
            or Hall.objects.order_by("code").first(),
            channel="online",
            agent=agent,
            delivery_form=delivery["form"],
            lang=lang,
            account=sheet.person,
            answers=asked,
        )
        Draft.objects.filter(pk=sheet.draft.pk).update(number=application.number, body="")
    return application


def _materials(sheet: Sheet) -> dict[int, tuple[str, Attachment | None]]:
    """As they are taken in: number → (form, file)."""
    found: dict[int, tuple[str, Attachment | None]] = {}
    for spec in sheet.version.specs:
        if spec.source == Source.GOVERNMENT:
            found[spec.no] = (DocumentForm.REUSED, None)
            continue
        form, file = sheet.materials[str(spec.no)]["form"], sheet.attachment(spec.no)
        if form == UPLOAD and file is None:
            raise NotReady(f"m-{spec.no}")
        found[spec.no] = (FORMS[form], file if form == UPLOAD else None)
    return found
