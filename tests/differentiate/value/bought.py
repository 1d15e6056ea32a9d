"""Purchase histories of real customers, and of simulated ones whose parameters are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class Bought(NamedTuple):
    """Repeat purchases, time of the last, time observed (weeks), mean spend a repeat purchase; (n,) each."""

    x: NDArray[np.int64]
    t_x: NDArray[np.float64]
    T: NDArray[np.float64]
    spend: NDArray[np.float64]


def cdnow_39_weeks(sample: Path) -> Bought:
    """The published 2,357 customers of CDNOW up to 30 September 1997, by the day."""
    _, customer, date, _, dollars = np.loadtxt(sample).T
    text = date.astype(np.int64).astype(str)
    day = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in text], dtype="datetime64[D]")
    end = np.datetime64("1997-09-30")
    customer, day, dollars = customer[day <= end], day[day <= end], dollars[day <= end]
    _, who = np.unique(customer, return_inverse=True)
    first = np.full(who.max() + 1, end)
    np.minimum.at(first, who, day)
    since = (day - first[who]).astype(np.int64)
    days, which = np.unique(who * 1000 + since, return_inverse=True)
    paid = np.bincount(which, dollars)
    again = days % 1000 > 0
    who, since, paid = days[again] // 1000, days[again] % 1000, paid[again]
    x = np.bincount(who, minlength=len(first))
    t_x = np.zeros(len(first))
    np.maximum.at(t_x, who, since)
    total = np.bincount(who, paid, minlength=len(first))
    return Bought(x, t_x / 7, (end - first).astype(np.int64) / 7, total / np.maximum(x, 1))


def simulate_bg_nbd(
    rng: np.random.Generator,
    r: float,
    alpha: float,
    a: float,
    b: float,
    T: NDArray[np.float64],
    horizon: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Customer by customer as the paper tells it: x and t_x up to T, and purchases in the horizon after."""
    x, t_x, after = np.zeros(len(T), np.int64), np.zeros(len(T)), np.zeros(len(T), np.int64)
    for i, end in enumerate(T):
        rate, stops, t = rng.gamma(r, 1 / alpha), rng.beta(a, b), 0.0
        while True:
            t += rng.exponential(1 / max(rate, 1e-12))
            if t > end + horizon:
                break
            if t <= end:
                x[i], t_x[i] = x[i] + 1, t
            else:
                after[i] += 1
            if rng.random() < stops:
                break
    return x, t_x, after


def simulate_pareto_nbd(
    rng: np.random.Generator,
    r: float,
    alpha: float,
    s: float,
    beta: float,
    T: NDArray[np.float64],
    horizon: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Customer by customer as the paper tells it: x and t_x up to T, and purchases in the horizon after."""
    x, t_x, after = np.zeros(len(T), np.int64), np.zeros(len(T)), np.zeros(len(T), np.int64)
    for i, end in enumerate(T):
        rate, leaves = rng.gamma(r, 1 / alpha), rng.exponential(1 / rng.gamma(s, 1 / beta))
        bought = np.sort(rng.uniform(0, end + horizon, rng.poisson(rate * (end + horizon))))
        bought = bought[bought < leaves]
        before = bought[bought <= end]
        x[i], t_x[i], after[i] = len(before), before.max(initial=0.0), len(bought) - len(before)
    return x, t_x, after


@st.composite
def histories(draw: st.DrawFn) -> Bought:
    """Any purchase histories that can be: one customer, no time at all, no repeat purchase, thousands."""
    n = draw(st.integers(1, 12))
    times = st.one_of(st.sampled_from([0.0, 1 / 7, 1.0, 52.0]), st.floats(1e-3, 3000.0))
    T = np.array(draw(st.lists(times, min_size=n, max_size=n)))
    counts = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 5000))
    x = np.array(draw(st.lists(counts, min_size=n, max_size=n))) * (T > 0)
    share = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n)))
    money = st.one_of(st.sampled_from([0.0, 0.01, 10.0]), st.floats(1e-2, 1e7))
    spend = np.array(draw(st.lists(money, min_size=n, max_size=n)))
    return Bought(x, np.where(x > 0, share * T, 0.0), T, spend)


def parameters(low: float, high: float) -> st.SearchStrategy[float]:
    """Parameters spread evenly over their magnitudes."""
    return st.floats(np.log(low), np.log(high)).map(lambda logarithm: float(np.exp(logarithm)))
