"""What a build learns for one purpose: needs, values, and everyone's score. No store is asked here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from trato.batch.facts import counted, day_rows, units_of
from trato.differentiate.known import NO_NEED, Built, Score
from trato.differentiate.needs.choices import from_codes, window_edges
from trato.differentiate.needs.learn import MAX_NEEDS, Needs, learn_needs
from trato.differentiate.needs.names import Matching, match_names
from trato.differentiate.needs.wording import LANGUAGES
from trato.differentiate.value.learn import learn_values
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from trato.batch.facts import Facts
    from trato.customers.customer import CustomerId
    from trato.differentiate.needs.choices import Choices
    from trato.differentiate.needs.names import NamedNeed
    from trato.differentiate.value.live import ValueModel, Worths

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """What a company says about learning: its money, its names of needs, the last day that may count, and
    from which components needs are learned (from all where none is named).
    """

    currency: str
    minor_units: int
    names: Sequence[NamedNeed]
    today: date
    needs_from: Sequence[str] = ()
    max_needs: int = MAX_NEEDS
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """A purpose's part of a build, ready to be published, and the names of its needs where there are any."""

    built: Built
    needs: Needs | None
    matching: Matching | None


def learn(
    purpose: str, facts: Facts, unit_of: Mapping[CustomerId, CustomerId], asked: Asked, *, left_out: int
) -> Learned:
    """Learn needs from choices and values from money, and score everybody of whom there is anything.

    What there is too little of is left out, and the summary says why. `left_out` is the number of customers
    whose data were not used, for they do not permit the purpose.
    """
    # On vectors as short as these the threads of linear algebra would only wait for each other.
    with threadpool_limits(1):
        units, unit = units_of(facts, unit_of)
        choices = _choices(facts, unit, len(units))
        needs, why_no_needs = None, None
        try:
            needs = learn_needs(choices, told_by=asked.needs_from, max_needs=asked.max_needs, seed=asked.seed)
        except NotEnoughData as error:
            why_no_needs = error.message
        weights, evidence = _beliefs(needs, choices, len(units))
        values, why_no_values = None, None
        until = _until(facts, asked.today)
        try:
            values = learn_values(
                day_rows(facts, unit),
                until,
                weights=weights if needs is not None else None,
                known=evidence > 0,
                needs_version=None if needs is None else needs.model.version,
                currency=asked.currency,
                minor_units=asked.minor_units,
            )
        except NotEnoughData as error:
            why_no_values = error.message
    matching = None if needs is None else match_names(asked.names, needs)
    model = None if values is None else values[0]
    built = Built(
        purpose=purpose,
        needs=None if needs is None else needs.model,
        values=model,
        counted=counted(facts, purpose, AT_ONCE),
        scores=_scores(purpose, facts, unit, weights, evidence, values, until),
        summary={
            "purpose": purpose,
            "customers": len(facts.customers),
            "units": len(units),
            "left_out": left_out,
            "choices": int(facts.count.sum()),
            "needs": None if needs is None else _told_needs(needs, matching),
            "why_no_needs": why_no_needs,
            "values": None if model is None else _told_values(model),
            "why_no_values": why_no_values,
        },
    )
    return Learned(built, needs, matching)


def _choices(facts: Facts, unit: Whole, units: int) -> Choices:
    components = sorted({component for component, _ in facts.labels})
    modules = sorted({module for _, module in facts.labels})
    component = {name: place for place, name in enumerate(components)}
    module = {name: place for place, name in enumerate(modules)}
    component_of = np.array([component[one] for one, _ in facts.labels], dtype=np.int64)
    module_of = np.array([module[one] for _, one in facts.labels], dtype=np.int64)
    at = facts.at.astype("datetime64[us]")
    edges = window_edges(at.min(), at.max()) if len(at) else None
    window = None if edges is None else (at >= edges.inner).astype(np.int64) + (at >= edges.judged)
    width = len(str(max(units - 1, 0)))
    # Ids are drawn, and a model must not depend on the draw: units stand in an order of what they chose.
    order = np.argsort(_marks(facts, unit, units), kind="stable")
    return from_codes(
        customer_labels=[f"{rank:0{width}d} {place}" for rank, place in enumerate(order.tolist())],
        customer=np.argsort(order)[unit[facts.who]],
        component_labels=components,
        component=component_of[facts.label],
        module_labels=modules,
        module=module_of[facts.label],
        window=window,
        count=facts.count,
    )


def _marks(facts: Facts, unit: Whole, units: int) -> NDArray[np.uint64]:
    """A number for each unit that depends on what it chose and when, and on nothing else."""
    names = [json.dumps(label).encode() for label in facts.labels]
    label = np.array([int.from_bytes(sha256(one).digest()[:8]) for one in names], dtype=np.uint64)
    at = facts.at.astype("datetime64[us]").astype(np.int64).astype(np.uint64)
    mixed = np.bitwise_xor(label[facts.label], at * np.uint64(0x9E3779B97F4A7C15))
    mixed = np.bitwise_xor(mixed, facts.count.astype(np.uint64))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    marks = np.zeros(units, np.uint64)
    np.add.at(marks, unit[facts.who], mixed ^ (mixed >> np.uint64(31)))
    return marks


def _beliefs(needs: Needs | None, choices: Choices, units: int) -> tuple[Array, Whole]:
    """The weights over needs (units, K), the population's where nothing was chosen, and the evidence."""
    evidence = np.zeros(units, np.int64)
    if needs is None:
        return np.zeros((units, 0)), evidence
    weights = np.repeat(needs.model.shares[None], units, axis=0)
    there = np.array([int(label.split()[1]) for label in choices.customers], dtype=np.int64)
    weights[there], evidence[there] = needs.weights, needs.evidence
    return weights, evidence


def _until(facts: Facts, today: date) -> date:
    """The last day that anybody paid; a day yet to come is somebody's wrong clock."""
    latest = (np.datetime64(today) - np.datetime64(0, "D")).astype(np.int64)
    past = facts.day[facts.day <= latest]
    return np.datetime64(int(past.max()), "D").astype(date) if len(past) else today


def _scores(
    purpose: str,
    facts: Facts,
    unit: Whole,
    weights: Array,
    evidence: Whole,
    values: tuple[ValueModel, Worths, Whole] | None,
    until: date,
) -> Iterator[tuple[Score, ...]]:
    """One a customer, by what their unit is worth and wants."""
    place_of = {} if values is None else {int(one): place for place, one in enumerate(values[2])}
    likeliest = weights.argmax(axis=1) if weights.shape[1] else np.full(len(weights), NO_NEED)
    brought = np.zeros(len(weights), np.int64)
    np.add.at(brought, unit[facts.day_who], facts.amount - facts.cost)

    def one(customer: CustomerId, own: int) -> Score:
        need = int(likeliest[own])
        weight = float(weights[own, need]) if need != NO_NEED else 0.0
        place = place_of.get(own)
        worth: tuple[int, float, float, float, float, float | None, str]
        if values is None or place is None:
            worth = (int(brought[own]), 0.0, 0.0, 0.0, 0.0, None, "")
        else:
            _, found, _ = values
            potential = float(found.potential[place])
            worth = (
                int(found.actual_value[place]),
                float(found.expected_value[place]),
                float(found.low[place]),
                float(found.high[place]),
                float(found.p_alive[place]),
                None if np.isnan(potential) else potential,
                str(found.tier[place]),
            )
        return Score(customer, purpose, need, weight, int(evidence[own]), *worth, until)

    for first in range(0, len(facts.customers), AT_ONCE):
        some = facts.customers[first : first + AT_ONCE]
        yield tuple(
            one(customer, own)
            for customer, own in zip(some, unit[first : first + AT_ONCE].tolist(), strict=True)
        )


def _told_needs(needs: Needs, matching: Matching | None) -> dict[str, object]:
    namings = () if matching is None else matching.namings
    return {
        "model": needs.model.version,
        "components": len(needs.model.components),
        "modules": int(needs.model.offsets[-1]),
        "learned_from": needs.learned_from,
        "needs": [
            {
                "need": place + 1,
                "name": {language: naming.name.get(language) for language in LANGUAGES},
                "name_state": naming.state,
                "likeness": naming.likeness,
                "share": needs.shares[place].mean,
            }
            for place, naming in enumerate(namings)
        ],
        "names_lost": [] if matching is None else [dict(one.name) for one in matching.lost],
    }


def _told_values(model: ValueModel) -> dict[str, object]:
    return {
        "model": model.version,
        "until": model.until.isoformat(),
        "horizon": model.horizon,
        "purchases": type(model.purchases).__name__,
        "spend": type(model.spend).__name__,
        "past_weight": model.past_weight,
    }
