"""The events of all requests that wait, written together, and each request answered after the commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from trato.customers.customer import CustomerId
from trato.interact.receive import receive
from trato.server.gathering import Gathering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from trato.server.context import Context
    from trato.storage.transaction import Transaction

MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """The events of one request. `scope` is the id of the key that brought them."""

    events: Sequence[Mapping[str, object]]
    scope: str
    received_at: datetime


Write: TypeAlias = "Callable[[Sequence[Parcel]], None]"


def writing(context: Context, touched: Callable[[frozenset[CustomerId]], None] = lambda _: None) -> Write:
    """Writes the events of parcels into the store, in one transaction, and returns after the commit.

    `touched` is told then of whom something was kept, and must not take long. The parcels of one key are
    received as one, at the moment when the first of them came: they differ by no more than the transaction
    before them took.
    """

    def write(parcels: Sequence[Parcel]) -> None:
        by_scope: dict[str, list[Parcel]] = {}
        for parcel in parcels:
            by_scope.setdefault(parcel.scope, []).append(parcel)

        def work(it: Transaction) -> frozenset[CustomerId]:
            received = [
                receive(
                    it,
                    context.company.sources,
                    context.company.purposes,
                    [event for parcel in theirs for event in parcel.events],
                    scope=scope,
                    received_at=theirs[0].received_at,
                    draw=context.draw,
                )
                for scope, theirs in by_scope.items()
            ]
            return frozenset[CustomerId]().union(*(one.customers for one in received))

        touched(context.store.write(work))

    return write


class Inbox(Gathering[Parcel, None]):
    """Takes parcels, and hands all that wait to `write` at once. To be used within its `async with`.

    What cannot be written is not kept here: its sender is told, and sends it again. How much may wait is
    bounded before it comes here.
    """

    def __init__(self, write: Write) -> None:
        def work(parcels: Sequence[Parcel]) -> list[None]:
            write(parcels)
            return [None] * len(parcels)

        super().__init__(work, name="trato-inbox", most=MOST_AT_ONCE, size=lambda one: len(one.events))
