"""Whom the tables of a build speak of: identifiers to customers, and what they say of permission.

A customer is registered when a table tells what they permit, or when one of its purposes needs no yes: as
events are kept, so rows are. Of everybody else nothing comes into the store.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.door import in_chunks
from trato.batch.permissions import record_permissions
from trato.batch.rows import read_rows
from trato.identify.resolve import look_up, plan, resolve
from trato.permission.permit import needs_opt_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from trato.batch.door import Door
    from trato.batch.engine import Engine
    from trato.batch.rows import TableRead
    from trato.company.folder import Company
    from trato.customers.customer import CustomerId
    from trato.customers.identifiers import Identifier
    from trato.identify.store import Belonging

    Draw = Callable[[int], bytes]
    Group = tuple[Identifier, ...]
    Owners = tuple[CustomerId | None, ...]


@dataclass(frozen=True, slots=True)
class People:
    """To whom the groups of identifiers of each table belong, and what was recorded of permission.

    `customer_of` has a customer for each of a table's groups, None where nobody is known and nobody may be
    registered. `refused` counts rows of permission that were not recorded, by reason.
    """

    customer_of: dict[str, Owners]
    new: int
    permission_rows: int
    recorded: int
    refused: dict[str, int]


def read_tables(
    engine: Engine, company: Company, progress: Callable[[str], AbstractContextManager[None]]
) -> tuple[TableRead, ...]:
    """All tables of a company. Raises the reading errors of `Engine.read`."""
    found = []
    for name, table in company.sources.tables.items():
        with progress(f"reading {name}"):
            found.append(read_rows(engine, company.folder, table))
    return tuple(found)


def settle(
    store: Door, company: Company, tables: Sequence[TableRead], *, now: datetime, draw: Draw
) -> People:
    """Record what tables say of permission, and find or register whom they speak of.

    Permissions come first: whom they register, the other tables may speak of.
    """
    customer_of: dict[str, Owners] = {}
    refused: Counter[str] = Counter()
    new = recorded = rows = 0
    for table in sorted(tables, key=lambda one: one.mapping.kind != "permission"):
        free = [company.purposes.by_key[key] for key in table.mapping.purposes]
        if table.mapping.kind == "permission" or any(not needs_opt_in(purpose) for purpose in free):
            owners, met = registered(store, table.rows.groups, now=now, draw=draw)
            customer_of[table.name] = owners
            new += met
            _belonging(store, table, owners)
        else:
            customer_of[table.name] = _known(store, table.rows.groups)
        if table.told:
            owners = customer_of[table.name]
            whose = [owners[place] for place in table.rows.group.tolist()]
            said, why = record_permissions(store, company.purposes, table.told, whose, table.name, now=now)
            rows, recorded = rows + len(table.told), recorded + said
            refused.update(why)
    return People(customer_of, new, rows, recorded, dict(refused))


def registered(store: Door, groups: Sequence[Group], *, now: datetime, draw: Draw) -> tuple[Owners, int]:
    """To whom each group belongs, new customers registered; and how many are new."""
    owners: list[CustomerId | None] = []
    new: set[CustomerId] = set()
    for some in in_chunks(groups):
        found = store.write(lambda it, some=some: resolve(it, some, now=now, draw=draw))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        owners += [one.customer for one in found]
        new |= {one.customer for one in found if one.is_new}
    return tuple(owners), len(new)


def _known(store: Door, groups: Sequence[Group]) -> Owners:
    """To whom each group belongs, None for who is not known."""
    owners: list[CustomerId | None] = []
    for some in in_chunks(groups):
        planned = store.read(lambda it, some=some: plan(some, look_up(it, some)))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        owners += [None if isinstance(one, int) else one for one in planned.of_group]
    return tuple(owners)


def _belonging(store: Door, table: TableRead, owners: Owners) -> None:
    """Keep to which household and account the customers of a table belong, by what was said last."""
    rows = table.rows
    kinds: tuple[tuple[Belonging, NDArray[np.object_]], ...] = (
        ("household", rows.household),
        ("account", rows.account),
    )
    for kind, names in kinds:
        said = np.flatnonzero(names != None)  # noqa: E711 - one by one
        order = said[np.lexsort((rows.at[said], rows.group[said]))]
        groups = rows.group[order]
        ends = np.flatnonzero(np.append(groups[1:] != groups[:-1], True))[: len(order)]
        latest: dict[CustomerId, tuple[str, int]] = {}
        for row in order[ends].tolist():
            customer = owners[int(rows.group[row])]
            at = int(rows.at[row])
            if customer is not None and (customer not in latest or latest[customer][1] <= at):
                latest[customer] = (str(names[row]), at)
        for some in in_chunks(sorted(latest.items())):
            given = [(customer, kind, name, _moment(at)) for customer, (name, at) in some]
            store.write(lambda it, given=given: it.put_memberships(given))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda


def _moment(at: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
