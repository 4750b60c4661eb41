"""分词: the words of a Chinese text. Cutting is done by jieba (rjieba, on this machine, no network); what its dictionary lacks
of a county's speech is added here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

CHINESE = re.compile(r"[\u3400-\u9fff]+")
LATIN = re.compile(r"[a-z]{3,20}")
#: Said every day in offices, and in no dictionary.
LOCAL = (
    "市监局 市监 住建局 住建 人社局 卫健局 卫健委 医保局 自规局 资规局 农业农村局 营商局 行政审批局 "
    "应急局 文旅局 林草局 交警队 不动产登记 产权证 居住证 社保卡 食品经营许可证 告知承诺 容缺 一次性告知 "
    "一网通办 一体化平台 网报 跨区通办 跨省通办 办不成 多跑 劳动监察 房屋产权 竣工验收 规划许可"
).split()
OFTEN = 20_000  # as often as 监管, so that 市监管 is 市监 and 管
#: Parts of speech that carry no matter: pronouns, numbers, measures, prepositions, particles, times, marks … (ICTCLAS tags).
EMPTY_TAGS = frozenset("rmqpucdfoexywt")
#: Verbs that stand in every report.
EMPTY_WORDS = frozenset(
    "没有 不能 不了 不给 不让 不到 可以 只能 不会 一直 必须 时候 找不到 告诉 下来 知道 说要 说好 却说 起来 出来 进去 上去".split()
)
#: Characters that carry no matter; a pair with one of them is left out.
EMPTY = frozenset(
    "却已才再每次经求上三两十的了是在我们你他她它和与及也都就还又很太不没有把被对从到说要让给去来这那个一些吗呢吧啊请您为以而但"
)
#: Characters that begin or end no phrase.
EDGE = "的了是在和与及也都就还又很吗呢吧啊而但却已才再我你他她它这那个"
MOST = 60  # words, pairs and characters each of one text


@cache
def _jieba() -> Any:
    """The dictionary (some 30 MB), loaded by those processes only that read texts."""
    import rjieba

    for word in LOCAL:
        rjieba.add_word(word, OFTEN, "n")
    return rjieba


def _content(text: str) -> Iterator[str]:
    for word, tag in _jieba().tag(text, hmm=False):
        if tag[:1] not in EMPTY_TAGS and word not in EMPTY_WORDS and _is_word(word):
            yield word
    yield from LATIN.findall(text.lower())


def _is_word(word: str) -> bool:
    return 2 <= len(word) <= 20 and CHINESE.fullmatch(word) is not None


def words(text: str) -> list[str]:
    """The words that say what a text is about, in order, each once. Numbers are none: they are telephones and case numbers."""
    return list(dict.fromkeys(_content(text)))


def terms(text: str) -> list[str]:
    """What a text is compared by, each once: its words and the words in them, pairs of neighbouring characters, characters.

    Words alone miss what two people say differently; pairs and characters find it (``tests/issues/test_similar.py`` counts).
    """
    found = words(text)
    known = set(found)
    inner = [w for word in found for w in _jieba().cut_for_search(word, hmm=False) if w not in known]
    whole = [w for w in [*found, *inner] if _is_word(w) or LATIN.fullmatch(w)]
    runs = CHINESE.findall(text)
    pairs = [a + b for run in runs for a, b in pairwise(run) if a not in EMPTY and b not in EMPTY]
    single = [c for run in runs for c in run if c not in EMPTY]
    return list(dict.fromkeys(t for kind in (whole, pairs, single) for t in list(dict.fromkeys(kind))[:MOST]))


def joined(parts: Sequence[str], text: str) -> list[str]:
    """Words that follow each other in the text as one: 社保, 系统 → 社保系统."""
    found: list[str] = []
    for part in parts:
        if found and found[-1] + part in text:
            found[-1] += part
        else:
            found.append(part)
    return found


def phrases(text: str, other: str) -> list[str]:
    """What two texts say word for word, the longest first: whole phrases, for a reader has to see at once what two reports have
    in common. Empty words alone are none."""
    found: dict[str, None] = {}
    for run in CHINESE.findall(text):
        at = 0
        while at < len(run) - 1:
            end = at + 1
            while end < len(run) and run[at : end + 1] in other:
                end += 1
            phrase = run[at:end].strip(EDGE)
            if len(phrase) >= 2 and phrase not in EMPTY_WORDS:
                found[phrase] = None
            at = max(end, at + 1)
    there = set(LATIN.findall(other.lower()))
    found |= dict.fromkeys(word for word in LATIN.findall(text.lower()) if word in there)
    longest = sorted(found, key=lambda phrase: -len(phrase))
    return [p for n, p in enumerate(longest) if not any(p in longer for longer in longest[:n])]
