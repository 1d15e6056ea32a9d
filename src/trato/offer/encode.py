"""From an offer to clauses: every configuration, with the facts, is exactly one assignment of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from trato.offer.clauses import Clauses
    from trato.offer.offer import Offer, Rule


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """An offer as clauses.

    `literals` gives for each component its modules' literals in order, and for each fact its values' and
    then that of `unknown`. `groups` (clauses,) int32 says from which rule each clause comes, -1 for what
    always holds; `rule` tells which rule that is.
    """

    offer: Offer
    clauses: Clauses
    groups: NDArray[np.int32]
    literals: Mapping[str, tuple[int, ...]]

    def rule(self, group: int) -> Rule:
        """The rule of a group of clauses."""
        raise NotImplementedError


def encoded(offer: Offer) -> Encoded:
    """The clauses of an offer.

    Variables that stand for parts of rules are determined by the components' and facts' own, so they never
    change how many assignments there are. Raises BadDeclaration for a rule that cannot be encoded.
    """
    raise NotImplementedError
