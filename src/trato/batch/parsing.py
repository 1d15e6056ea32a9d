"""How a cell becomes a value: the ways dates and numbers are written, as SQL expressions over a quoted
column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.errors import BadOption

if TYPE_CHECKING:
    from trato.batch.engine import Kind

_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")

_CURRENCY = r"^\s*(?:R\$|US\$|[€$£¥])\s*|\s*[€$£¥]\s*$"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read a column: its name for people and the SQL that gives the value, or NULL."""

    way: str
    sql: str


def identifier(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a quoted SQL string, for the places where DuckDB binds no parameter (views)."""
    return "'" + text.replace("'", "''") + "'"


def ways_to_read(
    cell: str, kind: Kind, stored: str, dates: str | None, decimal: str | None
) -> tuple[Way, ...]:
    """The ways the column `cell` (SQL) of DuckDB type `stored` may be read as `kind`.

    The first way that reads the most cells is taken; two that read as many but differ are an ambiguity.
    """
    if kind == "text":
        return (Way("text", _text(cell, stored)),)
    if kind == "time":
        return _times(cell, stored, dates)
    target = {"money": "DECIMAL(18,4)", "number": "DOUBLE", "count": "BIGINT"}[kind]
    readings = _numbers(cell, stored, decimal)
    return tuple(Way(r.way, _bounded(r.sql, kind, target)) for r in readings)


def _text(cell: str, stored: str) -> str:
    if stored in {"FLOAT", "DOUBLE"}:
        # A table that once passed through missing values shows the id 900 as 900.0.
        return (
            f"CASE WHEN isfinite({cell}) AND {cell} = floor({cell}) AND abs({cell}) < 9e15 "
            f"THEN CAST(CAST({cell} AS BIGINT) AS VARCHAR) WHEN isfinite({cell}) "
            f"THEN CAST({cell} AS VARCHAR) END"
        )
    return f"nullif(trim(CAST({cell} AS VARCHAR)), '')"


def _times(cell: str, stored: str, dates: str | None) -> tuple[Way, ...]:
    if stored == "TIMESTAMP WITH TIME ZONE":
        return (Way("timestamp", f"({cell} AT TIME ZONE 'UTC')"),)
    if stored.startswith("TIMESTAMP") or stored == "DATE":
        return (Way("timestamp", f"CAST({cell} AS TIMESTAMP)"),)
    text = f"trim({_text(cell, stored)})"
    if dates is not None and dates not in {"day-first", "month-first"}:
        if "%" not in dates:
            raise BadOption(
                f"{dates!r} is no way to read dates",
                hint='say day-first, month-first or a format like "%d/%m/%Y"',
            )
        return (Way(dates, f"try_strptime({text}, {literal(dates)})"),)
    day = f"replace(replace(split_part(replace({text}, 'T', ' '), ' ', 1), '.', '/'), '-', '/')"
    clock = f"trim(substr({text}, strpos(replace({text}, 'T', ' ') || ' ', ' ') + 1))"
    iso = Way(
        "year-month-day",
        f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}') THEN coalesce(TRY_CAST({text} AS TIMESTAMP), "
        f"{_moment(day, clock, ('%Y/%m/%d', '%Y%m%d'))}) END",
    )
    day_first = Way("day-first", _moment(day, clock, ("%d/%m/%y", "%d/%m/%Y")))
    month_first = Way("month-first", _moment(day, clock, ("%m/%d/%y", "%m/%d/%Y")))
    ways = {"day-first": (iso, day_first), "month-first": (iso, month_first)}
    return ways.get(dates or "", (iso, day_first, month_first))


def _moment(day: str, clock: str, formats: tuple[str, ...]) -> str:
    # %y comes before %Y, which would take a year of two digits for one of the first century.
    dates = ", ".join(literal(form) for form in formats)
    clocks = ", ".join(literal(form) for form in _CLOCKS)
    date = f"try_strptime({day}, [{dates}])"
    since_midnight = f"(try_strptime({clock}, [{clocks}]) - TIMESTAMP '1900-01-01')"
    return f"CASE WHEN {clock} = '' THEN {date} ELSE {date} + {since_midnight} END"


def _numbers(cell: str, stored: str, decimal: str | None) -> tuple[Way, ...]:
    if stored != "VARCHAR":
        return (Way("number", cell),)
    bare = f"regexp_replace(trim({cell}), {literal(_CURRENCY)}, '', 'g')"
    point = Way(
        "decimal point",
        f"CASE WHEN regexp_full_match({bare}, '[+-]?[1-9][0-9]{{0,2}}(,[0-9]{{3}})+([.][0-9]*)?') "
        f"THEN replace({bare}, ',', '') WHEN NOT contains({bare}, ',') THEN {bare} END",
    )
    comma = Way(
        "decimal comma",
        f"CASE WHEN regexp_full_match({bare}, '[+-]?([1-9][0-9]{{0,2}}([.][0-9]{{3}})+|[0-9]+)(,[0-9]*)?') "
        f"THEN replace(replace({bare}, '.', ''), ',', '.') END",
    )
    return {"point": (point,), "comma": (comma,)}.get(decimal or "", (point, comma))


def _bounded(sql: str, kind: Kind, target: str) -> str:
    value = f"TRY_CAST({sql} AS {target})"
    if kind == "count":
        # 2.5 pieces would be rounded by the cast; a count is whole and not negative.
        exact = f"TRY_CAST({sql} AS DOUBLE)"
        return f"CASE WHEN {exact} >= 0 AND {exact} = floor({exact}) THEN {value} END"
    if kind == "number":
        return f"CASE WHEN isfinite({value}) THEN {value} END"
    return value
