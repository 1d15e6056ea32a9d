"""Looking at a trial again and again: how often equal treatments look different, how often a gain is found.

    python benchmarks/looks.py [--sets 1000] [--units 64000] [--looks 40]

Two arms of simulated customers; the first interval without zero ends a trial. Of each way of looking it says
in how many trials it raised a false alarm (both treatments alike), and how often it found a gain of two
points of visits (0.15 to 0.17). Every trial draws from a seed of its own.
"""

from __future__ import annotations

import argparse
import sys
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.sequences import Sample, difference, half_width

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.estimates import Interval

    Array = NDArray[np.float64]

OUTCOMES = ("visits", "rare", "spend")


def outcomes(kind: str, units: int, rng: np.random.Generator, better: Array) -> Array:
    """Outcomes (n,): visits of 15 in a hundred (17 where `better`), purchases of one, or what they bring."""
    if kind == "spend":
        return np.asarray((rng.random(units) < 0.009) * rng.lognormal(4.3, 0.9, units))
    rate = (0.15 if kind == "visits" else 0.01) + 0.02 * better
    return np.asarray(rng.random(units) < rate, np.float64)


def plainly(one: Sample, other: Sample, planned: int) -> bool:
    """Whether the sequence excludes zero if each arm's own deviation is believed."""
    if min(one.count, other.count) < 200 or min(one.sd, other.sd) == 0:
        return False
    error = sqrt(one.sd**2 / one.count + other.sd**2 / other.count)
    wide = half_width(one.count + other.count, planned=planned)
    return abs(one.mean - other.mean) > wide * error


def normally(one: Sample, other: Sample) -> bool:
    """Whether the ordinary interval excludes zero."""
    if min(one.count, other.count) < 200:
        return False
    error = sqrt(one.sd**2 / one.count + other.sd**2 / other.count)
    return abs(one.mean - other.mean) > 1.96 * error


def without_zero(found: Interval) -> bool:
    """Whether zero is excluded."""
    return found.low > 0 or found.high < 0


def study(kind: str, held_out: float, gain: bool, sets: int, units: int, looks: int) -> Array:
    """How often each way of looking saw a difference: ordinary, plain sequence, sequence; (3,)."""
    seen = np.zeros((sets, 3), np.bool_)
    for one in range(sets):
        rng = np.random.default_rng([11, OUTCOMES.index(kind), round(100 * held_out), one])
        treated = rng.random(units) >= held_out
        y = outcomes(kind, units, rng, (treated & gain).astype(np.float64))
        for i in range(1, looks + 1):
            end = units * i // looks
            arms = [y[:end][treated[:end] == arm] for arm in (True, False)]
            a, b = (Sample(len(arm), float(arm.mean()), float(arm.std(ddof=1))) for arm in arms)
            seen[one] |= (normally(a, b), plainly(a, b, units), without_zero(difference(a, b, planned=units)))
            if seen[one].all():
                break
    return np.asarray(seen.mean(axis=0), np.float64)


def main() -> None:
    """Print false alarms, then finds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1_000)
    parser.add_argument("--units", type=int, default=64_000)
    parser.add_argument("--looks", type=int, default=40)
    asked = parser.parse_args()
    sys.stdout.write(f"{asked.units:,} units, {asked.looks} looks, {asked.sets:,} trials\n")
    sys.stdout.write(f"{'':32}{'ordinary':>10}{'sequence':>10}{'sequence, no arm surer than both':>36}\n")
    cases = [(kind, held, False) for kind in OUTCOMES for held in (0.5, 0.1, 0.05)]
    cases += [("visits", held, True) for held in (0.5, 0.1, 0.05)]
    for kind, held, gain in cases:
        found = study(kind, held, gain, asked.sets, asked.units, asked.looks)
        name = f"{'gain' if gain else 'alike'}: {kind}, {100 * held:.0f} % held out"
        sys.stdout.write(f"{name:32}{found[0]:10.1%}{found[1]:10.1%}{found[2]:36.1%}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
