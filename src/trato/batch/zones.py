"""Moments between time zones, many at once, as Python reads them one by one."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks are counted from it
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


def in_utc(wall: Whole, zone: ZoneInfo) -> tuple[Whole, NDArray[np.bool_]]:
    """Wall clocks of a zone (m,) in UTC, both in microseconds since 1970; and which have a meaning there.

    A clock that shows twice is taken the first time, as `datetime` does.
    """

    def back(at: datetime) -> int:
        if not MINYEAR < at.year < MAXYEAR:
            raise OverflowError  # it has no meaning in every zone, and stands for a date that is not known
        return -_offset(at.replace(tzinfo=zone))

    return _shifted(wall, back)


def days_in(moments: Whole, zone: ZoneInfo) -> Whole:
    """The days (m,) of a zone, counted from 1970-01-01, in which moments of UTC (m,) fall."""
    shown, _ = _shifted(moments, lambda at: _offset(at.replace(tzinfo=UTC).astimezone(zone)))
    return np.asarray(shown // _DAY)


def _offset(at: datetime) -> int:
    found = at.utcoffset()
    return 0 if found is None else round(found / timedelta(microseconds=1))


def _shifted(given: Whole, by: Callable[[datetime], int]) -> tuple[Whole, NDArray[np.bool_]]:
    """Each moment moved by what `by` says of it; asked once a day where the whole day is moved alike."""
    days, which = np.unique(given // _DAY, return_inverse=True)
    first = np.array([_asked(by, day * _DAY) for day in days.tolist()], dtype=np.float64)
    last = np.array([_asked(by, (day + 1) * _DAY - 1) for day in days.tolist()], dtype=np.float64)
    alike = first == last
    moved = np.where(alike, first, np.nan)[which]
    odd = np.flatnonzero(~alike[which])
    moments, place = np.unique(given[odd], return_inverse=True)
    moved[odd] = np.array([_asked(by, at) for at in moments.tolist()], dtype=np.float64)[place]
    meant = ~np.isnan(moved)
    return given + np.where(meant, moved, 0.0).astype(np.int64), meant


def _asked(by: Callable[[datetime], int], at: int) -> float:
    try:
        return float(by(_EPOCH + timedelta(microseconds=at)))
    except (OverflowError, ValueError):
        return np.nan
