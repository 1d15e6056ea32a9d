"""Trials whose truth is known, because it was planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.measure.verdict import Log

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

World = Literal["alike", "dominated", "age", "groups", "both"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A log, and what each treatment would have brought each customer (n, K) on average."""

    log: Log
    truth: Array

    def gain(self, chosen: NDArray[np.int64]) -> float:
        """What a policy truly gains over the best single treatment."""
        got = self.truth[np.arange(len(self.truth)), chosen].mean()
        return float(got - self.truth.mean(axis=0).max())


def trial(
    world: World,
    rows: int,
    rng: np.random.Generator,
    *,
    effect: float = 0.5,
    shares: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3),
    money: bool = False,
    logged: bool = False,
) -> Trial:
    """Customers with an age, a group of three and a mark; outcomes vary by about 1 beside what is known."""
    arms = len(shares)
    age = rng.integers(18, 80, rows).astype(np.float64)
    group = rng.integers(0, 3, rows)
    mark = (rng.random(rows) < 0.2).astype(np.float64)
    features = np.column_stack((age, group == 1, group == 2, mark)).astype(np.float64)
    truth = np.tile(0.3 * mark[:, None] + 0.01 * age[:, None], (1, arms))
    if world == "dominated":
        truth += effect * np.arange(arms)
    elif world == "age":
        truth[:, 0] += effect * (age < 45)
        truth[:, 1] += effect * (age >= 45)
    elif world == "groups":
        truth[np.arange(rows), group % arms] += effect
    elif world == "both":
        truth[np.arange(rows), group % arms] += effect
        truth[:, 0] += 2 * effect * (age < 45)
    chance = np.tile(np.array(shares), (rows, 1))
    if logged:
        lean = 1 / (1 + np.exp(-(age - 49) / 15))
        chance = 0.5 * chance
        chance[:, 0] += 0.5 * lean
        chance[:, 1] += 0.5 * (1 - lean)
    treatment = (rng.random(rows)[:, None] > chance.cumsum(axis=1)[:, :-1]).sum(axis=1)
    mean = truth[np.arange(rows), treatment]
    if money:
        # One in ten buys, and some buy for much.
        outcome = (rng.random(rows) < 0.1) * rng.lognormal(1.5, 1.0, rows) + 0.1 * mean
    else:
        outcome = mean + rng.normal(size=rows)
    log = Log(
        treatment=treatment.astype(np.int64),
        outcome=outcome,
        features=features,
        treatments=tuple("ABCDE"[:arms]),
        propensity=chance[np.arange(rows), treatment] if logged else None,
        names=("age", "group=1", "group=2", "mark"),
        group=group,
        groups=("group=0", "group=1", "group=2"),
    )
    return Trial(log, truth)
