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

from onewindow.cases import files, instant, numbers
from onewindow.cases.models import Attachment
from onewindow.cases.rules import Actor
from onewindow.catalog import questions
from onewindow.catalog.models import ItemVersion, MaterialSpec, Necessity, Source
from onewindow.exchange.models import Dataset, Given, Material
from onewindow.licences.models import Licence
from onewindow.my.models import Account, Draft
from onewindow.my.rules import Holder, account_of, holders
from onewindow.org.models import Hall, Person
from onewindow.org.templatetags.ow import day_long, local
from onewindow.window import actions as window
from onewindow.window import reuse
from onewindow.window.models import Application, DeliveryForm, DocumentForm, PaperKind
from onewindow.window.papers import issue

WHO, DELIVERY, NOTICE, CHECK = "who", "delivery", "notice", "check"
#: how a material may come online: our word → how it is kept
UPLOAD, HELD, FETCH, BRING, LATER, NONE = "upload", "held", "fetch", "bring", "later", "none"
FORMS = {
    UPLOAD: DocumentForm.ELECTRONIC,
    HELD: DocumentForm.REUSED,
    FETCH: DocumentForm.REUSED,
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
    #: key of the holder, what is held of him, the registers that can answer
    _looked_up: tuple[str, dict[int, Material], dict[int, Dataset]] = ("", {}, {})

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
        return next((h for h in self.able() if h.key == wanted), None)

    @property
    def renews(self) -> str:
        """Number of the licence that is to be renewed; empty for a new one."""
        return self.said.get("renews", "")

    def licence(self) -> Licence | None:
        """That licence, if it is this person's to see."""
        return licence_of(self.person, self.renews)

    def able(self) -> list[Holder]:
        """For whom this form can be filled in; a licence is renewed for its holder alone."""
        able = eligible(self.person, self.version)
        if not self.renews:
            return able
        licence = self.licence()
        return [h for h in able if licence is not None and h.digest == licence.id_digest]

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
            given = self.materials.get(step[2:])
            return given is not None and self._still_holds(int(step[2:]), given)
        return bool(self.said.get(step))

    def _still_holds(self, no: int, given: dict[str, str]) -> bool:
        """What was chosen from the library is looked at again at every page: it may have expired since, or the form may be
        for somebody else now."""
        if given["form"] == FETCH:
            return no in self.registers()
        if given["form"] != HELD:
            return True
        return no in self.offers() and self.offers()[no].key == given.get("held")

    def offers(self) -> dict[int, Material]:
        """Number of each asked material → what is held of the holder instead. What somebody handed in for another matter is
        offered to himself and his enterprise, not to an agent (个人信息保护法 13)."""
        holder = self.holder()
        if holder is None:
            return {}
        if self._looked_up[0] != holder.key:
            found = reuse.offers(self.version, holder.kind, holder.id_number)
            kept = {no: m for no, m in found.items() if not (m.needs_consent and holder.is_agent)}
            self._looked_up = holder.key, kept, reuse.fetchable(self.version, holder.kind)
        return self._looked_up[1]

    def registers(self) -> dict[int, Dataset]:
        """Number of each asked material → the register that can answer for it (政务数据共享条例: then it is not asked for)."""
        self.offers()
        return self._looked_up[2]

    def ways(self, spec: MaterialSpec) -> list[tuple[str, Any]]:
        """How a material may come: what is held or can be fetched first, then as the item says."""
        found: list[tuple[str, Any]] = []
        if (m := self.offers().get(spec.no)) is not None:
            text = _("Use it again: I agree") if m.needs_consent else _("Use what was issued here")
            found.append((HELD, text))
        elif (register := self.registers().get(spec.no)) is not None:
            text = _("The government fetches it: %(register)s") % {"register": local(register)}
            found.append((FETCH, text))
        return found + ways_of(spec)

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


def licence_of(person: Person, number: str) -> Licence | None:
    """A licence by its number, as typed, if this person may see it."""
    found = (
        Licence.objects.seen_by(person).with_facts().filter(number=numbers.clean(number)) if number else None
    )
    return found.first() if found is not None else None


def begin(person: Person, version: ItemVersion, renews: str = "") -> Draft:
    """Opens a form, or the one that is already begun for the item in this version. ``renews``: number of the licence that
    is to be renewed; a form begun for another licence, or for none, is turned to this one and asks anew for whom."""
    now = instant.now()
    begun = Draft.objects.filter(person=person, version=version, number="").first()
    if begun is None:
        begun = Draft.objects.create(person=person, version=version, begun_at=now, saved_at=now)
    said = json.loads(begun.body) if begun.body else {}
    if said.get("renews", "") != renews:
        said.pop(WHO, None)
        said["renews"] = renews
        begun.body = json.dumps(said, ensure_ascii=False)
        begun.save(update_fields=["body"])
    return begun


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
    if licence := sheet.licence():
        first.append(Line("", _("Renews the licence"), f"{local(licence)} {numbers.shown(licence.number)}"))
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
    words = dict(sheet.ways(spec)).get(given.get("form", ""), "")
    note = ""
    if given.get("form") == HELD and (m := sheet.offers().get(spec.no)):
        note = origin(m)
    return Line(step, local(spec), str(words), note=note)


def origin(m: Material) -> str:
    """Where a material of the library comes from, in one line."""
    said = {"day": day_long(m.issued_on), "about": m.about}
    if m.needs_consent:
        return _("handed in on %(day)s for “%(about)s”") % said
    return _("issued on %(day)s by %(office)s") % (said | {"office": m.issuer})


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
            renews=sheet.renews,
            consent=Given.ONLINE,
        )
        receipt(application)
        Draft.objects.filter(pk=sheet.draft.pk).update(number=application.number, body="")
    return application


def receipt(a: Application) -> None:
    """收件凭证: who hands in online gets the receipt at once, with what was sent (行政许可法 32; 国务院令第722号 36)."""
    held = a.documents.exclude(form=DocumentForm.MISSING).order_by("spec__no").values_list("spec__no", "form")
    facts = {"materials": [[no, form] for no, form in held]}
    issue(a, PaperKind.RECEIPT, a.opened_at, facts, seq=a.version)


def _materials(sheet: Sheet) -> dict[int, tuple[str, Attachment | Material | None]]:
    """As they are taken in: number → (form, file or what is held)."""
    found: dict[int, tuple[str, Attachment | Material | None]] = {}
    for spec in sheet.version.specs:
        if spec.source == Source.GOVERNMENT:
            found[spec.no] = (DocumentForm.REUSED, None)
            continue
        form, file = sheet.materials[str(spec.no)]["form"], sheet.attachment(spec.no)
        if form == HELD:
            found[spec.no] = (DocumentForm.REUSED, sheet.offers()[spec.no])
            continue
        if form == UPLOAD and file is None:
            raise NotReady(f"m-{spec.no}")
        found[spec.no] = (FORMS[form], file if form == UPLOAD else None)
    return found
