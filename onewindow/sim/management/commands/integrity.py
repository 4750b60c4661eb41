"""onewindow integrity: looks for signals that reviews are not what people said; and proves how well it does so."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from onewindow.cases import instant
from onewindow.sim import testbed
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
            choices=list(testbed.BEDS),
            default="first",
            help="which city: four that were thought up, or one drawn by lot with each seed (otherwise: with what no other has)",
        )
        parser.add_argument(
            "--cities",
            type=int,
            default=1,
            help="so many cities with the seeds from --seed on, each by itself and pooled (1)",
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
        seeds = range(options["seed"], options["seed"] + options["cities"])
        results = []
        for seed in seeds:
            results.append(
                testbed.run(
                    options["windows"],
                    options["each"],
                    seed=seed,
                    a_day=options["per_day"],
                    bed=options["bed"],
                )
            )
            if len(seeds) > 1 and not options["json"]:
                self.stdout.write(
                    f"  seed {seed}: {results[-1].found} of {len(results[-1].planted)} patterns, "
                    f"{len(results[-1].wrongly)} of {results[-1].honest} honest windows flagged"
                )
        pool = testbed.Pool(results)
        found, (low, high) = pool.whole, pool.wrong
        hit, missed, wrong, right = found.table
        if options["json"]:
            body = {
                "reviews": found.reviews, "patterns": len(found.planted), "patterns_found": pool.found,
                "expected_of_one_each": round(pool.expected, 2),
                "table": {"fraud_flagged": hit, "fraud_missed": missed, "honest_flagged": wrong, "honest_passed": right},
                "honest_flagged_95": [round(low, 5), round(high, 5)],
                "planted": {name: {"windows": n, "flagged": k, "signals": dict(s)} for name, (n, k, s) in found.planted.items()},
                "wrongly": found.wrongly,
            }  # fmt: skip
            self.stdout.write(json.dumps(body, ensure_ascii=False))
            return
        self.stdout.write(
            f"A simulated year in {len(seeds)} cities: {found.reviews} reviews, {found.honest} honest windows, "
            f"each fraud planted at {options['each']} a city"
        )
        for name, (n, k, signals) in found.planted.items():
            by = ", ".join(f"{code} {times}" for code, times in signals.most_common())
            self.stdout.write(f"  {name:16} {k} of {n}  {by or 'not seen'}")
        self.stdout.write(f"{'':18}{'flagged':>9}{'passed':>9}")
        self.stdout.write(f"{'planted fraud':18}{hit:>9}{missed:>9}")
        self.stdout.write(f"{'honest':18}{wrong:>9}{right:>9}")
        for key, codes in found.wrongly.items():
            self.stdout.write(f"  honest, but flagged: {key} ({', '.join(codes)})")
        mean = sum(pool.found) / len(pool.found)
        span = f" on average, {min(pool.found)} to {max(pool.found)}" if len(seeds) > 1 else ""
        self.stdout.write(
            f"{mean:.4g} of {len(found.planted)} patterns found{span} (at more than half of their windows); "
            f"of one each {pool.expected:.1f}"
        )
        self.stdout.write(
            f"{100 * found.wrong_share:.2f} % of honest windows flagged (95 %: {100 * low:.2f} to {100 * high:.2f})"
        )
