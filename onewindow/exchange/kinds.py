"""材料类型: one small code list, so that a business licence asked for by twenty items is one and the same thing.

The list is ``data/material_kinds.csv``: code, names, the words by which it is known in the names of materials (parted by
``|``), and how many days a copy once handed in may be used again where the paper itself states no end. The first line that
fits counts. A material of no listed kind is the same as another one only if its name is the same.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent.parent / "data" / "material_kinds.csv"
#: What is written for one application only and means nothing in another one.
OWN = re.compile(
    r"申请书|申请表|登记表|备案表|采集表|报名表|承诺书|委托书|申报表|申请报告|application form|filing form",
    re.I,
)
ASIDE = re.compile(r"[（(【\[].*?[)）】\]]|[\s《》、，,；;。.]|原件|复印件|副本|原证|有效的?")
UNLISTED_DAYS = 365


@dataclass(frozen=True)
class Kind:
    """One kind of material. ``keep_days``: how long a handed-in copy without a stated end may be used again."""

    code: str
    name: str
    name_en: str
    words: tuple[str, ...] = ()
    keep_days: int = UNLISTED_DAYS
    legal_basis: str = ""


@cache
def listed() -> dict[str, Kind]:
    """The code list, in its order."""
    with open(FILE, encoding="utf-8", newline="") as file:
        return {
            row["code"]: Kind(
                row["code"],
                row["name"],
                row["name_en"],
                tuple(row["words"].split("|")),
                int(row["keep_days"]),
                row["legal_basis"],
            )
            for row in csv.DictReader(file)
        }


@cache
def code_of(name: str, holder: str = "") -> str:
    """The code of a material by its name as printed; ``""`` for what is written for one application only.

    ``holder`` (``person`` or ``enterprise``) settles names that ask for an identity card *or* a business licence. A name
    that the list does not know gives ``=`` and the bare name.
    """
    if OWN.search(name):
        return ""
    if re.search(r"身份.*或.*(执照|信用代码)", name):
        return "business_licence" if holder == "enterprise" else "identity"
    for kind in listed().values():
        if any(word in name for word in kind.words):
            return kind.code
    bare = ASIDE.sub("", name)
    return f"={bare[:58]}" if bare else ""


def kind(code: str) -> Kind:
    """The kind of a code, also of an unlisted one."""
    return listed().get(code) or Kind(code, code.lstrip("="), code.lstrip("="))
