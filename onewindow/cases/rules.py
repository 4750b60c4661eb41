"""Who may take a step, said as small predicates that can be combined and that know the reason why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from onewindow.cases.models import Case
    from onewindow.org.models import Person


@dataclass(frozen=True)
class Actor:
    """Someone who acts without a post: the clock, or the applicant of one case, by the case's own link or by an account
    (``account``: its user name; ``is_agent``: for somebody else, with a power of attorney)."""

    kind: str
    number: str = ""
    account: str = ""
    is_agent: bool = False

    @property
    def username(self) -> str:
        """What stands in an event: ``clock``, ``applicant``, ``applicant:<account>`` or ``agent:<account>``."""
        kind = "agent" if self.is_agent else self.kind
        return f"{kind}:{self.account}" if self.account else kind

    @property
    def is_authenticated(self) -> bool:
        return False


CLOCK = Actor("clock")
By = Union["Person", Actor]


def applicant_of(case: Case) -> Actor:
    """The applicant, after the case's token was checked."""
    return Actor("applicant", case.number)


def is_applicants(by: str) -> bool:
    """Whether an event was made by the applicant's side: by the link, by the own account or by an agent."""
    return by.partition(":")[0] in ("applicant", "agent")


@dataclass(frozen=True)
class Reason:
    """Why not: a stable code, a sentence in the reader's language, and whether another person could (``not_allowed``)."""

    code: str
    text: Any
    kind: str = "not_possible"


class Rule:
    """A predicate over (case, by). ``a | b``: either will do; ``a & b``: both must. Called, it returns a Reason or None."""

    def __init__(
        self, test: Callable[[Any, By], bool], code: str, text: Any, name: str = "", kind: str = "not_allowed"
    ):
        self.test, self.code, self.text, self.name, self.kind = test, code, text, name or code, kind

    def __call__(self, case: Case, by: By) -> Reason | None:
        return None if self.test(case, by) else Reason(self.code, self.text, self.kind)

    def __or__(self, other: Rule) -> Rule:
        return Rule(
            lambda c, b: self.test(c, b) or other.test(c, b),
            self.code,
            self.text,
            f"{self.name} | {other.name}",
            self.kind,
        )

    def __and__(self, other: Rule) -> Rule:
        return _Both(self, other)


class _Both(Rule):
    def __init__(self, first: Rule, second: Rule):
        super().__init__(
            lambda c, b: first.test(c, b) and second.test(c, b),
            first.code,
            first.text,
            f"{first.name} & {second.name}",
        )
        self.parts = (first, second)

    def __call__(self, case: Case, by: By) -> Reason | None:
        return self.parts[0](case, by) or self.parts[1](case, by)


def rule(code: str, text: Any, kind: str = "not_allowed") -> Callable[[Callable[[Any, By], bool]], Rule]:
    """Makes a Rule of a predicate; ``kind`` is ``not_allowed`` (the wrong person) or ``not_possible`` (the wrong time)."""

    def make(test: Callable[[Any, By], bool]) -> Rule:
        return Rule(test, code, text, test.__name__, kind)

    return make


def possible(code: str, text: Any) -> Callable[[Callable[[Any, By], bool]], Rule]:
    """A Rule about the case rather than the person."""
    return rule(code, text, "not_possible")


@rule("only_the_clock", _("The system does this by itself when the lawful limit has passed."))
def the_clock(case: Any, by: By) -> bool:
    return by is CLOCK


@rule("only_the_applicant", _("Only the applicant can do that."))
def the_applicant(case: Any, by: By) -> bool:
    return isinstance(by, Actor) and by.kind == "applicant" and by.number == case.number
