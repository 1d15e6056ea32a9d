"""Does the verdict keep its word on a real trial? On Hillstrom's 64,000 customers, given as a file.

    python benchmarks/verdict.py --file hillstrom.parquet [--resplits 200] [--live 40] [--alarms 100]

Four questions, each by the command's own functions:

1. Unconstrained, on visits and on spend, ten re-splits: how often which verdict. Must: no `personalise`.
2. Women's mail for half of the customers, beside none: the gain over a random half. Must: its interval above
   zero.
3. Planted: women's-only buyers visit two points more often under women's mail (visits are added at random,
   anew for each re-split). Must: `personalise` in 85 % of the re-splits by a fixed look.
4. Live: the same with rows in a random order and looks on the way, until one decides. Must: `personalise` in
   70 %; and with treatments dealt anew among the rows, so that they are alike, in 5 % at the most.

Fails where a must is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.trial import VerdictTable, read_trial
from trato.measure.verdict import Question, check_log, judge, scores_of, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from trato.measure.verdict import Log, Verdict

FEATURES = ("recency", "history_segment", "history", "mens", "womens", "zip_code", "newbie", "channel")
NOTHING, WOMENS = "No E-Mail", "Womens E-Mail"
EFFECT = 0.02


@cache
def read(file: Path, outcome: str, kept: tuple[str, ...] = ()) -> Log:
    with DuckDBEngine() as engine:
        return read_trial(engine, VerdictTable(file, "segment", outcome, features=FEATURES, kept=kept)).log


def fixed(log: Log, question: Question, seed: int) -> Verdict:
    nothing = log.treatments.index(NOTHING)
    return judge(scores_of(log, question, seed=seed), checks=check_log(log, seed), nothing=nothing)


def planted(log: Log, seed: int) -> Log:
    """Visits added under women's mail to as many of those who bought women's things only as EFFECT says."""
    rng = np.random.default_rng([seed, 1])
    of = dict(zip(log.names, log.features.T, strict=True))
    theirs = (of["womens"] == 1) & (of["mens"] == 0) & (log.treatment == log.treatments.index(WOMENS))
    stay = np.flatnonzero(theirs & (log.outcome == 0))
    outcome = log.outcome.copy()
    outcome[stay[rng.random(len(stay)) < EFFECT * theirs.sum() / len(stay)]] = 1
    return replace(log, outcome=outcome)


def shuffled(log: Log, seed: int) -> Log:
    order = np.random.default_rng([seed, 2]).permutation(log.rows)
    return replace(
        log, treatment=log.treatment[order], outcome=log.outcome[order], features=log.features[order]
    )


def fixed_look(seed: int, file: Path) -> tuple[str, float]:
    found = fixed(planted(read(file, "visit"), seed), Question(), seed)
    return found.verdict, found.difference.mean


def live(seed: int, file: Path, looks: int) -> tuple[str, float]:
    found = watch(shuffled(planted(read(file, "visit"), seed), seed), looks=looks, seed=seed)
    return found.verdict.verdict, found.looks[-1].rows


def alarm(seed: int, file: Path, looks: int, rows: int) -> tuple[str, float]:
    log = read(file, "visit")
    dealt = np.random.default_rng([seed, 3]).permutation(log.treatment)
    found = watch(shuffled(replace(log, treatment=dealt), seed).first(rows), looks=looks, seed=seed)
    return found.verdict.verdict, found.looks[-1].rows


def repeat(what: Callable[[int], tuple[str, float]], times: int, jobs: int) -> tuple[Counter[str], float]:
    """How often which verdict was reached, and the mean figure beside it."""
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        found = list(pool.map(what, range(times)))
    return Counter(verdict for verdict, _ in found), float(np.mean([figure for _, figure in found]))


def told(what: str, met: bool, figures: str) -> bool:
    print(f"{'ok  ' if met else 'MISS'}  {what}: {figures}", flush=True)
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--file", type=Path, required=True, help="Hillstrom's trial, as Parquet or CSV")
    parser.add_argument("--resplits", type=int, default=200)
    parser.add_argument("--live", type=int, default=40)
    parser.add_argument("--alarms", type=int, default=100)
    parser.add_argument("--alarm-rows", type=int, default=64_000, help="rows of each trial of equals")
    parser.add_argument("--looks", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    met = []
    for outcome in ("visit", "spend"):
        started = time.perf_counter()
        found = [fixed(read(asked.file, outcome), Question(), seed) for seed in range(10)]
        took = (time.perf_counter() - started) / len(found)
        said = Counter(str(one.verdict) for one in found)
        low = max(one.difference.low for one in found)
        figures = f"{dict(said)} of 10, highest lower end {low:+.4f}, {took:.2f} s each"
        met.append(told(f"unconstrained, {outcome}", said["personalise"] + said["groups"] == 0, figures))
    half = Question(capacity=0.5, nothing=NOTHING)
    found = [fixed(read(asked.file, "visit", (NOTHING, WOMENS)), half, seed) for seed in range(10)]
    more = [one.incremental.more for one in found if one.incremental is not None]
    least = min(one.low for one in more)
    shown = [f"{100 * one.mean:+.0f} % [{100 * one.low:.0f}, {100 * one.high:.0f}]" for one in more[:3]]
    proven = all(one.verdict == "personalise" for one in found)
    met.append(told("capacity for half", proven and least > 0, f"{', '.join(shown)} …, 10 re-splits"))
    met += repeated(asked)
    sys.exit(0 if all(met) else 1)


def repeated(asked: argparse.Namespace) -> list[bool]:
    """The questions that many re-splits answer."""
    met = []
    if asked.resplits:
        said, mean = repeat(partial(fixed_look, file=asked.file), asked.resplits, asked.jobs)
        share = said["personalise"] / asked.resplits
        figures = f"{100 * share:.1f} % of {asked.resplits} re-splits, gain {mean:.4f}, {dict(said)}"
        met.append(told("planted, fixed look", share >= 0.85, figures))
    if asked.live:
        said, mean = repeat(partial(live, file=asked.file, looks=asked.looks), asked.live, asked.jobs)
        share = said["personalise"] / asked.live
        figures = f"{100 * share:.1f} % of {asked.live}, {asked.looks} looks, after {mean:,.0f} rows"
        met.append(told("planted, live", share >= 0.7, figures))
    if asked.alarms:
        equals = partial(alarm, file=asked.file, looks=asked.looks, rows=asked.alarm_rows)
        said, _ = repeat(equals, asked.alarms, asked.jobs)
        share = said["personalise"] / asked.alarms
        figures = f"{100 * share:.1f} % alarms of {asked.alarms}, {asked.looks} looks at {asked.alarm_rows:,}"
        met.append(told("alike, live", share <= 0.05, figures))
    return met


if __name__ == "__main__":
    main()
