"""How fast is one decision's kernel, and one lesson, beside Vowpal Wabbit and MABWiser?

    python benchmarks/decide.py [--rounds 15] [--calls 200] [--features 50] [--arms 20 200]

*Decide*: score, draw the posterior and make the logged probabilities of the arms, for one customer. Ours
starts from the features of each arm, all of them non-zero, and answers exact probabilities of 128 posterior
draws. Vowpal Wabbit (squarecb) gets the customer's features once and each arm's name, crossed, or each arm's
own features; as text, which it parses, or parsed before. MABWiser's linear Thompson sampling gets the
customer's features and answers an arm, without a probability; it keeps one regression for each arm. *Learn*:
one outcome.

In each round all contenders take turns. Times are processor time of this one thread (p50 of a round's calls,
then the median of the rounds); ratios are medians of the rounds' ratios to ours, with the lowest and highest.
The serving parts, with rules, permit and store, are measured by decide_served.py.

The peers are not part of Trato's environment. Install them apart, and name the folder:

    pip install --target PEERS --no-deps vowpalwabbit mabwiser
    PYTHONPATH=PEERS OMP_NUM_THREADS=1 python benchmarks/decide.py

What is missing is left out, and said.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from trato.customize.programme.features import Layout
from trato.customize.programme.posterior import prior, updated
from trato.customize.programme.vector import WHOLE, chosen, vector, vectors

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20_050_405
EXPLORE = WHOLE // 20
BARS = {20: (100, 80), 200: (500, 400)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--calls", type=int, default=200, help="of each contender in a round; slow ones fewer"
    )
    parser.add_argument("--features", type=int, default=50)
    parser.add_argument("--arms", type=int, nargs="*", default=[20, 200])
    given = parser.parse_args()
    print(f"threads of BLAS: {os.environ.get('OMP_NUM_THREADS', 'not limited')}")
    for peer in ("vowpalwabbit", "mabwiser"):
        print(f"{peer}: {version(peer) if find_spec(peer) else 'not installed, left out'}")
    for arms in given.arms:
        bar = "".join(f" (must {must} µs, goal {goal} µs)" for must, goal in [BARS[arms]] if arms in BARS)
        print(f"\n== decide: {arms} arms, {given.features} features{bar}")
        report(deciders(arms, given.features), given.rounds, given.calls)
    print(f"\n== learn: one outcome, {given.features} features (must 40 µs, goal 25 µs)")
    report(learners(20, given.features), given.rounds, given.calls)
    print("\n== many at once, ours: processor time of 1,000 in one call")
    report(batches(20, given.features), max(3, given.rounds // 3), 3)


def report(contenders: dict[str, Callable[[int], object]], rounds: int, calls: int) -> None:
    """Time the contenders turn by turn, and print p50 and the ratio to the first."""
    often = {}
    for name, call in contenders.items():
        started = time.thread_time_ns()
        for i in range(3):
            call(i)
        often[name] = calls if time.thread_time_ns() - started < 3_000_000 else max(3, calls // 10)
    rows: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds):
        for name, call in contenders.items():
            taken = []
            for i in range(often[name]):
                started = time.thread_time_ns()
                call(turn * calls + i)
                taken.append(time.thread_time_ns() - started)
            rows[name].append(statistics.median(taken) / 1000)
    ours = rows[next(iter(rows))]
    for name, row in rows.items():
        ratios = [one / our for one, our in zip(row, ours, strict=True)]
        print(
            f"{name:<52}{statistics.median(row):>10,.1f} µs{statistics.median(ratios):>9.2f} ×"
            f"   [{min(ratios):.2f}, {max(ratios):.2f}]"
        )
    print(f"resident at most so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def deciders(arms: int, size: int) -> dict[str, Callable[[int], object]]:
    """By name, what decides once for the i-th customer."""
    rng = np.random.default_rng(SEED)
    features = rng.normal(size=(arms, size)).astype(np.float32)
    belief = updated(prior(np.ones(size), noise=1.0), rng.normal(size=(500, size)), rng.normal(size=500))
    mean, root = belief.served()
    worth, charge = np.ones(arms), np.zeros(arms)

    def decide(i: int) -> int:
        drawn = vector(features, mean, root, worth, charge, seed=i, explore=EXPLORE)
        return chosen(drawn.probabilities, i)

    print(f"our belief: {(mean.nbytes + root.nbytes) / 1024:,.1f} KB for all arms together")
    contenders: dict[str, Callable[[int], object]] = {"Trato, exact probabilities": decide}
    contenders |= wabbit_deciders(arms, size, rng) if find_spec("vowpalwabbit") else {}
    contenders |= mabwiser_deciders(arms, size, rng) if find_spec("mabwiser") else {}
    return contenders


def customer(size: int, rng: np.random.Generator) -> str:
    return " ".join(f"s{i}:{rng.normal():.4f}" for i in range(size))


def wabbit(options: str) -> Any:
    return import_module("vowpalwabbit").Workspace(f"--cb_explore_adf --squarecb --quiet {options}")


def wabbit_deciders(arms: int, size: int, rng: np.random.Generator) -> dict[str, Callable[[int], object]]:
    crossed = "\n".join([f"shared |S {customer(size, rng)}"] + [f"|A arm{k}" for k in range(arms)])
    own = "\n".join(f"|A {customer(size, rng)}" for _ in range(arms))
    found: dict[str, Callable[[int], object]] = {}
    for name, options, text in (("customer × arm", "-q SA", crossed), ("arms' features", "", own)):
        workspace = wabbit(options)
        parsed = workspace.parse(text)
        found[f"Vowpal Wabbit squarecb, {name}, text"] = asked(workspace, text)
        found[f"Vowpal Wabbit squarecb, {name}, parsed before"] = asked(workspace, parsed)
    return found


def asked(workspace: Any, example: Any) -> Callable[[int], object]:
    return lambda _: workspace.predict(example)


def mabwiser_deciders(arms: int, size: int, rng: np.random.Generator) -> dict[str, Callable[[int], object]]:
    policy = mabwiser(arms, size, rng)
    context = rng.normal(size=(1, size))
    return {"MABWiser LinTS, no probabilities": lambda _: policy.predict(context)}


def mabwiser(arms: int, size: int, rng: np.random.Generator) -> Any:
    mab = import_module("mabwiser.mab")
    policy = mab.MAB(list(range(arms)), mab.LearningPolicy.LinTS(alpha=1.0), seed=SEED)
    seen = max(500, 3 * arms)
    policy.fit(np.arange(seen) % arms, rng.normal(size=seen), rng.normal(size=(seen, size)))
    return policy


def learners(arms: int, size: int) -> dict[str, Callable[[int], object]]:
    """By name, what learns one outcome."""
    rng = np.random.default_rng(SEED + 1)
    features, outcomes = rng.normal(size=(1000, size)), rng.normal(size=1000)
    belief = updated(prior(np.ones(size), noise=1.0), features, outcomes)
    contenders: dict[str, Callable[[int], object]] = {
        "Trato, exact": lambda i: updated(belief, features[i % 1000], outcomes[i % 1000])
    }
    if find_spec("vowpalwabbit"):
        workspace = wabbit("-q SA")
        lines = [f"shared |S {customer(size, rng)}"] + [f"|A arm{k}" for k in range(arms)]
        lines[1] = f"0:-1.0:{1 / arms} {lines[1]}"
        text = "\n".join(lines)
        parsed = workspace.parse(text)
        contenders["Vowpal Wabbit squarecb, customer × arm, text"] = lambda _: workspace.learn(text)
        contenders["Vowpal Wabbit squarecb, parsed before"] = lambda _: workspace.learn(parsed)
    if find_spec("mabwiser"):
        policy = mabwiser(arms, size, rng)
        contenders["MABWiser LinTS"] = lambda i: policy.partial_fit(
            [i % arms], [outcomes[i % 1000]], features[i % 1000].reshape(1, -1)
        )
    return contenders


def batches(arms: int, size: int) -> dict[str, Callable[[int], object]]:
    """A thousand decisions or lessons in one call."""
    rng = np.random.default_rng(SEED + 2)
    p, q = 6, 6
    crossing = np.array([(i, j) for i in range(p) for j in range(q)], np.int32)[: size - p - q]
    layout = Layout(tuple(f"x{i}" for i in range(p)), tuple(f"m{j}" for j in range(q)), crossing)
    belief = prior(np.ones(layout.size), noise=1.0)
    mean, root = belief.served()
    x, m = rng.normal(size=(1000, p)).astype(np.float32), rng.normal(size=(arms, q)).astype(np.float32)
    seeds = rng.integers(0, 2**64, 1000, np.uint64)
    features, outcomes = rng.normal(size=(1000, layout.size)), rng.normal(size=1000)
    return {
        f"1,000 decisions ({arms} arms, {layout.size} features)": lambda _: vectors(
            layout, x, m, mean, root, np.ones(arms), np.zeros(arms), seeds=seeds, explore=EXPLORE
        ),
        f"1,000 lessons ({layout.size} features)": lambda _: updated(belief, features, outcomes),
    }


if __name__ == "__main__":
    main()
