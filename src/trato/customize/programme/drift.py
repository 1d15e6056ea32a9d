"""Whether outcomes still come as the model predicts: a watch over its surprises that seldom cries wolf.

Surprises (`posterior.learnt`) have mean zero while the model holds. They are added up in blocks, because one
outcome, a purchase among a thousand visits, is nothing like normal and the sum of some hundred is nearly; and
divided by the largest of three standard deviations: the model's own, the one seen so far, and the block's
own, because a model may be wrong about its noise without being wrong about its means, and one huge purchase
is no drift. The blocks feed a Shiryaev-Roberts e-detector (Shin, Ramdas & Rinaldo 2023): for each of several
shifts δ, R ← (1 + R) · exp(δ s - δ²/2), and the alarm is raised when the mean of R passes `run`. While
nothing drifts the mean of R after t blocks is t, so false alarms are at least `run` blocks apart on average,
and one within the first t blocks has at most the probability t / run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Shifts of a block's sum, in its standard deviations, that are looked for; both ways.
_SHIFTS = (0.5, 1.0, 2.0, -0.5, -1.0, -2.0)
_BEFORE = 5  # blocks that only teach how much surprises vary
_HIGHEST = 1e100


@dataclass(frozen=True, slots=True)
class Watch:
    """What a watch has seen: plain numbers, to be stored between batches.

    `block` is how many surprises make a block, and `run` how many blocks false alarms are apart on average,
    at least. `count`, `total` and `square` are of the block that is not full yet, `outcomes` and `squares` of
    all full ones. `ratios` are the detector's R for each shift. `alarm` is the block (from 1) in which drift
    was noticed first; None while it was not.
    """

    block: int
    run: float
    blocks: int = 0
    count: int = 0
    total: float = 0.0
    square: float = 0.0
    outcomes: int = 0
    squares: float = 0.0
    ratios: tuple[float, ...] = (0.0,) * len(_SHIFTS)
    alarm: int | None = None

    @property
    def suspicion(self) -> float:
        """How far the detector is: the alarm is raised at 1."""
        return sum(self.ratios) / len(self.ratios) / self.run

    @property
    def rising(self) -> bool:
        """Whether outcomes come higher than predicted, rather than lower, going by what speaks for drift."""
        half = len(_SHIFTS) // 2
        return sum(self.ratios[:half]) > sum(self.ratios[half:])


def watching(*, block: int = 200, run: float = 1000.0) -> Watch:
    """A watch that has seen nothing. Raises ValueError where block or run is not above 0."""
    if block < 1 or not run > 0:
        raise ValueError("a block has at least one outcome, and false alarms are some blocks apart")
    return Watch(block, float(run))


def watched(w: Watch, surprises: ArrayLike) -> Watch:
    """The watch after more surprises (n,), in the order in which they were learnt; however they are batched.

    Raises ValueError for surprises that are not finite.
    """
    z = np.asarray(surprises, np.float64).ravel()
    if not np.isfinite(z).all():
        raise ValueError("surprises must be finite")
    start = 0
    while start < len(z):
        part = z[start : start + w.block - w.count]
        start += len(part)
        total, square = w.total, w.square
        for one in part.tolist():
            total += one
            square += one * one
        w = replace(w, count=w.count + len(part), total=total, square=square)
        if w.count == w.block:
            w = _full(w)
    return w


def _full(w: Watch) -> Watch:
    """After a block has come full."""
    ratios = w.ratios
    if w.blocks >= _BEFORE and w.squares > 0:
        usual = w.block * max(1.0, w.squares / w.outcomes)
        s = w.total / math.sqrt(max(usual, w.square))
        ratios = tuple(
            min(_HIGHEST, (1 + r) * math.exp(min(200.0, shift * s - shift * shift / 2)))
            for r, shift in zip(ratios, _SHIFTS, strict=True)
        )
    after = replace(
        w,
        blocks=w.blocks + 1,
        count=0,
        total=0.0,
        square=0.0,
        outcomes=w.outcomes + w.block,
        squares=w.squares + w.square,
        ratios=ratios,
    )
    return replace(after, alarm=after.blocks) if after.alarm is None and after.suspicion >= 1 else after
