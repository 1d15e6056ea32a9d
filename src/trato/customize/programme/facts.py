"""What a decision may rest upon: facts of a customer and of the moment, by name.

    tier need need.KEY weight evidence expected_value actual_value p_alive potential    (value and belief)
    wants.COMPONENT avoids.COMPONENT            what they said: the module; unknown where they said nothing
    bought.COMPONENT bought.COMPONENT.MODULE    how often, as far as it moves the belief
    days_since_purchase contacts                history; contacts of the last 30 days for the purpose
    value.FIELD                                 a personal value that the purpose covers
    touchpoint channel weekday hour moment      the moment
    context.NAME                                what the request says of the visit or the call

A fact is a number or a word; what is not known, or not permitted, is None: unknown, never a guess. Money is
in minor units, `weekday` a word (`monday`), `hour` 0 to 23 in the company's zone, `tier` the tier's value
(`most_valuable`), `need` and the KEY of a need the slug of its English name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Fact: TypeAlias = "float | str | None"

PLAIN = frozenset(
    "tier need weight evidence expected_value actual_value p_alive potential days_since_purchase contacts "  # noqa: SIM905 -- one line
    "touchpoint channel weekday hour moment".split()
)
FAMILIES = frozenset({"need", "wants", "avoids", "bought", "value", "context"})

MONEY = frozenset({"expected_value", "actual_value", "potential"})
WORDS = frozenset({"tier", "need", "touchpoint", "channel", "weekday", "moment"})
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Kind = Literal["number", "word", "either"]


def kind_of(name: str) -> Kind:
    """Whether a fact is a number or a word; a personal value, and what a request says, may be either."""
    family, _, rest = name.partition(".")
    if rest and family in {"value", "context"}:
        return "either"
    return "word" if name in WORDS or (rest and family in {"wants", "avoids"}) else "number"


def is_believed(name: str) -> bool:
    """Whether a fact is of a customer's value, belief, history or statements: read for profiling alone."""
    family, _, rest = name.partition(".")
    if rest:
        return family in {"need", "wants", "avoids", "bought"}
    return name in MONEY or name in {"tier", "need", "weight", "evidence", "p_alive", "days_since_purchase"}


def slug(name: str) -> str:
    """A name as a key: small letters, digits and _, without accents."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one decision, by name; a name that is not there is unknown."""

    by_name: Mapping[str, Fact]

    def get(self, name: str) -> Fact:
        """The fact of that name; None for what is unknown."""
        return self.by_name.get(name)
