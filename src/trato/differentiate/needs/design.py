"""Counts arranged for the EM of latent classes, and the prior that they bring.

Everything a step needs of a customer is which (module, count) pairs they have: customers × pairs is a sparse
matrix of ones, and the likelihood of a pair under a class, like the number of fresh draws expected in it, is
a small table pairs × classes. Without habit the pairs are the modules and the matrix holds the counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Array = NDArray[np.float64]

UNSEEN = 0.5
CENTRE_STRENGTH = 10.0


@dataclass(frozen=True, slots=True)
class Design:
    """The counts, arranged for EM: n customers, U pairs of (item, count), v items, c components."""

    offsets: NDArray[np.int64]
    pairs: csr_array  # (n, U)
    pairs_by_pair: csr_array  # (U, n)
    counts: csr_array  # (n, v)
    item_of_pair: NDArray[np.int64]  # (U,) ascending
    count_of_pair: Array  # (U,)
    first_pair: NDArray[np.int64]  # (v,) where each item's pairs begin
    component_of_item: NDArray[np.int64]  # (v,)
    item_totals: Array  # (v,)
    totals: NDArray[np.int64]  # (n,)
    component_sizes: Array  # (T,) how many choices a customer made in a component: distinct values
    size_component: NDArray[np.int64]  # (T,)
    size_frequency: Array  # (T,) by how many customers
    habit: bool

    @classmethod
    def of(
        cls,
        offsets: NDArray[np.int64],
        indptr: NDArray[np.int64],
        items: NDArray[np.int64],
        counts: NDArray[np.int64],
        *,
        habit: bool,
    ) -> Design:
        """Arrange sparse rows of counts."""
        from scipy.sparse import csr_array

        customers, breadth, components = len(indptr) - 1, int(offsets[-1]), len(offsets) - 1
        component_of_item = np.repeat(np.arange(components), np.diff(offsets))
        table = csr_array((counts.astype(np.float64), items, indptr), shape=(customers, breadth))
        if habit:
            span = int(counts.max(initial=0)) + 1
            keys, column = np.unique(items * span + counts, return_inverse=True)
            item_of_pair, count_of_pair = keys // span, (keys % span).astype(np.float64)
            pairs = csr_array((np.ones(len(column)), column, indptr), shape=(customers, len(keys)))
        else:
            item_of_pair, count_of_pair = np.arange(breadth), np.ones(breadth)
            pairs = table
        who = np.repeat(np.arange(customers), np.diff(indptr))
        slot, where = np.unique(component_of_item[items] * max(customers, 1) + who, return_inverse=True)
        size = np.bincount(where, counts, len(slot)).astype(np.int64)
        widest = int(size.max(initial=0)) + 1
        sizes, frequency = np.unique(slot // max(customers, 1) * widest + size, return_counts=True)
        return cls(
            offsets=offsets,
            pairs=pairs,
            pairs_by_pair=pairs.T.tocsr(),
            counts=table,
            item_of_pair=item_of_pair,
            count_of_pair=count_of_pair,
            first_pair=np.searchsorted(item_of_pair, np.arange(breadth)),
            component_of_item=component_of_item,
            item_totals=np.asarray(np.bincount(items, counts, breadth), np.float64),
            totals=np.bincount(who, counts, customers).astype(np.int64),
            component_sizes=(sizes % widest).astype(np.float64),
            size_component=sizes // widest,
            size_frequency=frequency.astype(np.float64),
            habit=habit,
        )

    @property
    def customers(self) -> int:
        """Rows, with or without choices."""
        return len(self.totals)

    @property
    def active(self) -> int:
        """Customers with at least one choice."""
        return int(np.count_nonzero(self.totals))

    def parameters(self, number: int) -> int:
        """Free parameters of so many classes: shares, profiles over the modules seen, and habit."""
        seen = self._modules_seen()
        return number - 1 + number * int((seen - 1).sum()) + int(self.habit) * int(np.count_nonzero(seen > 1))

    def penalty(self, number: int) -> float:
        """BIC's penalty: each parameter costs the log of the number of customers that tell of it."""
        seen = self._modules_seen()
        heard = np.log(np.maximum(np.bincount(self.size_component, self.size_frequency, len(seen)), 1))
        each = number * (seen - 1) + int(self.habit) * (seen > 1)
        return float((number - 1) * np.log(max(self.active, 1)) + each @ heard)

    def _modules_seen(self) -> NDArray[np.int64]:
        seen = np.bincount(self.component_of_item[self.item_totals > 0], minlength=len(self.offsets) - 1)
        return np.maximum(seen, 1)

    def per_component(self, values: Array) -> Array:
        """Sums over each component's items; values (…, v) to (…, c)."""
        return np.asarray(np.add.reduceat(values, self.offsets[:-1], axis=-1))

    def multinomial(self, log_profile: Array) -> Array:
        """Log-likelihood of each customer's counts under one profile, in nats; shape (n,)."""
        return np.asarray(self.counts @ log_profile)

    def best_multinomial(self, log_profiles: Array) -> Array:
        """The same under the best of K profiles; shape (n,)."""
        return np.asarray((self.counts @ log_profiles.T).max(axis=1))

    def profile_around(self, customer: int, prior: Prior) -> Array:
        """The population's profile pulled towards one customer's counts, in logs; shape (v,)."""
        row = slice(self.counts.indptr[customer], self.counts.indptr[customer + 1])
        own = np.zeros(len(self.item_totals))
        own[self.counts.indices[row]] = self.counts.data[row]
        pulled = own + CENTRE_STRENGTH * prior.population
        return np.log(pulled / self.per_component(pulled)[self.component_of_item])

    def own_log_likelihood(self, prior: Prior) -> Array:
        """What `multinomial` would be under `profile_around` oneself; shape (n,)."""
        rows = np.repeat(np.arange(self.customers), np.diff(self.counts.indptr))
        items, counts = self.counts.indices, self.counts.data
        components = len(self.offsets) - 1
        slot = rows * components + self.component_of_item[items]
        size = np.bincount(slot, counts, self.customers * components)[slot]
        share = (counts + CENTRE_STRENGTH * prior.population[items]) / (size + CENTRE_STRENGTH)
        return np.asarray(np.bincount(rows, counts * np.log(share), self.customers), np.float64)


@dataclass(frozen=True, slots=True)
class Prior:
    """A Dirichlet prior on every profile, worth `PRIOR_STRENGTH` choices spread as the population chooses."""

    population: Array  # (v,)

    @classmethod
    def of(cls, design: Design) -> Prior:
        """The population's shares, with half a choice added to each module so that none is impossible."""
        raised = design.item_totals + UNSEEN
        return cls(raised / design.per_component(raised)[design.component_of_item])
