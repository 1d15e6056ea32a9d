"""What customers chose: counts of modules per customer, component and window of time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

EARLY, INNER, JUDGED = 0, 1, 2

COUNTED_CHOICES = Step.beside(__file__, "counted_choices.sql", ("choices",), ("inner", "judged"))
CHOICE_SPAN = Step.beside(__file__, "choice_span.sql", ("choices",))


@dataclass(frozen=True, slots=True)
class Choices:
    """Counts of modules chosen, one entry a (customer, component, module, window), sorted in that order.

    `customers` (n,) are ids sorted as UTF-8 text, `components` (c,) and `modules` (c tuples) are sorted too.
    `customer`, `component`, `module`, `window` and `count` have shape (m,); a module's index is within its
    component. The window is `EARLY` (fit), `INNER` (tune) or `JUDGED`; all `EARLY` where there is no time.
    """

    customers: NDArray[np.object_]
    components: tuple[str, ...]
    modules: tuple[tuple[str, ...], ...]
    customer: NDArray[np.int32]
    component: NDArray[np.int32]
    module: NDArray[np.int32]
    window: NDArray[np.int8]
    count: NDArray[np.int64]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each component's modules begin when all modules stand in one row; shape (c + 1,)."""
        return np.concatenate(([0], np.cumsum([len(names) for names in self.modules], dtype=np.int64)))

    @property
    def item(self) -> NDArray[np.int64]:
        """Each entry's module as an index over the modules of all components; shape (m,)."""
        return self.offsets[self.component] + self.module


def in_components(choices: Choices, kept: Sequence[int]) -> Choices:
    """The choices in some components, by their places in ascending order; of the same customers."""
    place = np.full(len(choices.components), -1, np.int32)
    place[list(kept)] = np.arange(len(kept), dtype=np.int32)
    inside = place[choices.component] >= 0
    return Choices(
        choices.customers,
        tuple(choices.components[one] for one in kept),
        tuple(choices.modules[one] for one in kept),
        choices.customer[inside],
        place[choices.component[inside]],
        choices.module[inside],
        choices.window[inside],
        choices.count[inside],
    )


@dataclass(frozen=True, slots=True)
class WindowEdges:
    """The moments at which the inner and the judged window begin."""

    inner: np.datetime64
    judged: np.datetime64


def window_edges(
    first: np.datetime64, last: np.datetime64, *, judged_part: float = 1 / 3, inner_part: float = 1 / 3
) -> WindowEdges | None:
    """The edges of the later windows: the last parts of the span, to tune on and to judge on.

    The judged window is the last `judged_part`; of what comes before it, the last `inner_part` is the inner
    one. None when the first and the last choice fall on the same moment: there is no later window then.
    """
    start, span = first.astype("datetime64[us]"), (last - first).astype("timedelta64[us]")
    if span <= np.timedelta64(0, "us"):
        return None
    until_judged = span.astype(np.int64) * (1 - judged_part)
    until_inner = until_judged * (1 - inner_part)
    return WindowEdges(
        inner=start + np.timedelta64(round(until_inner), "us"),
        judged=start + np.timedelta64(round(until_judged), "us"),
    )


def collect(
    customer: Iterable[str],
    component: Iterable[str],
    module: Iterable[str],
    *,
    window: Iterable[int] | None = None,
    count: Iterable[int] | None = None,
) -> Choices:
    """Choices from one label a row; rows that say the same are added up.

    >>> chosen = collect(["ann", "bob", "ann"], ["bread"] * 3, ["rye", "rye", "rye"])
    >>> chosen.customers.tolist(), chosen.count.tolist()
    (['ann', 'bob'], [2, 1])
    """
    who, who_code = _coded(customer)
    what, what_code = _coded(component)
    which, which_code = _coded(module)
    return from_codes(
        customer_labels=who,
        customer=who_code,
        component_labels=what,
        component=what_code,
        module_labels=which,
        module=which_code,
        window=None if window is None else np.fromiter(window, np.int8),
        count=None if count is None else np.fromiter(count, np.int64),
    )


def from_codes(
    *,
    customer_labels: Sequence[str],
    customer: NDArray[np.integer],
    component_labels: Sequence[str],
    component: NDArray[np.integer],
    module_labels: Sequence[str],
    module: NDArray[np.integer],
    window: NDArray[np.integer] | None = None,
    count: NDArray[np.integer] | None = None,
) -> Choices:
    """Choices from dictionary-encoded rows, in any order; labels need not be sorted, nor used.

    The codes, windows and counts have one entry a row. Modules of different components may share a label.
    Entries with a count of zero are left out.
    """
    rows = len(customer)
    counts = np.ones(rows, np.int64) if count is None else np.asarray(count, np.int64)
    windows = np.zeros(rows, np.int64) if window is None else np.asarray(window, np.int64)
    used = counts > 0
    customers, who = _sorted_labels(customer_labels, np.asarray(customer, np.int64)[used])
    components, what = _sorted_labels(component_labels, np.asarray(component, np.int64)[used])
    all_modules, which = _sorted_labels(module_labels, np.asarray(module, np.int64)[used])
    breadth = max(len(all_modules), 1)
    pairs, item = np.unique(what * breadth + which, return_inverse=True)
    pair_component = pairs // breadth
    starts = np.searchsorted(pair_component, np.arange(len(components) + 1))
    names = np.array(all_modules, dtype=object)[pairs % breadth]
    key = (who * max(len(pairs), 1) + item) * 3 + windows[used]
    entries, position = np.unique(key, return_inverse=True)
    item_of_entry = entries // 3 % max(len(pairs), 1)
    component_of_entry = pair_component[item_of_entry]
    return Choices(
        customers=np.array(customers, dtype=object),
        components=tuple(components),
        modules=tuple(tuple(names[a:b]) for a, b in pairwise(starts)),
        customer=(entries // 3 // max(len(pairs), 1)).astype(np.int32),
        component=component_of_entry.astype(np.int32),
        module=(item_of_entry - starts[component_of_entry]).astype(np.int32),
        window=(entries % 3).astype(np.int8),
        count=_sums(position, counts[used], len(entries)),
    )


def in_windows(choices: Choices, *windows: int) -> Choices:
    """The entries of some windows; customers, components and modules keep their indices."""
    kept = np.isin(choices.window, windows)
    return Choices(
        choices.customers,
        choices.components,
        choices.modules,
        choices.customer[kept],
        choices.component[kept],
        choices.module[kept],
        choices.window[kept],
        choices.count[kept],
    )


def split_in_halves(choices: Choices, rng: np.random.Generator) -> Choices:
    """Each customer's choices dealt at random to the early and the inner window, where there is no time.

    A random half hides drift, so what is tuned on it trusts a customer's own past more than a later window
    would.
    """
    moved = rng.binomial(choices.count, 0.5)
    entry = np.arange(len(choices.count))
    both = np.concatenate((entry, entry))
    window = np.repeat(np.array([EARLY, INNER], np.int8), len(entry))
    count = np.concatenate((choices.count - moved, moved))
    order = np.lexsort((window, both))
    kept = order[count[order] > 0]
    return Choices(
        choices.customers,
        choices.components,
        choices.modules,
        choices.customer[both[kept]],
        choices.component[both[kept]],
        choices.module[both[kept]],
        window[kept],
        count[kept],
    )


def _coded(labels: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    codes: dict[str, int] = {}
    coded = np.fromiter((codes.setdefault(label, len(codes)) for label in labels), np.int64)
    return list(codes), coded


def _sorted_labels(labels: Sequence[str], codes: NDArray[np.int64]) -> tuple[list[str], NDArray[np.int64]]:
    used = np.unique(codes)
    ordered = sorted(used.tolist(), key=lambda code: labels[code])
    place = np.zeros(len(labels), np.int64)
    place[ordered] = np.arange(len(ordered))
    return [labels[code] for code in ordered], place[codes]


def _sums(position: NDArray[np.intp], values: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    total = np.zeros(length, np.int64)
    np.add.at(total, position, values)
    return total
