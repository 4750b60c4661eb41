"""Invented people and enterprises for the demo city: valid in form, impossible in fact.

Every identity number and unified social credit code carries the region 239999, which was never assigned; every
mobile lies in 1990000xxxx. So nothing made here can be a living person or a registered firm, while the validators
of the counter accept it. All functions are deterministic: the same seed gives the same people in the same order.
"""

from __future__ import annotations

import csv
import string
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from stdnum.cn import ric, uscc

from onewindow.org.roles import Role

REGION = "239999"
OLDEST, YOUNGEST = date(1938, 1, 1), date(2006, 12, 31)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈彭田"
GIVEN_FEMALE = "秀兰 桂英 丽华 淑珍 晓燕 雪梅 佳琪 雨桐 思雨 敏 静 芳 丹 欣怡".split()
GIVEN_MALE = "国强 建军 志远 海涛 永刚 俊杰 文博 浩然 子轩 伟 磊 勇 鹏 家兴".split()
BRANDS = tuple(
    place + kind
    for place in (
        "北岸 松涛 瑞雪 云帆 绿原 晨曦 长河 远山 春晓 秋实 星野 白桦 红菱 青禾 稻香 鹤鸣 月湾 柳溪 暖阳 初霁 谷雨 金穗 "
        "蓝荷 望野 听雨 杏林 枫桥 静川"
    ).split()
    for kind in "里谷园坊居记汇集"
)
TRADES = tuple(
    trade + "有限公司"
    for trade in ("食品 餐饮 粮油贸易 物流 农业发展 生物科技 药房 宾馆 建材 种业 牧业 人力资源".split())
)
#: Without I O S V Z (GB 32100).
_CREDIT = "".join(c for c in string.digits + string.ascii_uppercase if c not in "IOSVZ")
#: Which of the ten thousand mobiles belong to whom, so that no official shares one with an applicant.
CITIZEN_MOBILES, FIRM_MOBILES, STAFF_MOBILES = range(7000), range(7000, 9500), range(9500, 10_000)
#: How many accounts each role has in the demo; enterprises' accounts are made from `firms`.
#: One approver, head and hall manager more than departments (twice, once) and halls: the demo's sign-ins are extra.
STAFFING: dict[Role, int] = {
    Role.CLERK: 24,
    Role.APPROVER: 23,
    Role.HEAD: 12,
    Role.HALL_MANAGER: 9,
    Role.BUREAU: 3,
    Role.LEADER: 2,
    Role.ADMIN: 1,
}


class Citizen(NamedTuple):
    """自然人 — one invented person. `region` is the code of the town of the address."""

    name: str
    name_en: str
    id_number: str
    born_on: date
    female: bool
    mobile: str
    region: str
    address: str


class Firm(NamedTuple):
    """企业 — one invented enterprise with the person who acts for it."""

    name: str
    uscc: str
    contact: Citizen
    mobile: str
    region: str
    address: str


class Staff(NamedTuple):
    """工作人员 — one invented official; `badge` is unique within a seed."""

    role: Role
    name: str
    name_en: str
    badge: str
    mobile: str


@cache
def towns() -> tuple[tuple[str, str], ...]:
    """Code and name of the city's towns, streets and farms."""
    with open(Path(__file__).with_name("regions.csv"), newline="", encoding="utf-8") as file:
        return tuple((row["code"], row["name"]) for row in csv.DictReader(file) if row["parent"])


def id_number(born_on: date, serial: int) -> str:
    """A citizen number of the impossible region; odd serials (1 to 999) are men's (GB 11643)."""
    body = f"{REGION}{born_on:%Y%m%d}{serial:03d}"
    return body + ric.calc_check_digit(f"{body}0")  # which wants the place of the check digit filled


def credit_code(serial: int) -> str:
    """The unified social credit code of invented enterprise `serial` (0 to 31^6 - 1), with both check characters."""
    digits = ""
    for _ in range(6):
        serial, place = divmod(serial, len(_CREDIT))
        digits = _CREDIT[place] + digits
    body = f"91{REGION}MA{digits}"
    body += _organisation_check(body[8:])
    return body + uscc.calc_check_digit(body)


def citizens(seed: int, n: int) -> Iterator[Citizen]:
    """`n` people, no two alike in number or mobile. Raises ValueError for more than 7,000."""
    return _people(f"citizens {seed}", n, CITIZEN_MOBILES)


def firms(seed: int, n: int) -> Iterator[Firm]:
    """`n` enterprises, no two alike in name, code or mobile. Raises ValueError for more than 2,500."""
    contacts = _people(f"contacts {seed}", n, FIRM_MOBILES)
    random = Random(f"firms {seed}")  # noqa: S311 – invented data, nothing secret
    names = random.sample([f"肇东市{brand}{trade}" for brand in BRANDS for trade in TRADES], n)
    codes = map(credit_code, random.sample(range(len(_CREDIT) ** 6), n))
    for name, code, contact in zip(names, codes, contacts, strict=True):
        region, town = random.choice(towns())
        address = f"{town}（演示）兴业路{random.randint(1, 199)}号"
        yield Firm(name, code, contact, contact.mobile, region, address)


def staff(seed: int) -> Iterator[Staff]:
    """The officials of the demo, role by role as in STAFFING; badges of the first role begin with 1, and so on."""
    people = _people(f"staff {seed}", sum(STAFFING.values()), STAFF_MOBILES)
    for lead, (role, number) in enumerate(STAFFING.items(), 1):
        for i in range(1, number + 1):
            person = next(people)
            yield Staff(role, person.name, person.name_en, f"{lead}{i:03d}", person.mobile)


def _people(seed: str, n: int, mobiles: range) -> Iterator[Citizen]:
    if not 0 <= n <= len(mobiles):
        raise ValueError(f"{n} people need as many mobiles, and there are {len(mobiles)}; ask for fewer")
    random = Random(seed)  # noqa: S311 – invented data, nothing secret
    taken: set[str] = set()
    for mobile in random.sample(mobiles, n):
        person = _citizen(random, mobile)
        while person.id_number in taken:
            person = _citizen(random, mobile)
        taken.add(person.id_number)
        yield person


def _citizen(random: Random, mobile: int) -> Citizen:
    female = random.random() < 0.5
    surname, given = random.choice(SURNAMES), random.choice(GIVEN_FEMALE if female else GIVEN_MALE)
    born_on = OLDEST + timedelta(random.randrange((YOUNGEST - OLDEST).days + 1))
    serial = random.randrange(2 if female else 1, 1000, 2)
    code, town = random.choice(towns())
    return Citizen(
        name=surname + given,
        name_en=_romanised(surname, given),
        id_number=id_number(born_on, serial),
        born_on=born_on,
        female=female,
        mobile=f"1990000{mobile:04d}",
        region=code,
        address=f"{town}（演示）幸福路{random.randint(1, 299)}号",
    )


@cache
def _romanised(surname: str, given: str) -> str:
    from pypinyin import lazy_pinyin  # not at the top: see catalog/actions.py

    return f"{''.join(lazy_pinyin(surname)).title()} {''.join(lazy_pinyin(given)).title()}"


def _organisation_check(body: str) -> str:
    """The 9th character of an organisation code (GB 11714) over its eight first."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    values = string.digits + string.ascii_uppercase
    rest = 11 - sum(values.index(c) * w for c, w in zip(body, weights, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))
