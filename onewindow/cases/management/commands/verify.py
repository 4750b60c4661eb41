"""onewindow verify: proves that no event was changed, removed or inserted."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from onewindow.cases import chain
from onewindow.cases.flow import FLOWS
from onewindow.cases.models import Event


class Command(BaseCommand):
    help = (
        "prove the event chain; exit 1 and the first broken number if a row was changed, removed or inserted"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print events, cases, broken as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        events, cases, broken = survey()
        if options["json"]:
            rows = [b.__dict__ for b in broken]
            self.stdout.write(
                json.dumps({"events": events, "cases": cases, "broken": rows}, ensure_ascii=False)
            )
        else:
            for fault in broken:
                self.stdout.write(f"{fault.number} event {fault.seq}: {fault.fault}")
            self.stdout.write(f"{events} events of {cases} cases read, {len(broken)} broken")
        if broken:
            sys.exit(1)


def survey() -> tuple[int, int, list[chain.Break]]:
    """Reads every event once: how many events, how many cases, and each fault. Also holds each case against its chain:
    its ``version`` is the last ``seq`` and its ``head`` the last hash, so that a cut-off tail is found too."""
    counted = 0
    last: dict[str, tuple[int, str]] = {}

    def walk() -> Any:
        nonlocal counted
        for event in Event.objects.order_by("number", "seq").iterator(chunk_size=2000):
            counted += 1
            last[event.number] = (event.seq, event.hash)
            yield event

    broken = list(chain.breaks(walk()))
    models = [flow.model for flow in FLOWS.values() if flow.model is not None] + chain.KEEPERS
    for model in models:
        rows = model._base_manager.order_by("number").values_list("number", "version", "head")
        for number, version, head in rows.iterator(chunk_size=2000):
            if last.pop(number, (0, "")) != (version, head):
                broken.append(chain.Break(number, version, "the case and its last event do not agree"))
    broken += [chain.Break(number, seq, "belongs to no case") for number, (seq, _) in last.items()]
    cases = sum(model._base_manager.count() for model in models)
    return counted, cases, sorted(broken, key=lambda b: (b.number, b.seq))
