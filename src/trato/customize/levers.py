"""What a manager's levers cost: what the policy would have brought without them, by the model's own word.

A lever multiplies a treatment's expected value, so that it is given more often than it would be. Each logged
decision is made again with all levers at 1 and the same seed; the difference of what both vectors are
expected to bring, at the values that were declared, is what the wish cost. Nothing of it is measured on
outcomes: it is the price as the model saw it when it decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trato.customize.programme.choose import policy
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.encode import encoded
from trato.customize.replay import may_be_given

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trato.customize.models import ModelStore
    from trato.customize.programme.decision import Decision
    from trato.customize.programme.ready import Ready
    from trato.customize.programme.serving import Serving


@dataclass(frozen=True, slots=True)
class LeversCost:
    """What levers cost over decisions of the policy, in minor units, and in how many the likeliest changed.

    `with_levers` and `without` are what both vectors were expected to bring, at declared values.
    """

    decisions: int
    changed: int
    with_levers: float
    without: float

    @property
    def cost(self) -> float:
        """What was given up for the wishes, in minor units; above zero where they cost."""
        return self.without - self.with_levers


def levers_cost(store: ModelStore, decisions: Iterable[Decision], *, serving: Serving) -> LeversCost:
    """What levers cost over these decisions; those of hold-outs and of persons rest on none.

    Raises StorageUnavailable where a version in a record is not kept.
    """
    by_version: dict[tuple[str, str, str], list[Decision]] = {}
    for one in decisions:
        if one.arm == "policy" and one.by_person is None and one.purpose:
            by_version.setdefault((one.version, one.model, one.prices), []).append(one)
    found = [_cost(serving.ready(store, *versions), several) for versions, several in by_version.items()]
    return LeversCost(
        decisions=sum(one.decisions for one in found),
        changed=sum(one.changed for one in found),
        with_levers=float(sum(one.with_levers for one in found)),
        without=float(sum(one.without for one in found)),
    )


def _cost(ready: Ready, decisions: Sequence[Decision]) -> LeversCost:
    x = encoded(ready.programme.features, [one.facts for one in decisions])
    contacts = np.array([one.contacts for one in decisions], np.int64)
    without = policy(
        ready,
        x,
        contacts,
        np.array([may_be_given(one) for one in decisions], np.bool_),
        np.array([one.seed for one in decisions], np.uint64),
        levers=False,
    )
    logged = np.array([[c.probability for c in one.candidates] for one in decisions], np.float64)
    other = without.probabilities.astype(np.float64)
    worth = without.expected  # at declared values; 0 where it may not be given, as both probabilities are
    changed = logged.argmax(axis=1) != other.argmax(axis=1)
    return LeversCost(
        decisions=len(decisions),
        changed=int(changed.sum()),
        with_levers=float((logged * worth).sum() / WHOLE),
        without=float((other * worth).sum() / WHOLE),
    )
