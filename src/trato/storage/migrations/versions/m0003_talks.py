"""Guided conversations, and what was taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.storage.tables.columns import UtcDateTime, Word

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "talks",
        sa.Column("lookup", sa.LargeBinary, nullable=False),
        sa.Column("customer", Word),
        sa.Column("purpose", Word),
        sa.Column("offer", Word, nullable=False),
        sa.Column("touchpoint", Word, nullable=False),
        sa.Column("language", Word, nullable=False),
        sa.Column("asked", Word),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("accepted_at", UtcDateTime),
        sa.Column("delivered_at", UtcDateTime),
        sa.Column("as_expected", sa.Boolean),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("lookup", name="pk_talks"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_talks_customer"),
    )
    op.create_index("ix_talks_customer", "talks", ["customer"])
    op.create_index("ix_talks_accepted_at_changed_at", "talks", ["accepted_at", "changed_at"])
    op.create_table(
        "taken_configurations",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("document", Word, nullable=False),
        sa.Column("often", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_taken_configurations"),
    )
