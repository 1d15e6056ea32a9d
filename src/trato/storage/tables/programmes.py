"""What is served of each programme, what it used, which arm its units have, and looks at its verdict."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, LargeBinary, Table

from trato.storage.tables.columns import METADATA, UtcDateTime, Word

served_programmes = Table(
    "served_programmes",
    METADATA,
    Column("programme", Word, primary_key=True),
    Column("version", Word, nullable=False),
    Column("model", Word, nullable=False),
    Column("prices", Word, nullable=False),
    Column("learned_up_to", BigInteger, nullable=False),
    Column("settled_up_to", BigInteger, nullable=False),
    Column("conducted", Word, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

# The database itself refuses to pass a limit.
programme_uses = Table(
    "programme_uses",
    METADATA,
    Column("programme", Word, primary_key=True),
    Column("what", Word, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("most", BigInteger, nullable=False),
    CheckConstraint("used >= 0 AND used <= most", name="within"),
)

# `unit` is a keyed hash of the unit's word, the same as in decisions.
holdout_arms = Table(
    "holdout_arms",
    METADATA,
    Column("unit", LargeBinary, primary_key=True),
    Column("programme", Word, primary_key=True),
    Column("arm", Word, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# Only ever appended to; `number` counts a programme's looks from 1.
verdict_looks = Table(
    "verdict_looks",
    METADATA,
    Column("programme", Word, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("document", Word, nullable=False),
)
