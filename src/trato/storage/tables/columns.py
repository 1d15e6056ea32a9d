"""What the columns of all tables have in common: their types, and their names' pattern."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect
    from sqlalchemy.types import TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Text is ordered by its UTF-8 bytes on both: SQLite does it anyway, PostgreSQL when told.
Word = Text().with_variant(Text(collation="C"), "postgresql")

# A number that the database counts up: SQLite does it for its own kind of whole number only.
Position = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, to the microsecond.

    PostgreSQL keeps it as `timestamptz`; SQLite, which knows no moments and gives them back without a zone,
    as microseconds since 1970. A moment without a zone is refused.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type that the database keeps."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Into the database. Raises ValueError for a moment without a zone."""
        return None if value is None else kept_moment(value, dialect.name)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Out of the database, always in UTC."""
        return None if value is None else moment_of(value, dialect.name)


def kept_moment(value: datetime, database: str) -> Any:
    """A moment as the database of that name keeps it. Raises ValueError for one without a zone."""
    if value.tzinfo is None:
        message = "a moment needs a time zone"
        raise ValueError(message)
    if database == "postgresql":
        return value.astimezone(UTC)
    return (value - _EPOCH) // _MICROSECOND


def moment_of(value: Any, database: str) -> datetime:
    """The moment that the database of that name keeps so, in UTC."""
    if database == "postgresql":
        moment: datetime = value
        return moment.astimezone(UTC)
    return _EPOCH + timedelta(microseconds=value)
