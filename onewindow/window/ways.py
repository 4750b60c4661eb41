"""The two ways of an applicant to a case: the case's own link, or an account. The pages behind them are the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from onewindow.cases.rules import Actor, applicant_of
from onewindow.window.models import Application


@dataclass(frozen=True)
class Way:
    """Who acts, and where the pages of the case lie on this way: ``<prefix>_<page>`` with ``key`` in the address."""

    case: Application
    me: Actor
    prefix: str
    key: str
    #: pages that this way has besides (a question to the department)
    more: tuple[str, ...] = ()

    def to(self, page: str, *args: Any) -> str:
        return reverse(f"{self.prefix}_{page}", args=[self.key, *args])

    @property
    def status(self) -> str:
        return self.to("token" if self.prefix == "track" else "case")

    @property
    def correct(self) -> str:
        return self.to("correct")

    @property
    def withdraw(self) -> str:
        return self.to("withdraw")

    @property
    def supply(self) -> str:
        return self.to("supply")

    @property
    def hearing(self) -> str:
        return self.to("hearing")

    def state(self, pledge: str) -> str:
        return self.to("state", pledge)

    def answer(self, share: str) -> str:
        return self.to("answer", share)

    @property
    def rate(self) -> str:
        """Where the verdict is given; nothing for who only follows, or in an installation without reviews."""
        try:
            return reverse("rate", args=[self.key]) if self.prefix == "track" else self.to("rate")
        except NoReverseMatch:
            return ""

    @property
    def ask(self) -> str:
        return self.to("ask") if "ask" in self.more else ""

    @property
    def may_act(self) -> bool:
        """Whether the reader may do what the applicant may; who only follows the case may look."""
        return self.me.kind == "applicant"

    @property
    def is_account(self) -> bool:
        return bool(self.me.account)

    def paper(self, pk: int) -> str:
        return self.to("paper", pk)


def by_token(a: Application) -> Way:
    """The way of whoever holds the link."""
    return Way(a, applicant_of(a), "track", a.track_token)


#: What the status page shows besides, by apps above: called with the way, gives what the template ``parts`` needs.
Panel = Callable[[Way], tuple[str, dict[str, Any]] | None]
PANELS: list[Panel] = []


def panels(way: Way) -> list[dict[str, Any]]:
    """The further parts of the status page: each a template and what it is given."""
    found = [panel(way) for panel in PANELS]
    return [{"template": part[0], **part[1]} for part in found if part]
