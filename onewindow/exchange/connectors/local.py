"""An invented neighbour's register on this machine: the same question always gets the same answer.

It knows whoever carries the region 239999, which was never assigned. ``ONEWINDOW_REGISTERS_DELAY`` (milliseconds) and
``ONEWINDOW_REGISTERS_FAULTS`` (percent of questions that get no answer) make it as slow and as unreliable as a real one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings

from onewindow.cases import instant
from onewindow.data.people import REGION, Citizen, Firm, citizens, firms
from onewindow.exchange.connectors import Unavailable
from onewindow.org.calendar import ZONE
from onewindow.org.masking import mask_id


class Local:
    """See the module."""

    def ask(
        self, method: str, subject: str, *, name: str, fields: Sequence[str], timeout: float
    ) -> Mapping[str, Any] | None:
        self._as_slow_and_unreliable(subject, timeout)
        tell = REGISTERS.get(method)
        if tell is None:
            raise Unavailable("bad_answer")
        if REGION not in (subject[:6], subject[2:8]):
            return None
        found = tell(subject, name)
        return found and {f: found[f] for f in fields if f in found}

    def check(self) -> str:
        faults = f", {settings.REGISTERS_FAULTS} % faults" if settings.REGISTERS_FAULTS else ""
        return f"local: an invented register for demonstrations ({settings.REGISTERS_DELAY} ms{faults})"

    def _as_slow_and_unreliable(self, subject: str, timeout: float) -> None:
        delay = settings.REGISTERS_DELAY / 1000
        if delay and not instant.is_simulated():
            time.sleep(min(delay, timeout))
        if delay > timeout:
            raise Unavailable("timeout")
        if luck(f"{subject} {instant.now():%Y%m%d%H%M}") < settings.REGISTERS_FAULTS:
            raise Unavailable("down")


def luck(text: str, most: int = 100) -> int:
    """A number below ``most``, always the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % most


@cache
def _firms() -> dict[str, Firm]:
    return {f.uscc: f for f in firms(1, 400)}


@cache
def _people() -> dict[str, Citizen]:
    return {c.id_number: c for c in citizens(1, 1500)}


def _day(subject: str, first: int, years: int) -> dt.date:
    return dt.date(first, 1, 1) + dt.timedelta(luck(f"day {subject}", years * 365))


def _until(subject: str) -> dt.date:
    """A document of ten years that is still valid for a while."""
    today = instant.now().astimezone(ZONE).date()
    return dt.date(today.year + 1 + luck(f"until {subject}", 9), 1 + luck(subject, 12), 1 + luck(subject, 28))


def enterprise(subject: str, name: str) -> dict[str, Any]:
    """市场主体登记信息."""
    firm = _firms().get(subject)
    return {
        "uscc": subject,
        "name": firm.name if firm else name,
        "legal_person": firm.contact.name if firm else "",
        "capital": f"{(1 + luck(subject, 20)) * 50} 万元",
        "established": _day(subject, 2012, 12).isoformat(),
        "status": "存续",
        "address": firm.address if firm else "",
        "scope": "食品经营；餐饮服务" if luck(subject, 2) else "农副产品销售；仓储服务",
    }


def identity(subject: str, name: str) -> dict[str, Any]:
    """居民身份信息核验: the register compares, it does not tell."""
    person = _people().get(subject)
    fits = person is None or person.name == name
    return {
        "number": mask_id(subject),
        "match": "姓名与号码一致" if fits else "姓名与号码不一致",
        "status": "有效",
        "valid_until": _until(subject).isoformat(),
    }


def household(subject: str, name: str) -> dict[str, Any]:
    """户籍信息."""
    return {
        "relation": ("户主", "配偶", "子女")[luck(subject, 3)],
        "members": 1 + luck(f"members {subject}", 5),
        "kind": ("家庭户", "集体户")[luck(subject, 10) // 9],
        "registered": _day(subject, 1995, 25).isoformat(),
    }


def marriage(subject: str, name: str) -> dict[str, Any]:
    """婚姻登记信息."""
    state = ("已婚", "未婚", "离异")[luck(f"marriage {subject}", 3)]
    return {"state": state, "registered": _day(subject, 1998, 25).isoformat() if state == "已婚" else ""}


def certificate(subject: str, name: str) -> dict[str, Any]:
    """证照信息: any certificate by its holder."""
    return {
        "certificate": f"{luck(f'no {subject}', 10**8):08d}",
        "status": "有效",
        "issued": _day(subject, 2016, 8).isoformat(),
        "valid_until": _until(subject).isoformat(),
    }


REGISTERS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "enterprise": enterprise,
    "identity": identity,
    "household": household,
    "marriage": marriage,
    "certificate": certificate,
}
