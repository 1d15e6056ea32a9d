"""What does learning cost, with outcomes that come late? Regret on simulated customers whose truth is known.

    python benchmarks/regret.py [--seeds 20] [--decisions 12000] [--delays 0 300 1500] [--publish 200]

Ten treatments, nothing among them, are made of five attributes; customers have five features; the outcome is
money with noise. What a treatment does to a customer is mostly what its attributes do, with an own part that
the model's crossed features cannot say. A decision teaches once its outcome is there, --delays decisions
later, and a model is published every --publish decisions, as in the product. Regret is what the best
treatment for each customer would bring beyond the one that was given, by the truth; each world's is divided
by that of choosing at random in it. The best single treatment for all is the one that the truth names, from
the first day.

LinUCB (Li et al. 2010, one regression for each treatment, alpha 1) learns each outcome at once when it comes,
without waiting for a model to be published. Intervals are 95 %, over seeds (Student's t).
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from trato.customize.programme.features import Scales, fitted_layout, full, own, scales
from trato.customize.programme.posterior import prior, updated
from trato.customize.programme.vector import WHOLE, vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.customize.programme.features import Layout

TREATMENTS, FEATURES, ATTRIBUTES = 10, 5, 5
NOISE = 4.0
EXPLORE = WHOLE // 20
POLICIES = ("uniform", "best single", "Trato", "LinUCB")


@dataclass(frozen=True, slots=True)
class World:
    """Customers x (T, p), what each treatment would bring them on average (T, K), and what it costs (K,)."""

    x: NDArray[np.float32]
    made_of: NDArray[np.float32]
    anyway: NDArray[np.float64]
    effect: NDArray[np.float64]
    charge: NDArray[np.float64]
    noise: NDArray[np.float64]

    @property
    def net(self) -> NDArray[np.float64]:
        """What each treatment brings beyond nothing, net of its cost: (T, K)."""
        return self.effect - self.charge


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--decisions", type=int, default=12_000)
    parser.add_argument("--delays", type=int, nargs="*", default=[0, 300, 1500])
    parser.add_argument("--publish", type=int, default=200)
    given = parser.parse_args()
    for delay in given.delays:
        started = time.process_time()
        runs = [regrets(seed, given.decisions, delay, given.publish) for seed in range(given.seeds)]
        print(
            f"\n== outcomes {delay:,} decisions late: regret in % of choosing at random, {len(runs)} worlds"
        )
        for policy in POLICIES:
            whole = [100 * run[policy].sum() / run["uniform"].sum() for run in runs]
            quarter = given.decisions // 4
            late = [100 * run[policy][-quarter:].sum() / run["uniform"][-quarter:].sum() for run in runs]
            print(f"{policy:<14}{interval(whole)}   in the last quarter {interval(late)}")
        print(f"processor time {time.process_time() - started:,.0f} s")


def interval(values: list[float]) -> str:
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:6.1f}"
    half = float(student.ppf(0.975, len(values) - 1)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return f"{mean:6.1f} [{mean - half:6.1f}, {mean + half:6.1f}]"


def regrets(seed: int, decisions: int, delay: int, publish: int) -> dict[str, NDArray[np.float64]]:
    """By policy, the regret of each decision (T,) in the world of that seed."""
    rng = np.random.default_rng(seed)
    world = made_world(rng, decisions)
    best = world.net.max(axis=1)
    took = {
        "uniform": rng.integers(0, TREATMENTS, decisions),
        "best single": np.full(decisions, int(world.net.mean(axis=0).argmax())),
        "Trato": ours(world, delay, publish, rng),
        "LinUCB": linucb(world, delay),
    }
    return {policy: best - world.net[np.arange(decisions), which] for policy, which in took.items()}


def made_world(rng: np.random.Generator, decisions: int) -> World:
    x = np.column_stack([np.ones(decisions), rng.normal(size=(decisions, FEATURES - 1))])
    made_of = (rng.random((TREATMENTS, ATTRIBUTES)) < 0.5).astype(np.float64)
    made_of[0] = 0.0  # nothing
    per_attribute = rng.normal(size=(FEATURES, ATTRIBUTES)) * 0.4
    beyond = rng.normal(size=(FEATURES, TREATMENTS)) * 0.15
    beyond[:, 0] = 0.0
    effect = x @ (per_attribute @ made_of.T + beyond)
    charge = np.where(np.arange(TREATMENTS) > 0, 0.2, 0.0)
    anyway = x @ rng.normal(size=FEATURES)
    noise = NOISE**0.5 * rng.normal(size=decisions)
    return World(x.astype(np.float32), made_of.astype(np.float32), anyway, effect, charge, noise)


def learned_layout() -> Layout:
    names = [f"attribute {j}" for j in range(ATTRIBUTES)] + [own(f"t{k}") for k in range(1, TREATMENTS)]
    return fitted_layout([f"x{i}" for i in range(FEATURES)], names, cap=50)


def ours(world: World, delay: int, publish: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """What the product would give: vectors from the model published last, which has learnt what was there."""
    decisions = len(world.x)
    layout = learned_layout()
    modules = np.hstack([world.made_of, np.eye(TREATMENTS, dtype=np.float32)[:, 1:]])
    belief = prior(scales(layout, NOISE**0.5, Scales()), noise=NOISE)
    took = np.zeros(decisions, np.int64)
    learnt = 0
    for start in range(0, decisions, publish):
        there = max(0, start - delay)
        if there > learnt:
            which = np.arange(learnt, there)
            outcomes = world.anyway[which] + world.effect[which, took[which]] + world.noise[which]
            belief = updated(belief, full(layout, world.x[which], modules[took[which]]), outcomes)
            learnt = there
        block = slice(start, min(decisions, start + publish))
        count = block.stop - block.start
        mean, root = belief.served()
        found = vectors(
            layout,
            world.x[block],
            modules,
            mean,
            root,
            np.ones(TREATMENTS),
            world.charge,
            seeds=rng.integers(0, 2**64, count, np.uint64),
            explore=EXPLORE,
        )
        draws = rng.integers(0, WHOLE, count)
        took[block] = (np.cumsum(found.probabilities.astype(np.int64), axis=1) <= draws[:, None]).sum(axis=1)
    return took


def linucb(world: World, delay: int, alpha: float = 1.0) -> NDArray[np.int64]:
    """Disjoint LinUCB on the outcome net of cost: always the highest upper bound, the first of equals."""
    decisions = len(world.x)
    x = world.x.astype(np.float64)
    inverse = np.tile(np.eye(FEATURES), (TREATMENTS, 1, 1))
    gathered = np.zeros((TREATMENTS, FEATURES))
    took = np.zeros(decisions, np.int64)
    for now in range(decisions):
        if now > delay:
            seen = now - 1 - delay
            arm, row = took[seen], x[seen]
            step = inverse[arm] @ row
            inverse[arm] -= np.outer(step, step) / (1 + row @ step)
            outcome = world.anyway[seen] + world.effect[seen, arm] + world.noise[seen]
            gathered[arm] += outcome * row
        toward = inverse @ x[now]
        bound = (gathered * toward).sum(axis=1) + alpha * np.sqrt(toward @ x[now]) - world.charge
        took[now] = int(bound.argmax())
    return took


if __name__ == "__main__":
    main()
