"""Figures over reviews for programs: the good share with its number, and how many of the occasions were used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases.figures import Row, figure
from onewindow.org.models import Person
from onewindow.org.templatetags.ow import local
from onewindow.voice import exact, rules
from onewindow.voice.figures import DIMENSIONS, Verdict, verdict, verdicts_by
from onewindow.voice.models import Review
from onewindow.window.models import Application


def _verdicts(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[tuple[Any, Verdict]]:
    """By office, hall or item; reviews have no other group: then all together."""
    if rules.sees_all_reviews(person):  # by the sums, as far as nothing changes them any more
        return exact.verdicts_by(by, start, end) if by in DIMENSIONS else [(None, exact.verdict(start, end))]
    reviews, cases = Review.objects.seen_by(person), Application.objects.seen_by(person)
    if by in DIMENSIONS:
        return verdicts_by(by, reviews, cases, start, end)
    return [(None, verdict(reviews, cases, start, end))]


def _row(thing: Any, numerator: int, denominator: int) -> Row:
    return Row(thing.code if thing else "", local(thing), numerator, denominator)


def _good(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
    return [
        _row(thing, said.good, said.n)
        for thing, said in _verdicts(person, start, end, by)
        if said.n or not by
    ]


def _coverage(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
    found = _verdicts(person, start, end, by)
    return [_row(thing, min(said.n, said.touchpoints), said.touchpoints) for thing, said in found]


figure(
    "reviews",
    _("Good share"),
    _("Reviews of three, four and five stars ÷ all reviews given by people. The interval is Wilson's."),
    _good,
    is_share=True,
)
figure(
    "coverage",
    _("Coverage"),
    _("Reviews ÷ occasions to give one: acceptance (not of matters decided on the spot) and handing over."),
    _coverage,
    is_share=True,
)
