"""Customers, identifiers, personal values, and the permission ledger, which refuses to be rewritten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.storage.tables.columns import UtcDateTime, Word

revision = "0001"
down_revision = None

_LEDGER_IS_WRITTEN_ONCE = {
    "sqlite": [
        f"""
        CREATE TRIGGER permission_ledger_no_{change.lower()} BEFORE {change} ON permission_ledger
        BEGIN SELECT RAISE(ABORT, 'the permission ledger is append-only'); END
        """
        for change in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        """
        CREATE FUNCTION trato_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the permission ledger is append-only'; END $$
        """,
        """
        CREATE TRIGGER permission_ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON permission_ledger
        FOR EACH STATEMENT EXECUTE FUNCTION trato_append_only()
        """,
    ],
}


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "customers",
        sa.Column("id", Word, nullable=False),
        sa.Column("added_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )
    op.create_table(
        "identifiers",
        sa.Column("kind", Word, nullable=False),
        sa.Column("lookup", sa.LargeBinary, nullable=False),
        sa.Column("customer", Word, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("added_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("kind", "lookup", name="pk_identifiers"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_identifiers_customer"),
    )
    op.create_index("ix_identifiers_customer", "identifiers", ["customer"])
    op.create_table(
        "personal_values",
        sa.Column("customer", Word, nullable=False),
        sa.Column("field", Word, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("customer", "field", name="pk_personal_values"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_personal_values_customer"),
    )
    op.create_table(
        "permission_ledger",
        sa.Column("position", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("customer", Word, nullable=False),
        sa.Column("purpose", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime),
        sa.Column("fields", Word, nullable=False),
        sa.Column("touchpoint", Word, nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.Column("evidence", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_permission_ledger"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_permission_ledger_customer"),
    )
    op.create_index(
        "ix_permission_ledger_customer_purpose_position",
        "permission_ledger",
        ["customer", "purpose", "position"],
    )
    head = op.create_table(
        "permission_head",
        sa.Column("single", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("single", name="pk_permission_head"),
        sa.CheckConstraint("single = 1", name=op.f("ck_permission_head_single")),
    )
    op.bulk_insert(head, [{"single": 1, "position": 0, "hash": bytes(32)}])
    for statement in _LEDGER_IS_WRITTEN_ONCE[op.get_bind().dialect.name]:
        op.execute(statement)
