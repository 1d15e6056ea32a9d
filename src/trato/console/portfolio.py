"""All customers at once: what they are worth by what they want."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.console.learned import NEEDS_WORDS, needs_of_build, profiling_of_build
from trato.customize.relationships import costs_of, relationships
from trato.differentiate.known import NO_NEED
from trato.differentiate.value.tiers import Tier
from trato.permission.permit import everyone_permitted, needs_opt_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from trato.console.visit import Visit
    from trato.customize.wants import NeedInWords
    from trato.differentiate.store import PortfolioCell, PublishedBuild
    from trato.permission.purposes import Purpose
    from trato.storage.transaction import Transaction

SHADES = 9


@dataclass(frozen=True, slots=True)
class Cell:
    """Some customers: how many, what they are expected to bring in minor units, and how dark to show it."""

    customers: int = 0
    expected: float = 0.0
    shade: int = 0


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Customers by tier and need, with their sums; `needs` are places in the model, NO_NEED for unknown."""

    tiers: tuple[str, ...]
    needs: tuple[int, ...]
    cells: Mapping[tuple[str, int], Cell]
    by_tier: Mapping[str, Cell]
    by_need: Mapping[int, Cell]
    whole: Cell

    def part(self, tier: str, need: int) -> float:
        """What a tier's customers with a need are expected to bring, of the most that any need brings."""
        most = max((one.expected for one in self.by_need.values()), default=0.0)
        return max(self.cells.get((tier, need), Cell()).expected, 0.0) / most if most > 0 else 0.0


def summed(found: Sequence[PortfolioCell]) -> Portfolio:
    """The cells with their sums; tiers in their order, the need that brings most first."""
    cells: dict[tuple[str, int], tuple[int, float]] = {}
    for one in found:
        customers, expected = cells.get((one.tier, one.need), (0, 0.0))
        cells[one.tier, one.need] = (customers + one.customers, expected + one.expected_value)
    order = {str(tier): place for place, tier in enumerate(Tier)}
    tiers = sorted({tier for tier, _ in cells}, key=lambda tier: (order.get(tier, len(order)), tier))
    most = max((expected for _, expected in cells.values()), default=0.0)

    def cell(which: Sequence[tuple[int, float]]) -> Cell:
        expected = sum(part for _, part in which)
        return Cell(
            sum(customers for customers, _ in which),
            expected,
            round(SHADES * min(max(expected, 0.0) / most, 1.0)) if most > 0 else 0,
        )

    by_need = {
        need: cell([one for (_, own), one in cells.items() if own == need]) for need in {n for _, n in cells}
    }
    return Portfolio(
        tuple(tiers),
        tuple(sorted(by_need, key=lambda need: (need == NO_NEED, -by_need[need].expected, need))),
        {key: cell([one]) for key, one in cells.items()},
        {tier: cell([one for (own, _), one in cells.items() if own == tier]) for tier in tiers},
        by_need,
        cell(list(cells.values())),
    )


@dataclass(frozen=True, slots=True)
class Absent:
    """Who is not in the portfolio: those who do not permit it, and those who do and came after the build."""

    not_permitted: int
    not_counted: int


def show(visit: Visit) -> Response:
    """Value by needs: the table, one picture, and who is left out."""
    now, unit = visit.now, visit.desk.company.settings.unit
    together = None if unit == "person" else unit

    def read(
        it: Transaction,
    ) -> tuple[PublishedBuild | None, Purpose | None, Portfolio, tuple[NeedInWords, ...], Absent]:
        build, purpose = it.current_build(), profiling_of_build(it, visit.desk.company)
        if purpose is None:
            return build, None, summed(()), NEEDS_WORDS, Absent(0, 0)
        found = summed(it.portfolio(purpose.key, now, opt_in=needs_opt_in(purpose), unit=together))
        everybody = sum(1 for _ in it.all_customers())
        permitted = len(everyone_permitted(it, purpose, now=now))
        absent = Absent(everybody - permitted, max(0, permitted - found.whole.customers))
        return build, purpose, found, needs_of_build(it, visit.desk, purpose.key), absent

    build, purpose, found, needs, absent = visit.desk.store.read(read)
    company = visit.desk.company
    knowing = None
    if build is not None and purpose is not None:
        knowing = relationships(
            visit.desk.store,
            purpose,
            unit=unit,
            zone=company.settings.zone,
            models=visit.desk.models,
            costs=costs_of(company.touchpoints, company.settings.minor_units),
            now=now,
        )
    return visit.show(
        "portfolio",
        build=build,
        purpose=purpose,
        p=found,
        needs=needs,
        absent=absent,
        knowing=knowing,
        touchpoints=company.touchpoints,
        no_need=NO_NEED,
        together=together,
    )
