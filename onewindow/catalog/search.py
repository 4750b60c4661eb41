"""How people look for an item: by its Chinese name, pinyin, initials (also with gaps: ``spxk``), code or English name.

Everything happens in the database, so that the answer is a queryset to filter, count and page further.
"""

from __future__ import annotations

import re
import unicodedata

from django.db.models import Case, CharField, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Replace

MAX_LENGTH = 60


def normal(text: str) -> list[str]:
    """The words of what was typed: half-width small letters, digits and Chinese characters, nothing else."""
    text = unicodedata.normalize("NFKC", text[:MAX_LENGTH]).lower()
    return re.findall(r"[a-z0-9\u3400-\u9fff]+", re.sub(r"(?<=[a-z0-9])-+(?=[a-z0-9])", "", text))


def in_order(word: str) -> str:
    """A pattern that finds the characters of a word in this order, with anything between them.

    Each gap excludes the next character wanted, so that matching never goes back: linear, whatever is typed.
    """
    return "^" + "".join(f"[^{c}]*{c}" for c in word)


def ranked(items: QuerySet, text: str) -> QuerySet:
    """The items that fit, best first; every word must fit. An empty text leaves all, those in demand first."""
    words = normal(text)
    if not words:
        return (items if not text.strip() else items.none()).order_by("-is_hot", "code")
    items = items.annotate(bare_code=Replace("code", Value("-"), Value(""), output_field=CharField()))
    for word in words:
        items = items.filter(_fits(word))
    whole = "".join(words)
    return items.annotate(
        rank=Case(
            *(When(test, then=n) for n, test in enumerate(_ranks(whole))),
            default=99,
            output_field=IntegerField(),
        )
    ).order_by("rank", "-is_hot", "code")


def _fits(word: str) -> Q:
    fits = Q(name__icontains=word) | Q(bare_code__icontains=word) | Q(name_en__icontains=word)
    if word.isascii():
        fits |= Q(pinyin__contains=word)
        if word.isalpha() and len(word) > 1:
            fits |= Q(initials__regex=in_order(word))
    elif len(word) > 1:
        fits |= Q(name__regex=in_order(word))
    return fits


def _ranks(whole: str) -> list[Q]:
    """From exact to vague."""
    return [
        Q(bare_code__iexact=whole) | Q(name=whole),
        Q(name__istartswith=whole) | Q(initials__startswith=whole),
        Q(name__icontains=whole) | Q(bare_code__iendswith=whole),
        Q(pinyin__startswith=whole) | Q(name_en__istartswith=whole),
        Q(initials__contains=whole),
        Q(name_en__icontains=whole) | Q(bare_code__icontains=whole),
        Q(pinyin__contains=whole),
    ]
