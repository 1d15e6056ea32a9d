"""What a programme believes before anybody got anything: its declaration as a prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.encode import INTERCEPT, layout_of, treatment_features
from trato.customize.programme.features import own, scales
from trato.customize.programme.posterior import prior

if TYPE_CHECKING:
    from trato.customize.programme.posterior import Posterior
    from trato.customize.programme.treatments import Programme

USUAL_WEIGHT = 10.0
_LEAST_NOISE = 0.0025
_PAYERS = 50.0  # where nothing is said of money: as if one customer in fifty paid


def noise_of(programme: Programme) -> float:
    """The variance of one outcome before any evidence, in the outcome's unit squared.

    Declared, or of yes and no that of the largest rate that is expected anywhere.
    """
    if programme.noise is not None:
        return programme.noise
    rates = [programme.prior_rate, *(one.prior_rate for one in programme.treatments if one.prior_rate)]
    if programme.goal.outcome == "money":
        return max(1.0, _PAYERS * max(rates) ** 2)
    return max(_LEAST_NOISE, *(rate * (1 - rate) if rate < 0.5 else 0.25 for rate in rates))


def prior_of(programme: Programme) -> Posterior:
    """The belief before the first outcome.

    Without a treatment the programme's `prior_rate` is expected of everybody. A treatment with a rate of its
    own is expected to bring the difference, any other nothing more: what it does has to be learned.
    `prior_weight` is how many outcomes that is worth, so the more it is, the less is believed to be possible.
    """
    layout = layout_of(programme)
    names, given = treatment_features(programme)
    noise = noise_of(programme)
    spread = scales(layout, float(np.sqrt(noise)))
    mean = np.zeros(layout.size)
    mean[layout.customer.index(INTERCEPT)] = programme.prior_rate
    first = len(layout.customer)
    place = {name: first + at for at, name in enumerate(names)}
    weights = np.array([one.prior_weight for one in programme.treatments])
    for at in range(len(names)):
        lightest = weights[given[:, at] != 0].min(initial=np.inf)
        if np.isfinite(lightest):
            spread[first + at] *= np.sqrt(USUAL_WEIGHT / lightest)
    for one in programme.treatments[1:]:
        if one.prior_rate is not None:
            mean[place[own(one.key)]] = one.prior_rate - programme.prior_rate
            spread[place[own(one.key)]] = np.sqrt(noise / one.prior_weight)
    return prior(spread, mean, noise=noise)
