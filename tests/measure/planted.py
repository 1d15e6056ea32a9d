"""Customers whose differences are known, because they were planted: for judging the appraisal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.differentiate.needs.choices import Choices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Shape = Literal["flat", "skewed", "dominant", "two_alike"]
Drift = Literal["none", "trend", "switch", "seasons"]

# A year of 18 slices, of which the last third is judged and the last third of the rest tunes.
WINDOW_OF_SLICE = np.repeat(np.array([0, 1, 2], np.int8), (8, 4, 6))
SLICES = len(WINDOW_OF_SLICE)


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many customers choose how often; with `joining` they come and go within the year."""

    customers: int
    choices_each: float
    joining: bool = False


def popularity(modules: int, shape: Shape, rng: np.random.Generator) -> Array:
    """Shares of modules, (M,)."""
    if shape == "flat":
        return np.asarray(rng.dirichlet(np.full(modules, 5.0)))
    if shape == "skewed":
        shares = 1 / np.arange(1, modules + 1) ** 1.3
    elif shape == "dominant":
        shares = np.full(modules, 0.1 / max(modules - 1, 1))
        shares[0] = 0.9
    else:
        shares = np.ones(modules)
        shares[:2] = modules, 0.97 * modules
    return np.asarray(shares / shares.sum())


def tastes_over_time(start: Array, drift: Drift, rng: np.random.Generator) -> Array:
    """What is popular in each slice of the year when everyone's taste drifts together; (slices, M)."""
    end = rng.permutation(start)
    time = (np.arange(SLICES) + 0.5) / SLICES
    if drift == "none":
        moved = np.zeros(SLICES)
    elif drift == "trend":
        moved = time
    elif drift == "switch":
        moved = (time > rng.uniform(0.2, 0.8)).astype(float)
    else:
        moved = 0.5 + 0.5 * np.sin(2 * np.pi * (time * rng.integers(1, 4) + rng.uniform()))
    return np.asarray((1 - moved)[:, None] * start + moved[:, None] * end)


def choose(crowd: Crowd, shares: Array, drift: Array | None, rng: np.random.Generator) -> NDArray[np.int64]:
    """Counts (3, n, M) of customers who choose by `shares` (n or 1, M), times the `drift` (slices, M)."""
    active = np.ones((crowd.customers, SLICES))
    if crowd.joining:
        ends = np.sort(rng.uniform(size=(crowd.customers, 2)), axis=1) * SLICES
        place = np.arange(SLICES) + 0.5
        active = ((place > ends[:, :1]) & (place < ends[:, 1:])).astype(float) + 1e-9
    active /= active.sum(axis=1, keepdims=True)
    # A few choose much and many little, as shops see it.
    size = rng.negative_binomial(1.5, 1.5 / (1.5 + crowd.choices_each), crowd.customers) + 1
    when = rng.multinomial(size, active)
    counts = np.zeros((3, crowd.customers, shares.shape[1]), np.int64)
    for at, window in enumerate(WINDOW_OF_SLICE):
        now = shares if drift is None else shares * drift[at]
        counts[window] += rng.multinomial(
            when[:, at], np.broadcast_to(now / now.sum(axis=1, keepdims=True), counts.shape[1:])
        )
    return counts


def grouped(customers: int, modules: int, number: int, least_gain: float, rng: np.random.Generator) -> Array:
    """Shares (n, M) of customers in groups of one taste; guessing by group gains `least_gain` hits."""
    while True:
        centre = rng.dirichlet(np.full(modules, 2.0))
        profiles = rng.dirichlet(np.maximum(centre * modules * 0.4, 0.02), number)
        profiles = (profiles + 1e-4) / (1 + 1e-4 * modules)
        shares = rng.dirichlet(np.full(number, 6.0))
        if shares @ profiles.max(axis=1) - (shares @ profiles).max() >= least_gain:
            return np.asarray(profiles[rng.choice(number, customers, p=shares)])


def individual(customers: int, modules: int, spread: float, rng: np.random.Generator) -> Array:
    """Shares (n, M) of customers each with a taste of their own; small `spread` makes them differ more."""
    centre = rng.dirichlet(np.full(modules, 3.0))
    shares = rng.dirichlet(np.maximum(centre * spread, 0.01), customers)
    return np.asarray((shares + 1e-6) / (1 + 1e-6 * modules))


def together(parts: dict[str, NDArray[np.int64]]) -> Choices:
    """Choices of one crowd in several components; counts (3, n, M) by the component's name."""
    names = sorted(parts)
    customers = max(table.shape[1] for table in parts.values())
    columns: list[list[NDArray[np.int64]]] = [[], [], [], [], []]
    for place, name in enumerate(names):
        window, who, module = np.nonzero(parts[name])
        for column, values in zip(
            columns,
            (who, np.full(len(who), place), module, window, parts[name][window, who, module]),
            strict=True,
        ):
            column.append(values)
    who, component, module, window, count = (np.concatenate(column) for column in columns)
    order = np.lexsort((window, module, component, who))
    return Choices(
        customers=np.array([f"c{i:07d}" for i in range(customers)], dtype=object),
        components=tuple(names),
        modules=tuple(tuple(f"m{j:04d}" for j in range(parts[name].shape[2])) for name in names),
        customer=who[order].astype(np.int32),
        component=component[order].astype(np.int32),
        module=module[order].astype(np.int32),
        window=window[order].astype(np.int8),
        count=count[order],
    )
