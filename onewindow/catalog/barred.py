"""Where no written commitment may stand in for a check (国办发〔2020〕42号, 二（二）): matters that bear directly on national
security, public safety, ecology, or people's health, life and property. The list of areas is a code list
(``commitment_barred``); what falls under an area is told by the words of the item and its result, strictly: rather one item too
many is barred than one too few, and no setting opens it."""

from __future__ import annotations

import re

#: area (code of the list) → words that put an item there
AREAS = {
    "national_security": r"国家安全|国家秘密|涉密|测绘成果|卫星地面接收|境外|宗教",
    "public_safety": r"危险化学品|烟花爆竹|易制毒|爆炸|爆破|枪支|剧毒|保安|特种设备|消防|高危险性体育|野外用火|燃气|人防",
    "ecology": r"排污|环境影响|辐射|放射|危险废物|河道|采砂|取水|林木采伐|占用(林地|草原|水域)|野生|排水|污水",
    "health_property": r"药品|医疗机构|医师|护士|兽药|农药|疫苗|供水|饮用水|食品生产|动物防疫|动物诊疗|校车|血液",
}


def area_of(*words: str) -> str:
    """The barred area that an item's name or result falls under; empty for none."""
    text = " ".join(words)
    return next((code for code, pattern in AREAS.items() if re.search(pattern, text)), "")
