"""What came of decisions: as it is reported by decision id, or as the log of interactions shows it.

An outcome counts once by its record, and only if it happened within the window that the decision declared,
whenever it is told. One that happened later is kept, and changes nothing. One that is told after its decision
taught is kept and counts for the verdict; the model knows of it when it is learned anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.customize.programme.decision import Outcome
from trato.customize.programme.document import programme_from
from trato.interact.interactions import KINDS, Interaction
from trato.interact.log import NewEntry
from trato.permission.permit import read_permits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Decision, DecisionId, Taught
    from trato.customize.programme.store import LearningStore, WhoseDecision
    from trato.customize.programme.treatments import Programme, Programmes
    from trato.interact.log import LogEntry
    from trato.interact.touchpoints import Touchpoints
    from trato.permission.permit import Permit
    from trato.permission.purposes import Purposes

REPORTED = "reported"  # how a goal is known of which it is reported what came of decisions
SOURCE = "decisions"
TAKEN_ITEM = 1  # item 0 of a decision's record is the contact that it was


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of reported outcomes: how many were `new`, and how many were `known` by their record.

    `late` of both happened outside of their decision's window: kept, and they change nothing.
    `unknown` are decisions that there are not, `not_permitted` how many outcomes were left out because their
    customer no longer permits their data to be used so, and `not_awaited` because their programme's goal is
    not reported: it is looked up in the log, and must not count twice. `unfunded` are decisions that were
    settled as not taken, and whose cost the budget can no longer bear.
    """

    new: int
    known: int
    late: int
    unknown: tuple[DecisionId, ...]
    not_permitted: int
    not_awaited: int = 0
    unfunded: tuple[DecisionId, ...] = ()


def report(
    store: LearningStore,
    outcomes: Sequence[Outcome],
    *,
    programmes: Programmes,
    purposes: Purposes,
    touchpoints: Touchpoints,
    now: datetime,
) -> Reported:
    """Keep what came of decisions, and let what was taken move the customer's belief.

    Done twice it changes nothing. The belief moves under the programme's profiling purpose, if the customer
    permits it. Raises PermitVoid for another transaction's store, and StorageError.
    """
    asked = sorted({each.decision for each in outcomes})
    known = store.whose_decisions(asked)
    whose = {one: known.get(one) for one in asked}
    unknown = tuple(one for one, found in whose.items() if found is None)
    permits = _permits(store, purposes, [one for one in whose.values() if one is not None], now)
    kept: list[Outcome] = []
    refused = not_awaited = 0
    for one in outcomes:
        found = whose[one.decision]
        if found is None:
            continue
        programme = programmes.by_key.get(found.programme)
        if programme is not None and programme.goal.source != REPORTED:
            not_awaited += 1
        elif found.customer is None or (found.purpose, found.customer) in permits:
            kept.append(one)
        else:
            refused += 1
    decided = _decisions(store, whose, kept, permits)
    unfunded = _charge(store, kept, decided, whose, permits, programmes)
    new = store.add_outcomes(kept)
    late = sum(
        1
        for one in {(each.decision, each.record): each for each in kept}.values()
        if not _in_window(one, decided.get(one.decision), whose[one.decision])
    )
    _move_beliefs(store, kept, decided, programmes, purposes, touchpoints, now)
    return Reported(new, len(kept) - new, late, unknown, refused, not_awaited, unfunded)


def found_in_log(
    store: LearningStore,
    programme: Programme,
    taught: Sequence[Taught],
    permits: Iterable[Permit],
    members: Mapping[str, Sequence[CustomerId]],
) -> tuple[Outcome, ...]:
    """What the log shows to have come of decisions, where that is how the programme's goal is known.

    Interactions of the goal's kind, in its component and module where it names them, of each decision's
    customer, or of all `members` of its unit that are given, under the decision's own purpose and as far as
    permits open them, within its window. Of money, what came back counts against it.
    One interaction may be shown for several decisions; it is the outcome of the one that opens the episode.
    Raises PermitVoid.
    """
    goal = programme.goal
    if goal.source not in KINDS or not taught:
        return ()
    since = min(one.decision.at for one in taught)
    until = max(one.decision.matures_at for one in taught)
    by_purpose: dict[str, list[Permit]] = {}
    for permit in permits:
        by_purpose.setdefault(permit.purpose, []).append(permit)
    kinds = (
        (goal.source, "return") if goal.source == "purchase" and goal.outcome == "money" else (goal.source,)
    )
    happened: dict[tuple[str, CustomerId], list[LogEntry]] = {}
    for purpose, some in by_purpose.items():
        for kind in kinds:
            for customer, entries in store.happened_under(some, kind, since, until).items():
                happened.setdefault((purpose, customer), []).extend(entries)
    found: list[Outcome] = []
    for one in taught:
        decision = one.decision
        theirs = members.get(decision.unit, (decision.customer,))
        for entry in (each for who in theirs for each in happened.get((decision.purpose, who), ())):
            if decision.at <= entry.at <= decision.matures_at and _is_goal(programme, entry):
                amount = (entry.amount or 0) if goal.outcome == "money" else 0
                taken = entry.kind == goal.source
                record = f"interaction {entry.position}"
                found.append(Outcome(decision.id, record, entry.at, entry.received_at, taken, amount))
    return tuple(found)


def _is_goal(programme: Programme, entry: LogEntry) -> bool:
    goal = programme.goal
    if goal.component is None:
        return True
    return any(
        component == goal.component and (goal.module is None or module == goal.module)
        for component, module in entry.choices
    )


def _permits(
    store: LearningStore, purposes: Purposes, whose: Sequence[WhoseDecision], now: datetime
) -> dict[tuple[str, CustomerId], Permit]:
    """A permit for each customer and purpose that opens one of the decisions, as far as they permit it."""
    found: dict[tuple[str, CustomerId], Permit] = {}
    for key in sorted({one.purpose for one in whose if one.purpose in purposes.by_key}):
        customers = sorted({one.customer for one in whose if one.purpose == key and one.customer is not None})
        for customer, permit in read_permits(store, purposes.named(key), customers, now=now).items():
            found[key, customer] = permit
    return found


def _decisions(
    store: LearningStore,
    whose: Mapping[DecisionId, WhoseDecision | None],
    kept: Sequence[Outcome],
    permits: Mapping[tuple[str, CustomerId], Permit],
) -> dict[DecisionId, Decision]:
    """The decisions that a permit opens, of which something was taken."""
    found: dict[DecisionId, Decision] = {}
    for decision in sorted({one.decision for one in kept if one.taken}):
        one = whose[decision]
        if one is not None and one.customer is not None:
            read = store.decision_of(permits[one.purpose, one.customer], decision)
            if read is not None:
                found[decision] = read
    return found


def _in_window(one: Outcome, decision: Decision | None, whose: WhoseDecision | None) -> bool:
    if decision is not None:
        return decision.at <= one.at <= decision.matures_at
    return whose is not None and one.at <= whose.matures_at


def _charge(
    store: LearningStore,
    kept: Sequence[Outcome],
    decided: Mapping[DecisionId, Decision],
    whose: Mapping[DecisionId, WhoseDecision | None],
    permits: Mapping[tuple[str, CustomerId], Permit],
    programmes: Programmes,
) -> tuple[DecisionId, ...]:
    """Set aside again what was released when decisions were settled as not taken; those where that fails."""
    paid = {
        one.key
        for one in programmes
        if one.budget is not None and any(each.cost_taken for each in one.treatments)
    }
    settled = {key: _held(store, key) for key in sorted({one.programme for one in decided.values()} & paid)}
    unfunded: list[DecisionId] = []
    for key, decision in decided.items():
        programme = programmes.by_key.get(decision.programme)
        if programme is None or decision.position > settled.get(decision.programme, 0):
            continue
        cost = declared_then(store, decision, programme).treatment(decision.treatment).cost_taken
        one = whose[key]
        if not decision.reserved or not cost or programme.budget is None or one is None:
            continue
        theirs = [each for each in kept if each.decision == key and each.taken]
        if not any(_in_window(each, decision, one) for each in theirs):
            continue
        known = store.outcomes_of(permits[decision.purpose, decision.customer], key)
        if any(each.taken and _in_window(each, decision, one) for each in known):
            continue
        if not store.reserve(programme.key, {"budget": (cost, programme.budget)}):
            unfunded.append(key)
    return tuple(unfunded)


def _held(store: LearningStore, programme: str) -> int:
    """Up to which position a programme's decisions are settled; until this transaction ends, no further.

    A learner that settles at the same time waits for what is reported here, or was first.
    """
    while (served := store.served_programmes().get(programme)) is not None:
        if store.serve_programme(served, instead=served):
            return served.settled_up_to
    return 0


def _move_beliefs(
    store: LearningStore,
    kept: Sequence[Outcome],
    decided: Mapping[DecisionId, Decision],
    programmes: Programmes,
    purposes: Purposes,
    touchpoints: Touchpoints,
    now: datetime,
) -> None:
    """Append what was taken to the log, as a choice that learns, once for each decision."""
    taken: dict[DecisionId, datetime] = {}
    for one in sorted(kept, key=lambda each: (each.at, each.record)):
        found = decided.get(one.decision)
        if one.taken and found is not None and found.at <= one.at <= found.matures_at:
            taken.setdefault(one.decision, one.at)
    entries: list[NewEntry] = []
    for programme in programmes:
        if programme.believes is None or programme.believes not in purposes.by_key:
            continue
        theirs = [decided[key] for key in taken if decided[key].programme == programme.key]
        purpose = purposes.named(programme.believes)
        customers = sorted({one.customer for one in theirs})
        permitted = read_permits(store, purpose, customers, now=now) if customers else {}
        for decision in theirs:
            choices = tuple(
                declared_then(store, decision, programme).treatment(decision.treatment).configuration.items()
            )
            where = touchpoints.by_key.get(decision.touchpoint)
            if choices and where is not None and decision.customer in permitted:
                chosen = Interaction(
                    source=SOURCE,
                    kind="choice",
                    record=decision.id,
                    identifiers=(),
                    household=None,
                    account=None,
                    at=taken[decision.id],
                    touchpoint=where,
                    component=choices[0][0],
                    module=choices[0][1],
                    more_choices=choices[1:],
                    count=1,
                    amount=None,
                    cost=None,
                    statement=None,
                    stance=None,
                    learns=True,
                )
                entries.append(NewEntry(decision.customer, chosen, TAKEN_ITEM, (purpose.key,), now))
    if entries:
        store.append_interactions(entries)


def declared_then(store: LearningStore, decision: Decision, programme: Programme) -> Programme:
    """The programme as it was declared when it was decided."""
    if decision.version == programme.version:
        return programme
    return programme_from(store.model_document(decision.version))
