"""What the records of every domain share within a transaction: connection, keys, the check of permits."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from trato.errors import PermitVoid, UnknownCustomer
from trato.permission.permit import Permit
from trato.storage.tables.customers import customers
from trato.storage.upsert import in_chunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

    from trato.customers.customer import CustomerId
    from trato.storage.keyring import Keyring

# Asked for each batch, so they are put together once.
_THERE = select(customers.c.id).where(customers.c.id.in_(bindparam("customers", expanding=True)))
_HELD = _THERE.order_by(customers.c.id).with_for_update(read=True)


@dataclass(slots=True, repr=False)
class Records:
    """One transaction. `writing` says whether it may change rows; `over` that it has ended."""

    _connection: Connection
    _keyring: Keyring
    _pepper: bytes
    _writing: bool
    _transaction: object = field(default_factory=object)
    _over: bool = False

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
        for chunk in in_chunks(sorted(set(those))):
            found = self._connection.execute(_HELD if self._writing else _THERE, {"customers": chunk}).all()
            if len(found) != len(chunk):
                there = {row.id for row in found}
                missing = next(one for one in chunk if one not in there)
                raise UnknownCustomer(f"there is no customer {missing}")

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

    def _check(self, permit: Permit) -> None:
        if not isinstance(permit, Permit):
            raise PermitVoid("personal data are read with a permit", hint="call read_permit")
        if self._over or permit.transaction is not self._transaction:
            raise PermitVoid(
                "this permit was read in another transaction",
                hint="read it where you use it, and never keep one",
            )
