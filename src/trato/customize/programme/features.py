"""Features of a customer and a treatment: what the customer is, what the treatment is made of, and both.

φ(x, a) = [x | m(a) | x_i · m_j]: the baseline part x (p, an intercept among them), what would come anyway;
the modules and attributes m (q) that the treatment is made of, an own intercept for each treatment among
them; and the pairs of both (r), by which customers differ in what a treatment does to them. A new treatment
made of known modules so has a belief from the first day, and a new module that of the attributes it shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import ArrayLike, NDArray

CAP = 128
_OWN = "own:"


@dataclass(frozen=True, slots=True)
class Layout:
    """Which features there are, in order: the customer's (p), the treatment's modules (q), pairs of both (r).

    `pairs` (r, 2) int32 holds positions (i of customer, j of modules); its feature is x_i · m_j.
    """

    customer: tuple[str, ...]
    modules: tuple[str, ...]
    pairs: NDArray[np.int32]

    @property
    def size(self) -> int:
        """D = p + q + r."""
        return len(self.customer) + len(self.modules) + len(self.pairs)

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each feature (D,), a pair's being `customer × module`."""
        crossed = tuple(f"{self.customer[i]} × {self.modules[j]}" for i, j in self.pairs.tolist())
        return (*self.customer, *self.modules, *crossed)


@dataclass(frozen=True, slots=True)
class Scales:
    """Prior standard deviations of the blocks, in standard deviations of the outcome.

    They suppose customers' features of about unit size. `baseline` is for each of x. `module` is what a
    module does on average; `own` what a treatment does beyond its modules. `pair` is for all pairs of one
    module together: each gets it divided by the root of how many customers' features are crossed with that
    module, so that more features do not mean that customers are believed to differ more.
    """

    baseline: float = 1.0
    module: float = 0.25
    own: float = 0.1
    pair: float = 0.25


def own(treatment: str) -> str:
    """The name of a treatment's own intercept among the modules."""
    return _OWN + treatment


def fitted_layout(
    customer: Sequence[str], modules: Sequence[str], *, first: Collection[str] = (), cap: int = CAP
) -> Layout:
    """The layout of all pairs where that makes at most `cap` features; otherwise of those that matter most.

    Baseline and modules always stand. Pairs come in this order, until the cap: with the customer's features
    in `first` (needs and value; in the order of `customer`), then with the others; at each, all modules in
    their order, so put first what most treatments share. Own intercepts are crossed last, after all modules.
    Raises ValueError for a name that stands twice, or one in `first` that is not the customer's.
    """
    if len(set(customer)) < len(customer) or len(set(modules)) < len(modules):
        raise ValueError("a feature stands twice")
    if not set(first) <= set(customer):
        raise ValueError("a feature that comes first is not one of the customer's")
    order = [
        (modules[j].startswith(_OWN), customer[i] not in first, i, j)
        for i in range(len(customer))
        for j in range(len(modules))
    ]
    room = max(0, cap - len(customer) - len(modules))
    taken = sorted((i, j) for _, _, i, j in sorted(order)[:room])
    return Layout(tuple(customer), tuple(modules), np.array(taken, np.int32).reshape(-1, 2))


def scales(layout: Layout, outcome: float, blocks: Scales | None = None) -> NDArray[np.float64]:
    """The prior's scale of each feature (D,), in the outcome's unit; `outcome` is its standard deviation."""
    given = blocks or Scales()
    crossed = np.bincount(layout.pairs[:, 1], minlength=max(1, len(layout.modules)))
    return outcome * np.array(
        [given.baseline] * len(layout.customer)
        + [given.own if name.startswith(_OWN) else given.module for name in layout.modules]
        + [given.pair / np.sqrt(crossed[j]) for _, j in layout.pairs.tolist()]
    )


def phi(layout: Layout, x: NDArray[np.float32], modules: NDArray[np.float32]) -> NDArray[np.float32]:
    """Incremental features (K, D) of a customer `x` (p,) and candidates `modules` (K, q): zeros | m | x · m.

    What the customer would do anyway (the baseline part) is what *nothing* brings too; it is left zero, and
    *nothing*, whose modules are zeros, is a row of zeros. Raises ValueError for shapes that do not fit.
    """
    from trato.customize.programme.kernels import crossed

    one = np.ascontiguousarray(x, np.float32)
    m = np.ascontiguousarray(modules, np.float32)
    if one.shape != (len(layout.customer),) or m.ndim != 2 or m.shape[1] != len(layout.modules):
        raise ValueError("customer (p,) and modules (K, q) do not fit the layout")
    found = np.empty((len(m), layout.size), np.float32)
    crossed(one, m, layout.pairs, found)
    return found


def full(layout: Layout, x: ArrayLike, m: ArrayLike) -> NDArray[np.float64]:
    """All features, for learning: (D,) of one customer x (p,) and the modules m (q,) of what they got.

    Or (n, D) of n of them, x (n, p) and m (n, q). The numbers are those that `phi` serves: both are rounded
    to float32, and so are their products. Raises ValueError for shapes that do not fit.
    """
    customer, module = np.asarray(x, np.float32), np.asarray(m, np.float32)
    if (
        customer.ndim not in {1, 2}
        or customer.shape[:-1] != module.shape[:-1]
        or customer.shape[-1] != len(layout.customer)
        or module.shape[-1] != len(layout.modules)
    ):
        raise ValueError("customers (n, p) and modules (n, q) do not fit the layout")
    products = customer[..., layout.pairs[:, 0]] * module[..., layout.pairs[:, 1]]
    return np.concatenate([customer, module, products], axis=-1).astype(np.float64)


def places(old: Layout, new: Layout) -> NDArray[np.int64]:
    """Where each feature of `new` (D,) stands in `old`; -1 where it is new. For `posterior.carried`."""
    known = {name: place for place, name in enumerate(_marked(old))}
    return np.array([known.get(name, -1) for name in _marked(new)], np.int64)


def _marked(layout: Layout) -> list[tuple[str, str]]:
    """The features' names, apart for customers and modules even where both use one word."""
    return (
        [(name, "") for name in layout.customer]
        + [("", name) for name in layout.modules]
        + [(layout.customer[i], layout.modules[j]) for i, j in layout.pairs.tolist()]
    )
