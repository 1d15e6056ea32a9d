"""Columns of a table understood: each text that occurs once, and each row by the texts it holds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.gathered import Gathered, microseconds, objects, whole_numbers, without
from trato.batch.zones import days_in, in_utc
from trato.customers.identifiers import Identifier, identifier
from trato.errors import BadIdentifier
from trato.interact.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from trato.interact.mapping import Field, Mapped

    Whole = NDArray[np.int64]

_NOBODY = -1
_PLACES = 4  # of the engine's money
_MOST = 2**62


def understand_columns(mapping: Mapped, found: pa.Table) -> tuple[Gathered, Whole]:
    """The rows that are understood at a glance, and the places of all others."""
    m = found.num_rows
    setting = mapping.setting
    texts = {
        role: _Texts(mapping, found, role)
        for role in (
            *("touchpoint", "component", "module", "currency", "household", "account", "id"),
            *(role for role in mapping.fields if role.startswith(("customer_", "more_"))),
        )
    }
    touchpoint, currency = texts["touchpoint"], texts["currency"]
    fine = touchpoint.where([word in setting.touchpoints.by_key for word in touchpoint.meant])
    other_money = currency.where([(word or "").upper() != setting.currency for word in currency.meant])
    fine &= ~other_money
    at, meant = _moments(mapping, found)
    fine &= meant
    groups, group = _groups(mapping, texts, m)
    fine &= group >= 0
    pairs = [("component", "module")]
    pairs += [
        (role, role.replace("component", "module"))
        for role in mapping.fields
        if role.startswith("more_component_")
    ]
    chosen = [texts[c].there & texts[d].there if c in texts else np.zeros(m, np.bool_) for c, d in pairs]
    any_chosen = np.logical_or.reduce(chosen)
    for role in ("component", "module"):
        if role in mapping.required:
            fine &= texts[role].there
    if mapping.kind in {"choice", "view"}:
        fine &= any_chosen
    count = _counts(mapping, found)
    amount, has_amount, sure = _money(mapping, found, "amount", "unit_price", count)
    cost, has_cost, sure_of_cost = _money(mapping, found, "cost", "unit_cost", count)
    fine &= sure & sure_of_cost
    if {"amount", "unit_price"} & set(mapping.required):
        fine &= has_amount
    learns = fine & any_chosen & (count > 0) & mapping.learns
    labels: dict[tuple[str, str], int] = {}
    choice_row, choice = [], []
    for (c, d), there in zip(pairs, chosen, strict=True):
        rows = np.flatnonzero(there & learns)
        breadth = len(texts[d].meant) + 1
        key, which = np.unique(texts[c].code[rows] * breadth + texts[d].code[rows], return_inverse=True)
        codes = whole_numbers(
            [
                labels.setdefault(
                    (str(texts[c].meant[one // breadth]), str(texts[d].meant[one % breadth])), len(labels)
                )
                for one in key.tolist()
            ]
        )
        choice_row.append(rows)
        choice.append(codes[which])
    every = Gathered(
        groups=groups,
        group=group,
        at=at,
        day=days_in(at, setting.zone),
        count=count,
        amount=amount,
        has_amount=has_amount,
        cost=cost,
        has_cost=has_cost,
        choices=tuple(labels),
        choice_row=np.concatenate(choice_row),
        choice=np.concatenate(choice),
        household=texts["household"].said(),
        account=texts["account"].said(),
        record=texts["id"].said(),
    )
    return (every if fine.all() else without(every, ~fine)), np.flatnonzero(~fine)


class _Texts:
    """A column of texts as numbers (m,) of what they mean, -1 for nothing."""

    def __init__(self, mapping: Mapped, found: pa.Table, role: str) -> None:
        field = mapping.fields.get(role)
        rows = found.num_rows
        if field is None:
            self.meant: list[str | None] = []
            self.code = np.full(rows, _NOBODY, np.int64)
            return
        if field.always is not None:
            said = canonical(mapping.kind_of(role), field.always, mapping.zone, role)
            self.meant, self.code = [_meant(field, str(said))], np.zeros(rows, np.int64)
        else:
            encoded = found[role].combine_chunks().dictionary_encode()
            self.meant = [_meant(field, word) for word in encoded.dictionary.to_pylist()]
            self.code = np.asarray(encoded.indices.fill_null(_NOBODY).to_numpy(), np.int64)
        nothing = np.array([word is None for word in self.meant] + [True], dtype=np.bool_)
        self.code = np.where(nothing[self.code], _NOBODY, self.code)

    @property
    def there(self) -> NDArray[np.bool_]:
        return self.code >= 0

    def said(self) -> NDArray[np.object_]:
        return objects([*self.meant, None])[self.code]

    def where(self, fits: Sequence[bool]) -> NDArray[np.bool_]:
        """Rows whose text fits; those without one do not."""
        return np.array([*fits, False], dtype=np.bool_)[self.code]


def _moments(mapping: Mapped, found: pa.Table) -> tuple[Whole, NDArray[np.bool_]]:
    field = mapping.fields.get("time")
    m = found.num_rows
    if field is None:
        return np.zeros(m, np.int64), np.zeros(m, np.bool_)
    if field.always is not None:
        said = canonical("time", field.always, mapping.zone, "time")
        return np.full(m, microseconds(said) if isinstance(said, datetime) else 0), np.ones(m, np.bool_)
    column = found["time"].combine_chunks()
    there = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
    wall = np.asarray(column.cast("timestamp[us]").cast("int64").fill_null(0).to_numpy(), np.int64)
    at, meant = in_utc(wall, mapping.zone)
    return at, meant & there


def _groups(
    mapping: Mapped, texts: Mapping[str, _Texts], m: int
) -> tuple[tuple[tuple[Identifier, ...], ...], Whole]:
    """The groups of identifiers that occur, and which of them each row (m,) has; -1 for none."""
    codes: list[Whole] = []
    known: list[list[Identifier]] = []
    for kind in mapping.kinds:
        column = texts[f"customer_{kind}"]
        distinct: dict[tuple[str, str], int] = {}
        of_word: list[int] = []
        members: list[Identifier] = []
        for word in column.meant:
            one = _identifier(kind, word)
            if one is None:
                of_word.append(_NOBODY)
                continue
            # Two ways to write one value are one.
            place = distinct.setdefault((one.kind, one.normalised), len(members))
            if place == len(members):
                members.append(one)
            of_word.append(place)
        codes.append(whole_numbers([*of_word, _NOBODY])[column.code])
        known.append(members)
    # One number says which identifier of each kind a row has: the last kind counts in ones.
    key = np.zeros(m, np.int64)
    for code, members in zip(codes, known, strict=True):
        key = key * (len(members) + 1) + (code + 1)
    distinct_keys, which = np.unique(key, return_inverse=True)
    groups: list[tuple[Identifier, ...]] = []
    place_of: list[int] = []
    for key_of_row in distinct_keys.tolist():
        group: list[Identifier] = []
        rest = key_of_row
        for members in reversed(known):
            rest, code = divmod(rest, len(members) + 1)
            group += [members[code - 1]] if code else []
        place_of.append(len(groups) if group else _NOBODY)
        if group:
            groups.append(tuple(reversed(group)))
    return tuple(groups), whole_numbers(place_of)[which]


def _identifier(kind: str, word: str | None) -> Identifier | None:
    try:
        return None if word is None else identifier(kind, word)
    except BadIdentifier:
        return None


def _counts(mapping: Mapped, found: pa.Table) -> Whole:
    field = mapping.fields.get("count")
    if field is None:
        return np.ones(found.num_rows, np.int64)
    if field.always is not None:
        said = canonical("count", field.always, mapping.zone, "count")
        return np.full(found.num_rows, said if isinstance(said, int) else 1)
    return np.asarray(found["count"].combine_chunks().fill_null(1).to_numpy(), np.int64)


def _money(
    mapping: Mapped, found: pa.Table, whole: str, unit: str, count: Whole
) -> tuple[Whole, NDArray[np.bool_], NDArray[np.bool_]]:
    """Minor units (m,), where there are any (m,), and of which rows this way of counting is sure (m,)."""
    value, there = _decimals(mapping, found, whole)
    each, there_each = _decimals(mapping, found, unit)
    by_unit = ~there & there_each
    large = np.abs(each.astype(np.float64)) * count > _MOST
    sure = ~(by_unit & large)
    value = np.where(by_unit & sure, each * np.where(sure, count, 1), value)
    there = there | there_each
    step = 10 ** (_PLACES - mapping.setting.minor_units)
    whole_units, rest = np.divmod(np.abs(value), step)
    half_up = mapping.setting.rounding == "half_up"
    up = (2 * rest > step) | ((2 * rest == step) & (half_up | (whole_units % 2 == 1)))
    if step == 1:
        up[:] = False
    minor = whole_units + up
    minor = -minor if mapping.kind == "return" else np.sign(value) * minor
    return np.where(there & sure, minor, 0), there, sure


def _decimals(mapping: Mapped, found: pa.Table, role: str) -> tuple[Whole, NDArray[np.bool_]]:
    """A money column in ten-thousandths (m,), and where it says something (m,)."""
    field = mapping.fields.get(role)
    m = found.num_rows
    if field is None:
        return np.zeros(m, np.int64), np.zeros(m, np.bool_)
    if field.always is not None:
        said = canonical("money", field.always, mapping.zone, role)
        return np.full(m, _ten_thousandths(said)), np.full(m, said is not None)
    column = found[role].combine_chunks()
    there = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
    # Eighteen digits fit into the low half of Arrow's 128 bits, sign and all.
    halves = np.frombuffer(column.buffers()[1], dtype="<i8")[2 * column.offset :][: 2 * m : 2]
    return np.where(there, halves, 0), there


def _ten_thousandths(said: object) -> int:
    return int(said.scaleb(_PLACES)) if isinstance(said, Decimal) else 0


def _meant(field: Field, word: str) -> str | None:
    word = word.strip()
    return field.values.get(word, word) or None
