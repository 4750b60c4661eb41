"""一件事: one sitting opens several applications, each with its own number and clock; the same paper is given once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction

from onewindow.approvals.models import Approval
from onewindow.cases import instant, numbers
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.models import Attachment, attachment_key
from onewindow.cases.rules import applicant_of
from onewindow.catalog.bundles import Paper, Whole
from onewindow.catalog.models import Bundle, BundleStep, Necessity
from onewindow.org.masking import mask_name
from onewindow.org.models import FirstAnswer, Person
from onewindow.org.sealed import digest
from onewindow.pledges.models import Kind, Pledge
from onewindow.window import actions, progress, sitting
from onewindow.window.intake import forms_of
from onewindow.window.models import (
    Application,
    DocumentForm,
    Package,
    Result,
    Status,
    new_track_token,
    token_digest,
)
from onewindow.window.models import Paper as LetterRow

Given = Mapping[int, tuple[str, Attachment | None]]


def open_package(
    key: str,
    bundle: Bundle,
    chosen: Sequence[BundleStep],
    *,
    by: Person,
    applicant: Mapping[str, str],
    materials: Given,
    lang: str = "zh-hans",
    package: Package | None = None,
    tell: bool = False,
    **intake: Any,
) -> Package:
    """一件事受理 — takes in and accepts an application for each chosen step, in one transaction and once a ``key``.

    ``materials``: number of the merged paper → (form, attachment). ``package``: the one that a later stage belongs to.
    ``tell``: one that is not complete does not keep the others waiting: its applicant is told once what is missing
    (行政许可法 32(4)), the others are accepted.
    Raises what the steps raise (``actions.Duplicate``, ``StepRefused``); then nothing has happened.
    """
    whole = Whole(chosen)
    with transaction.atomic():
        first, is_new = FirstAnswer.objects.get_or_create(
            caller=f"together:{by.pk}", key=key, defaults={"status": 303}
        )
        if not is_new:
            return Package.objects.get(number=first.headers["number"])
        hall = sitting.hall_of(by)
        counter = by.counter if by.counter and hall and by.counter.hall_id == hall.pk else None
        package = package or _new(bundle, chosen, by, applicant, hall, lang)
        used: set[int] = set()
        for version in whole.versions:
            a = actions.take_in(
                version,
                by=by,
                applicant=applicant,
                hall=hall,
                counter=counter,
                lang=lang,
                parent=package.number,
                materials=_share(version.pk, whole.materials, materials, used),
                **intake,
            )
            if tell and (missing := _missing(a)):
                actions.ask_correction(a, by=by, note=TOLD, materials=dict.fromkeys(missing, TOLD_OF))
            else:
                actions.accept(a, by=by)
        first.headers = {"number": package.number}
        first.save(update_fields=["headers"])
        return package


#: what the one-time notice says of each material that is missing, and at its head (letters are Chinese)
TOLD_OF = "请提交本材料。"
TOLD = "请按所列材料逐项补正。"


def _missing(a: Application) -> list[int]:
    """Numbers of the required materials that are not there."""
    rows = a.documents.filter(form=DocumentForm.MISSING, spec__necessity=Necessity.REQUIRED)
    return list(rows.values_list("spec__no", flat=True))


def _new(
    bundle: Bundle,
    chosen: Sequence[BundleStep],
    by: Person,
    applicant: Mapping[str, str],
    hall: Any,
    lang: str,
) -> Package:
    token = new_track_token()
    return Package.objects.create(
        number=numbers.new(Package.PREFIX),
        bundle=bundle,
        chosen=[s.no for s in chosen],
        hall=hall,
        opened_at=instant.now(),
        opened_by=by.username,
        holder=mask_name(applicant["name"], kind=applicant["kind"]),
        id_digest=digest(applicant["id_number"]),
        lang=lang,
        track_token=token,
        track_digest=token_digest(token),
    )


def _share(version_id: int, papers: Sequence[Paper], given: Given, used: set[int]) -> dict[int, Any]:
    """The papers of one application, out of the one set; a file goes to each application that needs it."""
    found = {}
    for paper in papers:
        form, file = given.get(paper.no, (DocumentForm.MISSING, None))
        for spec in paper.specs:
            if spec.version_id != version_id:
                continue
            if form == DocumentForm.DEFERRED and form not in forms_of(spec):
                found[spec.no] = (DocumentForm.MISSING, None)
            else:
                found[spec.no] = (form, _own(file, used))
    return found


def _own(file: Attachment | None, used: set[int]) -> Attachment | None:
    """The file itself for the first application, an entry of its own for each further one: it belongs to one number."""
    if file is None or file.pk not in used:
        used.update({file.pk} if file else ())
        return file
    facts = {
        f.name: getattr(file, f.name) for f in Attachment._meta.concrete_fields if f.name not in ("id", "key")
    }
    return Attachment.objects.create(**facts | {"key": attachment_key(), "number": ""})


def children(package: Package) -> list[Application]:
    """Its applications, in the order of their opening."""
    return list(Application.objects.filter(parent=package.number).with_facts().order_by("id"))


def letters(now: Sequence[Application]) -> list[LetterRow]:
    """Every letter of these applications, to be printed in one go; in their order."""
    return list(
        LetterRow.objects.filter(application__in=now)
        .select_related("application__item")
        .order_by("application_id", "id")
    )


def by_token(token: str) -> Package | None:
    """The package of a link."""
    return Package.objects.filter(track_digest=token_digest(token)).select_related("bundle").first()


def later(
    package: Package, steps: Sequence[BundleStep], now: Sequence[Application]
) -> list[tuple[BundleStep, bool]]:
    """Steps that are still to be applied for, and whether their time has come: everything before has been granted."""
    there = {a.item_id for a in now}
    granted = {a.item_id for a in now if a.result == Result.GRANT}
    found = []
    for step in steps:
        if step.item_id and step.item_id not in there:
            before = {s.item_id for s in steps if s.item_id and s.stage < step.stage and s.item_id in there}
            found.append((step, bool(before) and before <= granted))
    return found


def withdraw_all(package: Package, reason: str) -> int:
    """撤回 — the applicant takes back what can still be taken back; each application by itself. Returns how many."""
    n = 0
    for a in children(package):
        me = applicant_of(a)
        if actions.flow.why_not("withdraw", a, me) is None:
            try:
                actions.withdraw(a, by=me, reason=reason)
                n += 1
            except (StepRefused, Stale):
                continue
    return n


def waits_for_applicant(now: Sequence[Application]) -> set[int]:
    """Keys of the applications with which the applicant has to do something: corrections, comments of a department, a right to
    a hearing, a material owed. Two queries."""
    numbers_ = [a.number for a in now if a.is_open]
    asked = Approval.objects.filter(application__in=numbers_, status="returned")
    owed = Pledge.objects.filter(application__in=numbers_, kind=Kind.DEFERRAL, status="promised")
    waiting = {*asked.values_list("application", flat=True), *owed.values_list("application", flat=True)}
    return {
        a.pk
        for a in now
        if a.status == Status.CORRECTING or a.number in waiting or (a.is_open and progress.can_ask(a))
    }


def state(now: Sequence[Application], waiting: Collection[int] = ()) -> str:
    """How the whole stands: ``doing``, ``wait`` (for the applicant, whose ``waiting`` applications these are), ``done`` or
    ``ended``."""
    if waiting or any(a.status == Status.CORRECTING for a in now):
        return "wait"
    if any(a.is_open and a.status != Status.DECIDED for a in now):
        return "doing"
    return "done" if any(a.result == Result.GRANT for a in now) else "ended"
