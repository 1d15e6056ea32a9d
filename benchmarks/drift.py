"""How often does the watch over a programme cry wolf, and how soon does it notice?

    python benchmarks/drift.py [--runs 500] [--blocks 200] [--run 1000]

*False alarms*: the share of runs in which an alarm is raised within --blocks blocks of 200 outcomes of a
world that does not change; at most blocks / run is promised. *Delay*: blocks from a shift, in standard
deviations of an outcome, that comes after 50 blocks, to the alarm: median and ninetieth percentile.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.drift import watched, watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]

BLOCK = 200
BEFORE = 50


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--run", type=float, default=1000.0)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    print(f"false alarms within {given.blocks} blocks, at most {given.blocks / given.run:.1%} promised")
    for name, draw in WORLDS.items():
        alarms = [
            watched(watching(block=BLOCK, run=given.run), draw(rng, BLOCK * given.blocks)).alarm
            for _ in range(given.runs)
        ]
        print(f"  {name:<60}{np.mean([one is not None for one in alarms]):>7.1%}")
    for shift in (0.1, 0.2, 0.4):
        delays = []
        for _ in range(given.runs):
            before = watched(watching(block=BLOCK, run=given.run), rng.standard_normal(BLOCK * BEFORE))
            after = watched(before, rng.standard_normal(BLOCK * 100) + shift)
            if before.alarm is None:
                delays.append(100 if after.alarm is None else after.alarm - BEFORE)
        print(
            f"shift {shift}: noticed after {np.median(delays):.0f} blocks ({np.percentile(delays, 90):.0f})"
        )


def visits(probability: float) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        sd = np.sqrt(probability * (1 - probability))
        return np.asarray(((rng.random(n) < probability) - probability) / sd)

    return draw


def spend(sd: float) -> Draw:
    def draw(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        return np.asarray(((rng.random(n) < 0.01) * rng.lognormal(4, 1, n) - 0.01 * np.exp(4.5)) / sd)

    return draw


WORLDS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "15 in 100 come": visits(0.15),
    "1 in 100 comes": visits(0.01),
    "1 in 100 spends, log-normal": spend(14.8),
    "the same, noise thought half of what it is": spend(7.4),
}


if __name__ == "__main__":
    main()
