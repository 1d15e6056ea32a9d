"""Do the intervals of policies that never ran cover what they would have brought? Worlds of known truth.

    python benchmarks/offpolicy.py [--sets 400] [--only visits,spend] [--arms 2,5,20] [--rows 500,5000,50000]
                                   [--units 1] [--known] [--difference]

A log explores with chance 0.1: else it gives what an old model likes best. Each line is a world (kind of
outcome, treatments, rows) and a candidate; of each estimate it says how often the log could answer, how often
the 95 % interval of those answers covers, beside the normal interval's cover on the same logs, and how wide
the interval is, in the normal one's widths. Every set draws from a seed of its own.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.log import Logged, following
from trato.measure.offpolicy import METHODS, Evaluated, Method, compare, evaluate
from trato.measure.predicted import cross_fitted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEATURES = 5
EXPLORED = 0.1
RATES = {"rare": 0.01, "visits": 0.05, "half": 0.4, "spend": 0.01, "baskets": 0.05, "net": 0.05}
KINDS = (*RATES, "scores")
CANDIDATES = ("logged", "greedy", "single", "soft", "uniform")
CONTACT_COST = 0.7


@dataclass(frozen=True)
class World:
    """Customers with five features, and treatments that each suit some of them better."""

    kind: str
    arms: int
    taste: Array
    popular: Array
    believed: Array

    def mean(self, x: Array) -> Array:
        """Expected outcomes (n, arms)."""
        score = x @ self.taste + self.popular
        if self.kind == "scores":
            return np.asarray(5 + score)
        share = self.share(score)
        if self.kind in {"spend", "baskets"}:
            return np.asarray(share * np.exp(3 + 1.2**2 / 2))
        if self.kind == "net":
            return np.asarray(share * np.exp(3 + 1 / 2) - CONTACT_COST * (np.arange(self.arms) > 0))
        return share

    def share(self, score: Array) -> Array:
        """Who responds, (n, arms)."""
        rate = RATES[self.kind]
        return np.asarray(1 / (1 + np.exp(-(np.log(rate / (1 - rate)) - 0.2 + score))))

    def draw(self, x: Array, given: NDArray[np.int64], rng: np.random.Generator) -> Array:
        """Outcomes (n,) of what was given."""
        rows = np.arange(len(given))
        score = (x @ self.taste + self.popular)[rows, given]
        if self.kind == "scores":
            return np.asarray(5 + score + rng.normal(0, 1, len(rows)))
        bought = rng.random(len(rows)) < self.share(score)
        if self.kind in {"spend", "baskets"}:
            return np.asarray(bought * rng.lognormal(3, 1.2, len(rows)))
        if self.kind == "net":
            return np.asarray(bought * rng.lognormal(3, 1.0, len(rows)) - CONTACT_COST * (given > 0))
        return bought.astype(np.float64)

    def candidate(self, name: str, x: Array) -> Array:
        """The probabilities (n, arms) of a policy."""
        score = x @ self.taste + self.popular
        if name == "logged":
            return following((x @ self.believed).argmax(axis=1), self.arms)
        if name == "greedy":
            return following(score.argmax(axis=1), self.arms)
        if name == "single":
            return following(np.full(len(x), int(self.popular.argmax())), self.arms)
        if name == "soft":
            odds = np.exp(2 * score)
            return np.asarray(odds / odds.sum(axis=1, keepdims=True))
        return np.full((len(x), self.arms), 1 / self.arms)


def world(kind: str, arms: int) -> World:
    """The world of this kind, the same in every run."""
    rng = np.random.default_rng([7, arms])
    taste, popular = rng.normal(0, 0.5, (FEATURES, arms)), rng.normal(0, 0.3, arms)
    return World(kind, arms, taste, popular, taste + rng.normal(0, 0.5, (FEATURES, arms)))


def logs(
    where: World, rows: int, sets: int, units: int, *, known: bool
) -> Iterator[tuple[Array, Logged, Array]]:
    """Features, log and cross-fitted predictions of each set. Rows of one unit share features and luck."""
    for one in range(sets):
        rng = np.random.default_rng([8, KINDS.index(where.kind), where.arms, rows, units, one])
        unit = np.arange(rows) // units if units > 1 else None
        x = rng.normal(0, 1, (rows, FEATURES))
        if unit is not None:
            x = x[unit * units]
        chances = where.candidate("logged", x) * (1 - EXPLORED) + EXPLORED / where.arms
        given = (chances.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
        outcome = where.draw(x, given, rng)
        propensity = chances[np.arange(rows), given]
        log = Logged(given, outcome, propensity, unit, chances if known else None)
        yield x, log, cross_fitted(x, given, outcome, where.arms, unit=unit, seed=one)


def normal_covers(
    log: Logged, candidate: Array, predicted: Array, method: Method, truth: float
) -> tuple[bool, float]:
    """Whether the ordinary interval covers, and its width."""
    rows = np.arange(log.rows)
    weight = candidate[rows, log.treatment] / log.propensity
    score = weight * log.outcome
    if method == "snips":
        value = score.sum() / max(weight.sum(), 1e-12)
        score = value + weight * (log.outcome - value) / max(float(weight.mean()), 1e-12)
    if method == "dr":
        score = (candidate * predicted).sum(axis=1) + weight * (log.outcome - predicted[rows, log.treatment])
    of_unit = log.per_unit(score) * len(log.per_unit(score)) / log.rows
    half = 1.96 * float(of_unit.std(ddof=1)) / len(of_unit) ** 0.5
    return abs(float(of_unit.mean()) - truth) <= half, 2 * half


def study(where: World, rows: int, sets: int, units: int, *, difference: bool, known: bool) -> Iterator[str]:
    """A line a candidate and estimate."""
    big = np.random.default_rng([9, where.arms]).normal(0, 1, (400_000, FEATURES))
    expected = where.mean(big)
    against = (where.candidate("logged", big) * expected).sum(axis=1).mean() if difference else 0.0
    names = CANDIDATES[1:] if difference else CANDIDATES
    truth = {name: (where.candidate(name, big) * expected).sum(axis=1).mean() - against for name in names}
    found: dict[tuple[str, Method], list[tuple[Evaluated, bool, float]]] = {}
    for x, log, predicted in logs(where, rows, sets, units, known=known):
        for name, method in product(names, METHODS):
            policy = where.candidate(name, x)
            if difference:
                told = compare(log, policy, where.candidate("logged", x), method=method, predicted=predicted)
                normal = (True, 1.0)
            else:
                told = evaluate(log, policy, method=method, predicted=predicted)
                normal = normal_covers(log, policy, predicted, method, truth[name])
            found.setdefault((name, method), []).append((told, *normal))
    for (name, method), all_told in found.items():
        answered = [one for one in all_told if one[0].claimed]
        effective = np.median([told.effective for told, _, _ in all_told])
        line = f"{where.kind:8} {where.arms:3} {rows:6,} {name:8} {method:6} effective {effective:7,.0f}"
        if len(answered) < sets / 20:
            yield f"{line}  not claimed" + (f" (but for {len(answered)} of {sets})" if answered else "")
            continue
        covered = np.mean([told.value.low <= truth[name] <= told.value.high for told, _, _ in answered])
        below = np.mean([truth[name] < told.value.low for told, _, _ in answered])
        widths = [(told.value.high - told.value.low) / max(width, 1e-12) for told, _, width in answered]
        line += f"  claimed {len(answered) / sets:4.0%}  covers {covered:6.1%} (too high {below:5.1%})"
        if not difference:
            normal_cover = np.mean([normal for _, normal, _ in answered])
            line += f"  normal {normal_cover:6.1%}  width {np.median(widths):5.2f}"
        yield line


def main() -> None:
    """Print the cover of every world that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--arms", default="2,5,20")
    parser.add_argument("--rows", default="500,5000,50000")
    parser.add_argument("--units", type=int, default=1, help="rows a customer")
    parser.add_argument("--known", action="store_true", help="the log has the chances of all treatments")
    parser.add_argument("--difference", action="store_true", help="each candidate against the old model's")
    asked = parser.parse_args()
    arms, rows = ([int(n) for n in text.split(",")] for text in (asked.arms, asked.rows))
    for kind, number, size in product(asked.only.split(","), arms, rows):
        # Large logs cost most and vary least.
        sets = max(asked.sets // (1 + size // 20_000), 20)
        for line in study(
            world(kind, number), size, sets, asked.units, difference=asked.difference, known=asked.known
        ):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
