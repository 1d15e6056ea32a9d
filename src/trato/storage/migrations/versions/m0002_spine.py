"""The log with its receipts, which permissions decide now, builds, conversations, and who may come in."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import op

from trato.storage.tables.columns import Position, UtcDateTime, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

revision = "0002"
down_revision = "0001"

_AT_ONCE = 1000


def upgrade() -> None:
    """Make the tables, and say for each customer and purpose which entry of the ledger decides."""
    _permission_standing()
    _memberships()
    _log()
    _conversations()
    _builds()
    _access()
    for table in ("interactions", "log_blocks", "looks"):
        _write_once(table)


def _permission_standing() -> None:
    table = op.create_table(
        "permission_standing",
        sa.Column("purpose", Word, nullable=False),
        sa.Column("customer", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime),
        sa.Column("fields", Word, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("purpose", "customer", name="pk_permission_standing"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_permission_standing_customer"),
    )
    op.create_index("ix_permission_standing_customer", "permission_standing", ["customer"])
    deciding = _deciding()
    while rows := list(islice(deciding, _AT_ONCE)):
        op.get_bind().execute(sa.insert(table), rows)


def _deciding() -> Iterator[dict[str, Any]]:
    """From the ledger as it is."""
    ledger = sa.table(
        "permission_ledger",
        sa.column("position", sa.BigInteger),
        sa.column("customer", Word),
        sa.column("purpose", Word),
        sa.column("state", Word),
        sa.column("at", UtcDateTime),
        sa.column("recorded_at", UtcDateTime),
        sa.column("until", UtcDateTime),
        sa.column("fields", Word),
    )
    whole = sa.select(ledger).order_by(ledger.c.customer, ledger.c.purpose, ledger.c.position)
    rows = op.get_bind().execute(whole.execution_options(yield_per=_AT_ONCE))
    for (customer, purpose), said in groupby(rows, key=lambda row: (row.customer, row.purpose)):
        decides = _decides(said)
        yield {
            "purpose": purpose,
            "customer": customer,
            "state": decides.state,
            "at": decides.at,
            "recorded_at": decides.recorded_at,
            "until": decides.until,
            "fields": decides.fields,
            "position": decides.position,
        }


def _decides(said: Iterable[Any]) -> Any:
    """The last one, but for grants that were said before a refusal was recorded."""
    deciding: Any = None
    refused_at = None
    for entry in said:
        if entry.state != "granted":
            refused_at = entry.recorded_at
        if refused_at is None or entry.state != "granted" or entry.at >= refused_at:
            deciding = entry
    return deciding


def _memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("customer", Word, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("lookup", sa.LargeBinary, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("customer", "kind", name="pk_memberships"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_memberships_customer"),
    )
    op.create_index("ix_memberships_kind_lookup", "memberships", ["kind", "lookup"])


def _log() -> None:
    op.create_table(
        "receipts",
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("outcome", Word, nullable=False),
        sa.PrimaryKeyConstraint("message", name="pk_receipts"),
    )
    op.create_index("ix_receipts_received_at", "receipts", ["received_at"])
    op.create_table(
        "interactions",
        sa.Column("position", Position, nullable=False, autoincrement=True),
        sa.Column("customer", Word, nullable=False),
        sa.Column("purposes", Word, nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("record", sa.LargeBinary),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("touchpoint", Word, nullable=False),
        sa.Column("channel", Word, nullable=False),
        sa.Column("place", Word),
        sa.Column("division", Word),
        sa.Column("product_line", Word),
        sa.Column("component", Word),
        sa.Column("module", Word),
        sa.Column("more_choices", Word),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger),
        sa.Column("cost", sa.BigInteger),
        sa.Column("statement", sa.LargeBinary),
        sa.Column("stance", Word),
        sa.Column("learns", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_interactions"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_interactions_customer"),
        sa.UniqueConstraint("record", name="uq_interactions_record"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_interactions_customer_position", "interactions", ["customer", "position"])
    op.create_index("ix_interactions_source", "interactions", ["source"])
    op.create_table(
        "log_blocks",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("up_to", sa.BigInteger, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("sealed_at", UtcDateTime, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_log_blocks"),
    )
    op.create_table(
        "asides",
        sa.Column("number", Position, nullable=False, autoincrement=True),
        sa.Column("source", Word, nullable=False),
        sa.Column("reason", Word, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_asides"),
    )
    op.create_index("ix_asides_received_at", "asides", ["received_at"])


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", Word, nullable=False),
        sa.Column("customer", Word, nullable=False),
        sa.Column("purpose", Word, nullable=False),
        sa.Column("matter", sa.LargeBinary, nullable=False),
        sa.Column("touchpoint", Word, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("promised", sa.LargeBinary),
        sa.Column("due_at", UtcDateTime),
        sa.Column("closed_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_conversations_customer"),
    )
    op.create_index("ix_conversations_customer_purpose", "conversations", ["customer", "purpose"])


def _builds() -> None:
    op.create_table(
        "builds",
        sa.Column("build", Word, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("watermark", sa.BigInteger, nullable=False),
        sa.Column("published_at", UtcDateTime),
        sa.Column("models", Word),
        sa.Column("summary", Word),
        sa.PrimaryKeyConstraint("build", name="pk_builds"),
    )
    op.create_table(
        "served_build",
        sa.Column("single", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("build", Word, nullable=False),
        sa.PrimaryKeyConstraint("single", name="pk_served_build"),
        sa.CheckConstraint("single = 1", name=op.f("ck_served_build_single")),
        sa.ForeignKeyConstraint(["build"], ["builds.build"], name="fk_served_build_build"),
    )
    op.create_table(
        "build_counts",
        sa.Column("build", Word, nullable=False),
        sa.Column("purpose", Word, nullable=False),
        sa.Column("customer", Word, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("build", "purpose", "customer", name="pk_build_counts"),
        sa.ForeignKeyConstraint(["build"], ["builds.build"], name="fk_build_counts_build"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_build_counts_customer"),
    )
    op.create_table(
        "build_scores",
        sa.Column("build", Word, nullable=False),
        sa.Column("purpose", Word, nullable=False),
        sa.Column("customer", Word, nullable=False),
        sa.Column("need", sa.Integer, nullable=False),
        sa.Column("weight", sa.Double, nullable=False),
        sa.Column("evidence", sa.BigInteger, nullable=False),
        sa.Column("actual_value", sa.BigInteger, nullable=False),
        sa.Column("expected_value", sa.Double, nullable=False),
        sa.Column("low", sa.Double, nullable=False),
        sa.Column("high", sa.Double, nullable=False),
        sa.Column("p_alive", sa.Double, nullable=False),
        sa.Column("potential", sa.Double),
        sa.Column("tier", Word, nullable=False),
        sa.Column("as_of", Word, nullable=False),
        sa.PrimaryKeyConstraint("build", "purpose", "customer", name="pk_build_scores"),
        sa.ForeignKeyConstraint(["build"], ["builds.build"], name="fk_build_scores_build"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_build_scores_customer"),
    )
    op.create_index(
        "ix_build_scores_build_purpose_need_tier_customer",
        "build_scores",
        ["build", "purpose", "need", "tier", "customer"],
    )
    op.create_table(
        "models",
        sa.Column("version", Word, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_models"),
    )


def _access() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", Word, nullable=False),
        sa.Column("label", Word, nullable=False),
        sa.Column("scopes", Word, nullable=False),
        sa.Column("hashed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hashed", name="uq_api_keys_hashed"),
    )
    op.create_table(
        "people",
        sa.Column("id", Word, nullable=False),
        sa.Column("lookup", sa.LargeBinary, nullable=False),
        sa.Column("email", sa.LargeBinary, nullable=False),
        sa.Column("password", Word, nullable=False),
        sa.Column("role", Word, nullable=False),
        sa.Column("language", Word, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("disabled_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("lookup", name="uq_people_lookup"),
    )
    op.create_table(
        "setup_links",
        sa.Column("hashed", sa.LargeBinary, nullable=False),
        sa.Column("role", Word, nullable=False),
        sa.Column("person", Word),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime),
        sa.PrimaryKeyConstraint("hashed", name="pk_setup_links"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_setup_links_person"),
    )
    op.create_table(
        "sessions",
        sa.Column("hashed", sa.LargeBinary, nullable=False),
        sa.Column("person", Word, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("last_seen", UtcDateTime, nullable=False),
        sa.Column("ends_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("hashed", name="pk_sessions"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sessions_person"),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "looks",
        sa.Column("number", Position, nullable=False, autoincrement=True),
        sa.Column("looked_by", Word, nullable=False),
        sa.Column("customer", Word, nullable=False),
        sa.Column("purposes", Word, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_looks"),
        sa.ForeignKeyConstraint(["customer"], ["customers.id"], name="fk_looks_customer"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_looks_customer_number", "looks", ["customer", "number"])


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
        """
        CREATE OR REPLACE FUNCTION trato_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
        """
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION trato_append_only()"
    )
