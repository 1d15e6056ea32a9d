"""A verdict on a programme that still runs: looked at often, and still right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import NotEnoughData
from trato.measure.verdict.intervals import EveryLook
from trato.measure.verdict.judge import Verdict, judge
from trato.measure.verdict.log import Log, Question
from trato.measure.verdict.scores import scores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trato.estimates import Interval
    from trato.measure.verdict.checks import Check

LOOKS = 20
# A bound that holds at every look is about 3.03 standard errors away where it is narrowest.
FOUND_AT = 3.03 + 0.84


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: after how many rows, and the difference that was seen then."""

    rows: int
    difference: Interval
    verdict: str


@dataclass(frozen=True, slots=True)
class Watched:
    """The verdict of the look that decided, or of the last one; and all looks up to it."""

    verdict: Verdict
    looks: tuple[Seen, ...]

    @property
    def decided(self) -> bool:
        """Whether a look decided."""
        return self.verdict.verdict != "not_yet"


def watch(
    log: Log,
    question: Question | None = None,
    *,
    looks: int = LOOKS,
    checks: Sequence[Check] = (),
    seed: int = 0,
) -> Watched:
    """Look at a log again and again as it grew, row after row, and stop at the first look that decides.

    At each look all is learnt and judged anew on the rows so far. The bounds hold at every look at once.
    Raises as `scores_of`, and NotEnoughData when there were too few rows at every look.
    """
    asked = question or Question()
    units = log.rows if log.unit is None else len(np.unique(log.unit))
    nothing = None if asked.nothing is None else log.treatments.index(asked.nothing)
    seen: list[Seen] = []
    verdict = None
    for rows in np.unique(np.linspace(log.rows / looks, log.rows, looks).astype(np.int64)).tolist():
        try:
            so_far = log.first(rows)
        except NotEnoughData:
            if rows == log.rows:
                raise
            continue
        scores = scores_of(so_far, asked, seed=seed)
        verdict = judge(
            scores,
            checks=checks,
            nothing=nothing,
            worthwhile=asked.worthwhile,
            look=EveryLook(units),
            found_at=FOUND_AT,
        )
        seen.append(Seen(rows, verdict.difference, verdict.verdict))
        if verdict.verdict != "not_yet":
            break
    if verdict is None:
        raise NotEnoughData("there is no row to look at")
    return Watched(verdict, tuple(seen))
