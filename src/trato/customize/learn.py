"""Learning: decisions whose window has closed teach what treatments bring, in their order, each exactly once.

A decision teaches when its window has closed and what happened in it has had time to arrive, never before:
until then nothing came of it yet, which is no failure. Where the goal is found in the log, one purchase must
not teach twice: only decisions that open an episode of their unit teach (`programme/episodes.py`).

The served model, how far it has learned and what was set aside for what was not taken move in one
transaction that compares and swaps: of two learners one teaches, and one that is stopped in the middle has
done nothing. The same decisions give the same model bit for bit, however they are cut into lessons.

When outcomes no longer come as the model predicts (`programme/drift.py`), that is told, and the model trusts
what it learned before half as much: it explores again, and soon knows the changed world.

Reading and teaching (`study`) is done in a transaction that reads, for it may take a while; `take_up` is the
short one that writes. `learn` is both at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from trato.customize.outcomes import REPORTED, found_in_log
from trato.customize.programme.document import programme_from
from trato.customize.programme.lessons import learning_of, taught_by, written
from trato.permission.permit import read_permits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Outcome, Taught
    from trato.customize.programme.lessons import Drift
    from trato.customize.programme.store import LearningStore, ServedProgramme
    from trato.customize.programme.treatments import Programme
    from trato.identify.store import Belonging
    from trato.permission.purposes import Purposes

PAGE = 2_000
# Every lesson is a model that replay needs as long as its decisions are kept. So a lesson waits until it has
# a hundredth of what is known already, or until this long after the last change.
GROWTH = 100
PATIENCE = timedelta(minutes=15)
_GATHERED: tuple[Belonging, ...] = ("household", "account")


@dataclass(frozen=True, slots=True)
class Study:
    """What decisions have to teach, not yet taken up.

    `instead` is what was served when it was begun, `up_to` the position of the last decision that was looked
    at, `seen` how many there were and `taught` how many of them taught. `model` and `document` are the model
    after them; nothing changed where `taught` is 0. `found` are outcomes that the log showed, and `untaken`
    the positions of decisions that could be read and of which nothing was taken, `unread` of those that are
    somebody's and could not.
    """

    programme: str
    instead: ServedProgramme
    up_to: int
    seen: int
    taught: int
    model: str
    document: str
    evidence: int
    found: tuple[Outcome, ...]
    drifts: tuple[Drift, ...] = ()
    untaken: frozenset[int] = frozenset()
    unread: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one lesson came to: `seen` decisions matured, of which `taught` taught the model; of the others
    the customers do not permit it any more or were forgotten, there was no choice, or the treatment is no
    more. `released` is what had been set aside and was not needed, in minor units. `evidence` counts what the
    model has learned from in all. `drifts` were noticed in this lesson.
    """

    programme: str
    up_to: int
    seen: int
    taught: int
    released: int
    model: str
    evidence: int
    drifts: tuple[Drift, ...] = ()


def learn(
    store: LearningStore, programme: Programme, *, purposes: Purposes, now: datetime, most: int = PAGE
) -> Lesson | None:
    """Let at most `most` matured decisions teach, in one transaction that writes; None where none matured.

    None too where another declaration of the programme is served than this one, or another learner was first.
    """
    study = study_matured(store, programme, purposes=purposes, now=now, most=most, patience=timedelta(0))
    return None if study is None else take_up(store, study, now=now)


def study_matured(
    store: LearningStore,
    programme: Programme,
    *,
    purposes: Purposes,
    now: datetime,
    most: int = PAGE,
    patience: timedelta = PATIENCE,
) -> Study | None:
    """What the matured decisions behind the served model teach, at most `most` of them; nothing is written.

    None as `learn`, and where so few matured that they can wait, `patience` at most since the last change.
    """
    served = store.served_programmes().get(programme.key)
    if served is None or served.version != programme.version:
        return None
    rows = store.matured(programme.key, served.learned_up_to, now - programme.goal.grace, most)
    if not rows:
        return None
    before = learning_of(store, programme, served.model)
    if len(rows) < min(most, before.posterior.evidence // GROWTH) and now - served.changed_at < patience:
        return None
    taught, found = read_taught(store, programme, rows, purposes, now)
    after, taught_now = taught_by(before, programme, taught)
    read = {one.decision.position for one in taught}
    model, document = served.model, ""
    if taught_now:
        model, document = written(after, programme)
    return Study(
        programme=programme.key,
        instead=served,
        up_to=rows[-1][0],
        seen=len(rows),
        taught=taught_now,
        model=model,
        document=document,
        evidence=after.posterior.evidence,
        found=found,
        drifts=after.drifts[len(before.drifts) :],
        untaken=frozenset(one.decision.position for one in taught if not one.taken),
        unread=tuple(position for position, customer in rows if customer and position not in read),
    )


def take_up(store: LearningStore, study: Study, *, now: datetime) -> Lesson | None:
    """Serve what was studied, and release what was set aside and not needed; all of it, or None and nothing.

    None where what is served is no longer what the study began with.
    """
    if study.taught:
        store.put_model(study.model, "posterior", study.document)
    settled = max(study.instead.settled_up_to, study.up_to)
    after = replace(
        study.instead, model=study.model, learned_up_to=study.up_to, settled_up_to=settled, changed_at=now
    )
    if not store.serve_programme(after, instead=study.instead):
        return None
    if study.found:
        store.add_outcomes(study.found)
    store.leave_unread([one for one in study.unread if one > study.instead.settled_up_to])
    released = _release(store, study, settled)
    return Lesson(
        programme=study.programme,
        up_to=study.up_to,
        seen=study.seen,
        taught=study.taught,
        released=released,
        model=study.model,
        evidence=study.evidence,
        drifts=study.drifts,
    )


def read_taught(
    store: LearningStore,
    programme: Programme,
    rows: Sequence[tuple[int, CustomerId | None]],
    purposes: Purposes,
    now: datetime,
) -> tuple[list[Taught], tuple[Outcome, ...]]:
    """What may be read of decisions at (position, customer), in their order, with what came of each; and the
    outcomes that the log shows, where that is how the goal is known: those of decisions that open an episode.
    """
    customers = sorted({customer for _, customer in rows if customer is not None})
    positions = [position for position, customer in rows if customer is not None]
    taught: list[Taught] = []
    found: list[Outcome] = []
    for key in dict.fromkeys((programme.believes, programme.purpose)):
        if key is None or key not in purposes.by_key or not customers:
            continue
        permits = list(read_permits(store, purposes.named(key), customers, now=now).values())
        some = store.taught(permits, positions) if permits else ()
        if programme.goal.source != REPORTED:
            opening = store.opening(programme.key, [one.decision.position for one in some])
            some = tuple(replace(one, opens=one.decision.position in opening) for one in some)
            members = _members(store, some)
            more = {who for each in members.values() for who in each}.difference(customers)
            permits += (
                read_permits(store, purposes.named(key), sorted(more), now=now).values() if more else ()
            )
            shown = found_in_log(store, programme, some, permits, members)
            opens = {one.decision.id for one in some if one.opens}
            found += [one for one in shown if one.decision in opens]
            some = _with(some, shown)
        taught += some
    return sorted(taught, key=lambda one: one.decision.position), tuple(found)


def _members(store: LearningStore, taught: Iterable[Taught]) -> dict[str, tuple[CustomerId, ...]]:
    """Who belongs to each household or account that opened an episode, by its word."""
    found: dict[str, tuple[CustomerId, ...]] = {}
    for one in taught:
        unit, customer = one.decision.unit, one.decision.customer
        for kind in _GATHERED:
            if one.opens and unit not in found and unit.startswith(f"{kind}:"):
                found[unit] = tuple(sorted({customer, *store.members_of(customer, kind)}))
    return found


def _with(taught: Iterable[Taught], found: Iterable[Outcome]) -> tuple[Taught, ...]:
    """Decisions with what the log showed to have come of them, and nothing else."""
    shown: dict[str, tuple[bool, int]] = {}
    for one in found:
        taken, amount = shown.get(one.decision, (False, 0))
        shown[one.decision] = taken or one.taken, amount + one.amount
    nothing = (False, 0)
    return tuple(
        replace(
            each,
            taken=shown.get(each.decision.id, nothing)[0],
            amount=shown.get(each.decision.id, nothing)[1],
        )
        for each in taught
    )


def _release(store: LearningStore, study: Study, up_to: int) -> int:
    """Give back of the budget what was set aside for being taken, for decisions that were not.

    Of those that could not be read nobody knows; what was set aside for them stays spent.
    """
    released, settled = 0, study.instead.settled_up_to
    declared: dict[str, Programme] = {}
    for one in store.anonymous(study.programme, settled, study.seen) if up_to > settled else ():
        if one.position > up_to:
            break
        if one.taken or one.position not in study.untaken:
            continue
        if one.version not in declared:
            declared[one.version] = programme_from(store.model_document(one.version))
        then = declared[one.version]
        if then.budget is not None:
            released += then.treatment(one.treatment).cost_taken
    if released:
        store.release(study.programme, {"budget": released})
    return released
