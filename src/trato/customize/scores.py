"""The scores of customers at this moment, as their pages say it: for lists and portfolio between two builds.

A build scores everybody. What comes afterwards moves the scores of those whom it concerns, and of all who
belong to a unit with them, from the same sums and by the same models as on the page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from trato.customize.learned import learned_of
from trato.customize.leave import leave_of
from trato.differentiate.known import NO_NEED, Score
from trato.permission.permit import read_permits
from trato.permission.purposes import Purposes
from trato.permission.standing import StandingStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray

    from trato.customers.customer import CustomerId
    from trato.customize.learned import Learned
    from trato.customize.models import Models
    from trato.customize.sections import Unit
    from trato.customize.store import KnowingStore
    from trato.differentiate.store import PublishedBuild
    from trato.differentiate.value.live import ValueModel, Worths
    from trato.permission.purposes import Purpose


class ScoringStore(StandingStore, Protocol):
    """One transaction, in which scores are replaced."""

    def refresh_scores(self, build: str, scores: Sequence[Score]) -> bool:
        """Replace scores in a build if it is the one that is served; whether it is."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores and the build to whose models they belong."""

    build: str
    scores: tuple[Score, ...]


def scores_of(
    store: KnowingStore,
    customers: Iterable[CustomerId],
    *,
    purposes: Purposes,
    unit: Unit,
    zone: ZoneInfo,
    models: Models,
    now: datetime,
) -> Scored | None:
    """The scores of customers and of all who belong to a unit with them, for each purpose that was built.

    Under permits of this transaction: who does not permit a purpose is left out, and so are their data.
    None before the first build. Raises UnknownCustomer, and StorageUnavailable.
    """
    build = store.current_build()
    if build is None:
        return None
    asked = sorted(set(customers))
    scores: list[Score] = []
    for purpose in purposes:
        if purpose.profiling and purpose.key in build.models:
            found = _learned(store, asked, build, purpose, unit, zone, models, now)
            scores += _scores(found, now.astimezone(zone).date())
    return Scored(build.build, tuple(scores))


def put_scored(store: ScoringStore, found: Scored, *, purposes: Purposes, now: datetime) -> bool:
    """Keep scores if their build is still the one that is served; whether it is.

    Who has taken their permission back since the scores were worked out is left out.
    """
    kept: list[Score] = []
    for key in sorted({one.purpose for one in found.scores}):
        theirs = [one for one in found.scores if one.purpose == key]
        still = read_permits(store, purposes.named(key), [one.customer for one in theirs], now=now)
        kept += [one for one in theirs if one.customer in still]
    return store.refresh_scores(found.build, kept)


def weights_for(learned: Learned) -> NDArray[np.float64] | None:
    """The weights (K,) by which the potential is known; None where it is not.

    It is learned for the needs of one model, and of whom nothing was counted it is not known.
    """
    needs, values = learned.needs, learned.values
    if needs is None or values is None or learned.belief is None or learned.evidence == 0:
        return None
    return learned.belief.weights if needs.version == values.needs_version else None


def as_of(model: ValueModel, learned: Learned, today: date) -> date:
    """The later of the model's last day and the unit's own.

    A day yet to come is somebody's wrong clock: it would let everything before it look long ago.
    """
    return max([model.until, *(one.day for one in learned.days if one.day <= today)])


def _learned(
    store: KnowingStore,
    customers: Sequence[CustomerId],
    build: PublishedBuild,
    purpose: Purpose,
    unit: Unit,
    zone: ZoneInfo,
    models: Models,
    now: datetime,
) -> list[Learned]:
    """What was learned of each unit to which one of the customers belongs, each unit once."""
    alone = Purposes({purpose.key: purpose})
    found: list[Learned] = []
    done: set[CustomerId] = set()
    for customer in customers:
        members = (customer,) if unit == "person" else store.members_of(customer, unit)
        for member in members:
            if member in done:
                continue
            leave = leave_of(store, alone, member, now=now)
            learned = learned_of(store, member, leave, build, alone, unit, zone, models, now=now)
            done.add(member)
            if learned is not None:
                found.append(learned)
                done |= learned.permits.keys()
    return found


@dataclass(slots=True)
class _Together:
    """Units whose worth is worked out at once: those of one day, by their places."""

    model: ValueModel
    at: date
    places: list[int] = field(default_factory=list)


def _scores(found: Sequence[Learned], today: date) -> list[Score]:
    """One a member of each unit, by what the unit is worth and wants."""
    groups: dict[tuple[str, date], _Together] = {}
    for place, learned in enumerate(found):
        if learned.values is not None:
            day = as_of(learned.values, learned, today)
            key = learned.values.version, day
            groups.setdefault(key, _Together(learned.values, day)).places.append(place)
    worth = {
        place: (together.at, worths, row)
        for together in groups.values()
        for place, worths, row in _worths([(place, found[place]) for place in together.places], together)
    }
    return [
        _score(learned, member, worth.get(place), today)
        for place, learned in enumerate(found)
        for member in learned.permits
    ]


def _worths(units: Sequence[tuple[int, Learned]], together: _Together) -> Iterator[tuple[int, Worths, int]]:
    """The worths of units, each with its place and its row in them; who brought nothing yet has none."""
    from trato.differentiate.value.days import histories_of, rows_of
    from trato.differentiate.value.live import worths

    model = together.model
    rows = rows_of([learned.days for _, learned in units])
    histories, seen, total = histories_of(rows, together.at, model.horizon)
    if not len(seen):
        return
    weights, known = None, None
    if model.reach is not None:
        width = len(model.reach.good)
        own = [weights_for(units[int(row)][1]) for row in seen]
        known = np.array([one is not None and len(one) == width for one in own])
        even = np.full(width, 1.0 / width)
        weights = np.array([one if one is not None and len(one) == width else even for one in own])
    found = worths(model, histories, total, weights, known)
    yield from ((units[int(place)][0], found, row) for row, place in enumerate(seen))


def _score(
    learned: Learned, member: CustomerId, worth: tuple[date, Worths, int] | None, today: date
) -> Score:
    need, weight = NO_NEED, 0.0
    if learned.belief is not None:
        need = int(learned.belief.weights.argmax())
        weight = float(learned.belief.weights[need])
    if worth is None:
        day = today if learned.values is None else as_of(learned.values, learned, today)
        brought = sum(one.net for one in learned.days)
        return Score(
            member,
            learned.purpose,
            need,
            weight,
            learned.evidence,
            brought,
            0.0,
            0.0,
            0.0,
            0.0,
            None,
            "",
            day,
        )
    day, found, row = worth
    potential = float(found.potential[row])
    return Score(
        customer=member,
        purpose=learned.purpose,
        need=need,
        weight=weight,
        evidence=learned.evidence,
        actual_value=int(found.actual_value[row]),
        expected_value=float(found.expected_value[row]),
        low=float(found.low[row]),
        high=float(found.high[row]),
        p_alive=float(found.p_alive[row]),
        potential=None if np.isnan(potential) else potential,
        tier=str(found.tier[row]),
        as_of=day,
    )
