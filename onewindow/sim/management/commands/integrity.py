"""onewindow integrity: looks for signals that reviews are not what people said; and proves how well it does so."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from onewindow.cases import instant
from onewindow.sim import beds, frauds
from onewindow.voice import examining


class Command(BaseCommand):
    help = "look for signals of interference in the reviews of a period, or (--test-bed) in a simulated year with planted frauds"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=dt.date.fromisoformat, help="first day (90 days before the last)"
        )
        parser.add_argument("--to", dest="last", type=dt.date.fromisoformat, help="last day (yesterday)")
        parser.add_argument(
            "--test-bed",
            action="store_true",
            help="twenty frauds planted among honest windows: how many are seen",
        )
        parser.add_argument("--windows", type=int, default=400, help="honest windows of the test bed (400)")
        parser.add_argument("--each", type=int, default=2, help="windows at which each fraud is planted (2)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same year (1)")
        parser.add_argument(
            "--per-day", type=float, default=12, help="occasions a day and window of the test bed (12)"
        )
        parser.add_argument(
            "--bed",
            choices=list(beds.BEDS),
            default="first",
            help="on which the signals were developed, on which they were mended, and two that were looked at once each",
        )
        parser.add_argument("--json", action="store_true", help="print as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["test_bed"]:
            self._bed(options)
            return
        last = options["last"] or timezone.localdate(instant.now()) - dt.timedelta(days=1)
        first = options["first"] or last - examining.QUARTER
        look = examining.examine(first, last)
        lines = examining.report(look)
        if options["json"]:
            rows = [
                {"window": f"{x.counter.hall.code}/{x.counter.code}", "signal": s.finding.code, "p": s.finding.p,
                 "counts": s.finding.counts}
                for x in lines for s in x.signals
            ]  # fmt: skip
            body = {
                "from": str(first),
                "to": str(last),
                "windows": look.windows,
                "reviews": look.reviews,
                "signals": rows,
            }
            self.stdout.write(json.dumps(body, ensure_ascii=False))
            return
        for x in lines:
            for s in x.signals:
                self.stdout.write(
                    f"{x.counter.hall.code}/{x.counter.code}  {s.finding.code}: {s.says} ({s.chance})"
                )
        self.stdout.write(
            f"{look.reviews} reviews at {look.windows} windows, {first} to {last}: {len(lines)} windows to check"
        )

    def _bed(self, options: dict[str, Any]) -> None:
        found = frauds.run(
            options["windows"],
            options["each"],
            seed=options["seed"],
            a_day=options["per_day"],
            bed=options["bed"],
        )
        hit, missed, wrong, right = found.table
        if options["json"]:
            body = {
                "reviews": found.reviews, "patterns": len(found.planted), "patterns_found": found.found,
                "table": {"fraud_flagged": hit, "fraud_missed": missed, "honest_flagged": wrong, "honest_passed": right},
                "planted": {name: {"windows": n, "flagged": k, "signals": dict(s)} for name, (n, k, s) in found.planted.items()},
                "wrongly": found.wrongly,
            }  # fmt: skip
            self.stdout.write(json.dumps(body, ensure_ascii=False))
            return
        self.stdout.write(
            f"A simulated year: {found.reviews} reviews, {found.honest} honest windows, each fraud planted at {options['each']}"
        )
        for name, (n, k, signals) in found.planted.items():
            by = ", ".join(code for code, _n in signals.most_common())
            self.stdout.write(f"  {name:16} {k} of {n}  {by or 'not seen'}")
        self.stdout.write(f"{'':18}{'flagged':>9}{'passed':>9}")
        self.stdout.write(f"{'planted fraud':18}{hit:>9}{missed:>9}")
        self.stdout.write(f"{'honest':18}{wrong:>9}{right:>9}")
        for key, codes in found.wrongly.items():
            self.stdout.write(f"  honest, but flagged: {key} ({', '.join(codes)})")
        self.stdout.write(
            f"{found.found} of {len(found.planted)} patterns found; {100 * found.wrong_share:.2f} % of honest windows flagged"
        )
