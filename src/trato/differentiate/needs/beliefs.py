"""A belief about one customer: weights over needs, and their own counts. For batch and online alike.

What is stored of a customer are integer counts of (component, module). A belief is a pure function of a model
and summed counts, so adding an observation online gives, bit for bit, what a batch over all of them gives;
merging customers adds counts, withdrawing an observation subtracts it.

The weights are the posterior of the latent classes under habit (classes.py). The prediction for a component
is the customer's own counts, shrunk towards what their needs predict by the component's `trust`: P(module) =
(count + trust · Σ_k weight_k · profile_k) / (choices + trust), the mean of a Dirichlet-multinomial. A
customer's *statement* binds over all of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from math import fsum
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.errors import BadOption, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from trato.differentiate.needs.classes import ClassData

    Counts = Mapping[tuple[str, str], int]
    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NeedsModel:
    """The numbers behind beliefs, for K needs over c components with v modules in all.

    `shares` (K,) are the needs' shares of customers; `log_profiles` (K, v) say what a customer of each need
    chooses first in a component, the modules of all components side by side; `habit` (c,) is how much
    customers of one need differ (small: much); `trust` (c,) is how many choices the prediction of the needs
    is worth against a customer's own. `tells` (c,) says which components move the weights: the others have
    profiles too, and what is chosen there says nothing of needs. None where all of them tell.
    """

    components: tuple[str, ...]
    modules: tuple[tuple[str, ...], ...]
    shares: Array
    log_profiles: Array
    habit: Array
    trust: Array
    tells: NDArray[np.bool_] | None = None
    version: str = field(init=False)
    offsets: NDArray[np.int64] = field(init=False, repr=False)
    item_of: Mapping[tuple[str, str], int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        labels = [(c, m) for c, names in zip(self.components, self.modules, strict=True) for m in names]
        ends = np.cumsum([len(names) for names in self.modules], dtype=np.int64)
        digest = hashlib.sha256(json.dumps([self.components, self.modules], ensure_ascii=False).encode())
        for numbers in (self.shares, self.log_profiles, self.habit, self.trust):
            digest.update(np.ascontiguousarray(numbers, dtype="<f8").tobytes())
        if self.tells is not None and self.tells.all():
            object.__setattr__(self, "tells", None)
        if self.tells is not None:  # a model in which all tell keeps the version that it always had
            digest.update(np.ascontiguousarray(self.tells, dtype=np.uint8).tobytes())
        object.__setattr__(self, "version", digest.hexdigest()[:16])
        object.__setattr__(self, "offsets", np.concatenate(([0], ends)).astype(np.int64))
        object.__setattr__(self, "item_of", {label: item for item, label in enumerate(labels)})

    @property
    def needs(self) -> int:
        """How many needs there are."""
        return len(self.shares)

    def tells_of(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether choosing an item says anything of needs; shape of `items`."""
        if self.tells is None:
            return np.ones(len(items), np.bool_)
        return np.asarray(self.tells[np.searchsorted(self.offsets, items, side="right") - 1])


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """What we hold about one customer under one model: weights over its needs (K,), and their own counts."""

    version: str
    weights: Array
    counts: Counts


@dataclass(frozen=True, slots=True)
class Statement:
    """What a customer said about one component: always this module, or never that one."""

    component: str
    module: str
    binds: Literal["always", "never"]


@dataclass(frozen=True, slots=True)
class Moved:
    """An observation and the log-odds, in nats, by which it moved a belief."""

    component: str
    module: str
    count: int
    log_odds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one need weighs more than another.

    `log_odds` is what the population says plus what each observation adds; `moved` begins with those that
    moved the belief most.
    """

    need: int
    against: int
    log_odds: float
    population_log_odds: float
    moved: tuple[Moved, ...]


def add(*several: Counts) -> dict[tuple[str, str], int]:
    """Counts summed; an observation is withdrawn by adding its negative.

    Raises BadOption when more is withdrawn than was ever observed.
    """
    total: dict[tuple[str, str], int] = {}
    for counts in several:
        for label, count in counts.items():
            total[label] = total.get(label, 0) + count
    for label, count in total.items():
        if count < 0:
            raise BadOption(f"{-count} more choices of {label[1]!r} in {label[0]!r} withdrawn than observed")
    return {label: count for label, count in sorted(total.items()) if count}


def believe(model: NeedsModel, counts: Counts) -> Belief:
    """The belief that summed counts give. Modules the model does not know weigh equally under every need."""
    known = sorted(
        (model.item_of[label], count) for label, count in counts.items() if label in model.item_of and count
    )
    items = np.array([item for item, _ in known], dtype=np.int64)
    own = np.array([count for _, count in known], dtype=np.int64)
    weights = need_weights(model, np.array([0, len(known)], dtype=np.int64), items, own)
    return Belief(model.version, weights[0], dict(sorted(counts.items())))


def need_weights(
    model: NeedsModel, indptr: NDArray[np.int64], items: NDArray[np.int64], counts: NDArray[np.int64]
) -> Array:
    """Weights over needs of n customers, as sparse rows sorted by item; shape (n, K), rows sum to one."""
    joint = log_joint(model, indptr, items, counts)
    highest = joint.max(axis=1, keepdims=True)
    raised = np.exp(joint - highest)
    return np.asarray(raised / _sum_in_order(raised)[:, None])


def log_joint(
    model: NeedsModel, indptr: NDArray[np.int64], items: NDArray[np.int64], counts: NDArray[np.int64]
) -> Array:
    """log P(need, counts) of each customer, up to what all needs share; shape (n, K).

    Each customer's sum runs over their own items in order, so it does not depend on who else is in the batch.
    """
    from scipy.sparse import csr_array

    span = int(counts.max(initial=0)) + 1
    pairs, column = np.unique(items * span + counts, return_inverse=True)
    table = log_evidence(model, pairs // span, pairs % span)
    rows = csr_array((np.ones(len(column)), column, indptr), shape=(len(indptr) - 1, len(pairs)))
    return np.asarray(rows @ table) + np.log(model.shares)


def log_evidence(model: NeedsModel, items: NDArray[np.int64], counts: NDArray[np.int64]) -> Array:
    """What choosing an item so many times says for each need, in nats; shape (entries, K), C-ordered.

    log Γ(a + count) - log Γ(a) with a = habit · profile: repeating a choice adds less each time. It is zero
    where the component does not tell.
    """
    from scipy.special import gammaln

    component = np.searchsorted(model.offsets, items, side="right") - 1
    strength = np.exp(model.log_profiles[:, items] + np.log(model.habit)[component]).T
    evidence = np.ascontiguousarray(gammaln(strength + counts[:, None]) - gammaln(strength))
    if model.tells is not None:
        evidence[~model.tells[component]] = 0.0
    return evidence


def evidence_of(model: NeedsModel, counts: Counts) -> int:
    """How many of the choices counted a belief rests on: those that the model knows, and that tell."""
    known = [(model.item_of[label], count) for label, count in counts.items() if label in model.item_of]
    tells = model.tells_of(np.array([item for item, _ in known], np.int64))
    return sum(count for (_, count), told in zip(known, tells.tolist(), strict=True) if told)


def explain(model: NeedsModel, belief: Belief, need: int, against: int | None = None) -> Explanation:
    """What moved the weight of `need` against another need, by default the likeliest other one.

    The log-odds of the observations and of the population sum to log(weight of need / weight of the other).
    """
    if against is None:
        others = [k for k in range(model.needs) if k != need]
        against = max(others, key=lambda k: (belief.weights[k], -k), default=need)
    known = sorted(
        (model.item_of[label], label, n) for label, n in belief.counts.items() if label in model.item_of
    )
    tells = model.tells_of(np.array([item for item, _, _ in known], np.int64))
    known = [one for one, told in zip(known, tells.tolist(), strict=True) if told]
    evidence = log_evidence(
        model,
        np.array([item for item, _, _ in known], np.int64),
        np.array([n for _, _, n in known], np.int64),
    )
    moved = [
        Moved(component, module, count, float(evidence[place, need] - evidence[place, against]))
        for place, (_, (component, module), count) in enumerate(known)
    ]
    population = float(np.log(model.shares[need]) - np.log(model.shares[against]))
    return Explanation(
        need=need,
        against=against,
        log_odds=fsum([population, *(observation.log_odds for observation in moved)]),
        population_log_odds=population,
        moved=tuple(sorted(moved, key=lambda one: (-abs(one.log_odds), one.component, one.module))),
    )


def predict(
    model: NeedsModel, belief: Belief, component: str, statements: Iterable[Statement] = ()
) -> dict[str, float]:
    """The probability of each module at the customer's next choice in a component.

    What the customer said binds: a module they never want has probability zero, one they always want has one,
    whatever they did. When everything is excluded all are zero: there is nothing to propose.
    """
    if component not in model.components:
        close = nearest(component, model.components)
        raise BadOption(
            f"the model knows no component {component!r}", hint=f"did you mean {close!r}?" if close else None
        )
    place = model.components.index(component)
    own = {module: count for (where, module), count in belief.counts.items() if where == component}
    profile = np.exp(model.log_profiles[:, model.offsets[place] : model.offsets[place + 1]])
    towards = dict(zip(model.modules[place], (belief.weights @ profile).tolist(), strict=True))
    trust, chosen = float(model.trust[place]), sum(own.values())
    modules = [*model.modules[place], *sorted(own.keys() - towards.keys())]
    shares = {m: (own.get(m, 0) + trust * towards.get(m, 0.0)) / (chosen + trust) for m in modules}
    return bind(shares, statements, component)


def bind(shares: Mapping[str, float], statements: Iterable[Statement], component: str) -> dict[str, float]:
    """Shares with a customer's statements about the component imposed; where two conflict, the later one."""
    always: str | None = None
    never: set[str] = set()
    for said in statements:
        if said.component != component:
            continue
        if said.binds == "always":
            always = said.module
            never.discard(said.module)
        else:
            never.add(said.module)
            always = None if always == said.module else always
    if always is not None:
        return {**dict.fromkeys(shares, 0.0), always: 1.0}
    left = fsum(share for module, share in shares.items() if module not in never)
    return {m: 0.0 if m in never or left == 0 else share / left for m, share in shares.items()}


def predicted(
    model: NeedsModel,
    data: ClassData,
    weights: Array,
    customer: NDArray[np.integer],
    item: NDArray[np.integer],
) -> tuple[Array, Array, Array]:
    """What beliefs from `data` need to predict (customer, item) pairs, each of shape (pairs,).

    Returns the needs' prediction of the item, the customer's own count of it, and their choices in its
    component; the belief's probability is (own + trust · needs') / (choices + trust).
    """
    from scipy.sparse import csr_array

    component = np.searchsorted(model.offsets, item, side="right") - 1
    components = len(model.components)
    towards = np.einsum("pk,pk->p", weights[customer], np.exp(model.log_profiles)[:, item].T)
    table = csr_array(
        (data.counts.astype(np.float64), data.items, data.indptr),
        shape=(data.customers, int(model.offsets[-1])),
    )
    rows = np.repeat(np.arange(data.customers), np.diff(data.indptr))
    slot = rows * components + np.searchsorted(model.offsets, data.items, side="right") - 1
    chosen = np.bincount(slot, data.counts, data.customers * components)
    own = np.asarray(table[customer, item]).ravel()
    return towards, own, np.asarray(chosen[customer * components + component], np.float64)


def _sum_in_order(raised: Array) -> Array:
    total = np.zeros(len(raised))
    for k in range(raised.shape[1]):
        total += raised[:, k]
    return total
