"""Adds translations to the Chinese catalogue: a JSON object {"English": "中文"} on standard input.

A text that has another translation already keeps it: the old and the new one are shown and the exit code is 1; the
other pairs are added. ``--replace`` puts the new ones in their place. The catalogue stays sorted by msgid, so that two
people who add lines at once rarely meet. With no input it only compiles the catalogue to the binary form that Django
reads (which is not committed).
"""

from __future__ import annotations

import fcntl
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import polib

PO = Path(__file__).parent.parent / "onewindow/locale/zh_Hans/LC_MESSAGES/django.po"


@dataclass
class Done:
    """What became of the pairs. ``clashes``: (English, the translation that is there, the one that was given)."""

    new: int = 0
    replaced: int = 0
    clashes: list[tuple[str, str, str]] = field(default_factory=list)


def add(pairs: dict[str, str | list[str]], *, replace: bool = False) -> Done:
    """Puts each pair into the catalogue; where another translation stands already, only with ``replace``."""
    PO.parent.mkdir(parents=True, exist_ok=True)
    done = Done()
    with open(PO.parent / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        catalogue = polib.pofile(str(PO), wrapwidth=110) if PO.exists() else polib.POFile(wrapwidth=110)
        catalogue.metadata = {
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Language": "zh_Hans",
            "Plural-Forms": "nplurals=1; plural=0;",
        }
        known = {(e.msgctxt, e.msgid): e for e in catalogue}
        for english, given in pairs.items():
            context, _, msgid = english.rpartition("\x04")  # "context\x04msgid" for pgettext
            # ["plural msgid", "译文"] for ngettext
            plural, chinese = given if isinstance(given, list) else ("", given)
            entry = known.get((context or None, msgid))
            if entry is None:
                entry = polib.POEntry(msgid=msgid, msgctxt=context or None)
                catalogue.append(entry)
                known[(context or None, msgid)] = entry
                done.new += 1
            elif (old := entry.msgstr_plural.get(0) or entry.msgstr) and old != chinese:
                if not replace:
                    done.clashes.append((msgid, old, chinese))
                    continue
                done.replaced += 1
            if plural or entry.msgid_plural:
                entry.msgid_plural = plural or entry.msgid_plural
                entry.msgstr_plural = {0: chinese}
                entry.msgstr = ""
            else:
                entry.msgstr = chinese
            if "%(" in msgid and "python-format" not in entry.flags:
                entry.flags.append("python-format")
        catalogue.sort(key=lambda e: (e.msgid, e.msgctxt or ""))
        catalogue.save(str(PO))
        catalogue.save_as_mofile(str(PO.with_suffix(".mo")))
    return done


def main(words: list[str], text: str) -> int:
    """Adds the JSON object of ``text`` and says what was done; 1 if a translation that is there was left alone."""
    done = add(json.loads(text) if text.strip() else {}, replace="--replace" in words)
    print(f"{done.new} new" + (f", {done.replaced} replaced" if done.replaced else ""))
    for english, old, new in done.clashes:
        print(f"KEPT {english!r}\n  there: {old}\n  given: {new}", file=sys.stderr)
    if done.clashes:
        print("Nothing of these was changed. Use the one that is there, or --replace.", file=sys.stderr)
    return 1 if done.clashes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "" if sys.stdin.isatty() else sys.stdin.read()))
