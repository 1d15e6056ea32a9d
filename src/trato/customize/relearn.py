"""Learning a model anew: from the declared prior and all that matured, page by page, and then one swap.

So the model forgets whoever was forgotten or permits it no more, and knows of outcomes that were told late.
Where there are none of these it is the same model bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from trato.customize.learn import PAGE, Lesson, read_taught
from trato.customize.programme.belief import prior_of
from trato.customize.programme.drift import watching
from trato.customize.programme.lessons import Learning, taught_by, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trato.customize.programme.decision import Taught
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
    settled. None where another declaration is served, or where it was changed again and again meanwhile.
    """
    learning, position, seen, taught = Learning(prior_of(programme), watching()), 0, 0, 0
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
        model, document = written(learning, programme) if taught else ("", "")
        after = replace(served, model=model, changed_at=now)
        if store.write(partial(_serve, after=after, instead=served, document=document)):
            evidence, drifts = learning.posterior.evidence, learning.drifts
            return Lesson(programme.key, position, seen, taught, 0, model, evidence, drifts)
    return None


@dataclass(frozen=True, slots=True)
class _Page:
    positions: tuple[int, ...]
    taught: tuple[Taught, ...]


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
    matured = store.matured(programme.key, after, now, most)
    rows = [(position, customer) for position, customer in matured if position <= up_to]
    taught, _ = read_taught(store, programme, rows, purposes, now) if rows else ([], ())
    return _Page(tuple(position for position, _ in rows), tuple(taught))


def _serve(store: LearningStore, *, after: ServedProgramme, instead: ServedProgramme, document: str) -> bool:
    if document:
        store.put_model(after.model, "posterior", document)
    return store.serve_programme(after, instead=instead)
