"""Builds: what was counted of each customer, their scores, the models, and the pointer to the one served."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
)

from trato.storage.tables.columns import METADATA, UtcDateTime, Word

# `models` and `summary` are JSON, and stand once the build is published.
builds = Table(
    "builds",
    METADATA,
    Column("build", Word, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("watermark", BigInteger, nullable=False),
    Column("published_at", UtcDateTime),
    Column("models", Word),
    Column("summary", Word),
)

served_build = Table(
    "served_build",
    METADATA,
    Column(
        "single", Integer, CheckConstraint("single = 1", name="single"), primary_key=True, autoincrement=False
    ),
    Column("build", Word, ForeignKey("builds.build"), nullable=False),
)

# `sealed` is a compressed document under the customer's own key.
build_counts = Table(
    "build_counts",
    METADATA,
    Column("build", Word, ForeignKey("builds.build"), primary_key=True),
    Column("purpose", Word, primary_key=True),
    Column("customer", Word, ForeignKey("customers.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

build_scores = Table(
    "build_scores",
    METADATA,
    Column("build", Word, ForeignKey("builds.build"), primary_key=True),
    Column("purpose", Word, primary_key=True),
    Column("customer", Word, ForeignKey("customers.id"), primary_key=True),
    Column("need", Integer, nullable=False),
    Column("weight", Double, nullable=False),
    Column("evidence", BigInteger, nullable=False),
    Column("actual_value", BigInteger, nullable=False),
    Column("expected_value", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("p_alive", Double, nullable=False),
    Column("potential", Double),
    Column("tier", Word, nullable=False),
    Column("as_of", Word, nullable=False),
    Index(None, "build", "purpose", "need", "tier", "customer"),
)

models = Table(
    "models",
    METADATA,
    Column("version", Word, primary_key=True),
    Column("kind", Word, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
