"""相似问题: which issues say much the same, and what keeps coming back – suggestions, each with the words it rests on.

Local and small: a text is the set of its pairs of neighbouring characters (Chinese is written without spaces; pairs do
nearly as well as words and need no dictionary), of Latin words as they are. Rare pairs weigh more than common ones
(inverse document frequency); likeness is the weighted share of what two texts have in common (cosine).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Count

from onewindow.issues.models import Issue, Term

CHINESE = re.compile(r"[\u3400-\u9fff]+")
LATIN = re.compile(r"[a-z]{3,20}")
#: Characters that carry no matter; a pair with one of them is left out.
EMPTY = set(
    "却已才再每次经求上三两十的了是在我们你他她它和与及也都就还又很太不没有把被对从到说要让给去来这那个一些吗呢吧啊请您为以而但"
)
MOST = 60  # terms of one text
CANDIDATES = 200
#: What is said in every report; no theme is made of it.
EVERYDAY = frozenset(
    "窗口 受理 办理 材料 手续 办完 时间 没有 不给 工作 人员 事项 问题 大厅 说要 告知".split()
)
ENOUGH = 0.22  # below this two texts only share everyday words


def terms(text: str) -> list[str]:
    """The terms of a text, in order, each once. Numbers are no terms: they are telephones and case numbers."""
    found: dict[str, None] = {}
    for run in CHINESE.findall(text):
        for a, b in pairwise(run):
            if a not in EMPTY and b not in EMPTY:
                found[a + b] = None
    for word in LATIN.findall(text.lower()):
        found[word] = None
    return list(found)[:MOST]


def learn(issue: Issue) -> None:
    """Writes the terms of a new issue down."""
    Term.objects.bulk_create(Term(issue=issue, term=t) for t in terms(issue.text))


@dataclass(frozen=True)
class Like:
    """A similar issue: how alike (0–1), and the words that both say."""

    issue: Any
    score: float
    shared: Sequence[str]


def weights(of: Iterable[str], total: int) -> dict[str, float]:
    """How much each term says: the logarithm of how rare it is among all issues."""
    counts = dict(
        Term.objects.filter(term__in=list(of)).order_by().values_list("term").annotate(n=Count("pk"))
    )
    return {t: math.log((total + 1) / (counts.get(t, 0) + 0.5)) for t in of}


def like(issue: Issue, seen: Any, most: int = 5) -> list[Like]:
    """The issues most like this one, among those ``seen``; two texts that only share everyday words are not."""
    mine = terms(issue.text)
    if not mine:
        return []
    total = max(Issue.objects.order_by("-id").values_list("id", flat=True).first() or 1, 1)
    weight = weights(mine, total)
    # by the rarest terms first: what everybody writes finds everything
    rare = sorted(mine, key=lambda t: -weight[t])[:12]
    near = (
        Term.objects.filter(term__in=rare)
        .exclude(issue_id=issue.pk)
        .order_by()
        .values_list("issue_id")
        .annotate(n=Count("pk"))
        .order_by("-n", "-issue_id")[:CANDIDATES]
    )
    return _ranked(mine, weight, seen.filter(pk__in=[pk for pk, _n in near]), most)


def _ranked(mine: Sequence[str], weight: dict[str, float], others: Any, most: int) -> list[Like]:
    found = []
    norm = math.sqrt(sum(weight[t] ** 2 for t in mine)) or 1.0
    typical = sum(weight.values()) / len(weight)
    for other in others:
        theirs = terms(other.text)
        both = [t for t in mine if t in set(theirs)]
        dot = sum(weight[t] ** 2 for t in both)
        length = math.sqrt(sum(weight.get(t, typical) ** 2 for t in theirs)) or 1.0
        score = dot / (norm * length)
        if score >= ENOUGH:
            found.append(Like(other, round(score, 3), joined(both, issue_text=other.text)))
    return sorted(found, key=lambda x: (-x.score, -x.issue.pk))[:most]


def joined(pairs: Sequence[str], issue_text: str = "") -> list[str]:
    """Pairs that follow each other as one word: 营业, 业执, 执照 → 营业执照."""
    words: list[str] = []
    for pair in pairs:
        if words and len(pair) == 2 and words[-1][-1] == pair[0] and words[-1] + pair[1] in issue_text:
            words[-1] += pair[1]
        else:
            words.append(pair)
    return words


@dataclass(frozen=True)
class Theme:
    """Words that come more often than before: in how many issues now, and how many would have been usual."""

    words: str
    now: int
    usual: float
    numbers: Sequence[str]


def themes(issues: Any, first: dt.datetime, last: dt.datetime, most: int = 8) -> list[Theme]:
    """What more people write about between two instants than in the three such spans before; each with its issues."""
    span = last - first
    recent = dict(_counts(issues, first, last))
    before = dict(_counts(issues, first - 3 * span, first))
    rising = [
        (t, n, before.get(t, 0) / 3)
        for t, n in recent.items()
        if n >= 3 and n > 2 * before.get(t, 0) / 3 and t not in EVERYDAY
    ]
    rising.sort(key=lambda x: (-(x[1] - x[2]), x[0]))
    return _grouped(rising[:40], issues.filter(opened_at__gte=first, opened_at__lt=last), most)


def _counts(issues: Any, first: dt.datetime, last: dt.datetime) -> Any:
    of = issues.filter(opened_at__gte=first, opened_at__lt=last).values("pk")
    return Term.objects.filter(issue__in=of).order_by().values_list("term").annotate(n=Count("pk"))


def _grouped(rising: list[tuple[str, int, float]], issues: Any, most: int) -> list[Theme]:
    """Terms of the same issues are one theme: the pairs of one word would else fill the list."""
    rows = Term.objects.filter(issue__in=issues.values("pk"), term__in=[t for t, _n, _u in rising])
    where: dict[str, set[int]] = {}
    for pk, term in rows.values_list("issue_id", "term"):
        where.setdefault(term, set()).add(pk)
    themes: list[tuple[list[str], set[int], float]] = []
    for term, _n, usual in rising:
        mine = where.get(term, set())
        for words, theirs, _u in themes:
            if len(mine & theirs) >= 0.6 * len(mine | theirs):
                words.append(term)
                break
        else:
            themes.append(([term], mine, usual))
    every = set().union(*(mine for _w, mine, _u in themes))
    numbers = dict(issues.filter(pk__in=every).values_list("pk", "number"))
    texts = " ".join(issues.filter(pk__in=numbers).values_list("text", flat=True)) if numbers else ""
    return [
        Theme("、".join(_as_words(words, texts)), len(mine), round(usual, 1),
              [numbers[pk] for pk in sorted(mine, reverse=True)])
        for words, mine, usual in themes[:most]
    ]  # fmt: skip


def _as_words(pairs: list[str], texts: str) -> list[str]:
    """The pairs in the order in which they are written, joined to words."""
    at = Counter({p: -texts.find(p) for p in pairs})
    return joined([p for p, _n in at.most_common()], issue_text=texts)[:4]


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
