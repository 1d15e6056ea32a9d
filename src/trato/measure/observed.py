"""What a log of treatments that nobody randomised can say of them, and the hold-out that would prove more.

Who is mailed is chosen, often among those who buy most. So that they buy more than others says nothing of
the mailing, and neither does what is left after allowing for what is known: nobody knows what else chose
them. What can be said is how well the choice is foretold, how the treated differed before, and whether their
*change* already differed between two periods before the treatment (a placebo): where it did, comparing
changes proves nothing (Angrist & Pischke, *Mostly Harmless Econometrics*, 2009, chapter 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FOLDS = 5
REPLICATES = 400
CHANCE = 0.5
_TWO_SIDED, _POWER = 1.959964, 0.841621


@dataclass(frozen=True, slots=True)
class Past:
    """What was logged, n rows: who got the treatment, the outcome while it ran and in two equally long
    periods before it, what else was known before (n, p), and whom a row is about (whole numbers from 0).
    """

    treated: NDArray[np.bool_]
    during: Array
    before: Array
    earlier: Array
    features: Array
    unit: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Observed:
    """What can be said of a treatment that was not randomised; 95 % intervals over whole customers.

    `foretold` is how often, of a treated and an untreated customer, what was known before points at the
    treated one (0.5 is chance; held out). `before`, `placebo` and `change` are the treated's outcome minus
    the others': before the treatment; its change between the two periods before; its change from before to
    while it ran. `chosen` says that the treated were picked by what was known: then nothing proves an effect.
    """

    rows: int
    customers: int
    treated: int
    foretold: Interval
    before: Interval
    placebo: Interval
    change: Interval

    @property
    def chosen(self) -> bool:
        """Whether the treated differ from the others, provably, before anything was done to them."""
        differs = self.before.low > 0 or self.before.high < 0
        return differs or self.foretold.low > CHANCE

    @property
    def parallel(self) -> bool:
        """Whether the treated changed like the others before the treatment, as far as these data can tell."""
        return self.placebo.low <= 0 <= self.placebo.high


@dataclass(frozen=True, slots=True)
class Proposal:
    """A hold-out that would prove an effect: of `customers` a round, a `share` that gets nothing, by lot.

    `usual` is the outcome's mean and `spread` what is left of its deviation once the outcome before is
    allowed for. `smallest` is the least effect that one round proves (at 5 %, four times in five); `rounds`
    is how many such rounds prove an effect of `worthwhile`, None where it takes more than a hundred.
    """

    customers: int
    share: float
    usual: float
    spread: float
    smallest: float
    worthwhile: float
    rounds: int | None


def observed(past: Past, *, seed: int) -> Observed:
    """What can be said. At least one row is treated and one is not; both periods before are as long."""
    rng = np.random.default_rng(seed)
    units = int(past.unit.max()) + 1
    weights = np.concatenate((np.ones((1, units)), rng.poisson(1.0, (REPLICATES, units)).astype(float)))
    guess = _foretold(past, seed)
    order = np.argsort(guess, kind="stable")
    told: dict[str, list[float]] = {"foretold": [], "before": [], "placebo": [], "change": []}
    for weight in weights[:, past.unit]:
        on, off = weight * past.treated, weight * ~past.treated
        if not on.sum() or not off.sum():
            continue
        told["foretold"].append(_ranked(guess[order], on[order], off[order]))
        for name, figure in (
            ("before", past.before),
            ("placebo", past.before - past.earlier),
            ("change", past.during - past.before),
        ):
            told[name].append(float(on @ figure / on.sum() - off @ figure / off.sum()))
    return Observed(
        rows=len(past.unit),
        customers=len(np.unique(past.unit)),
        treated=int(past.treated.sum()),
        **{name: _interval(figures) for name, figures in told.items()},
    )


def proposal(past: Past, *, customers: int, share: float, worthwhile: float) -> Proposal:
    """The hold-out of a `share` (between 0 and 1) of so many customers a round. `worthwhile` is above 0."""
    design = np.column_stack((np.ones(len(past.before)), past.before, past.earlier))
    fitted = design @ np.linalg.lstsq(design, past.during, rcond=None)[0]
    spread = float(np.std(past.during - fitted))
    error = spread * sqrt(1 / (share * customers) + 1 / ((1 - share) * customers))
    smallest = (_TWO_SIDED + _POWER) * error
    rounds = ceil((smallest / worthwhile) ** 2)
    return Proposal(
        customers=customers,
        share=share,
        usual=float(past.during.mean()),
        spread=spread,
        smallest=smallest,
        worthwhile=worthwhile,
        rounds=rounds if rounds <= 100 else None,
    )


def _foretold(past: Past, seed: int) -> Array:
    """The chance of being treated, for each row, as the rows of other customers tell it."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    known = np.column_stack((past.features, past.before, past.earlier))
    fold = np.random.default_rng(seed).permutation(int(past.unit.max()) + 1)[past.unit] % FOLDS
    guess = np.full(len(fold), past.treated.mean())
    with threadpool_limits(1):
        for held in range(FOLDS):
            learn = fold != held
            if learn.all() or len(np.unique(past.treated[learn])) < 2:
                continue
            model = HistGradientBoostingClassifier(max_iter=60, max_depth=3, random_state=seed)
            model.fit(known[learn], past.treated[learn])
            guess[~learn] = model.predict_proba(known[~learn])[:, 1]
    return np.asarray(guess)


def _ranked(guess: Array, on: Array, off: Array) -> float:
    """Of a treated and an untreated row, how often the treated one has the higher guess (ties count half)."""
    _, tied = np.unique(guess, return_inverse=True)
    ons, offs = np.bincount(tied, on), np.bincount(tied, off)
    below = np.cumsum(offs) - offs
    return float((ons @ below + 0.5 * (ons @ offs)) / (on.sum() * off.sum()))


def _interval(figures: list[float]) -> Interval:
    low, high = np.percentile(figures[1:], [2.5, 97.5])
    return Interval(figures[0], float(low), float(high))
