"""A programme ready to decide: its arrays made once for each version of declaration, model and prices."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.belief import prior_of
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.encode import INTERCEPT, layout_of, treatment_features
from trato.customize.programme.facts import is_believed
from trato.customize.programme.posterior import posterior_from_document

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from trato.customize.programme.decision import Candidate
    from trato.customize.programme.eligibility import Condition
    from trato.customize.programme.features import Layout
    from trato.customize.programme.posterior import Posterior
    from trato.customize.programme.treatments import Programme

EVERYBODY = "everybody"
BY_SCORE = frozenset(
    {"tier", "need", "weight", "evidence", "expected_value", "actual_value", "p_alive", "potential"}
)
STOCK, BUDGET, CAPACITY = "stock", "budget", "capacity"


def stock_of(treatment: str) -> str:
    """What a treatment's stock is called among what is limited."""
    return f"{STOCK}:{treatment}"


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A programme with its model and prices, for K treatments, *nothing* the first, and D features.

    `model` and `prices` are versions ("" for the declared prior, and for no prices). `mean` (D,) and `root`
    (D, D) are what decisions read of the posterior, `modules` (K, q) the treatments' features, `groups` (D,)
    to what a feature belongs. One unit of the expected outcome is worth `worth` (K,) minor units: value times
    lever, less what is paid when it is taken; `plain_worth` (K,) the same without levers. `charge` (K,) is
    what giving it costs at current prices, `fatigue` (K,) for each recent contact; `taken` (K,) is what those
    cost who would have come anyway, for a whole unit of their outcome.

    `asks` are the facts that are looked at, and by where they are read: `asks_request` and so on.
    `conditions` are those of treatments, each with the places where it stands, `sets` what a configuration
    sets, by its place. `limits` are what is limited, `uses` how much of it a treatment takes, `most` the most
    that any takes, and `users` who takes of `stock`, `budget` or `capacity`: place, what and how much. A
    capacity's day is not in its name here. `kept` are candidates as they were logged, made once.
    """

    programme: Programme
    model: str
    prices: str
    posterior: Posterior
    price_of: Mapping[str, float]
    layout: Layout
    modules: NDArray[np.float32]
    mean: NDArray[np.float32]
    root: NDArray[np.float32]
    worth: NDArray[np.float64]
    plain_worth: NDArray[np.float64]
    charge: NDArray[np.float64]
    taken: NDArray[np.float64]
    fatigue: NDArray[np.float64]
    explore: int
    groups: tuple[str, ...]
    keys: tuple[str, ...]
    place: Mapping[str, int]
    asks: frozenset[str]
    asks_request: tuple[str, ...]
    asks_score: tuple[str, ...]
    asks_values: tuple[str, ...]
    asks_learned: tuple[str, ...]
    asks_said: bool
    conditions: tuple[tuple[Condition, tuple[int, ...]], ...]
    sets: tuple[tuple[int, tuple[tuple[str, str], ...]], ...]
    limits: Mapping[str, int]
    uses: tuple[Mapping[str, int], ...]
    most: Mapping[str, int]
    users: Mapping[str, tuple[tuple[int, str, int], ...]]
    kept: dict[tuple[str, str, int], Candidate] = field(default_factory=dict, repr=False)

    def asks_any(self, *families: str) -> bool:
        """Whether a fact of one of these names or families is looked at."""
        return any(name in families or name.split(".")[0] in families for name in self.asks)

    @property
    def believes(self) -> bool:
        """Whether a fact of value, belief, history or statements is looked at."""
        return any(is_believed(name) for name in self.asks)


def ready_of(
    programme: Programme, *, model: str = "", document: str = "", prices: str = "", priced: str = ""
) -> Ready:
    """A programme made ready by a model's `document` and a document of prices `priced`, each "" for none.

    Prices are `{what: minor units}`: of `budget` for each unit of money set aside, of `stock:TREATMENT` for
    each one given, of `capacity` for each treatment given. Raises ValueError where the model is another's.
    """
    layout = layout_of(programme)
    posterior = posterior_from_document(json.loads(document)) if document else prior_of(programme)
    if posterior.size != layout.size:
        raise ValueError(
            f"a model of {posterior.size} features for a programme of {layout.size}: "
            f"it was learned under another declaration than {programme.version}"
        )
    price_of: dict[str, float] = json.loads(priced) if priced else {}
    mean, root = posterior.served()
    uses = tuple(_uses(programme, place) for place in range(len(programme.treatments)))
    worth, charge, taken = _money(programme)
    for place, used in enumerate(uses):
        charge[place] += sum(amount * price_of.get(what, 0.0) for what, amount in used.items())
    fatigue = np.full(len(worth), float(programme.fatigue))
    fatigue[0] = 0.0
    several = [one.eligible for one in programme.treatments]
    asked = [programme.eligible, *several]
    names = [name for one in asked if one is not None for name in one.names]
    names += [one.name for one in programme.features]
    asks = frozenset({*names, *programme.fairness})
    return Ready(
        programme=programme,
        model=model,
        prices=prices,
        posterior=posterior,
        price_of=price_of,
        layout=layout,
        modules=treatment_features(programme)[1],
        mean=mean,
        root=root,
        worth=worth,
        plain_worth=_money(
            replace(programme, treatments=tuple(replace(one, lever=1.0) for one in programme.treatments))
        )[0],
        charge=charge,
        taken=taken,
        fatigue=fatigue,
        explore=round(programme.explore * WHOLE),
        groups=_groups(layout),
        keys=tuple(one.key for one in programme.treatments),
        place={one.key: place for place, one in enumerate(programme.treatments)},
        asks=asks,
        asks_request=_of(asks, {"touchpoint", "channel", "moment"}, "context"),
        asks_score=_of(asks, BY_SCORE),
        asks_values=_of(asks, set(), "value"),
        asks_learned=_of(asks, {"days_since_purchase"}, "bought", "need"),
        asks_said=bool(_of(asks, set(), "wants", "avoids")),
        conditions=tuple(
            (condition, tuple(place for place, one in enumerate(several) if one == condition))
            for condition in dict.fromkeys(several)
            if condition is not None
        ),
        sets=tuple(
            (place, tuple(sorted(one.configuration.items())))
            for place, one in enumerate(programme.treatments)
            if one.configuration
        ),
        limits=_limits(programme),
        uses=uses,
        most={what: max(one.get(what, 0) for one in uses) for what in _limits(programme)},
        users={
            kind: tuple(
                (place, what, amount)
                for place, one in enumerate(uses)
                for what, amount in one.items()
                if what.partition(":")[0] == kind
            )
            for kind in (STOCK, BUDGET, CAPACITY)
        },
    )


def _groups(layout: Layout) -> tuple[str, ...]:
    """To what each feature (D,) belongs: *everybody*, or the customer's fact that it is crossed with."""
    fact = [EVERYBODY if name == INTERCEPT else name.split("=")[0] for name in layout.customer]
    return (*fact, *[EVERYBODY] * len(layout.modules), *(fact[i] for i, _ in layout.pairs.tolist()))


def _of(asks: Iterable[str], plain: Collection[str], *families: str) -> tuple[str, ...]:
    """The facts of these names, or of these families, in order."""
    return tuple(
        sorted(name for name in asks if name in plain or ("." in name and name.split(".")[0] in families))
    )


def _money(programme: Programme) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What one unit of the outcome is worth, what giving costs, and what a unit of taking costs: (K,) each.

    Where the goal is money, the outcome says how much came, and not how likely: what taking costs is charged
    whole, which is never too little.
    """
    many = len(programme.treatments)
    worth, charge, taken = np.zeros(many), np.zeros(many), np.zeros(many)
    for place, one in enumerate(programme.treatments):
        if place == 0:
            continue
        charge[place] = one.cost
        if programme.goal.outcome == "taken":
            worth[place] = one.value * one.lever - one.cost_taken
            taken[place] = one.cost_taken
        else:
            worth[place] = one.lever
            charge[place] += one.cost_taken
    return worth, charge, taken


def _limits(programme: Programme) -> dict[str, int]:
    found = {stock_of(one.key): one.stock for one in programme.treatments if one.stock is not None}
    if programme.budget is not None:
        found[BUDGET] = programme.budget
    if programme.capacity is not None:
        found[CAPACITY] = programme.capacity
    return found


def _uses(programme: Programme, place: int) -> dict[str, int]:
    """How much of what is limited a treatment takes; *nothing* takes nothing."""
    one = programme.treatments[place]
    used: dict[str, int] = {}
    if place == 0:
        return used
    if programme.budget is not None and one.most_cost:
        used[BUDGET] = one.most_cost
    if one.stock is not None:
        used[stock_of(one.key)] = 1
    if programme.capacity is not None:
        used[CAPACITY] = 1
    return used
