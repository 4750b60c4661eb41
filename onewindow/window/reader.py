"""读卡栏: what a reader that works as a keyboard has typed – an identity card or the code of a business licence.

Makers put the parts in different orders and with different signs between them, so the parts are known by their form.
"""

from __future__ import annotations

import re

from onewindow.org import identifiers

PLACE = re.compile(r"[省市区县旗乡镇村屯街道路号组]")
NAME = re.compile(r"[\u3400-\u9fff]{2,15}(?:[·•][\u3400-\u9fff]{1,15})*")
FIRM = re.compile(r"(公司|厂|店|社|部|馆|行|中心|集团|合作社|经营户|商行|餐厅|饭店|超市)$")


def parse(text: str) -> dict[str, str]:
    """``kind``, ``id_type``, ``id_number`` and, if they were there, ``name`` and ``address``; nothing if no number."""
    parts = [p.strip() for p in re.split(r"[|,，;；\t\n\r^#]+|\s{2,}", text[:500]) if p.strip()]
    for kind, id_type in (("person", "citizen_id"), ("enterprise", "uscc")):
        for token in re.findall(r"[0-9A-Za-z]{18}", " ".join(parts)):
            try:
                number = identifiers.clean(id_type, token)
            except identifiers.BadIdentifier:
                continue
            return {"kind": kind, "id_type": id_type, "id_number": number} | _words(parts, kind)
    return {}


def _words(parts: list[str], kind: str) -> dict[str, str]:
    texts = [
        re.sub(r"^(姓名|住址|名称|地址|企业名称)[:：]?", "", p)
        for p in parts
        if not re.fullmatch(r"[0-9A-Za-z.\-:：长期]+", p)
    ]
    texts = [t for t in texts if t not in ("男", "女") and "公安" not in t]
    if kind == "enterprise":
        names = [t for t in texts if FIRM.search(t)] or texts[:1]
        return {"name": names[0]} if names else {}
    places = [t for t in texts if len(t) > 5 and PLACE.search(t)]
    names = [t for t in texts if NAME.fullmatch(t) and t not in places]
    return ({"name": names[0]} if names else {}) | ({"address": places[0]} if places else {})
