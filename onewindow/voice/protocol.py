"""The published text of ODP/1 as a page: read from the package, shown in the reader's language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from onewindow.voice import odp

TEXTS = Path(settings.BASE_DIR) / "data" / "protocol"
#: A part of a line, and whether it is code.
Span = tuple[str, bool]


@dataclass
class Block:
    """A heading (``h1``, ``h2``), a paragraph (``p``) or a table; ``anchor`` is the clause."""

    kind: str
    spans: list[Span] = field(default_factory=list)
    rows: list[list[list[Span]]] = field(default_factory=list)
    anchor: str = ""


def spans(text: str) -> list[Span]:
    """Text and ``code``, in turn."""
    return [(part.replace("*", ""), n % 2 == 1) for n, part in enumerate(text.split("`")) if part]


@cache
def blocks(language: str) -> list[Block]:
    """The text in one language; what the page needs of Markdown and no more."""
    found: list[Block] = []
    for part in (TEXTS / f"{language}.md").read_text(encoding="utf-8").strip().split("\n\n"):
        if part.startswith("|"):
            lines = [line.strip("|").split("|") for line in part.splitlines()]
            rows = [[spans(cell.strip()) for cell in line] for n, line in enumerate(lines) if n != 1]
            found.append(Block("table", rows=rows))
        elif marks := re.match(r"(#+) ", part):
            title = part[marks.end() :]
            clause = re.match(r"C\d+", title)
            found.append(Block(f"h{len(marks[1])}", spans(title), anchor=clause[0] if clause else ""))
        else:
            found.append(Block("p", spans(part.replace("\n", " "))))
    return found


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What a vendor needs in order to build a device."""
    language = "en" if translation.get_language() == "en" else "zh-hans"
    context = {"blocks": blocks(language), "version": odp.VERSION}
    return render(request, "voice/protocol.html", context)
