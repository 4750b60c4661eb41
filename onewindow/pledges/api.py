"""What the API tells of a pledge; its calls are those of every case."""

from __future__ import annotations

from typing import Any

from ninja import Router

from onewindow.cases import api as cases
from onewindow.org import http

router = Router(tags=["cases"])


def facts(p: Any, whole: bool) -> dict[str, Any]:
    """Kind, application, what is owed, and what has become of it."""
    said = {
        "application": p.application,
        "kind": p.kind,
        "material": p.spec_no or None,
        "what": p.what,
        "what_en": p.what_en,
        "consequence": p.consequence,
        "kept_at": http.iso(p.kept_at),
        "broken_at": http.iso(p.broken_at),
    }
    return said | ({"form": p.form} if whole else {})


cases.FACTS["C"] = facts
