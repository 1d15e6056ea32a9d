"""Values of an event made what an engine makes of cells: text, aware times, Decimal, whole numbers."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Canonical: TypeAlias = str | datetime | Decimal | int
CellKind = Literal["text", "time", "money", "count"]

EXACT = Context(prec=60)
MOST_COUNT = 2**63 - 1

_FOUR_PLACES = Decimal("0.0001")
_NUMBER = re.compile(r"[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][-+]?\d{1,2})?", re.ASCII)
_MOST_MONEY = Decimal(10) ** 14
_LONGEST = 2_000
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_TIME = "a time such as 2025-03-31T14:05:00Z"
_SHOWN = 60


class Refused(Exception):
    """A value that cannot be meant. It stays inside this package: those who call get a `Refusal`.

    `plain` is the reason without anything of what was given.
    """

    def __init__(self, role: str, reason: str, plain: str | None = None) -> None:
        super().__init__(reason)
        self.role = role
        self.reason = reason
        self.plain = reason if plain is None else plain


def canonical(kind: CellKind, given: object, zone: ZoneInfo, role: str) -> Canonical | None:
    """A value of an event as the engine would read it from a table; None where there is none."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, (dict, list)):
        raise Refused(role, f"is {called(given)}, not a plain value")
    if kind == "text":
        return _text(given, role)
    if kind == "time":
        return _time(given, zone, role)
    number = _number(given, role)
    if kind == "count":
        if number < 0 or number > MOST_COUNT or number != number.to_integral_value(context=EXACT):
            raise _not(role, given, "a whole number of 0 or more")
        return int(number)
    if abs(number) >= _MOST_MONEY:
        raise Refused(role, f"{short(given)} is too large", "is too large")
    return number.quantize(_FOUR_PLACES, rounding=ROUND_HALF_UP, context=EXACT)


def _text(given: object, role: str) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, float):
        # A table that once passed through missing values shows the id 900 as 900.0; the engine does the same.
        if not abs(given) < float("inf"):
            raise Refused(role, "is not a finite number")
        return str(int(given)) if given.is_integer() and abs(given) < 9e15 else repr(given)
    if isinstance(given, int):
        if abs(given) > 10**30:
            raise Refused(role, "is too large")
        return str(given)
    text = str(given)
    if len(text) > _LONGEST:
        raise Refused(role, f"is longer than {_LONGEST:,} characters")
    if _NO_TEXT.search(text):
        raise Refused(role, "holds characters that are no text")
    return text


def _time(given: object, zone: ZoneInfo, role: str) -> datetime:
    if not isinstance(given, str):
        raise _not(role, given, _TIME)
    try:
        return in_utc(datetime.fromisoformat(given.strip()), zone)
    except (ValueError, OverflowError):
        raise _not(role, given, _TIME) from None


def in_utc(at: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC; a time without zone is in `zone`. The first and the last year are refused: they
    stand for a date that is not known, and have no time in every zone.
    """
    if not MINYEAR < at.year < MAXYEAR:
        raise Refused("time", f"{at.year} is no year of ours", "is in no year of ours")
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)


def _number(given: object, role: str) -> Decimal:
    if isinstance(given, int) and abs(given) > 10**30:
        raise Refused(role, "is too large")
    written = repr(given) if isinstance(given, float) else str(given).strip()
    if isinstance(given, bool) or not isinstance(given, (int, float, str)) or not _NUMBER.fullmatch(written):
        raise _not(role, given, "a number")
    return Decimal(written)


def _not(role: str, given: object, what: str) -> Refused:
    return Refused(role, f"{short(given)} is not {what}", f"is not {what}")


def called(given: object) -> str:
    """What kind of thing was given, for a reason."""
    names = {dict: "an object", list: "a list", str: "a text", type(None): "nothing"}
    return names.get(type(given), "a plain value")


def short(given: object) -> str:
    """What was given, for a reason, however long it is."""
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) > 10**30:
        return "a number beyond measure"
    shown = repr(given)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 2] + " …"
