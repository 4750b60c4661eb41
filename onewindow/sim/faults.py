"""What goes wrong on purpose in simulated life, as shares in percent: ``late=20,lost=10,twice=5``;
a storm is a number: ``storm=300``.

Nothing here touches what is tested: people are slow, lines break, fingers press twice; the product has to bear it.
"""

from __future__ import annotations

#: fault → what happens; those of the line exist only over HTTP
KNOWN = {
    "late": "a department lets the promised day pass",
    "storm": "so many matters about one item could not be done, on the first day (without --url)",
    "lost": "the answer of a call gets lost and the call is sent again (with --url)",
    "twice": "a call is sent twice (with --url)",
}
MOST = 10_000  # matters of a storm
OF_THE_LINE = frozenset({"lost", "twice"})


def parse(text: str) -> dict[str, float]:
    """Shares from 0 to 1 by fault, the size of a storm. Raises ValueError that names what is wrong and what there is."""
    found: dict[str, float] = {}
    for word in filter(None, (w.strip() for w in text.split(","))):
        name, _, percent = word.partition("=")
        if name not in KNOWN:
            raise ValueError(f"{name!r} is no fault; there are: {', '.join(KNOWN)}")
        if name == "storm":
            if not (percent.isdecimal() and 0 < int(percent) <= MOST):
                raise ValueError(f"{word!r}: write a whole number from 1 to {MOST}, as in storm=300")
            found[name] = int(percent)
            continue
        try:
            share = float(percent) / 100
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise ValueError(f"{word!r}: write a percentage from 0 to 100, as in {name}=10")
        found[name] = share
    return found
