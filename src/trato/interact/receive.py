"""Receiving: what becomes of the events of a batch, in one transaction.

Each event comes to one end. It is *kept*: it became interactions, each with those of its source's purposes
that the customer permits now, or entries of the ledger of permissions. It is *repeated*: its message has been
dealt with. It is *not permitted*: nothing is kept of it but the receipt. Or it is put *aside*, sealed, with a
reason that holds nothing of what was given. However large the batch, the store is asked a fixed number of
times; only permissions are written one by one, for each is a link of the ledger's chain.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from trato.identify.resolve import resolve
from trato.interact.keep import KeepingStore, Whose, keep_interactions
from trato.interact.log import Aside, Receipt
from trato.interact.sent import Sent, body_of, message_of, pieces_of
from trato.permission.give import (
    GivePermission,
    RefusePermission,
    deny_permission,
    give_permission,
    withdraw_permission,
)
from trato.permission.store import PermissionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.interact.interactions import Interaction
    from trato.interact.mapping import Sources
    from trato.interact.sent import Piece
    from trato.permission.purposes import Purposes


class ReceivingStore(KeepingStore, PermissionStore, Protocol):
    """One transaction, in which events are received."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of the events of a batch: `events` is the sum of the four that follow it.

    `customers` are those of whom something was kept. `conflicts` says how many groups of identifiers pointed
    to several customers, by the kind that pointed to another than the strongest did.
    """

    events: int
    kept: int
    repeated: int
    aside: int
    not_permitted: int
    customers: frozenset[CustomerId]
    conflicts: Mapping[str, int] = field(default_factory=dict)


def receive(
    store: ReceivingStore,
    sources: Sources,
    purposes: Purposes,
    events: Sequence[Mapping[str, object]],
    *,
    scope: str,
    received_at: datetime,
    draw: Callable[[int], bytes],
) -> Received:
    """Deal with the events of a batch, as Segment's libraries send them, each once.

    Whatever stands in an event, nothing is raised for it: only StorageError. `scope` tells senders apart
    whose message ids may be the same; `draw` gives that many random bytes.
    """
    fresh = _not_yet_received(store, events, scope, received_at, draw)
    pieces = [piece for one in fresh for piece in pieces_of(one, sources, purposes, received_at)]
    said = [piece for piece in pieces if piece.interaction.kind == "permission"]
    left = [piece for piece in pieces if piece.interaction.kind != "permission"]
    whose = _write_permissions(store, purposes, said, received_at, draw)
    whose |= keep_interactions(store, purposes, left, received_at, draw)
    for one in fresh:
        if one.outcome != "kept" and one.pieces:
            one.outcome = "not_permitted"
    asides = [
        Aside(one.source, f"{one.refusals[0].role}: {one.refusals[0].plain}", received_at, body_of(one))
        for one in fresh
        if one.refusals and one.outcome != "not_permitted"
    ]
    if asides:
        store.put_aside(asides)
    if fresh:
        store.add_receipts([Receipt(one.message, received_at, one.outcome) for one in fresh])
    often = Counter(one.outcome for one in fresh)
    return Received(
        events=len(events),
        kept=often["kept"],
        repeated=len(events) - len(fresh),
        aside=often["aside"],
        not_permitted=often["not_permitted"],
        customers=whose.customers,
        conflicts=whose.conflicts,
    )


def _not_yet_received(
    store: ReceivingStore,
    events: Sequence[Mapping[str, object]],
    scope: str,
    received_at: datetime,
    draw: Callable[[int], bytes],
) -> list[Sent]:
    """The events whose message is new, each message once: the first counts."""
    named: dict[str, Mapping[str, object]] = {}
    for event in events:
        named.setdefault(f"{scope}\n{message_of(event, draw)}", event)
    new = store.new_messages(list(named)) if named else set()
    return [Sent(message, event) for message, event in named.items() if message in new]


def _write_permissions(
    store: ReceivingStore,
    purposes: Purposes,
    said: Sequence[Piece],
    received_at: datetime,
    draw: Callable[[int], bytes],
) -> Whose:
    """Write what customers said of purposes, in the order in which they said it."""
    if not said:
        return Whose()
    found = resolve(store, [piece.group for piece in said], now=received_at, draw=draw)
    whose = sorted(
        zip(said, (one.customer for one in found), strict=True), key=lambda pair: pair[0].interaction.at
    )
    for customer in sorted({customer for _, customer in whose}):
        store.hold_customer(customer, changing=True)  # in one order, so that two batches do not cross
    for piece, customer in whose:
        _say(store, purposes, piece.interaction, customer, received_at)
        piece.of.outcome = "kept"
    return Whose.among((customer for _, customer in whose), found)


def _say(
    store: ReceivingStore,
    purposes: Purposes,
    interaction: Interaction,
    customer: CustomerId,
    received_at: datetime,
) -> None:
    request = RefusePermission(
        customer=customer,
        purpose=purposes.named(interaction.purpose or ""),
        touchpoint=interaction.touchpoint.key,
        source=_printable(interaction.source),
        evidence=interaction.statement or interaction.record or "",
        said_at=min(interaction.at, received_at),
    )
    if interaction.state == "granted":
        yes = GivePermission(
            customer,
            request.purpose,
            request.touchpoint,
            request.source,
            request.evidence,
            request.said_at,
        )
        give_permission(store, yes, now=received_at)
    elif interaction.state == "denied":
        deny_permission(store, request, now=received_at)
    else:
        withdraw_permission(store, request, now=received_at)


def _printable(word: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in word)
