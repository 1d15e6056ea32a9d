"""A model is read from the store once, however many ask for it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from tests.customize.corner import needs_model
from tests.differentiate.value.test_live import shoppers, taught
from trato.customize.models import KEPT, Models
from trato.differentiate.needs.stored_model import as_document
from trato.errors import BadDeclaration


@dataclass
class Shelf:
    """A store that holds models and counts how often it is asked."""

    documents: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def model_document(self, version: str) -> str:
        self.asked += 1
        return self.documents[version]


def test_each_version_is_read_once() -> None:
    needs, (values, _) = needs_model(), taught(shoppers(120, losses=False))
    shelf = Shelf({needs.version: json.dumps(as_document(needs)), values.version: values.document()})
    models = Models()
    for _ in range(3):
        assert models.needs(shelf, needs.version).version == needs.version
        assert models.values(shelf, values.version).version == values.version
    assert shelf.asked == 2


def test_the_oldest_is_forgotten_first() -> None:
    several = [replace(needs_model(), trust=np.array([5.0, float(n)])) for n in range(1, KEPT + 2)]
    shelf = Shelf({one.version: json.dumps(as_document(one)) for one in several})
    models = Models()
    for one in several:
        models.needs(shelf, one.version)
    models.needs(shelf, several[-1].version)
    assert shelf.asked == KEPT + 1
    models.needs(shelf, several[0].version)
    assert shelf.asked == KEPT + 2


def test_many_threads_get_the_same() -> None:
    needs = needs_model()
    shelf = Shelf({needs.version: json.dumps(as_document(needs))})
    models = Models()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: models.needs(shelf, needs.version).version, range(64)))
    assert set(found) == {needs.version}


def test_what_was_changed_is_refused() -> None:
    needs = needs_model()
    document = as_document(needs) | {"shares": [0.4, 0.6]}
    with pytest.raises(BadDeclaration, match="changed"):
        Models().needs(Shelf({needs.version: json.dumps(document)}), needs.version)
