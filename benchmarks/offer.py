"""How fast is a compiled offer, and does it say what its rules say?

    python benchmarks/offer.py [OFFER…] [--clicks 200] [--peer-clicks 5] [--random-offers 1000]
                               [--random-clicks 2000] [--features 14000] [--expect COUNT…]

For each OFFER (.dimacs, .xml, .uvl, offer.yaml), and for a generated feature model of --features features:
compilation with its checks, kernels warm, then clicks. A click chooses something that is still open at
random, and asks which values remain and how probable each is. Beside it stand, on the same clicks, flips by
PySAT (one question for each value that no model found so far shows) and, where it is installed, flips by
OR-tools' CP-SAT, on three clicks. Every domain is compared with PySAT's, on the generated model those of
--peer-clicks clicks; a wrong one ends the run with exit code 1. --expect gives the exact counts that the
OFFERs must have, in their order.

Then, over --random-offers offers of some components under random rules: counts against an independent
counter, and domains against SAT on --random-clicks clicks. All times are processor time of one process.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from pysat.solvers import Solver

import trato
from trato.offer.clauses import Clauses
from trato.offer.compile import Workspace, compile_clauses, count, marginals, possible
from trato.offer.compile.tally import PRIMES, tally
from trato.offer.encode import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from trato.offer.compile import Circuit

    Ask = Callable[[NDArray[np.int8]], NDArray[np.bool_]]

SEED = 19_990_101
ARRAYS = ("literal", "nodes", "literal_starts", "literals", "gap_starts", "gaps", "child_starts", "children")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("offers", nargs="*", metavar="OFFER")
    parser.add_argument("--clicks", type=int, default=200)
    parser.add_argument("--peer-clicks", type=int, default=5, help="of PySAT on the generated model")
    parser.add_argument("--random-offers", type=int, default=1000)
    parser.add_argument("--random-clicks", type=int, default=2000)
    parser.add_argument("--features", type=int, default=14_000, help="0 leaves the generated model out")
    parser.add_argument("--expect", type=int, nargs="*", default=[], metavar="COUNT")
    given = parser.parse_args()
    compile_clauses(Clauses.of(3, [[1, 2, 3]]))  # kernels are compiled, or read from disk
    fine = True
    for place, path in enumerate(given.offers):
        expected = given.expect[place] if place < len(given.expect) else None
        fine &= one_offer(path, encoded(trato.offer.read(path)).clauses, given, expected)
    if given.features:
        name = f"generated, {given.features:,} features"
        fine &= one_offer(name, feature_model(given.features, SEED), given, None)
    if given.random_offers:
        fine &= random_offers(given.random_offers, given.random_clicks)
    print(f"peak memory of all this: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    sys.exit(0 if fine else 1)


def one_offer(name: str, clauses: Clauses, given: argparse.Namespace, expected: int | None) -> bool:
    """Compile one offer and click through it."""
    print(f"== {name}: {clauses.variables:,} variables, {len(clauses):,} clauses")
    compile_clauses(clauses)
    took = []
    for _ in range(3):
        started = time.process_time()
        circuit = compile_clauses(clauses)
        took.append(time.process_time() - started)
    room = Workspace(circuit)
    nothing = np.zeros(clauses.variables + 1, np.int8)
    whole = count(circuit, nothing, room)
    held = sum(getattr(circuit, field).nbytes for field in ARRAYS) / 1e6
    print(f"compile and verify: {statistics.median(took):.3f} s; {len(circuit.nodes) - 1:,} nodes,", end=" ")
    print(f"{circuit.size:,} edges, {held:.1f} MB; workspace {room.bytes / 1e6:.2f} MB")
    print(f"count: {whole if whole < 10**40 else f'{str(whole)[:20]}… ({len(str(whole))} digits)'}")
    fine = expected in {None, whole}
    if not fine:
        print(f"WRONG: {expected} was expected")
    if not whole:
        return fine
    weights = np.random.default_rng(SEED).normal(size=(clauses.variables + 1, 2))
    states = list(clicks(circuit, room, given.clicks, np.random.default_rng(SEED)))
    ours, domains = [], []
    marginals(circuit, nothing, weights, room)
    for fixed in states:
        started = time.process_time()
        found = possible(circuit, fixed, room)
        marginals(circuit, fixed, weights, room)
        ours.append(time.process_time() - started)
        domains.append(found)
    say("domains + marginals", ours, ours)
    with Solver(name="cadical153", bootstrap_with=list(clauses)) as solver:
        compared = states if name in given.offers else states[: given.peer_clicks]
        theirs, wrong = asked(compared, domains, partial(flips, solver))
    say(f"PySAT flips ({len(theirs):,} clicks)", theirs, ours)
    print(f"domains that differ from SAT on {len(compared):,} clicks: {wrong}")
    try:
        ask = cp_sat(clauses)
    except ModuleNotFoundError:
        print("OR-tools is not installed (pip install ortools), so it is not compared")
    else:
        theirs, differ = asked(states[:3], domains, ask)
        say(f"OR-tools CP-SAT flips ({len(theirs)} clicks)", theirs, ours)
        wrong += differ
    return fine and not wrong


def say(what: str, seconds: list[float], ours: list[float]) -> None:
    """One line: median, 99th percentile, and how many times as long as ours."""
    median, high = 1e3 * np.percentile(seconds, [50, 99])
    ratio = statistics.median(seconds) / statistics.median(ours)
    print(
        f"{what}: p50 {median:.3f} ms, p99 {high:.3f} ms"
        + (f", {ratio:,.0f} times ours" if ratio != 1 else "")
    )


def clicks(
    circuit: Circuit, room: Workspace, many: int, generator: np.random.Generator
) -> Iterator[NDArray[np.int8]]:
    """What is fixed after each of so many clicks; after 20, or when nothing is open, from the start."""
    fixed = np.zeros(circuit.variables + 1, np.int8)
    for click in range(many):
        open_ones = np.flatnonzero(possible(circuit, fixed, room).all(axis=1))
        if click % 20 == 0 or not len(open_ones):
            fixed = np.zeros_like(fixed)
        else:
            fixed = fixed.copy()
            fixed[generator.choice(open_ones)] = generator.choice([-1, 1])
        yield fixed


def asked(
    states: list[NDArray[np.int8]], domains: list[NDArray[np.bool_]], ask: Ask
) -> tuple[list[float], int]:
    """How long each answer took, and how many values differ from ours."""
    took, wrong = [], 0
    for fixed, ours in zip(states, domains, strict=False):
        started = time.process_time()
        theirs = ask(fixed)
        took.append(time.process_time() - started)
        wrong += int((theirs != ours).sum())
    return took, wrong


def flips(solver: Solver, fixed: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which values are possible, by asking for each that no model so far has shown."""
    found = np.zeros((len(fixed), 2), np.bool_)
    held = [int(v * fixed[v]) for v in np.flatnonzero(fixed)]
    if not solver.solve(assumptions=held):
        return found

    def see() -> None:
        model = np.array(solver.get_model()[: len(fixed) - 1], np.int64)
        found[np.abs(model), (model > 0).astype(np.int64)] = True

    see()
    for v in range(1, len(fixed)):
        for value in (0, 1):
            if not found[v, value] and not fixed[v] and solver.solve(assumptions=[*held, v if value else -v]):
                see()
    return found


def cp_sat(clauses: Clauses) -> Ask:
    """The same by OR-tools."""
    from ortools.sat.python import cp_model

    def ask(fixed: NDArray[np.int8]) -> NDArray[np.bool_]:
        found = np.zeros((len(fixed), 2), np.bool_)
        model = cp_model.CpModel()
        literals = [model.new_bool_var(str(v)) for v in range(len(fixed))]
        for clause in clauses:
            model.add_bool_or([literals[v] if v > 0 else literals[-v].negated() for v in clause])
        for place in np.flatnonzero(fixed):
            model.add(literals[place] == int(fixed[place] > 0))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1

        def see(assumptions: list[cp_model.IntVar]) -> None:
            model.clear_assumptions()
            model.add_assumptions(assumptions)
            if solver.solve(model) in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
                for v in range(1, len(fixed)):
                    found[v, int(solver.value(literals[v]))] = True

        see([])
        for v in range(1, len(fixed)):
            for value in (0, 1):
                if found.any() and not found[v, value] and not fixed[v]:
                    see([literals[v] if value else literals[v].negated()])
        return found

    return ask


def feature_model(features: int, seed: int) -> Clauses:
    """A tree of features in blocks, alternatives among them, under rules that tie each block to a few of 25
    general choices, such as model and country. One planted configuration keeps to all of them.
    """
    draw = np.random.default_rng(seed)
    rows: list[list[int]] = [[1]]
    planted = {1}
    last = 1

    def group(parent: int, many: int, kind: str) -> list[int]:
        nonlocal last
        ours = list(range(last + 1, last + 1 + many))
        last += many
        rows.extend([-one, parent] for one in ours)
        if kind != "optional":
            rows.append([-parent, *ours])
        if kind == "one":
            rows.extend([-a, -b] for place, a in enumerate(ours) for b in ours[:place])
        if parent in planted:
            planted.update([int(draw.choice(ours))] if kind == "one" else ours)
        return ours

    general = [group(1, int(draw.integers(2, 9)), "one") for _ in range(25)]
    while last < features:
        block = group(1, 1, "optional")
        while len(block) < 60 and last < features:
            kind = str(draw.choice(["one", "some", "optional"], p=[0.5, 0.2, 0.3]))
            block += group(int(draw.choice(block)), int(draw.integers(2, 9)), kind)
        near = draw.choice(25, int(draw.integers(1, 4)), replace=False)
        for _ in range(len(block)):
            row = [-int(draw.choice(general[k])) for k in near[: int(draw.integers(0, len(near) + 1))]]
            row += [int(v) for v in draw.choice(block, 2) * draw.choice([-1, 1], 2)]
            if any((literal > 0) == (abs(literal) in planted) for literal in row):
                rows.append(row)
    return Clauses.of(last, rows)


def random_offer(draw: np.random.Generator) -> Clauses:
    """Some components of two to four modules each, under rules of two or three literals."""
    rows: list[list[int]] = []
    last = 0
    for _ in range(int(draw.integers(2, 12))):
        modules = list(range(last + 1, last + 1 + int(draw.integers(2, 5))))
        last = modules[-1]
        rows.append(modules)
        rows.extend([-a, -b] for place, a in enumerate(modules) for b in modules[:place])
    for _ in range(int(draw.integers(0, 2 * last))):
        few = draw.choice(last, int(draw.integers(2, 4)), replace=False) + 1
        rows.append([int(v) for v in few * draw.choice([-1, -1, 1], len(few))])
    return Clauses.of(last, rows)


def random_offers(many: int, clicked: int) -> bool:
    """Counts and domains of random offers."""
    draw = np.random.default_rng(SEED)
    wrong = uncounted = contradictory = done = differ = 0
    took = []
    for place in range(many):
        clauses = random_offer(draw)
        started = time.process_time()
        circuit = compile_clauses(clauses)
        took.append(time.process_time() - started)
        room = Workspace(circuit)
        whole = count(circuit, np.zeros(clauses.variables + 1, np.int8), room)
        others = [tally(clauses, prime, 20) for prime in PRIMES]
        uncounted += None in others
        wrong += any(other not in {None, whole % prime} for other, prime in zip(others, PRIMES, strict=True))
        contradictory += not whole
        wanted = clicked * (place + 1) // many - done
        if not whole or not wanted:
            continue
        states = list(clicks(circuit, room, wanted, draw))
        domains = [possible(circuit, fixed, room) for fixed in states]
        with Solver(name="cadical153", bootstrap_with=list(clauses)) as solver:
            differ += asked(states, domains, partial(flips, solver))[1]
        done += len(states)
    print(f"== {many:,} random offers, {contradictory:,} of them contradictory")
    print(
        f"compile and verify: median {1e3 * statistics.median(took):.2f} ms, longest {1e3 * max(took):.1f} ms"
    )
    print(f"counts that differ from an independent counter: {wrong}; too wide for it: {uncounted}")
    print(f"domains that differ from SAT on {done:,} clicks: {differ}")
    return not wrong and not differ


if __name__ == "__main__":
    main()
