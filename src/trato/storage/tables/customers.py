"""Customers, what points to them, their personal values (both sealed), and whom they belong together with."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table

from trato.storage.tables.columns import METADATA, UtcDateTime, Word

customers = Table(
    "customers",
    METADATA,
    Column("id", Word, primary_key=True),
    Column("added_at", UtcDateTime, nullable=False),
)

# `lookup` is a keyed hash of the normalised value: who has the table alone can neither read nor guess it.
identifiers = Table(
    "identifiers",
    METADATA,
    Column("kind", Word, primary_key=True),
    Column("lookup", LargeBinary, primary_key=True),
    Column("customer", Word, ForeignKey("customers.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Index(None, "customer"),
)

personal_values = Table(
    "personal_values",
    METADATA,
    Column("customer", Word, ForeignKey("customers.id"), primary_key=True),
    Column("field", Word, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# The last household and the last account that were told; their names are kept as keyed hashes alone.
memberships = Table(
    "memberships",
    METADATA,
    Column("customer", Word, ForeignKey("customers.id"), primary_key=True),
    Column("kind", Word, primary_key=True),
    Column("lookup", LargeBinary, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "kind", "lookup"),
)
