"""Making and publishing items."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin


def spell(name: str) -> dict[str, str]:
    """``pinyin`` and ``initials`` of a Chinese name, small letters without spaces, for the search box."""
    letters = "".join(c for c in name if c.isalnum())
    pinyin = "".join(lazy_pinyin(letters))
    initials = "".join(lazy_pinyin(letters, style=Style.FIRST_LETTER))
    return {"pinyin": pinyin.lower()[:400], "initials": initials.lower()[:120]}
