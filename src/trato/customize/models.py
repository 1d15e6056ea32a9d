"""The fitted models, read from the store once and kept by their version, which says all about them."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from trato.differentiate.needs.stored_model import from_document

if TYPE_CHECKING:
    from trato.differentiate.needs.beliefs import NeedsModel
    from trato.differentiate.value.live import ValueModel

KEPT = 16

Model = TypeVar("Model", "NeedsModel", "ValueModel")


class ModelStore(Protocol):
    """What reading models needs of a store: one transaction of it."""

    def model_document(self, version: str) -> str:
        """The JSON document of a model. Raises StorageUnavailable when there is none of this version."""


@dataclass(slots=True)
class Models:
    """Models by version, the last sixteen that were asked for; for many threads."""

    _kept: OrderedDict[str, NeedsModel | ValueModel] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def needs(self, store: ModelStore, version: str) -> NeedsModel:
        """The model of needs. Raises StorageUnavailable for an unknown version, BadDeclaration for damage."""
        from trato.differentiate.needs.beliefs import NeedsModel

        kept = self._found(version)
        if isinstance(kept, NeedsModel):
            return kept
        model = from_document(json.loads(store.model_document(version)), f"model {version}")
        return self._keep(version, model)

    def values(self, store: ModelStore, version: str) -> ValueModel:
        """The model of values. Raises as `needs`."""
        from trato.differentiate.value import live

        kept = self._found(version)
        if isinstance(kept, live.ValueModel):
            return kept
        model = live.from_document(store.model_document(version), f"model {version}")
        return self._keep(version, model)

    def _found(self, version: str) -> NeedsModel | ValueModel | None:
        with self._lock:
            if version in self._kept:
                self._kept.move_to_end(version)
            return self._kept.get(version)

    def _keep(self, version: str, model: Model) -> Model:
        with self._lock:
            self._kept[version] = model
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return model
