"""A programme as a document: what its version is the digest of, and from which it is read again exactly."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trato.customize.programme.eligibility import Condition
from trato.customize.programme.treatments import Cap, Feature, Goal, Holdouts, Moment, Programme, Treatment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LEFT_OUT = {"version", "document"}
_OF_CONDITION = {"text", "minor_units"}


def versioned(programme: Programme) -> Programme:
    """The same programme with its document, and the document's digest as its version."""
    return programme_from(document_of(programme))


def document_of(programme: Programme) -> str:
    """All that a programme declares, as JSON: the same text for the same declaration."""
    return json.dumps(
        _plain(programme), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def programme_from(document: str) -> Programme:
    """The programme of a document, under the document's own version.

    What a document of earlier days does not say has its usual value. Mappings are in the document's order, so
    that all that is laid out by them is the same wherever a programme was read.
    """
    said: dict[str, Any] = json.loads(document)
    several: dict[str, Callable[..., Any]] = {"caps": Cap, "features": _feature, "treatments": _treatment}
    single: dict[str, Callable[..., Any]] = {"moment": Moment, "goal": Goal, "holdouts": Holdouts}
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name in several:
            found[name] = tuple(several[name](**one) for one in value)
        elif name in single:
            found[name] = single[name](**value)
        elif name == "eligible":
            found[name] = _condition(value)
        elif name in {"starts", "ends"}:
            found[name] = value and datetime.fromisoformat(value)
        else:
            found[name] = tuple(value) if isinstance(value, list) else value
    return replace(Programme(**found), version=version_of(document), document=document)


def version_of(document: str) -> str:
    """The version of what a document declares: half of its SHA-256, in hexadecimal."""
    return hashlib.sha256(document.encode()).hexdigest()[:32]


def epoch_of(programme: Programme) -> str:
    """What the trial of a programme is: half of a SHA-256, in hexadecimal, of its treatments with values,
    costs and eligibility, of its goal, and of its hold-outs' shares.

    Versions of one epoch may be judged together. Words and whatever the policy decides by may change within.
    """
    of_treatment = ("key", "configuration", "value", "cost", "cost_taken", "eligible")
    trial = {
        "treatments": [
            {name: _plain(getattr(one, name)) for name in of_treatment} for one in programme.treatments
        ],
        **{
            name: _plain(getattr(programme, name))
            for name in ("goal", "same_for_all", "eligible", "holdouts")
        },
    }
    return version_of(json.dumps(trial, sort_keys=True, separators=(",", ":"), allow_nan=False))


def _treatment(**said: Any) -> Treatment:
    return Treatment(**(said | {"eligible": _condition(said.get("eligible"))}))


def _feature(**said: Any) -> Feature:
    return Feature(**(said | {"levels": tuple(said.get("levels", ()))}))


def _condition(said: Mapping[str, Any] | None) -> Condition | None:
    return None if said is None else Condition(**said)


def _plain(value: object) -> object:
    if isinstance(value, Condition):
        return {name: getattr(value, name) for name in _OF_CONDITION}
    if is_dataclass(value):
        return {
            one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.name not in _LEFT_OUT
        }
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, dict) else value
