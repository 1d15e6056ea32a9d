"""Columns of texts as numbers that a model can take: figures, days, and marks of what occurs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]

MOST_LEVELS = 12
LEAST_SHARE, LEAST_ROWS = 0.005, 20
# A column with so many figures is one of figures; what else it says is missing.
MOSTLY = 0.95
MOST_AS_GROUPS = 12
FEWEST_FOR_ID = 20
MISSING, OTHER = "(missing)", "(other)"


@dataclass(frozen=True)  # without slots: what it means as numbers is found once
class Texts:
    """A column: the texts that occur, and of each row (n,) which, -1 where there is none."""

    words: tuple[str, ...]
    code: Whole

    @cached_property
    def numbers(self) -> Array | None:
        """What the texts mean as numbers, (words,), NaN where nothing; None where they are mostly words."""
        found = np.array([_number(word) for word in self.words], np.float64)
        count = np.bincount(self.code[self.code >= 0], minlength=len(self.words))
        said = count.sum()
        return found if said and count[np.isfinite(found)].sum() >= MOSTLY * said else None

    @property
    def seems_id(self) -> bool:
        """Whether it names rows rather than says something of them: unique whole numbers, or mostly unique
        words.
        """
        rows = len(self.code)
        if rows < FEWEST_FOR_ID:
            return False
        numbers = self.numbers
        if numbers is None:
            return len(self.words) > rows / 2
        whole = np.isfinite(numbers).all() and not np.any(numbers % 1)
        return bool(whole and len(self.words) == rows)


def texts(column: pa.ChunkedArray) -> Texts:
    """A column of an Arrow table; empty texts are none. Words come in their own order, not the table's."""
    encoded = column.combine_chunks().dictionary_encode()
    words = encoded.dictionary.to_pylist()
    code = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)
    order = sorted(range(len(words)), key=words.__getitem__)
    place = np.empty(len(words) + 1, np.int64)
    place[order] = np.arange(len(words))
    place[-1] = -1
    return Texts(tuple(words[i] for i in order), place[code])


def encoded(name: str, column: Texts) -> tuple[list[str], list[Array]]:
    """The numeric columns (n,) that a column becomes, and their names; none where it says nothing.

    Figures and days stay figures, with the median where one is missing and a mark that it is. Words become a
    mark each, the rare ones together.
    """
    numbers = column.numbers
    if numbers is not None:
        found = np.append(numbers, np.nan)[column.code]
        gone = ~np.isfinite(found)
        names, columns = [name], [np.where(gone, np.median(found[~gone]), found)]
        if gone.any():
            names.append(f"{name}={MISSING}")
            columns.append(gone.astype(np.float64))
        kept = [place for place, values in enumerate(columns) if values.min() < values.max()]
        return [names[place] for place in kept], [columns[place] for place in kept]
    labels, code = levels(column)
    if len(labels) < 2:
        return [], []
    marks = range(1, 2) if len(labels) == 2 else range(len(labels))
    return [f"{name}={labels[i]}" for i in marks], [(code == i).astype(np.float64) for i in marks]


def levels(column: Texts) -> tuple[list[str], Whole]:
    """The words that are common enough, the others together, and missing; and which each row (n,) has."""
    rows = len(column.code)
    count = np.bincount(column.code + 1, minlength=len(column.words) + 1)[1:]
    common = [
        place
        for place in np.argsort(-count, kind="stable")[:MOST_LEVELS].tolist()
        if count[place] >= max(LEAST_SHARE * rows, min(LEAST_ROWS, rows / MOST_LEVELS))
    ]
    labels = [column.words[place] for place in sorted(common)]
    level = np.full(len(column.words) + 1, len(labels))
    level[sorted(common)] = np.arange(len(labels))
    level[-1] = len(labels) + 1
    code = level[column.code]
    present, code = np.unique(code, return_inverse=True)
    return [[*labels, OTHER, MISSING][place] for place in present.tolist()], np.asarray(code, np.int64)


def grouped(columns: Sequence[tuple[str, Texts]]) -> tuple[tuple[str, ...], Whole]:
    """The groups of customers that say the same in all columns: their names, and whose is each row (n,).

    Columns of many figures are cut into fifths.
    """
    key = np.zeros(len(columns[0][1].code), np.int64)
    parts = []
    for name, column in columns:
        numbers = column.numbers
        if numbers is not None and len(column.words) > MOST_AS_GROUPS:
            labels, code = _fifths(np.append(numbers, np.nan)[column.code])
        else:
            labels, code = levels(column)
        parts.append((name, labels))
        key = key * len(labels) + code
    present, group = np.unique(key, return_inverse=True)
    names = []
    for one in present.tolist():
        rest, said = one, []
        for name, labels in reversed(parts):
            rest, place = divmod(rest, len(labels))
            said.append(f"{name}={labels[place]}")
        names.append(", ".join(reversed(said)))
    return tuple(names), np.asarray(group, np.int64)


def _fifths(values: Array) -> tuple[list[str], Whole]:
    there = np.isfinite(values)
    cuts = np.unique(np.quantile(values[there], (0.2, 0.4, 0.6, 0.8)))
    code = np.where(there, np.searchsorted(cuts, values, side="left"), len(cuts) + 1)
    labels = [f"≤ {cut:g}" for cut in cuts] + [f"> {cuts[-1]:g}", MISSING]
    present, code = np.unique(code, return_inverse=True)
    return [labels[place] for place in present.tolist()], np.asarray(code, np.int64)


def _number(word: str) -> float:
    """A figure, with a point or a comma, or the days since 1970 of an ISO date; NaN for all else."""
    try:
        found = float(word)
    except ValueError:
        return _from_words(word)
    return found if np.isfinite(found) else np.nan


def _from_words(word: str) -> float:
    try:
        if word[:4].isdigit() and word[4:5] == "-":
            at = datetime.fromisoformat(word)
            return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() / 86_400
        return float(word.replace(",", ".")) if word.count(",") == 1 and "." not in word else np.nan
    except ValueError:
        return np.nan
