"""The hands of simulated people in this process: the actions themselves, at any simulated instant.

``remote.py`` has the same hands over HTTP. What they can do is what :class:`Direct` can do.
"""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from django.db import transaction

from onewindow.cases import numbers, rounds, worker
from onewindow.cases.flow import take
from onewindow.cases.models import Case
from onewindow.cases.rules import applicant_of
from onewindow.catalog.models import Item
from onewindow.exchange import actions as exchange
from onewindow.exchange.models import Given
from onewindow.issues.models import Issue
from onewindow.issues.opening import open_issue
from onewindow.org.models import Counter, Person
from onewindow.pledges.actions import make_good
from onewindow.voice import odp
from onewindow.voice.actions import review
from onewindow.voice.models import Device, ReviewChannel
from onewindow.window import actions, joint, pledging, reuse
from onewindow.window.models import Application, DocumentForm


class Direct:
    """Every deed calls the action that the page would call."""

    # -- time --

    def day(self) -> AbstractContextManager[Any]:
        """One transaction a day: the past need not survive a power cut."""
        return transaction.atomic()

    def deed(self) -> AbstractContextManager[Any]:
        """What is refused in the middle leaves nothing behind."""
        return transaction.atomic()

    def wake(self) -> None:
        """Lets the clocks of the cases strike, and what else the worker looks after."""
        worker.wake()
        rounds.go()
        worker.send(2000)

    def follow(self) -> None:
        """Lets what follows from the last deed happen."""
        worker.follow()

    # -- people --

    def again(self, a: Application) -> Application:
        """The case as it is now."""
        return Application.objects.with_facts().get(pk=a.pk)

    def take_in(self, version: Any, **said: Any) -> Application:
        """Raises ``actions.Duplicate`` as the action does. What people say is held already is looked up, or fetched from
        its register; what nobody holds they have with them on paper."""
        number = numbers.new("A")
        said["materials"] = self._held(version, number, said["materials"], said["applicant"], said["by"])
        return actions.take_in(version, number=number, consent=Given.COUNTER, **said)

    def _held(
        self, version: Any, number: str, materials: Any, applicant: Any, clerk: Person
    ) -> dict[int, tuple[str, reuse.What]]:
        wanted = {no for no, (form, _what) in materials.items() if form == DocumentForm.REUSED}
        if not wanted:
            return materials
        kind, holder = applicant["kind"], applicant["id_number"]
        held, registers = reuse.offers(version, kind, holder), reuse.fetchable(version, kind)
        need = reuse.need_for(number, version, kind, holder, applicant["name"], hall="", is_open=True)
        found: dict[int, tuple[str, reuse.What]] = dict(materials)
        for no in sorted(wanted):
            m = held.get(no)
            if m is None and no in registers:
                m = exchange.query(registers[no], need, by=clerk)[1]
            found[no] = (DocumentForm.REUSED, m) if m else (DocumentForm.PAPER, None)
        return found

    def step(self, verb: str, a: Case, *, by: Person, **said: Any) -> None:
        """Takes a step; raises ``StepRefused`` or ``Stale``."""
        take(a.flow.steps[verb], a, by=by, **said)

    def shares(self, a: Application) -> tuple[list[Any], int]:
        """The departments' shares that can be examined now, and how many are still open at all."""
        pending = joint.standing(a).pending
        return [b for b in pending if b.status == "examining"], len(pending)

    def missing(self, a: Application) -> list[int]:
        """The materials that were not brought."""
        return [d.spec.no for d in a.documents.select_related("spec") if d.form == DocumentForm.MISSING]

    def correct(self, a: Application, *, by: Person) -> None:
        """The applicant comes again and brings on paper what was asked for."""
        asked = [d.spec.no for d in a.documents.select_related("spec") if d.to_correct]
        actions.correct(a, by=by, materials=dict.fromkeys(asked, (DocumentForm.PAPER, None)))

    def holder(self, a: Application) -> str:
        """Who comes for the result and signs for it."""
        return a.contact or a.applicant_name

    def supply(self, a: Application, *, by: Person) -> None:
        """What was put off at acceptance is brought to the window on paper."""
        for pledge in pledging.all_of(a):
            if pledge.is_open and pledge.is_deferral:
                make_good(pledge, by=by, form=DocumentForm.PAPER)

    def withdraw(self, a: Application, *, reason: str) -> None:
        """The applicant takes the application back by the link."""
        actions.withdraw(a, by=applicant_of(a), reason=reason)

    def report(
        self,
        item: Item,
        *,
        by: Person,
        window: Counter,
        text: str,
        kind_code: str,
        reporter: tuple[str, str] | None,
    ) -> Issue:
        """A matter that could not be done is registered at its window."""
        return open_issue("stuck", by=by, text=text, kind_code=kind_code, item=item, hall=window.hall, counter=window,
                          is_at_window=True, reporter=reporter)  # fmt: skip

    # -- verdicts --

    @cached_property
    def _devices(self) -> dict[int, Device]:
        return {d.counter_id: d for d in Device.objects.in_use().filter(counter__isnull=False)}

    def device_at(self, counter_id: int) -> Device | None:
        """The evaluator of a window."""
        return self._devices.get(counter_id)

    def rate(
        self,
        a: Application,
        touchpoint: str,
        *,
        level: int,
        codes: list[str],
        text: str,
        device: Device | None,
    ) -> None:
        """One verdict, on the window's device or (None) by phone; raises ``NotPossible``."""
        channel = ReviewChannel.TABLET if device else ReviewChannel.MOBILE
        # drawn from the number: the same life again has the same orders
        order = odp.ORDERS[zlib.crc32(f"{a.number} {touchpoint}".encode()) % 2] if device else ""
        review(
            a, touchpoint, level=level, codes=codes, text=text, channel=channel, device=device, shown_order=order,
        )  # fmt: skip
