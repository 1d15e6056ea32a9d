"""Do prices spend budgets as well as a linear programme with hindsight would, and how fast are they found?

    python benchmarks/prices.py [--seeds 10] [--decisions 20000] [--resources 1 5 20] [--rows 10000]

*Solve*: the prices for --rows customers, 20 treatments and some budgets, beside the linear programme by HiGHS
(scipy.optimize.linprog; its simplex or its interior points, whichever is faster) on the same numbers;
processor time, and how far the dual's value is above the programme's.

*Online*: customers come one by one; each gets what is best at the prices of that moment and can still be
paid; prices are solved anew from the customers seen so far. The value is compared with the optimum of the
linear programme that knows all customers in advance, which nobody can reach. *Cold* starts with no customer
seen, *warm* with as many earlier customers as the window holds. *Greedy* gives everybody the best that can
still be paid. *Steady*: all customers come from one population. *Shifted*: two groups of different taste, of
which one makes a fifth of the customers, and three fifths after a moment that nobody announces; *told* is
what would be reached if the moment were told when it has come. A run that overspends by anything ends with
exit code 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, vstack

from trato.customize.programme.prices import Pace, paced, prices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Table = NDArray[np.float64]

TREATMENTS = 20
WINDOW = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--decisions", type=int, default=20_000, help="0 leaves the online part out")
    parser.add_argument("--resources", type=int, nargs="*", default=[1, 5, 20])
    parser.add_argument("--rows", type=int, default=10_000)
    given = parser.parse_args()
    prices(np.ones((3, 2)), np.ones((2, 1)), [0.5])  # kernels are compiled, or read from disk
    for resources in given.resources:
        solve(resources, given.rows, min(given.seeds, 5))
    for resources in given.resources if given.decisions else ():
        for shifted in (False, True):
            online(resources, given.decisions, given.seeds, shifted=shifted)


def solve(resources: int, rows: int, seeds: int) -> None:
    """Prices beside HiGHS on the same numbers."""
    ours, theirs, gaps, fresh = [], [], [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        uses, allowance = scarcity(rng, resources)
        values = arrivals(rng, tastes(rng), rows, rows)
        started = time.process_time()
        found = prices(values, uses, allowance)
        ours.append(time.process_time() - started)
        started = time.process_time()
        prices(values, uses, allowance * 0.97, found)
        fresh.append(time.process_time() - started)
        taken = []
        for method in ("highs-ds", "highs-ipm"):
            started = time.process_time()
            best = programme(values, uses, allowance, method)
            taken.append(time.process_time() - started)
        theirs.append(min(taken))
        gaps.append(dual(values, uses, allowance, found) / best - 1)
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    print(
        f"solve, {rows:,} customers, {resources} resources: {1000 * statistics.median(ours):,.1f} ms,"
        f" from earlier prices {1000 * statistics.median(fresh):,.1f} ms;"
        f" HiGHS {1000 * statistics.median(theirs):,.0f} ms:"
        f" {statistics.median(ratios):,.0f} times [{min(ratios):,.0f}, {max(ratios):,.0f}];"
        f" above the optimum by at most {max(gaps):.0e}"
    )


def online(resources: int, decisions: int, seeds: int, *, shifted: bool) -> None:
    """Share of hindsight's value that each way of deciding reaches."""
    ways = ("cold", "warm", "greedy", "told") if shifted else ("cold", "warm", "greedy")
    shares: dict[str, list[float]] = {way: [] for way in ways}
    for seed in range(seeds):
        rng = np.random.default_rng(1000 + seed)
        uses, allowance = scarcity(rng, resources)
        groups = tastes(rng)
        change = int(rng.uniform(0.3, 0.7) * decisions) if shifted else decisions
        values = arrivals(rng, groups, decisions, change)
        earlier = arrivals(rng, groups, WINDOW, WINDOW)
        best = decisions * dual(values, uses, allowance, prices(values, uses, allowance))
        budget = allowance * decisions
        shares["cold"].append(served(values, uses, budget, np.empty((0, TREATMENTS))) / best)
        shares["warm"].append(served(values, uses, budget, earlier) / best)
        shares["greedy"].append(served(values, uses, budget, None) / best)
        if shifted:
            shares["told"].append(served(values, uses, budget, earlier, change) / best)
    told = "; ".join(
        f"{name} {100 * statistics.mean(row):.2f} % (worst {100 * min(row):.2f})"
        for name, row in shares.items()
    )
    kind = "shifted" if shifted else "steady"
    print(f"online, {decisions:,} {kind} decisions, {resources} resources, {seeds} seeds: {told}", flush=True)


def scarcity(rng: np.random.Generator, resources: int) -> tuple[Table, Table]:
    """What each treatment uses (K, R), and what there is for each decision (R,)."""
    used = rng.random((TREATMENTS, resources)) < (1.0 if resources == 1 else 0.3)
    return used * rng.uniform(0.2, 2, (TREATMENTS, resources)), rng.uniform(0.02, 0.3, resources)


def tastes(rng: np.random.Generator) -> Table:
    """What each treatment is to each of the two groups: (2, K)."""
    return rng.normal(0.3, 0.5, (2, TREATMENTS))


def arrivals(rng: np.random.Generator, groups: Table, decisions: int, change: int) -> Table:
    """What each treatment would bring of each customer: (T, K); after `change` the second group is larger."""
    share = np.where(np.arange(decisions) < change, 0.2, 0.6)
    group = (rng.random(decisions) < share).astype(np.int64)
    spread = rng.normal(0, 0.9, (decisions, TREATMENTS))
    values: Table = rng.gamma(2, 1, (decisions, 1)) * (groups[group] + spread)
    return values


def served(
    values: Table, uses: Table, budget: Table, earlier: Table | None, told: int | None = None
) -> float:
    """What is brought in all; `earlier` customers are known at the start; None is for greedy.

    From 300 customers after the place `told` on, only those after it are asked.
    """
    left, brought, made = budget.copy(), 0.0, 0
    seen = values if earlier is None else np.concatenate([earlier, values])
    first = 0 if earlier is None else len(earlier)
    pace: Pace | None = None
    charge = np.zeros(TREATMENTS)
    for row in range(len(values)):
        if earlier is not None:
            if first + row and (pace is None or made >= pace.recheck):
                since = first + told if told is not None and row > told + 300 else 0
                rows = seen[max(since, first + row - WINDOW) : first + row]
                start = None if pace is None else pace.prices
                pace, made = paced(rows, uses, left, len(values) - row, start=start), 0
            charge = charge if pace is None else uses @ pace.charged(left, made)
        net = np.where((uses > left).any(axis=1), -1.0, values[row] - charge)
        best = int(net.argmax())
        if net[best] > 0:
            brought += float(values[row, best])
            left -= uses[best]
        made += 1
    if (left < 0).any():
        sys.exit("a budget was overspent")
    return brought


def dual(values: Table, uses: Table, allowance: Table, at: Table) -> float:
    return float(np.maximum((values - uses @ at).max(axis=1), 0.0).mean() + at @ allowance)


def programme(values: Table, uses: Table, allowance: Table, method: str) -> float:
    """The linear programme's optimum for each customer, by HiGHS."""
    n, k = values.shape
    each = csr_matrix((np.ones(n * k), (np.repeat(np.arange(n), k), np.arange(n * k))), shape=(n, n * k))
    used = vstack([csr_matrix(np.tile(uses[:, r], n) / n) for r in range(uses.shape[1])])
    found = linprog(
        -values.ravel() / n,
        A_ub=vstack([each, used]).tocsr(),
        b_ub=np.concatenate([np.ones(n), allowance]),
        bounds=(0, None),
        method=method,
    )
    return -float(found.fun)


if __name__ == "__main__":
    main()
