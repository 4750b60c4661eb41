"""What the API tells of an issue; its calls are those of every case."""

from __future__ import annotations

from typing import Any

from ninja import Router

from onewindow.cases import api as cases
from onewindow.issues.desk import DIGITS
from onewindow.issues.forms import shows_reporter
from onewindow.org import http

router = Router(tags=["cases"])


def facts(i: Any, whole: bool) -> dict[str, Any]:
    """Origin, grade, what came of it. Nobody's name: neither the reporter's nor that of whom it is about."""
    said = {
        "origin": i.origin,
        "grade": i.grade,
        "item": i.item.code if i.item else None,
        "proposal": i.proposal,
        "outcome": i.outcome,
        "cause": i.cause,
        "prevention": i.prevention,
        "reopened": i.reopened,
        "confirmed_at": http.iso(i.confirmed_at),
    }
    more = {
        "text": i.text if shows_reporter(i) else DIGITS.sub("……", i.text),
        "finding": i.finding,
        "answer": i.answer,
        "article": i.article,
        "alternatives": i.alternatives,
        "receipt": i.receipt,
        "facts": i.facts,
    }
    return said | (more if whole else {})


cases.FACTS["Q"] = facts
