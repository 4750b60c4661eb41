"""Checks the Chinese catalogue: every text of the code and templates is translated, no translation is left over.

Exit code 1 with one line for each text that is missing, empty, unused, or whose placeholders differ.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "onewindow/locale/zh_Hans/LC_MESSAGES/django.po"
KEYWORDS: dict[
    str, tuple[int | None, int, int | None]
] = {  # function -> position of context, message, plural (from 0)
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd](?!\w)|\{\w*\}")
Key = tuple[str | None, str]


def texts(path: Path) -> Iterator[tuple[int, Key]]:
    """(line, (context, English text)) for each translatable text of a Python file or a template."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # The stand-in that Django makes for a template has no sensible indentation.
        source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
    keywords: Any = KEYWORDS
    for line, function, message, _ in extract_python(io.BytesIO(source.encode()), keywords, [], {}):
        context_at, text_at, _plural_at = KEYWORDS[str(function)]
        parts = message if isinstance(message, tuple) else (message,)
        text = parts[text_at] if len(parts) > text_at else None
        if isinstance(text, str) and text:
            yield line, (parts[context_at] if context_at is not None else None, text)


def sources() -> Iterator[Path]:
    app = ROOT / "onewindow"
    yield from sorted(p for p in app.rglob("*.py") if "migrations" not in p.parts)
    yield from sorted(
        p for p in (app / "templates").rglob("*") if p.suffix in {".html", ".txt", ".svg", ".xml"}
    )


def main() -> int:
    used: dict[Key, str] = {}
    for path in sources():
        for line, key in texts(path):
            used.setdefault(key, f"{path.relative_to(ROOT)}:{line}")
    catalogue = {(entry.msgctxt or None, entry.msgid): entry for entry in polib.pofile(str(PO))}
    problems = [f"{at}: no Chinese for {key[1]!r}" for key, at in used.items() if key not in catalogue]
    for key, entry in catalogue.items():
        chinese = entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr
        if key not in used:
            problems.append(f"{PO.relative_to(ROOT)}:{entry.linenum}: no longer used: {entry.msgid!r}")
        elif not chinese:
            problems.append(f"{used[key]}: empty translation of {entry.msgid!r}")
        elif extra := set(PLACEHOLDER.findall(chinese)) - set(
            PLACEHOLDER.findall(entry.msgid + (entry.msgid_plural or ""))
        ):
            problems.append(f"{used[key]}: {', '.join(sorted(extra))} is not in {entry.msgid!r}")
    print(*sorted(problems), sep="\n", end="\n" if problems else "")
    print(f"{len(used)} texts, {len(catalogue)} translations, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
