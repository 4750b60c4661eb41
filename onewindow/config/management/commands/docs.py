"""onewindow docs: writes the reference pages that follow from the code; ``--check`` says whether they are up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from onewindow.cases.flow import FLOWS, Flow
from onewindow.org import parameters, roles

TARGET = Path(settings.PROJECT_DIR) / "docs" / "reference"
HEAD = "<!-- Made by `onewindow docs` from the code. Do not edit: change the code and run it again. -->\n"


def article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def states(flow: Flow) -> str:
    """The state diagram of a flow (Mermaid) and the meaning of each status."""
    lines = [HEAD, f"# States of {article(flow.kind)} {flow.kind}", "", "```mermaid", "stateDiagram-v2"]
    lines += [f"    {s.value}: {s.label}" for s in flow.statuses]
    for step in flow.steps.values():
        lines += [f"    {source} --> {step.to or source}: {step.verb}" for source in step.froms]
    lines += [f"    {status} --> [*]" for status in flow.closed]
    return "\n".join([*lines, "```", ""])


def steps(flow: Flow) -> str:
    """One section a step: what it does, from where to where, who may take it, what is given with it."""
    lines = [HEAD, f"# Steps of {article(flow.kind)} {flow.kind}", ""]
    for step in flow.steps.values():
        who = f"`{step.who.name}`"
        if step.when:
            after = "once `{}` has passed" if step.is_timed else "as what follows from `{}` and the like"
            who = f"the clock, {after.format(step.when)}"
        lines += [
            f"## `{step.verb}` – {step.label}",
            "",
            " ".join(step.doc.split()),
            "",
            f"- from: {', '.join(f'`{s}`' for s in step.froms)}",
            f"- to: `{step.to}`" if step.to else "- to: the same status",
            f"- who: {who}",
            f"- given: {', '.join(f'`{n}`' for n in step.needs) or 'nothing'}",
            f"- API: `POST /api/v1/cases/{{number}}/{step.verb}`" if not step.when else "- API: none",
            "",
        ]
    return "\n".join(lines)


def role_page() -> str:
    """Roles, what each is for, and which steps it may take (read from the rules by asking them)."""
    lines = [HEAD, "# Roles", "", "| Code | Name | For | Second factor |", "|---|---|---|---|"]
    for role in roles.Role:
        factor = "required" if role in roles.PRIVILEGED else "optional"
        lines.append(f"| `{role.value}` | {role.label} | {roles.SENTENCES[role]} | {factor} |")
    return "\n".join([*lines, ""])


def parameter_page() -> str:
    """Every parameter with its default, bounds and legal basis."""
    lines = [HEAD, "# Parameters", "", "HARD = bound by statute; nobody can go past it.", ""]
    lines += ["| Code | What | Default | Least | Most | Basis |", "|---|---|---|---|---|---|"]
    for s in parameters.SPECS.values():
        basis = (f"HARD, {s.basis}" if s.hard else s.basis) or "local"
        lines.append(f"| `{s.code}` | {s.label} | {s.default}{s.unit} | {s.least} | {s.most} | {basis} |")
    return "\n".join([*lines, ""])


def setting_page() -> str:
    """Every environment variable."""
    lines = [
        HEAD,
        "# Settings",
        "",
        "Read from the environment; an unknown `ONEWINDOW_` name stops the start.",
        "",
    ]
    lines += [
        "| Name | Meaning |",
        "|---|---|",
        "| `DATABASE_URL` | `sqlite:///…` (one small hall) or `postgres://…` |",
    ]
    lines += [f"| `{name}` | {text} |" for name, text in settings.KNOWN.items()]
    return "\n".join([*lines, ""])


def pages() -> Iterator[tuple[Path, str]]:
    """Each generated page: its path and its text, in English."""
    with translation.override("en"):
        for flow in FLOWS.values():
            yield TARGET / f"states-{flow.kind}.md", states(flow)
            yield TARGET / f"steps-{flow.kind}.md", steps(flow)
        yield TARGET / "roles.md", role_page()
        yield TARGET / "parameters.md", parameter_page()
        yield TARGET / "settings.md", setting_page()
    protocol = Path(settings.BASE_DIR) / "data/protocol"
    yield TARGET / "device-protocol.md", (protocol / "en.md").read_text(encoding="utf-8")
    yield TARGET / "device-protocol.zh.md", (protocol / "zh-hans.md").read_text(encoding="utf-8")


class Command(BaseCommand):
    help = "write the reference pages that follow from the code (--check: exit 1 if one is out of date)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page differs")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = [(p, text) for p, text in pages() if not p.exists() or p.read_text(encoding="utf-8") != text]
        for path, text in stale:
            if not options["check"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{'out of date' if options['check'] else 'written'}: {path.name}")
        if stale and options["check"]:
            self.stdout.write("Run `onewindow docs` and commit the pages.")
            sys.exit(1)
