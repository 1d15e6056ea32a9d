"""Facts and treatments as numbers: what a model of a programme learns from.

All are pure functions of what a programme declares, and of logged facts: so a decision can be made again.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.eligibility import as_number
from trato.customize.programme.facts import MONEY
from trato.customize.programme.features import CAP, Layout, fitted_layout, own

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trato.customize.programme.facts import Fact
    from trato.customize.programme.treatments import Feature, Programme

INTERCEPT = "1"
GIVEN = "given"
# Scales bring numbers near one; what lies far out (a slip in a request) must not outweigh all else.
FARTHEST = 20.0
_FIRST = frozenset({"tier", "need", "weight", "evidence", "p_alive"}) | MONEY


def customer_features(programme: Programme) -> tuple[str, ...]:
    """The names of a customer's columns (p,): the intercept, then `fact=level`, or the fact of a number."""
    names = [INTERCEPT]
    for one in programme.features:
        names += [f"{one.name}={level}" for level in one.levels] or [one.name]
    return tuple(names)


def encode(programme: Programme, facts: Mapping[str, Fact]) -> NDArray[np.float32]:
    """A customer's features (p,): 1, then each fact's columns, 0 where it is unknown."""
    row: NDArray[np.float32] = encoded(programme.features, [facts])[0]
    return row


def encoded(features: Sequence[Feature], several: Sequence[Mapping[str, Fact]]) -> NDArray[np.float32]:
    """The features (N, p) of many customers."""
    columns = _columns(tuple(features))
    width = 1 + sum(len(one.levels) or 1 for one in features)
    found = np.zeros((len(several), width), np.float32)
    found[:, 0] = 1.0
    rows: list[int] = []
    places: list[int] = []
    values: list[float] = []
    for row, facts in enumerate(several):
        for name, place, level_of, scale, money in columns:
            fact = facts.get(name)
            if fact is None:
                continue
            if level_of is not None:
                step = level_of.get(fact if isinstance(fact, str) else f"{fact:g}")
                if step is None:
                    continue
                value = 1.0
            else:
                step = 0
                value = _number(fact, scale, money)
            rows.append(row)
            places.append(place + step)
            values.append(value)
    found[rows, places] = values
    return found


def treatment_features(programme: Programme) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """The names of the treatments' columns (q,), and the treatments in them (K, q); *nothing* is all zeros.

    First that something is given at all, then modules (`component=module`), those that most share first, then
    attributes, then a column of each treatment's own.
    """
    modules = Counter(
        f"{c}={m}" for one in programme.treatments for c, m in sorted(one.configuration.items())
    )
    attributes = Counter(name for one in programme.treatments for name in sorted(one.attributes))
    shared = [name for name, _ in modules.most_common()] + [name for name, _ in attributes.most_common()]
    owns = [own(one.key) for one in programme.treatments[1:]]
    names = (GIVEN, *shared, *owns)
    place = {name: at for at, name in enumerate(names)}
    found = np.zeros((len(programme.treatments), len(names)), np.float32)
    for row, one in enumerate(programme.treatments[1:], 1):
        found[row, 0] = 1.0
        found[row, place[own(one.key)]] = 1.0
        for component, module in one.configuration.items():
            found[row, place[f"{component}={module}"]] = 1.0
        for name, number in one.attributes.items():
            found[row, place[name]] = _bounded(number)
    return names, found


def layout_of(programme: Programme) -> Layout:
    """Which features a programme's model has; where not all pairs fit, value and needs are crossed first.

    The intercept is crossed with nothing: that would be the treatment's own column a second time.
    """
    customer = customer_features(programme)[1:]
    first = {name for name in customer if name.split("=")[0].split(".")[0] in _FIRST}
    names, _ = treatment_features(programme)
    without = fitted_layout(customer, names, first=first, cap=CAP - 1)
    return Layout((INTERCEPT, *customer), names, without.pairs + np.array([1, 0], np.int32))


@lru_cache(maxsize=256)
def _columns(
    features: tuple[Feature, ...],
) -> tuple[tuple[str, int, Mapping[str, int] | None, float, bool], ...]:
    """Of each feature: its fact, first column, the place of each level, its scale, whether it is money."""
    found = []
    place = 1
    for one in features:
        levels = {level: step for step, level in enumerate(one.levels)} if one.levels else None
        found.append((one.name, place, levels, one.scale, one.name in MONEY))
        place += len(one.levels) or 1
    return tuple(found)


def _number(fact: float | str, scale: float, money: bool) -> float:
    """A number over its scale; 0 for a word that is none: it is as good as unknown."""
    number = as_number(fact) if isinstance(fact, str) else fact
    if number is None:
        return 0.0
    if money:
        number = math.copysign(math.log1p(abs(number)), number)
    return _bounded(number / scale)


def _bounded(number: float) -> float:
    return 0.0 if number != number else min(max(number, -FARTHEST), FARTHEST)  # noqa: PLR0124 -- not a number
