"""容缺受理 and 告知承诺 from the window's side: where they are offered, what is opened at acceptance, what is still owed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import clock
from onewindow.cases.flow import StepRefused
from onewindow.cases.rules import By, Reason
from onewindow.catalog.barred import area_of
from onewindow.catalog.models import ItemVersion, Necessity
from onewindow.org.models import limit
from onewindow.pledges import actions as pledges
from onewindow.pledges.models import Kind, Pledge, Status
from onewindow.window.models import Application, DocumentForm


class NotOffered(StepRefused):
    """A deferral or a commitment that this item, the law or an earlier breach does not allow; ``reason`` says which."""


def commitment_refused(version: ItemVersion, id_number: str = "") -> Reason | None:
    """Why no commitment can be accepted; nothing if it can (国办发〔2020〕42号: never with a breach on record)."""
    if not version.allows_commitment:
        return Reason("no_commitment", _("This item is not granted on a written commitment."))
    if area_of(version.item.name, version.result):
        text = _(
            "The law bars a written commitment here: the matter bears on safety, ecology or health directly."
        )
        return Reason("commitment_barred", text)
    return _on_record(id_number)


def _on_record(id_number: str) -> Reason | None:
    if id_number and pledges.broken_before(id_number):
        text = _("An earlier promise of this applicant was broken: everything must be here at acceptance.")
        return Reason("broken_before", text)
    return None


def check(
    version: ItemVersion, id_number: str, materials: Mapping[int, tuple[str, Any]], on_commitment: bool
) -> None:
    """Raises :class:`NotOffered` if what is asked for isn't lawful; asks the database only if something is."""
    deferred = {no for no, (form, _file) in materials.items() if form == DocumentForm.DEFERRED}
    if on_commitment and (reason := commitment_refused(version, id_number)):
        raise NotOffered(reason)
    if not deferred:
        return
    allowed = {s.no for s in version.specs if s.necessity == Necessity.DEFERRABLE}
    if deferred - allowed or not pledges.may_follow(version):
        raise NotOffered(Reason("not_deferrable", _("This material must be here at acceptance.")))
    if reason := _on_record(id_number):
        raise NotOffered(reason)


def open_for(a: Application, held: Iterable[Iterable[Any]], *, by: By, now: dt.datetime) -> list[list[str]]:
    """Opens a pledge for each material to follow, and one for a commitment; returns the lines of the letter:
    what, by which day (ISO), with what consequence."""
    deferred = [no for no, form in held if form == DocumentForm.DEFERRED]
    if not deferred and not a.on_commitment:
        return []
    version, opened = a.item_version, []
    common = {"by": by, "item": version.item, "version": version, "hall": a.hall, "id_number": a.id_number}
    for spec in version.specs:
        if spec.no in deferred:
            more = {"spec_no": spec.no, "what": spec.name, "what_en": spec.name_en}
            opened.append(pledges.promise(a.number, kind=Kind.DEFERRAL, **common, **more))
    if a.on_commitment:
        opened.append(pledges.promise(a.number, kind=Kind.COMMITMENT, **common))
    a.pledge_count = len(opened)
    return lines(opened)


def lines(rows: Iterable[Pledge]) -> list[list[str]]:
    """As a letter prints them."""
    return [
        [p.what, timezone.localdate(p.due_at).isoformat() if p.due_at else "", p.consequence] for p in rows
    ]


def terms(a: Application, owed: list[list[str]]) -> dict[str, Any]:
    """What the commitment that the applicant signs is about."""
    return {
        "pledges": owed,
        "deferral": a.pledge_count > int(a.on_commitment),
        "commitment": a.on_commitment,
        "final": str(limit("final_result_limit")),
    }


def _owed(a: Application) -> Any:
    return Pledge.objects.of(a.number).filter(kind=Kind.DEFERRAL, status__in=[Status.PROMISED, Status.BROKEN])


def owes(a: Application) -> bool:
    """Whether a material that was put off is still not there."""
    return bool(a.pledge_count) and _owed(a).exists()


def owed(a: Application) -> list[list[str]]:
    """The materials that are still not there, as a letter prints them; no query where none was ever put off."""
    return lines(_owed(a)) if a.pledge_count else []


def all_of(a: Application) -> list[Pledge]:
    """Every pledge of the application; no query for the many that have none."""
    return list(Pledge.objects.of(a.number).with_facts()) if a.pledge_count else []


def after_decision(deliver: clock.Effect) -> clock.Effect:
    """A final decision starts the clock of its delivery (行政许可法 44); a preliminary one ends the decision's clock, and the
    next starts when nothing is owed any more."""
    finish = clock.finish()

    def effect(a: Any, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
        return finish(a, now, given) if a.is_preliminary else deliver(a, now, given)

    return effect
