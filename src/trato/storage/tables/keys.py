"""Wrapped keys, in a store of their own: another file beside SQLite's, another schema in PostgreSQL.

They stand outside the migrations, so that destroying a key concerns two tables that never change; each
wrapped key begins with the version of its format.
"""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, MetaData, Table

from trato.storage.tables.columns import Word

SCHEMA = "trato_keys"
KEYS = MetaData(schema=SCHEMA)

data_keys = Table(
    "data_keys",
    KEYS,
    Column("customer", Word, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

store_keys = Table(
    "store_keys",
    KEYS,
    Column("name", Word, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
