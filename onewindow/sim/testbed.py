"""The test bed of the signals: frauds planted in a simulated year at some windows of a city, the signals held against it as the
product does, and what came of it, for one city or for many cities drawn by lot."""

from __future__ import annotations

from collections import Counter as Bag
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onewindow.sim import beds, cities
from onewindow.sim.frauds import FRAUDS
from onewindow.voice import integrity
from onewindow.voice.figures import wilson

#: What a city is and what a window of it is. Four that somebody thought up, and two that are another city with each seed.
BEDS: dict[str, tuple[type[beds.Town], type[beds.Place]]] = {
    **{name: (beds.Town, kind) for name, kind in beds.BEDS.items()},
    "drawn": (cities.City, cities.Drawn),
    "otherwise": (cities.City, cities.Otherwise),
}


@dataclass(frozen=True)
class Result:
    """What the signals made of it. ``planted``: fraud → windows, windows flagged, and the signals that did it."""

    honest: int
    wrongly: dict[str, list[str]]
    planted: dict[str, tuple[int, int, Bag[str]]]
    reviews: int

    @property
    def found(self) -> int:
        """Patterns seen at more than half of the windows at which they were planted."""
        return sum(2 * hit > n for n, hit, _signals in self.planted.values())

    @property
    def wrong_share(self) -> float:
        return len(self.wrongly) / self.honest if self.honest else 0.0

    @property
    def table(self) -> tuple[int, int, int, int]:
        """Planted and flagged, planted and not, honest and flagged, honest and not."""
        n, hit = (sum(x[i] for x in self.planted.values()) for i in (0, 1))
        return hit, n - hit, len(self.wrongly), self.honest - len(self.wrongly)


@dataclass(frozen=True)
class Pool:
    """Several cities as one."""

    cities: Sequence[Result]

    @property
    def whole(self) -> Result:
        planted: dict[str, tuple[int, int, Bag[str]]] = {}
        for city in self.cities:
            for name, (n, hit, signals) in city.planted.items():
                n0, hit0, before = planted.get(name, (0, 0, Bag[str]()))
                planted[name] = n0 + n, hit0 + hit, before + signals
        wrongly = {
            f"{n}/{key}": codes for n, x in enumerate(self.cities, 1) for key, codes in x.wrongly.items()
        }
        return Result(
            sum(x.honest for x in self.cities), wrongly, planted, sum(x.reviews for x in self.cities)
        )

    @property
    def found(self) -> list[int]:
        """Of each city the patterns found."""
        return [x.found for x in self.cities]

    @property
    def expected(self) -> float:
        """How many patterns are seen on average of those planted at one window each: the sum of their shares."""
        return sum(hit / n for n, hit, _signals in self.whole.planted.values() if n)

    @property
    def wrong(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share of honest windows flagged."""
        return wilson(len(self.whole.wrongly), self.whole.honest)


def run(
    honest: int = 400,
    each: int = 1,
    *,
    seed: int = 1,
    a_day: float = 8.0,
    frauds: Iterable[str] = FRAUDS,
    bed: str = "first",
) -> Result:
    """A year at ``honest`` windows and ``each`` more for every fraud; looked at by quarters and as a whole, as the product
    does. A window counts as flagged if any signal stood at any look."""
    city, kind = BEDS[bed]
    town = city(seed, a_day)
    places, planted = [], {}
    for n in range(honest):
        place = kind(town, f"W{n:04d}", f"H{n % 8}")
        place.live()
        places.append(place)
    for name in frauds:
        for n in range(each):
            place = kind(town, f"{name}-{n}", f"H{n % 8}")
            FRAUDS[name](place)
            places.append(place)
            planted[place.key] = name
    places.sort(key=lambda p: p.hall)  # hall by hall, as the product reads them
    flagged: dict[str, set[str]] = defaultdict(set)
    for first, last in [*beds.QUARTERS, (0, 364)]:
        for w, found in integrity.examine([p.window(first, last) for p in places]):
            flagged[w.key].update(e.code for e in found)
    told = {}
    for name in frauds:
        keys = [key for key, of in planted.items() if of == name]
        hits = [flagged[key] for key in keys if flagged[key]]
        told[name] = (len(keys), len(hits), Bag(code for codes in hits for code in codes))
    wrongly = {p.key: sorted(flagged[p.key]) for p in places if p.key not in planted and flagged[p.key]}
    return Result(honest, wrongly, told, sum(len(p.said) for p in places))


def pool(
    seeds: Iterable[int], honest: int = 400, each: int = 2, *, a_day: float = 12.0, bed: str = "drawn"
) -> Pool:
    """The same for the cities of several seeds."""
    return Pool([run(honest, each, seed=seed, a_day=a_day, bed=bed) for seed in seeds])
