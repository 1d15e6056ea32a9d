"""A needs model as a document that JSON can carry, and back, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trato.differentiate.needs.beliefs import NeedsModel
from trato.errors import BadDeclaration

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "trato.needs/1"


def as_document(model: NeedsModel) -> dict[str, Any]:
    """The model in plain values. Floats are exact: JSON writes the shortest text that reads back the same."""
    return {
        "format": FORMAT,
        "version": model.version,
        "shares": model.shares.tolist(),
        "components": [
            {
                "component": component,
                "habit": float(model.habit[place]),
                "trust": float(model.trust[place]),
                "modules": list(model.modules[place]),
                "log_profiles": model.log_profiles[
                    :, model.offsets[place] : model.offsets[place + 1]
                ].tolist(),
                **({} if model.tells is None or model.tells[place] else {"tells": False}),
            }
            for place, component in enumerate(model.components)
        ],
    }


def from_document(document: Mapping[str, Any], where: str) -> NeedsModel:
    """The model again.

    Raises BadDeclaration when the document is none, or was changed since it was written.
    """
    if document.get("format") != FORMAT:
        raise BadDeclaration(
            "this is no needs model", hint="give the .model.json that `trato needs` wrote", where=where
        )
    try:
        parts = document["components"]
        shares = np.array(document["shares"], dtype=np.float64)
        model = NeedsModel(
            components=tuple(str(part["component"]) for part in parts),
            modules=tuple(tuple(map(str, part["modules"])) for part in parts),
            shares=shares,
            log_profiles=np.hstack(
                [np.array(part["log_profiles"], dtype=np.float64).reshape(len(shares), -1) for part in parts]
            ),
            habit=np.array([part["habit"] for part in parts], dtype=np.float64),
            trust=np.array([part["trust"] for part in parts], dtype=np.float64),
            tells=np.array([bool(part.get("tells", True)) for part in parts], dtype=np.bool_),
        )
    except (KeyError, TypeError, ValueError):
        raise BadDeclaration("this needs model is damaged", where=where) from None
    if model.version != document.get("version"):
        raise BadDeclaration("this needs model was changed after it was written", where=where)
    return model
