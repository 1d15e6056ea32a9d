"""The mean of a Dirichlet-multinomial: a customer's own counts, shrunk towards what others choose."""

from __future__ import annotations

from math import isinf
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


def shrunk(own: Array, chosen: Array, towards: Array, trust: float) -> Array:
    """(own + trust · towards) / (chosen + trust); the arrays broadcast, an infinite trust gives `towards`.

    `own` counts a module, `chosen` all modules of the component, `towards` is the module's share elsewhere,
    and `trust` says how many choices that share is worth against the customer's own.

    >>> shrunk(np.array([3.0, 0.0]), np.array(3.0), np.array([0.5, 0.5]), 1.0).tolist()
    [0.875, 0.125]
    """
    if isinf(trust):
        return np.broadcast_to(towards, np.broadcast_shapes(own.shape, chosen.shape, towards.shape))
    return np.asarray((own + trust * towards) / (chosen + trust))
