"""Interactions: anything said or done at a touchpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.identifiers import Identifier
    from trato.interact.touchpoints import Touchpoint, Touchpoints
    from trato.permission.ledger import State

Kind = Literal["purchase", "return", "choice", "view", "statement", "contact", "permission", "other"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Stance = Literal["wants", "avoids"]
STANCES: tuple[Stance, ...] = get_args(Stance)

Rounding = Literal["half_even", "half_up"]
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a company says once about all its interactions: money, the day's time zone, its touchpoints."""

    currency: str
    minor_units: int
    rounding: Rounding
    zone: ZoneInfo
    touchpoints: Touchpoints


@dataclass(frozen=True, slots=True)
class Interaction:
    """One thing said or done.

    `record` names it within its source, the same each time it arrives; None where a table has no such
    column. `at` is in UTC. `amount` and `cost` are whole minor units of the company's currency, negative
    for a return. `learns` says whether `count` of each of the `choices` move the belief. `values` are
    personal values that came with it, by field. A permission has a `purpose` and a `state`.
    """

    source: str
    kind: Kind
    record: str | None
    identifiers: tuple[Identifier, ...]
    household: str | None
    account: str | None
    at: datetime
    touchpoint: Touchpoint
    component: str | None
    module: str | None
    more_choices: tuple[tuple[str, str], ...]
    count: int
    amount: int | None
    cost: int | None
    statement: str | None
    stance: Stance | None
    learns: bool
    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    purpose: str | None = None
    state: State | None = None

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """All that was chosen: component and module."""
        first = () if self.component is None or self.module is None else ((self.component, self.module),)
        return first + self.more_choices


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an event, or one item of its list (counted from 0), gave no interaction; `role` says where.

    `plain` is the reason without anything of what was given.
    """

    role: str
    reason: str
    item: int | None = None
    plain: str = field(default="", compare=False)

    def __str__(self) -> str:
        place = "" if self.item is None else f" (item {self.item + 1})"
        return f"{self.role}{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Understood:
    """What came of an event: its interactions, and what was refused and why."""

    interactions: tuple[Interaction, ...]
    refusals: tuple[Refusal, ...]
