"""What sets each need apart: the modules its customers choose clearly more, or less, often than all do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from trato.differentiate.needs.classes import ClassData

    Array = NDArray[np.float64]

SHOWN = 6
PER_COMPONENT = 2
SUPPORT_CUSTOMERS = 10
SUPPORT_SHARE = 0.1
LEAST_LIFT = 1.2
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Lift:
    """How much more often a need's customers choose a module than all customers do, where they choose at all.

    `share` and `population_share` are shares of the choices in the module's component; `lift` is their ratio
    with a 95 % interval over customers, given the needs. `customers` is how many of the need chose the
    module.
    """

    component: str
    module: str
    share: float
    population_share: float
    lift: Interval
    customers: float


@dataclass(frozen=True, slots=True)
class Portrait:
    """A need seen from outside: what its customers choose more often, and less often, clearest first."""

    more: tuple[Lift, ...]
    less: tuple[Lift, ...]


def portraits(
    components: Sequence[str], modules: Sequence[Sequence[str]], data: ClassData, weights: Array
) -> tuple[Portrait, ...]:
    """A portrait of each of K needs from customers' counts and their weights (n, K).

    A module is shown when its interval stays clear of 1 by a fifth and enough customers chose it (in the
    need, or, for what is chosen less, in the population): at least ten, and a tenth of those who chose in its
    component. The clearest come first, at most two a component: the log of the lift at the cautious end of
    its interval, times the root of the module's share and of the component's reach among the need's
    customers.
    """
    table = _Table.of(data)
    labels = [(c, m) for c, names in enumerate(modules) for m in names]
    return tuple(_portrait(table, weights[:, k], labels, components) for k in range(weights.shape[1]))


@dataclass(frozen=True, slots=True)
class _Table:
    """Counts as matrices: customers × items, and customers × components spread over the items they hold."""

    component_of_item: NDArray[np.int64]
    chosen: csr_array  # (n, v) counts
    in_component: csr_array  # (n, c) choices in each component
    crossed: csr_array  # (n, v) count times choices in its component

    @classmethod
    def of(cls, data: ClassData) -> _Table:
        from scipy.sparse import csr_array

        components = len(data.offsets) - 1
        component_of_item = np.repeat(np.arange(components), np.diff(data.offsets))
        counts = data.counts.astype(np.float64)
        rows = np.repeat(np.arange(data.customers), np.diff(data.indptr))
        place = component_of_item[data.items]
        sums = csr_array((counts, (rows, place)), shape=(data.customers, components))
        sums.sum_duplicates()
        shape = (data.customers, len(component_of_item))
        crossed = counts * np.asarray(sums[rows, place]).ravel()
        return cls(
            component_of_item,
            csr_array((counts, data.items, data.indptr), shape=shape),
            sums,
            csr_array((crossed, data.items, data.indptr), shape=shape),
        )


def _portrait(
    table: _Table, weight: Array, labels: Sequence[tuple[int, str]], components: Sequence[str]
) -> Portrait:
    everyone = np.ones_like(weight)
    spread = table.component_of_item
    mass, total = table.in_component.T @ weight, table.in_component.T @ everyone
    held, all_held = table.chosen.T @ weight, table.chosen.T @ everyone
    share, usual = held / np.maximum(mass, 1e-300)[spread], all_held / np.maximum(total, 1e-300)[spread]
    seen = (share > 0) & (usual > 0) & (usual < 1)
    lift = np.where(seen, share / np.where(seen, usual, 1.0), 1.0)
    half = NORMAL_95 * np.sqrt(_log_lift_variance(table, weight, share, usual, mass, total, seen))
    interval = lift * np.exp(-half), lift * np.exp(half)
    buyers, choosers = _signs(table.chosen).T @ weight, (_signs(table.in_component).T @ weight)[spread]
    all_buyers = _signs(table.chosen).T @ everyone
    all_choosers = (_signs(table.in_component).T @ everyone)[spread]
    enough = (buyers >= SUPPORT_CUSTOMERS) & (buyers >= SUPPORT_SHARE * choosers)
    missed = (all_buyers >= SUPPORT_CUSTOMERS) & (all_buyers >= SUPPORT_SHARE * all_choosers)
    missed &= choosers >= SUPPORT_CUSTOMERS

    def shown(order: NDArray[np.intp], fit: NDArray[np.bool_]) -> tuple[Lift, ...]:
        taken: list[Lift] = []
        crowd: dict[int, int] = {}
        for item in order.tolist():
            component, module = labels[item]
            if not fit[item] or (crowd.get(component, 0) == PER_COMPONENT and len(components) > 1):
                continue
            crowd[component] = crowd.get(component, 0) + 1
            taken.append(
                Lift(
                    components[component],
                    module,
                    float(share[item]),
                    float(usual[item]),
                    Interval(float(lift[item]), float(interval[0][item]), float(interval[1][item])),
                    float(buyers[item]),
                )
            )
            if len(taken) == SHOWN:
                break
        return tuple(taken)

    more, less = interval[0], interval[1]
    reach = choosers / max(float(weight.sum()), 1e-300)
    clarity_more = np.sqrt(reach * share) * np.log(np.maximum(more, 1.0))
    clarity_less = np.sqrt(reach * usual) * np.log(np.maximum(1 / np.where(seen, less, 1.0), 1.0))
    return Portrait(
        more=shown(np.argsort(-clarity_more, kind="stable"), seen & enough & (more >= LEAST_LIFT)),
        less=shown(np.argsort(-clarity_less, kind="stable"), seen & missed & (less <= 1 / LEAST_LIFT)),
    )


def _log_lift_variance(
    table: _Table,
    weight: Array,
    share: Array,
    usual: Array,
    mass: Array,
    total: Array,
    seen: NDArray[np.bool_],
) -> Array:
    """The variance of log(share / usual) over customers, by linearisation; shape (v,).

    One customer moves it by a·count - b·choices, with a = weight/(mass·share) - 1/(total·usual) and
    b = weight/mass - 1/total, so their squares are sums over customers of products of counts.
    """
    spread = table.component_of_item
    per_choice = 1 / np.maximum(mass * 1.0, 1e-300)[spread], 1 / np.maximum(total * 1.0, 1e-300)[spread]
    inner = np.where(seen, per_choice[0] / np.where(seen, share, 1.0), 0.0)
    outer = np.where(seen, per_choice[1] / np.where(seen, usual, 1.0), 0.0)

    def squares(matrix: csr_array, first: tuple[Array, Array], second: tuple[Array, Array]) -> Array:
        """Σ over customers of (w·f0 - f1)(w·s0 - s1) times the matrix's entry, item by item."""
        twice, once, none = matrix.T @ weight**2, matrix.T @ weight, matrix.T @ np.ones_like(weight)
        return np.asarray(
            twice * first[0] * second[0]
            - once * (first[0] * second[1] + first[1] * second[0])
            + none * first[1] * second[1]
        )

    of_counts = squares(table.chosen.power(2), (inner, outer), (inner, outer))
    of_both = squares(table.crossed, (inner, outer), per_choice)
    flat = np.ones(table.in_component.shape[1])
    own_mass = 1 / np.maximum(mass, 1e-300), 1 / np.maximum(total, 1e-300)
    of_choices = squares(table.in_component.power(2), (own_mass[0] * flat, own_mass[1] * flat), own_mass)[
        spread
    ]
    return np.asarray(np.maximum(of_counts - 2 * of_both + of_choices, 0.0))


def _signs(matrix: csr_array) -> csr_array:
    signs = matrix.copy()
    signs.data = np.ones_like(signs.data)
    return signs
