"""A decision's record as bytes: what a store seals under the customer's key beside its own columns.

The first byte is the format's version. Then come seed and draw, the candidates' probabilities as 32-bit
numbers, one byte for each candidate's reason, and the rest as JSON. Twenty candidates take well under 1 KB.
"""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from trato.customize.programme.decision import ELIGIBLE, WHOLE, Candidate

if TYPE_CHECKING:
    from trato.customize.programme.decision import Decision

_VERSION = 1
# The order is part of the format: new reasons come at its end.
_REASONS = (
    ELIGIBLE,
    "not_permitted",
    "not_eligible",
    "unknown",
    "said_no",
    "contact_cap",
    "no_stock",
    "no_budget",
    "no_capacity",
    "not_running",
    "held_back",
)
_CODE_OF = {reason: code for code, reason in enumerate(_REASONS)}
_OTHER = 255  # the reason stands in the rest, by the candidate's place
_NONE_WHOLE = 0xFFFF
# version, seed, draw, how many candidates, and which of them has all of 2**32, which 32 bits cannot hold
_HEAD = struct.Struct("<BQIHH")
_write = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def packed(decision: Decision) -> bytes:
    """All of a decision that a store keeps in no column of its own.

    That is: unit, touchpoint, moment, facts, contacts, candidates, seed, draw, reserved and by_person.
    """
    candidates = decision.candidates
    many = len(candidates)
    shares = [one.probability for one in candidates]
    codes = [_CODE_OF.get(one.reason, _OTHER) for one in candidates]
    whole = _NONE_WHOLE
    if WHOLE in shares:
        whole = shares.index(WHOLE)
        shares[whole] = 0
    rest: list[object] = [
        decision.unit if decision.purpose else "",
        decision.touchpoint,
        decision.moment,
        decision.contacts,
        decision.reserved,
        decision.by_person,
        dict(decision.facts),
    ]
    if _OTHER in codes:
        rest.append([one.reason for one in candidates if one.reason not in _CODE_OF])
    return b"".join(
        (
            _HEAD.pack(_VERSION, decision.seed, decision.draw, many, whole),
            _shares_of(many).pack(*shares),
            bytes(codes),
            _names(tuple([one.treatment for one in candidates])),
            _write(rest).encode(),
        )
    )


def unpacked(kept: bytes) -> dict[str, Any]:
    """The fields of Decision that `packed` kept, by name. Raises ValueError for what it did not write.

    Of a decision that is nobody's the unit is "".
    """
    try:
        version, seed, draw, many, whole = _HEAD.unpack_from(kept)
        if version != _VERSION:
            raise ValueError(f"a decision of format {version}")
        place = _HEAD.size
        shares = list(_shares_of(many).unpack_from(kept, place))
        place += 4 * many
        codes = kept[place : place + many]
        place += many
        (length,) = _LENGTH.unpack_from(kept, place)
        place += _LENGTH.size
        names = json.loads(kept[place : place + length])
        rest = json.loads(kept[place + length :])
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("a decision that was cut off") from error
    if whole != _NONE_WHOLE:
        shares[whole] = WHOLE
    unit, touchpoint, moment, contacts, reserved, by_person, facts, *others = rest
    other = chain.from_iterable(others)
    reasons = [next(other) if code == _OTHER else _REASONS[code] for code in codes]
    return {
        "unit": unit,
        "touchpoint": touchpoint,
        "moment": moment,
        "facts": facts,
        "contacts": contacts,
        "candidates": tuple(map(Candidate, names, reasons, shares)),
        "seed": seed,
        "draw": draw,
        "reserved": reserved,
        "by_person": by_person,
    }


_LENGTH = struct.Struct("<I")


@lru_cache(maxsize=64)
def _shares_of(many: int) -> struct.Struct:
    return struct.Struct(f"<{many}I")


@lru_cache(maxsize=1024)
def _names(treatments: tuple[str, ...]) -> bytes:
    """The treatments' names and, before them, how long that is: the same for all decisions of a programme."""
    names = _write(treatments).encode()
    return _LENGTH.pack(len(names)) + names
