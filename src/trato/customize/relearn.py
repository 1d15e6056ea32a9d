"""Learning a model anew: from the declared prior and all that matured, page by page, and then one swap.

So the model forgets whoever was forgotten or permits it no more, and knows of outcomes that were told late.
Where there are none of these it is the same model bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from trato.customize.learn import PAGE, Lesson, read_taught
from trato.customize.outcomes import declared_then
from trato.customize.programme.belief import prior_of
from trato.customize.programme.drift import watching
from trato.customize.programme.lessons import Learning, taught_by, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from trato.customize.programme.decision import Outcome, Taught
    from trato.customize.programme.store import LearningStore, ServedProgramme
    from trato.customize.programme.treatments import Programme
    from trato.permission.purposes import Purposes

T = TypeVar("T")

TRIES = 5


class Opened(Protocol):
    """An open store, as `storage.store.Store`."""

    def read(self, work: Callable[[LearningStore], T]) -> T:
        """What `work` returns, from one moment of the store."""

    def write(self, work: Callable[[LearningStore], T]) -> T:
        """What `work` returns, once all that it wrote is kept."""


def learn_anew(
    store: Opened, programme: Programme, *, purposes: Purposes, now: datetime, most: int = PAGE
) -> Lesson | None:
    """Learn the model anew from all that had taught or could have, and serve it instead.

    It reads `most` decisions at a time, each page in a transaction of its own. What was settled stays
    settled, but for what the log shows only now to have been taken: it is kept, and charged to the budget if
    that bears it. None where another declaration is served, or where it was changed again and again
    meanwhile.
    """
    learning, position, seen, taught = Learning(prior_of(programme), watching()), 0, 0, 0
    found: list[Outcome] = []
    charges: list[int] = []
    for _ in range(TRIES):
        served = store.read(partial(_served, key=programme.key))
        if served is None or served.version != programme.version:
            return None
        while position < served.learned_up_to:
            read = partial(
                _page,
                programme=programme,
                after=position,
                up_to=served.learned_up_to,
                purposes=purposes,
                now=now,
                most=most,
            )
            page = store.read(read)
            if not page.positions:
                break
            learning, more = taught_by(learning, programme, page.taught)
            position, seen, taught = page.positions[-1], seen + len(page.positions), taught + more
            found += page.found
            charges += page.charges
        model, document = written(learning, programme) if taught else ("", "")
        after = replace(served, model=model, changed_at=now)
        serve = partial(
            _serve,
            after=after,
            instead=served,
            document=document,
            programme=programme,
            found=found,
            charges=charges,
        )
        if store.write(serve):
            evidence, drifts = learning.posterior.evidence, learning.drifts
            return Lesson(programme.key, position, seen, taught, 0, model, evidence, drifts)
    return None


@dataclass(frozen=True, slots=True)
class _Page:
    """Decisions that were read; outcomes of them that were not known, and what is charged for these."""

    positions: tuple[int, ...]
    taught: tuple[Taught, ...]
    found: tuple[Outcome, ...] = ()
    charges: tuple[int, ...] = ()


def _served(store: LearningStore, *, key: str) -> ServedProgramme | None:
    return store.served_programmes().get(key)


def _page(
    store: LearningStore,
    *,
    programme: Programme,
    after: int,
    up_to: int,
    purposes: Purposes,
    now: datetime,
    most: int,
) -> _Page:
    matured = store.matured(programme.key, after, now - programme.goal.grace, most)
    rows = [(position, customer) for position, customer in matured if position <= up_to]
    if not rows:
        return _Page((), ())
    taught, found = read_taught(store, programme, rows, purposes, now)
    kept = {one.position: (one.taken, one.amount) for one in store.anonymous(programme.key, after, len(rows))}
    new = {
        one.decision.id: one
        for one in taught
        if one.opens and (one.taken, one.amount) != kept[one.decision.position]
    }
    charges: list[int] = []
    for one in new.values():
        if one.taken and one.decision.reserved and not kept[one.decision.position][0]:
            then = declared_then(store, one.decision, programme)
            charges.append(
                then.treatment(one.decision.treatment).cost_taken if then.budget is not None else 0
            )
    return _Page(
        tuple(position for position, _ in rows),
        tuple(taught),
        tuple(one for one in found if one.decision in new),
        tuple(one for one in charges if one),
    )


def _serve(
    store: LearningStore,
    *,
    after: ServedProgramme,
    instead: ServedProgramme,
    document: str,
    programme: Programme,
    found: Sequence[Outcome],
    charges: Sequence[int],
) -> bool:
    """Serve the model, keep what the log showed, and charge what was taken after all, as far as it goes."""
    if document:
        store.put_model(after.model, "posterior", document)
    if not store.serve_programme(after, instead=instead):
        return False
    if found:
        store.add_outcomes(found)
    if programme.budget is not None:
        for cost in charges:
            store.reserve(programme.key, {"budget": (cost, programme.budget)})
    return True
