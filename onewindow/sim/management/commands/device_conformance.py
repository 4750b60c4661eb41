"""onewindow device-conformance: does a server speak ODP/1, clause by clause?"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.sim.conformance import Checks, Finding, vectors


class Command(BaseCommand):
    help = "check a server against the protocol of review devices (ODP/1): PASS or FAIL for each clause"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "url", nargs="?", default="", help="address of the server, e.g. https://zw.example.gov.cn"
        )
        parser.add_argument(
            "--token", default="",
            help="token of an unused slip, for a window where nobody is served meanwhile; the run raises alarms there",
        )  # fmt: skip
        parser.add_argument("--vectors", action="store_true", help="print test vectors for a device, and end")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["vectors"]:
            self.stdout.write(json.dumps(vectors(), ensure_ascii=False, indent=2))
            return
        url, token = options["url"], options["token"].rsplit("#enrol=", 1)[-1]
        if not url.startswith(("http://", "https://")) or not token:
            raise CommandError(
                "Give the server's address and --token TOKEN (or the slip's whole address).", returncode=2
            )
        findings = Checks(url, token, say=(lambda f: None) if options["json"] else self._say).run()
        failed = [f for f in findings if not f.passed]
        if options["json"]:
            self.stdout.write(
                json.dumps({"ok": not failed, "findings": [asdict(f) for f in findings]}, ensure_ascii=False)
            )
        else:
            self.stdout.write(f"{len(findings) - len(failed)} passed, {len(failed)} failed")
        if failed:
            sys.exit(1)

    def _say(self, finding: Finding) -> None:
        seen = f"  (seen: {finding.seen})" if finding.seen else ""
        self.stdout.write(f"{'PASS' if finding.passed else 'FAIL'}  {finding.clause:4} {finding.what}{seen}")
        self.stdout.flush()
