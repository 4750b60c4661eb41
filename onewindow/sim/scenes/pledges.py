"""容缺、承诺、证照: a preliminary result, commitments to be checked and broken, licences near their end."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from django.utils import timezone

from onewindow.cases import instant, rounds
from onewindow.cases.worker import follow, wake
from onewindow.catalog.models import Item, MaterialSpec
from onewindow.data.people import firms
from onewindow.licences import actions as licences
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, Person
from onewindow.org.roles import Role
from onewindow.pledges import actions as pledges
from onewindow.pledges.models import Pledge
from onewindow.window import actions
from onewindow.window.models import Application, DocumentForm

ORDER = 30
SEED, OFF = 20, 60  # people that the everyday life does not use


def plant(random: Random) -> None:
    """Once: three applications of firms, and five licences that end within 50 days."""
    food = Item.objects.published().filter(code="ZD-MSA-001").first()
    road = Item.objects.published().filter(code="ZD-TRANS-027").first()
    hall = Hall.objects.order_by("code").first()
    if food is None or road is None or hall is None or Pledge.objects.filter(kind="commitment").exists():
        return
    clerk = _who(Role.CLERK, hall=hall)
    them = iter(list(firms(SEED, OFF)))
    if clerk is None or _who(Role.APPROVER, office=food.office) is None:
        return
    now = instant.now()
    spec = (
        MaterialSpec.objects.filter(necessity=3, version__state="published", version__case_kind="PROMISED")
        .filter(version__service_object__contains="E")
        .select_related("version__item__office")
        .order_by("version__item__code", "no")
        .first()
    )
    if spec is not None:
        with instant.simulated(now - dt.timedelta(days=4)):
            _decide(_take_in(spec.version.item, hall, clerk, next(them), later=spec.no))
    for broken in (False, True):
        with instant.simulated(now - dt.timedelta(days=20 if broken else 6)):
            a = _take_in(road, hall, clerk, next(them), on_commitment=True)
            _decide(a)
        if broken and (p := Pledge.objects.with_facts().filter(application=a.number).first()):
            approver = _who(Role.APPROVER, office=road.office)
            pledges.breach(p, by=approver, reason="经现场核查，停车场地与承诺不符。")
            follow()
    for days in (9, 14, 28, 40, 50):
        _licence(food, hall, clerk, next(them), days, now)
    for _ in range(3):
        licences.scan()
        follow()
    wake()


def _who(role: str, **at: Any) -> Any:
    where = {f"posts__{name}": value for name, value in at.items()}
    return Person.objects.filter(posts__role=role, is_active=True, **where).order_by("username").first()


def _take_in(item: Item, hall: Hall, clerk: Person, firm: Any, *, later: int = 0, **more: Any) -> Application:
    version = item.current
    version.item = item
    materials = {s.no: (DocumentForm.PAPER, None) for s in version.specs}
    if later:
        materials[later] = (DocumentForm.DEFERRED, None)
    applicant = {
        "kind": "enterprise", "name": firm.name, "id_type": "uscc", "id_number": firm.uscc,
        "mobile": firm.mobile, "contact": firm.contact.name, "address": firm.address,
    }  # fmt: skip
    a = actions.take_in(
        version, by=clerk, applicant=applicant, materials=materials, hall=hall, counter=clerk.counter,
        allow_duplicate=True, **more,
    )  # fmt: skip
    return actions.accept(a, by=clerk)


def _decide(a: Application) -> Application:
    actions.decide(a, by=_who(Role.APPROVER, office=a.office), result="grant")
    follow()
    return a


def _licence(item: Item, hall: Hall, clerk: Person, firm: Any, days: int, now: dt.datetime) -> None:
    """A licence whose validity is nearly over: granted so long ago, by the same steps."""
    version = item.current
    years = int(version.result_validity.removesuffix("mo") or 60) // 12
    after = timezone.localdate(now) + dt.timedelta(days=days + 1)
    began = dt.datetime(after.year - years, after.month, min(after.day, 28), 10, tzinfo=ZONE)
    with instant.simulated(began):
        a = _take_in(item, hall, clerk, firm)
        _decide(a)
        actions.deliver(a, by=clerk, received_by=firm.contact.name)
        follow()
    with instant.simulated(began + dt.timedelta(days=10)):
        rounds.go()  # published in time, as everything that is granted
        follow()
