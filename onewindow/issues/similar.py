"""相似问题: which issues say much the same, and what keeps coming back – suggestions, each with the words it rests on.

A text is the set of its terms (``words.terms``). Rare terms weigh more than common ones (inverse document frequency);
likeness is the weighted share of what two texts have in common (cosine).
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from onewindow.issues.models import Issue, Term
from onewindow.issues.words import joined, phrases, terms, words

CANDIDATES = 80
#: What is said in every report; no theme is made of it.
EVERYDAY = frozenset(
    "窗口 受理 办理 材料 手续 办完 办事 时间 工作 人员 工作人员 事项 问题 大厅 告知 要求 填写 文字 说明".split()
)
ENOUGH = 0.18  # below this two texts only share everyday words


def learn(issue: Issue) -> None:
    """Writes the terms of a new issue down."""
    Term.objects.bulk_create(Term(issue=issue, term=t) for t in terms(issue.text))


@dataclass(frozen=True)
class Like:
    """A similar issue: how alike (0–1), and what both say word for word."""

    issue: Any
    score: float
    shared: Sequence[str]


def counts(of: Iterable[str]) -> dict[str, int]:
    """In how many issues each term stands."""
    return dict(Term.objects.filter(term__in=list(of)).order_by().values_list("term").annotate(n=Count("pk")))


def weight(count: int, total: int) -> float:
    """How much a term says that stands in ``count`` of ``total`` issues: the logarithm of how rare it is, to the power 1.5
    (the best of 1, 1.5 and 2 on the texts of ``tests/issues/test_similar.py``)."""
    return max(math.log((total + 1) / (count + 0.5)), 0.0) ** 1.5


def like(issue: Issue, seen: Any, most: int = 5) -> list[Like]:
    """The issues most like this one, among those ``seen``; two texts that only share everyday words are not."""
    mine = terms(issue.text)
    if not mine:
        return []
    total = Issue.objects.count()
    said = counts(mine)
    heavy = {t: weight(said.get(t, 0), total) for t in mine}
    # by the rarest terms that anybody else says: what everybody writes finds everything
    rare = sorted((t for t in mine if said.get(t, 0) > 1), key=lambda t: -heavy[t])[:20]
    near = (
        Term.objects.filter(term__in=rare)
        .exclude(issue_id=issue.pk)
        .order_by()
        .values_list("issue_id")
        .annotate(n=Count("pk"))
        .order_by("-n", "-issue_id")[:CANDIDATES]
    )
    return _ranked(issue.text, heavy, seen.filter(pk__in=[pk for pk, _n in near]), most)


def _ranked(text: str, heavy: dict[str, float], others: Any, most: int) -> list[Like]:
    found = []
    norm = sum(heavy.values())
    typical = norm / len(heavy)
    for other in others:
        theirs = terms(other.text)
        both = sum(heavy.get(t, 0.0) for t in theirs)
        score = both / (math.sqrt(norm * sum(heavy.get(t, typical) for t in theirs)) or 1.0)
        if score >= ENOUGH and (shared := phrases(text, other.text)):
            found.append(Like(other, round(score, 3), shared[:6]))
    return sorted(found, key=lambda x: (-x.score, -x.issue.pk))[:most]


@dataclass(frozen=True)
class Theme:
    """Words that come more often than before: in how many issues now, and how many would have been usual."""

    words: str
    now: int
    usual: float
    numbers: Sequence[str]


def themes(issues: Any, first: dt.datetime, last: dt.datetime, most: int = 8) -> list[Theme]:
    """What more people write about between two instants than in the three such spans before; each with its issues."""
    start = first - 3 * (last - first)
    rows = issues.filter(opened_at__gte=start, opened_at__lt=last).order_by("pk")
    where: dict[str, dict[str, str]] = {}  # word → number of an issue → its text
    before: Counter[str] = Counter()
    for number, text, at in rows.values_list("number", "text", "opened_at").iterator():
        for word in words(text):
            if word in EVERYDAY:
                continue
            if at < first:
                before[word] += 1
            else:
                where.setdefault(word, {})[number] = text
    rising = [w for w, found in where.items() if len(found) >= 3 and len(found) > 2 * before[w] / 3]
    rising.sort(key=lambda w: (before[w] / 3 - len(where[w]), w))
    return [_theme(group, where, before) for group in _grouped(rising[:40], where)[:most]]


def _grouped(rising: Sequence[str], where: dict[str, dict[str, str]]) -> list[list[str]]:
    """Words of the same issues are one theme: one sentence that many write would else fill the list."""
    groups: list[list[str]] = []
    for word in rising:
        mine = where[word].keys()
        for group in groups:
            theirs = where[group[0]].keys()
            if len(mine & theirs) >= 0.6 * len(mine | theirs):
                group.append(word)
                break
        else:
            groups.append([word])
    return groups


def _theme(group: Sequence[str], where: dict[str, dict[str, str]], before: Counter[str]) -> Theme:
    """Named by its words as the newest of its issues says them."""
    found = where[group[0]]
    text = found[list(found)[-1]]
    said = sorted(group, key=lambda w: (text.find(w) < 0, text.find(w)))
    return Theme(
        "、".join(joined(said, text)[:4]), len(found), round(before[group[0]] / 3, 1), list(found)[::-1]
    )


# --- what sounds bad ---------------------------------------------------------------------------------------

NEGATIVE = (
    "推诿", "推脱", "踢皮球", "刁难", "态度差", "态度恶劣", "态度生硬", "不耐烦", "骂人", "投诉", "没办成", "办不了", "不给办",
    "白跑", "多跑", "来回跑", "跑了好几趟", "跑了三趟", "太慢", "拖延", "拖着", "超时", "乱收费", "没人管", "没人理", "不管",
    "吃拿卡要", "卡要", "差劲", "失望", "气人", "不满意", "没解决", "不解释", "没人解释", "敷衍",
)  # fmt: skip
#: said just before, they turn it round
NOT = ("不", "没", "没有", "不再", "无", "并未", "未")


def complaint(text: str) -> list[str]:
    """The words of complaint in a text, as evidence; what is denied (没有推诿) is none. Empty: it does not sound bad."""
    found = []
    for word in NEGATIVE:
        at = text.find(word)
        while at >= 0:
            if not any(text[:at].endswith(n) for n in NOT):
                found.append(word)
                break
            at = text.find(word, at + 1)
    return found
