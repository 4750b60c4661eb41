"""脱敏: how personal data look wherever the whole is not needed. Lists, logs and messages show nothing else.

Never gives back what it was given, however short: a mask that fails on a short name would show it.
"""

from __future__ import annotations

STAR = "*"
# 复姓 that are still borne; the family name of their bearers has two characters.
DOUBLE_SURNAMES = frozenset(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 "
    "公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 令狐 拓跋 呼延 叶赫 纳兰 那拉 完颜".split()
)


def mask_name(name: str, kind: str = "person") -> str:
    """张*, 王**, 欧阳*; the names of enterprises are public and come back whole."""
    name = (name or "").strip()
    if kind == "enterprise":
        return name
    if len(name) < 2:
        return STAR * len(name)
    shown = 2 if len(name) > 2 and name[:2] in DOUBLE_SURNAMES else 1
    return name[:shown] + STAR * min(len(name) - shown, 8)


def mask_id(number: str) -> str:
    """239999********1234 for eighteen characters; of all others the first and the last one."""
    number = (number or "").strip()
    if len(number) == 18:
        return number[:6] + STAR * 8 + number[14:]
    return _ends(number, 1, 1)


def mask_mobile(number: str) -> str:
    """199****0001; of what is no mobile number the first and the last character."""
    number = (number or "").strip()
    if len(number) == 11:
        return number[:3] + STAR * 4 + number[7:]
    return _ends(number, 1, 1)


def _ends(text: str, first: int, last: int) -> str:
    hidden = len(text) - first - last
    return text[:first] + STAR * hidden + text[-last:] if hidden > 0 else STAR * len(text)
