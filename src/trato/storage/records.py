"""What the records of every domain share within a transaction: connection, keys, the check of permits."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from trato.errors import PermitVoid, UnknownCustomer
from trato.permission.permit import Permit
from trato.storage.keyring import lookup
from trato.storage.plain import rows_among
from trato.storage.tables.columns import kept_moment, moment_of
from trato.storage.tables.customers import customers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Table

    from trato.customers.customer import CustomerId
    from trato.storage.keyring import Keyring

_THERE = "SELECT id FROM customers WHERE id IN (??) ORDER BY id"
_HELD = f"{_THERE} FOR SHARE"


@dataclass(slots=True, repr=False)
class Records:
    """One transaction. `writing` says whether it may change rows; `over` that it has ended."""

    _connection: Connection
    _keyring: Keyring
    _pepper: bytes
    _writing: bool
    _transaction: object = field(default_factory=object)
    _over: bool = False
    _held: set[CustomerId] = field(default_factory=set)

    @property
    def transaction(self) -> object:
        """What tells this transaction from every other."""
        return self._transaction

    def hold_customer(self, customer: CustomerId, *, changing: bool) -> None:
        """Make a change of this customer's permissions wait for the uses in flight, and these for a change.

        Holds until the transaction ends. A transaction that only reads sees one moment anyway, and SQLite has
        one writer: only PostgreSQL's writers need the lock on the row. Raises UnknownCustomer.
        """
        statement = select(customers.c.id).where(customers.c.id == customer)
        if self._writing:
            statement = statement.with_for_update(read=not changing, key_share=changing)
        if self._connection.execute(statement).first() is None:
            raise UnknownCustomer(f"there is no customer {customer}")

    def _hold_customers(self, those: Iterable[CustomerId]) -> None:
        """As hold_customer for a use of many, in the order of their ids. Raises UnknownCustomer."""
        wanted = sorted(set(those) - self._held)
        words = _HELD if self._writing and self._database == "postgresql" else _THERE
        found = [row[0] for page in rows_among(self._connection, words, wanted) for row in page]
        if len(found) != len(wanted):
            missing = min(set(wanted).difference(found))
            raise UnknownCustomer(f"there is no customer {missing}")
        self._held.update(found)

    @property
    def _database(self) -> str:
        return self._connection.dialect.name

    def _kept(self, moment: datetime) -> Any:
        """A moment as this database keeps it."""
        return kept_moment(moment, self._database)

    def _moment(self, kept: Any) -> datetime:
        """The moment that this database keeps so."""
        return moment_of(kept, self._database)

    def _watermark(self, log: Table) -> int:
        """The last position of a log such that none at or below it is still being written; 0 at first.

        It waits for those who are appending, and holds off others until the transaction, or its savepoint,
        ends.
        """
        if not self._writing:
            message = "the watermark is asked for within a transaction that writes: others must wait for it"
            raise RuntimeError(message)
        if self._database == "postgresql":
            self._connection.execute(text(f"LOCK TABLE {log.name} IN SHARE MODE"))
        return self._connection.execute(select(func.max(log.c.position))).scalar_one() or 0

    def seal(self, customer: CustomerId, words: str) -> bytes:
        """The words, encrypted under the customer's own key."""
        return self._keyring.seal(customer, "words", words)

    @contextmanager
    def _of(self, customer: CustomerId | None) -> Iterator[None]:
        """Tell a row that refers to nobody. Raises UnknownCustomer."""
        try:
            yield
        except IntegrityError:
            who = "there is no such customer" if customer is None else f"there is no customer {customer}"
            raise UnknownCustomer(who) from None

    def _unit(self, word: str) -> bytes:
        """The keyed hash by which a unit is known: half of one is enough to tell all units apart."""
        return lookup(self._pepper, "unit of", word)[:16]

    def _check(self, permit: Permit) -> None:
        if not isinstance(permit, Permit):
            raise PermitVoid("personal data are read with a permit", hint="call read_permit")
        if self._over or permit.transaction is not self._transaction:
            raise PermitVoid(
                "this permit was read in another transaction",
                hint="read it where you use it, and never keep one",
            )

    def _check_all(self, permits: Sequence[Permit]) -> dict[str, dict[CustomerId, Permit]]:
        """Check every permit; the permits by purpose and customer. Raises PermitVoid."""
        found: dict[str, dict[CustomerId, Permit]] = {}
        for permit in permits:
            self._check(permit)
            found.setdefault(permit.purpose, {})[permit.customer] = permit
        return found
