"""Adds translations to the Chinese catalogue: a JSON object {"English": "中文"} on standard input.

The catalogue stays sorted by msgid, so that two people who add lines at once rarely meet. With no input
it only compiles the catalogue to the binary form that Django reads (which is not committed).
"""

from __future__ import annotations

import fcntl
import json
import sys
from pathlib import Path

import polib

PO = Path(__file__).parent.parent / "onewindow/locale/zh_Hans/LC_MESSAGES/django.po"


def add(pairs: dict[str, str]) -> int:
    """Puts each pair into the catalogue (replacing an older translation); returns how many were new."""
    PO.parent.mkdir(parents=True, exist_ok=True)
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
        new = 0
        for english, chinese in pairs.items():
            context, _, msgid = english.rpartition("\x04")  # "context\x04msgid" for pgettext
            plural = None
            if isinstance(chinese, list):  # ["plural msgid", "译文"] for ngettext
                plural, chinese = chinese
            entry = known.get((context or None, msgid))
            if entry is None:
                entry = polib.POEntry(msgid=msgid, msgctxt=context or None)
                catalogue.append(entry)
                known[(context or None, msgid)] = entry
                new += 1
            if plural:
                entry.msgid_plural, entry.msgstr_plural = plural, {0: chinese}
            else:
                entry.msgstr = chinese
            if "%(" in msgid and "python-format" not in entry.flags:
                entry.flags.append("python-format")
        catalogue.sort(key=lambda e: (e.msgid, e.msgctxt or ""))
        catalogue.save(str(PO))
        catalogue.save_as_mofile(str(PO.with_suffix(".mo")))
        return new


if __name__ == "__main__":
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    print(add(json.loads(text) if text.strip() else {}), "new")
