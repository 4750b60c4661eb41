"""onewindow verify-devices: proves that nobody changed what the devices sent."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from onewindow.voice.device_proof import prove


class Command(BaseCommand):
    help = "prove the record of every review device; exit 1 if an event was changed, removed or inserted"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print events, chains, missing, broken as JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        proof = prove()
        faults = proof.broken or []
        if options["json"]:
            self.stdout.write(json.dumps(asdict(proof), ensure_ascii=False))
        else:
            for f in faults:
                self.stdout.write(f"{f.device} event {f.seq}: {f.fault}")
            told = f"{proof.events} events in {proof.chains} chains read, {proof.missing} reported missing"
            self.stdout.write(f"{told}, {len(faults)} broken")
        if faults:
            sys.exit(1)
