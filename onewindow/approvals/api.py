"""What the API tells of an approval; its calls are those of every case."""

from __future__ import annotations

from typing import Any

from ninja import Router

from onewindow.approvals.models import Comment
from onewindow.cases import api as cases
from onewindow.catalog.api import ref
from onewindow.org import http

router = Router(tags=["cases"])


def facts(b: Any, whole: bool) -> dict[str, Any]:
    """Application, stage, round and what the department said."""
    said: dict[str, Any] = {
        "application": b.application,
        "item": ref(b.item),
        "stage": b.stage,
        "is_advisory": b.is_advisory,
        "round": b.round,
        "started_at": http.iso(b.started_at),
        "decided_at": http.iso(b.decided_at),
    }
    if not whole:
        return said
    return said | {
        "lead": ref(b.lead),
        "question": b.question,
        "opinion": b.opinion,
        "conditions": b.conditions,
        "basis": b.basis,
        "comments": [
            {
                "no": c.no, "round": c.round, "text": c.text, "is_late": c.is_late, "answer": c.answer,
                "answered_at": http.iso(c.answered_at), "closed_at": http.iso(c.closed_at),
            }
            for c in comments(b)
        ],
    }  # fmt: skip


def comments(b: Any) -> list[Comment]:
    return list(b.comments.order_by("no"))


cases.FACTS["B"] = facts
