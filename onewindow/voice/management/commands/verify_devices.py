"""onewindow verify-devices: proves that nobody changed what the devices sent, nor a day that is sealed."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from onewindow.voice import sealing
from onewindow.voice.device_proof import prove


class Command(BaseCommand):
    help = "prove the record of every review device and every sealed day; exit 1 if something was changed, removed or inserted"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print events, chains, missing, broken as JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        proof, sealed = prove(), sealing.prove()
        faults = proof.broken or []
        if options["json"]:
            told_of_days = {"days": sealed.days, "rows": sealed.rows}
            told_of_days["broken"] = [{"day": f.day.isoformat(), "fault": f.fault} for f in sealed.broken]
            self.stdout.write(json.dumps(asdict(proof) | {"sealed": told_of_days}, ensure_ascii=False))
        else:
            for f in faults:
                self.stdout.write(f"{f.device} event {f.seq}: {f.fault}")
            told = f"{proof.events} events in {proof.chains} chains read, {proof.missing} reported missing"
            self.stdout.write(f"{told}, {len(faults)} broken")
            for day in sealed.broken:
                self.stdout.write(f"{day.day}: {day.fault}")
            self.stdout.write(
                f"{sealed.days} sealed days with {sealed.rows} reviews, verdicts and events read, {len(sealed.broken)} faults"
            )
        if faults or sealed.broken:
            sys.exit(1)
