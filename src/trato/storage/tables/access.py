"""Who may come in, kept as hashes and sealed e-mails, and who looked at whom, which is only appended to."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table

from trato.storage.tables.columns import METADATA, Position, UtcDateTime, Word

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", Word, primary_key=True),
    Column("label", Word, nullable=False),
    Column("scopes", Word, nullable=False),
    Column("hashed", LargeBinary, nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

# `lookup` is a keyed hash of the normalised e-mail.
people = Table(
    "people",
    METADATA,
    Column("id", Word, primary_key=True),
    Column("lookup", LargeBinary, nullable=False, unique=True),
    Column("email", LargeBinary, nullable=False),
    Column("password", Word, nullable=False),
    Column("role", Word, nullable=False),
    Column("language", Word, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
)

setup_links = Table(
    "setup_links",
    METADATA,
    Column("hashed", LargeBinary, primary_key=True),
    Column("role", Word, nullable=False),
    Column("person", Word, ForeignKey("people.id")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("hashed", LargeBinary, primary_key=True),
    Column("person", Word, ForeignKey("people.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Index(None, "person"),
)

# `looked_by` is `person:ID` or `key:ID`; a note outlives both.
looks = Table(
    "looks",
    METADATA,
    Column("number", Position, primary_key=True, autoincrement=True),
    Column("looked_by", Word, nullable=False),
    Column("customer", Word, ForeignKey("customers.id"), nullable=False),
    Column("purposes", Word, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "customer", "number"),
    sqlite_autoincrement=True,
)
