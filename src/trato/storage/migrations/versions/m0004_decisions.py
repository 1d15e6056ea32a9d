"""Decisions, outcomes and their blocks; what is served and used of programmes, arms, and looks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.storage.tables.columns import Position, UtcDateTime, Word

revision = "0004"
down_revision = "0003"

_PUBLIC = (
    "position, whose, programme, version, model, prices, purpose, arm, treatment, probability, at, matures_at"
)
_FORGOTTEN = "NEW.id IS NULL AND NEW.customer IS NULL AND NEW.sealed IS NULL AND length(NEW.unit) = 0"


def upgrade() -> None:
    """Make the tables."""
    _decisions()
    _outcomes()
    _blocks("decision_blocks")
    _blocks("outcome_blocks")
    _programmes()
    _verdict_looks()
    _interactions()
    for table in ("outcomes", "unread_decisions", "decision_blocks", "outcome_blocks", "verdict_looks"):
        _write_once(table)
    _written_once_but_forgotten()


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("position", Position, nullable=False, autoincrement=True),
        sa.Column("id", Word),
        sa.Column("customer", Word),
        sa.Column("unit", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("whose", sa.LargeBinary, nullable=False),
        sa.Column("programme", Word, nullable=False),
        sa.Column("version", Word, nullable=False),
        sa.Column("model", Word, nullable=False),
        sa.Column("prices", Word, nullable=False),
        sa.Column("purpose", Word, nullable=False),
        sa.Column("arm", Word, nullable=False),
        sa.Column("treatment", Word, nullable=False),
        sa.Column("probability", sa.BigInteger, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("matures_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_decisions"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_decisions_customer"),
        sa.UniqueConstraint("id", name="uq_decisions_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_customer_position", "decisions", ["customer", "position"])
    op.create_index("ix_decisions_programme_position", "decisions", ["programme", "position"])
    op.create_index("ix_decisions_unit_position", "decisions", ["unit", "position"])
    kept = sa.text("sealed IS NOT NULL")
    op.create_index(
        "ix_decisions_still_whose", "decisions", ["purpose", "at"], sqlite_where=kept, postgresql_where=kept
    )


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        sa.Column("position", Position, nullable=False, autoincrement=True),
        sa.Column("decision", sa.BigInteger, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("taken", sa.Boolean, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_outcomes"),
        sa.ForeignKeyConstraint(["decision"], ["decisions.position"], name="fk_outcomes_decision"),
        sa.UniqueConstraint("record", name="uq_outcomes_record"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outcomes_decision", "outcomes", ["decision"])
    op.create_table(
        "unread_decisions",
        sa.Column("decision", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("decision", name="pk_unread_decisions"),
        sa.ForeignKeyConstraint(["decision"], ["decisions.position"], name="fk_unread_decisions_decision"),
    )


def _blocks(table: str) -> None:
    op.create_table(
        table,
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("up_to", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("sealed_at", UtcDateTime, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=f"pk_{table}"),
    )


def _programmes() -> None:
    op.create_table(
        "served_programmes",
        sa.Column("programme", Word, nullable=False),
        sa.Column("version", Word, nullable=False),
        sa.Column("model", Word, nullable=False),
        sa.Column("prices", Word, nullable=False),
        sa.Column("learned_up_to", sa.BigInteger, nullable=False),
        sa.Column("settled_up_to", sa.BigInteger, nullable=False),
        sa.Column("conducted", Word, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("programme", name="pk_served_programmes"),
    )
    op.create_table(
        "programme_uses",
        sa.Column("programme", Word, nullable=False),
        sa.Column("what", Word, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("most", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("programme", "what", name="pk_programme_uses"),
        sa.CheckConstraint("used >= 0 AND used <= most", name=op.f("ck_programme_uses_within")),
    )
    op.create_table(
        "holdout_arms",
        sa.Column("unit", sa.LargeBinary, nullable=False),
        sa.Column("programme", Word, nullable=False),
        sa.Column("arm", Word, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("unit", "programme", name="pk_holdout_arms"),
    )


def _verdict_looks() -> None:
    op.create_table(
        "verdict_looks",
        sa.Column("programme", Word, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("document", Word, nullable=False),
        sa.PrimaryKeyConstraint("programme", "number", name="pk_verdict_looks"),
    )


def _interactions() -> None:
    """What is asked of the log with each decision: a customer's contacts and statements, few among many."""
    for name, columns, those in (
        ("contacts", ["customer", "at"], sa.text("kind = 'contact'")),
        ("statements", ["customer"], sa.text("statement IS NOT NULL")),
    ):
        op.create_index(
            f"ix_interactions_{name}", "interactions", columns, sqlite_where=those, postgresql_where=those
        )


def _write_once(table: str) -> None:
    """Let the database refuse to change a table's rows."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION trato_append_only()"
    )


def _written_once_but_forgotten() -> None:
    """Let the database refuse to change decisions, but for making them nobody's."""
    if op.get_bind().dialect.name == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'decisions is append-only'); END"
        op.execute(f"CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions {refuse}")
        op.execute(f"CREATE TRIGGER decisions_no_update BEFORE UPDATE OF {_PUBLIC} ON decisions {refuse}")
        op.execute(
            "CREATE TRIGGER decisions_only_forget BEFORE UPDATE ON decisions "
            f"WHEN NOT ({_FORGOTTEN}) {refuse}"
        )
        return
    refuse = "EXECUTE FUNCTION trato_append_only()"
    op.execute(
        f"CREATE TRIGGER decisions_append_only BEFORE UPDATE OF {_PUBLIC} OR DELETE OR TRUNCATE ON decisions "
        f"FOR EACH STATEMENT {refuse}"
    )
    op.execute(
        "CREATE TRIGGER decisions_only_forget BEFORE UPDATE ON decisions "
        f"FOR EACH ROW WHEN (NOT ({_FORGOTTEN})) {refuse}"
    )
