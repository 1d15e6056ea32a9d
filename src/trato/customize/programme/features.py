"""Features of a customer and a treatment: what the customer is, what the treatment is made of, and both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
