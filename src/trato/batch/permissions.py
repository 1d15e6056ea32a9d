"""What the rows of a table say of permission, written into the ledger once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from trato.batch.door import in_chunks
from trato.errors import BadOption, PermissionNotAsked, UnknownPurpose
from trato.permission.give import (
    GivePermission,
    RefusePermission,
    deny_permission,
    give_permission,
    withdraw_permission,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trato.batch.door import BuildingStore, Door
    from trato.customers.customer import CustomerId
    from trato.interact.interactions import Interaction
    from trato.permission.purposes import Purposes


def record_permissions(
    store: Door,
    purposes: Purposes,
    told: Sequence[Interaction],
    whose: Sequence[CustomerId | None],
    source: str,
    *,
    now: datetime,
) -> tuple[int, Counter[str]]:
    """Write into the ledger what rows say that is newer than what is known; how many, and why others not.

    `whose` says of whom each row speaks, and `source` where they come from.
    A row that says what is known already, or what was said before it, changes nothing: so a table may be read
    any number of times, and a later withdrawal stands.
    """
    refused: Counter[str] = Counter()
    latest: dict[tuple[CustomerId, str], Interaction] = {}
    for one, customer in zip(told, whose, strict=True):
        if one.purpose is None or one.purpose not in purposes.by_key:
            refused["no such purpose is declared"] += 1
        elif one.at > now:
            refused["it is said in the future"] += 1
        elif customer is not None:
            key = (customer, one.purpose)
            if key not in latest or latest[key].at <= one.at:
                latest[key] = one
    recorded = 0
    for some in in_chunks(sorted(latest.items(), key=lambda item: item[0])):
        said, why = store.write(lambda it, some=some: _record(it, purposes, some, source, now))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        recorded += said
        refused.update(why)
    return recorded, refused


def _record(
    it: BuildingStore,
    purposes: Purposes,
    some: Sequence[tuple[tuple[CustomerId, str], Interaction]],
    source: str,
    now: datetime,
) -> tuple[int, Counter[str]]:
    refused: Counter[str] = Counter()
    keys = sorted({purpose for (_, purpose), _ in some})
    standings = it.standings(sorted({customer for (customer, _), _ in some}), keys)
    recorded = 0
    for (customer, key), one in some:
        standing = standings.get((customer, key))
        if standing is not None and standing.at >= one.at:
            continue
        where = (one.touchpoint.key, f"table {source}", "", one.at)
        try:
            purpose = purposes.named(key)
            if one.state == "granted":
                give_permission(it, GivePermission(customer, purpose, *where), now=now)
            elif one.state == "denied":
                deny_permission(it, RefusePermission(customer, purpose, *where), now=now)
            else:
                withdraw_permission(it, RefusePermission(customer, purpose, *where), now=now)
        except (PermissionNotAsked, UnknownPurpose, BadOption) as error:
            refused[error.message] += 1
            continue
        recorded += 1
    return recorded, refused
