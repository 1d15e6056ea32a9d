"""Resolving: to whom groups of identifiers belong, such as those of a batch of events.

Deterministic: an identifier that is known points to its customer, and the identifiers that come with it are
learned. Where those of one group point to several customers, the strongest kind decides: what names a person
in the company's own books first (`user_id`), then e-mail, phone, the rest, and what names a browser or device
last. Nobody is merged and nothing is moved: what points elsewhere stays there and is told as a conflict.

Two people may share a device, and even an address. So nobody gets a second identifier of a kind that names
persons, and no device joins two customers that any other kind tells apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from trato.customers.customer import CustomerId, new_customer_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from trato.customers.identifiers import Identifier
    from trato.identify.store import IdentityStore

    Key: TypeAlias = tuple[str, str]
    Rank: TypeAlias = tuple[int, str, str]

PERSON, EMAIL, PHONE, OTHER, DEVICE = range(5)
_NOBODY = (PERSON, "", "")
_MOST_TRIED = 16  # a device that more than these share joins nobody

_PERSON = re.compile(r"(user|customer|client|member|person|login)(_?(id|key|name|no|number))?")
_DEVICE = re.compile(r".*(anonymous|advertising|browser|cookie|device|install|session|visitor).*")


@dataclass(frozen=True, slots=True)
class Resolved:
    """To whom a group of identifiers belongs, whether they are met for the first time, and the kinds of those
    identifiers of the group that point to somebody else.
    """

    customer: CustomerId
    is_new: bool
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of some identifiers: to whom they point, and which kinds the customers have whom
    something new may belong to.
    """

    owners: Mapping[Key, CustomerId]
    kinds: Mapping[CustomerId, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What resolving comes to, before anything is kept: a customer who is known by id, a new one by number.

    `of_group` says it for each group, and `learned` for each identifier that pointed to nobody.
    """

    of_group: list[CustomerId | int]
    learned: dict[Key, CustomerId | int]
    conflicts: list[tuple[str, ...]]


def resolve(
    store: IdentityStore,
    groups: Sequence[tuple[Identifier, ...]],
    *,
    now: datetime,
    draw: Callable[[int], bytes],
) -> list[Resolved]:
    """To whom each group of identifiers belongs; new customers and new identifiers are kept, all at once.

    A group has at least one identifier. Groups that share one that is new meet in one customer, unless
    stronger identifiers tell them apart; the order of the groups does not matter. `draw` gives that many
    random bytes.
    """
    return keep(store, groups, plan(groups, look_up(store, groups)), now=now, draw=draw)


def look_up(store: IdentityStore, groups: Iterable[tuple[Identifier, ...]]) -> Known:
    """What the store knows of the identifiers of all groups."""
    keys = {group: [(one.kind, one.normalised) for one in group] for group in groups}
    asked = {key: one for group in keys for key, one in zip(keys[group], group, strict=True)}
    owners = store.customers_of(list(asked.values())) if asked else {}
    learning = {
        owners[key]
        for several in keys.values()
        if any(key not in owners for key in several)
        for key in several
        if key in owners
    }
    return Known(owners, store.kinds_of(sorted(learning)) if learning else {})


def plan(groups: Sequence[tuple[Identifier, ...]], known: Known) -> Plan:
    """To whom each group belongs, by what is known and by what the groups share."""
    theirs: dict[CustomerId, _Cluster] = {}
    holders: dict[Key, list[_Cluster]] = {}
    for group in groups:
        keys = [(one.kind, one.normalised) for one in group]
        if all(key in known.owners for key in keys):
            continue  # nothing is learned from it
        cluster = _new_cluster(group, known)
        for key in keys:
            if key not in holders:
                owner = known.owners.get(key)
                holders[key] = [] if owner is None else [theirs.setdefault(owner, _Cluster(owner, {}, None))]
            holders[key].append(cluster)
    for key in sorted((key for key, several in holders.items() if len(several) > 1), key=_rank):
        _join(holders[key], strength(key[0]), known)
    numbers: dict[int, int] = {}
    learned: dict[Key, CustomerId | int] = {}
    for key, several in holders.items():
        if key in known.owners:
            continue
        best = min((one.root() for one in several), key=_first)
        learned[key] = best.owner or numbers.setdefault(id(best), len(numbers))
    return _by_strongest(groups, known, learned)


def keep(
    store: IdentityStore,
    groups: Sequence[tuple[Identifier, ...]],
    planned: Plan,
    *,
    now: datetime,
    draw: Callable[[int], bytes],
) -> list[Resolved]:
    """Keep the new customers and identifiers of a plan, and say to whom each group belongs."""
    fresh: dict[int, CustomerId] = {}
    for number in planned.learned.values():
        if isinstance(number, int) and number not in fresh:
            fresh[number] = new_customer_id(now, draw)

    def customer(slot: CustomerId | int) -> CustomerId:
        return fresh[slot] if isinstance(slot, int) else slot

    named = {(one.kind, one.normalised): one for group in groups for one in group}
    # In one order, so that two transactions that learn the same wait for each other and never both ways.
    new = [(customer(slot), named[key], now) for key, slot in sorted(planned.learned.items(), key=_by_key)]
    if fresh:
        store.add_customers([(one, now) for one in fresh.values()])
    if new and store.add_identifiers(new) < len(new):
        # Another transaction learned one of them first; then it points to theirs.
        again = plan(groups, look_up(store, groups))
        theirs = {slot for slot in again.of_group if isinstance(slot, str)}
        planned, fresh = again, {k: one for k, one in fresh.items() if one in theirs}
    ids = set(fresh.values())
    return [
        Resolved(customer(slot), customer(slot) in ids, conflicts)
        for slot, conflicts in zip(planned.of_group, planned.conflicts, strict=True)
    ]


@lru_cache(maxsize=1024)
def strength(kind: str) -> int:
    """How surely a kind of identifier names one person: PERSON first, DEVICE last."""
    if kind == "email":
        return EMAIL
    if kind == "phone":
        return PHONE
    if _PERSON.fullmatch(kind):
        return PERSON
    return DEVICE if _DEVICE.fullmatch(kind) else OTHER


@dataclass(slots=True, eq=False)
class _Cluster:
    """Groups that belong together so far, or a customer: who, the new values of the kinds that tell people
    apart, and the strongest of the groups' identifiers.
    """

    owner: CustomerId | None
    values: dict[str, set[str]]
    strongest: Rank | None
    joined: _Cluster | None = field(default=None, repr=False)

    def root(self) -> _Cluster:
        one = self
        while one.joined is not None:
            one = one.joined
        if one is not self:
            self.joined = one
        return one


def _new_cluster(group: tuple[Identifier, ...], known: Known) -> _Cluster:
    values: dict[str, set[str]] = {}
    for one in group:
        if strength(one.kind) != DEVICE and (one.kind, one.normalised) not in known.owners:
            values.setdefault(one.kind, set()).add(one.normalised)
    return _Cluster(None, values, min(_rank((one.kind, one.normalised)) for one in group))


def _told_apart(values: Iterable[str], kinds: Iterable[str], by: int) -> bool:
    """Whether new values of those kinds are somebody else's than those of a customer who has these kinds."""
    return any(kind in kinds and (by == DEVICE or strength(kind) == PERSON) for kind in values)


def _join(several: Sequence[_Cluster], by: int, known: Known) -> None:
    """Join clusters that share an identifier of strength `by`, each with the first that it may join."""
    roots = {id(one.root()): one.root() for one in several}
    heads: list[_Cluster] = []
    for one in sorted(roots.values(), key=_first):
        for head in heads[:_MOST_TRIED]:
            if _may_join(head, one, by, known):
                one.joined = head
                for kind, values in one.values.items():
                    head.values.setdefault(kind, set()).update(values)
                break
        else:
            heads.append(one)


def _may_join(one: _Cluster, other: _Cluster, by: int, known: Known) -> bool:
    if one.owner and other.owner and one.owner != other.owner:
        return False
    for owner, values in ((one.owner, other.values), (other.owner, one.values)):
        if owner and _told_apart(values, known.kinds.get(owner, ()), by):
            return False
    return not any(
        (strength(kind) == PERSON and one.values[kind] != other.values[kind])
        or (by == DEVICE and one.values[kind].isdisjoint(other.values[kind]))
        for kind in one.values.keys() & other.values.keys()
    )


def _by_strongest(
    groups: Sequence[tuple[Identifier, ...]], known: Known, learned: dict[Key, CustomerId | int]
) -> Plan:
    """Each group belongs to whom its strongest identifier points to: so it does when it comes again."""
    of_group: list[CustomerId | int] = []
    conflicts: list[tuple[str, ...]] = []
    for group in groups:
        keys = sorted(((one.kind, one.normalised) for one in group), key=_rank)
        points = [known.owners[key] if key in known.owners else learned[key] for key in keys]
        elsewhere = (key[0] for key, at in zip(keys, points, strict=True) if at != points[0])
        of_group.append(points[0])
        conflicts.append(tuple(dict.fromkeys(elsewhere)))
    return Plan(of_group, learned, conflicts)


def _rank(key: Key) -> Rank:
    return (strength(key[0]), *key)


def _by_key(item: tuple[Key, CustomerId | int]) -> Key:
    return item[0]


def _first(one: _Cluster) -> tuple[bool, str, Rank]:
    """Those who are known come first, the older id before; then by the strongest identifier."""
    return (one.owner is None, one.owner or "", one.strongest or _NOBODY)
