"""Every model says which of its fields are personal and how they are masked (PIPL 28, 51).

A meta-test walks all models: a field whose name or type smells of a person and that is not declared here fails it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db.models import Model

M = TypeVar("M", bound=type[Model])
#: model -> {field: what it is}; kinds: name, identity number, mobile, network address, text, secret
DECLARED: dict[type[Model], dict[str, str]] = {}


def personal(**fields: str) -> Callable[[M], M]:
    """Declares a model's personal fields: ``@personal(mobile="mobile", id_number="identity number")``."""

    def declare(model: M) -> M:
        DECLARED[model] = fields
        return model

    return declare
