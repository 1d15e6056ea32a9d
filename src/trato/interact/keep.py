"""Keeping: the interactions of a batch, each for those purposes for which its customer lets it be kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from trato.identify.resolve import keep, look_up, plan
from trato.identify.store import BelongingStore, IdentityStore
from trato.interact.log import NewEntry, ReceivingLog
from trato.permission.leave import Leave
from trato.permission.standing import StandingStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customers.identifiers import Identifier
    from trato.identify.resolve import Known, Plan, Resolved
    from trato.identify.store import Belonging
    from trato.interact.sent import Piece
    from trato.permission.purposes import Purposes

    Group = tuple[Identifier, ...]
    Kept = tuple[Piece, CustomerId, tuple[str, ...]]

Key = TypeVar("Key")

_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Whose:
    """Of whom something was kept; and how many groups of identifiers pointed to several customers, by the
    kind that pointed to another.
    """

    customers: frozenset[CustomerId] = frozenset()
    conflicts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def among(cls, customers: Iterable[CustomerId], resolved: Iterable[Resolved]) -> Whose:
        """Those customers, with the conflicts that resolving brought."""
        return cls(frozenset(customers), Counter(kind for one in resolved for kind in one.conflicts))

    def __or__(self, other: Whose) -> Whose:
        conflicts = Counter(self.conflicts) + Counter(other.conflicts)
        return Whose(self.customers | other.customers, conflicts)


class KeepingStore(ReceivingLog, IdentityStore, BelongingStore, StandingStore, Protocol):
    """One transaction, in which interactions are kept."""


def keep_interactions(
    store: KeepingStore,
    purposes: Purposes,
    left: Sequence[Piece],
    received_at: datetime,
    draw: Callable[[int], bytes],
) -> Whose:
    """Keep what customers permit to be kept, and learn who they are from nothing else."""
    if not left:
        return Whose()
    asked = dict.fromkeys(key for piece in left for key in piece.mapping.purposes)
    leave = Leave(store, [purposes.named(key) for key in asked if key in purposes.by_key], received_at)
    known = look_up(store, [piece.group for piece in left])
    leave.read(sorted(set(known.owners.values())))
    groups, planned = _permitted_plan(left, known, leave)
    found = dict(zip(groups, keep(store, groups, planned, now=received_at, draw=draw), strict=True))
    for one in found.values():
        if one.is_new:
            leave.met(one.customer)
    leave.read(sorted({one.customer for one in found.values()}))  # whom another transaction has just met
    kept: list[Kept] = []
    for piece in left:
        if piece.group in found:
            customer = found[piece.group].customer
            if given := leave.of(customer, piece.mapping.purposes):
                kept.append((piece, customer, given))
                piece.of.outcome = "kept"
    if kept:
        store.append_interactions(
            [NewEntry(customer, piece.interaction, 0, given, received_at) for piece, customer, given in kept]
        )
    _put_values(store, leave, kept)
    _put_memberships(store, kept)
    return Whose.among((customer for _, customer, _ in kept), found.values())


def _permitted_plan(pieces: Sequence[Piece], known: Known, leave: Leave) -> tuple[list[Group], Plan]:
    """To whom the pieces belong of which something may be kept; the groups of the others lead to nobody.

    Who somebody is may hang on an event that they do not permit; without it they may be another, who permits
    other things. So it is asked again without, until no more fall out; after some rounds that settles it.
    """
    left = list(pieces)
    for _ in range(_ROUNDS):
        groups = list(dict.fromkeys(piece.group for piece in left))
        planned = plan(groups, known)
        whose = dict(zip(groups, planned.of_group, strict=True))
        still = [piece for piece in left if _may_keep(leave, whose[piece.group], piece.mapping.purposes)]
        if len(still) == len(left):
            return groups, planned
        left = still
    groups = list(dict.fromkeys(piece.group for piece in left))
    return groups, plan(groups, known)


def _may_keep(leave: Leave, customer: CustomerId | int, purposes: Sequence[str]) -> bool:
    given = leave.for_new(purposes) if isinstance(customer, int) else leave.of(customer, purposes)
    return bool(given)


def _put_values(store: KeepingStore, leave: Leave, kept: Sequence[Kept]) -> None:
    newest: dict[tuple[CustomerId, str], tuple[str, datetime]] = {}
    for piece, customer, given in kept:
        for name, value in piece.interaction.values:
            if leave.covers(customer, given, name):
                _keep_newer(newest, (customer, name), value, piece.interaction.at)
    if newest:
        store.put_values([(customer, name, value, at) for (customer, name), (value, at) in newest.items()])


def _put_memberships(store: KeepingStore, kept: Sequence[Kept]) -> None:
    newest: dict[tuple[CustomerId, Belonging], tuple[str, datetime]] = {}
    for piece, customer, _ in kept:
        if piece.interaction.household is not None:
            _keep_newer(newest, (customer, "household"), piece.interaction.household, piece.interaction.at)
        if piece.interaction.account is not None:
            _keep_newer(newest, (customer, "account"), piece.interaction.account, piece.interaction.at)
    if newest:
        store.put_memberships([(customer, kind, name, at) for (customer, kind), (name, at) in newest.items()])


def _keep_newer(newest: dict[Key, tuple[str, datetime]], key: Key, value: str, at: datetime) -> None:
    if key not in newest or newest[key][1] <= at:
        newest[key] = value, at
