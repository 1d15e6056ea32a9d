"""What a process serves decisions with: the company's declarations, and models kept by their versions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.customize.models import Models
from trato.customize.names import NO_NAMES, Names
from trato.customize.programme.document import programme_from
from trato.customize.programme.facts import slug
from trato.customize.programme.ready import ready_of
from trato.customize.wants import needs_in_words
from trato.errors import StorageUnavailable, UnknownProgramme, nearest

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from trato.customize.models import ModelStore
    from trato.customize.programme.ready import Ready
    from trato.customize.programme.store import ServedProgramme
    from trato.customize.programme.treatments import Programme, Programmes
    from trato.customize.sections import Unit
    from trato.differentiate.needs.names import NamedNeed
    from trato.interact.touchpoints import Touchpoints
    from trato.permission.purposes import Purposes

KEPT = 8


@dataclass(frozen=True, slots=True)
class Serving:
    """What decisions are made with, for many threads.

    `unit` is to whom beliefs, caps and arms belong, `zone` that of the company's days, `needs` the names of
    needs.yaml and `called` those of names.yaml. `sensitive` are the offer's sensitive facts: none is used.
    """

    programmes: Programmes
    purposes: Purposes
    touchpoints: Touchpoints
    unit: Unit
    zone: ZoneInfo
    needs: tuple[NamedNeed, ...] = ()
    called: Names = NO_NAMES
    sensitive: frozenset[str] = frozenset()
    models: Models = field(default_factory=Models)
    _ready: OrderedDict[tuple[str, str, str], Ready] = field(default_factory=OrderedDict, repr=False)
    _needs: dict[str, tuple[str | None, ...]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def programme(self, key: str) -> Programme:
        """The declared programme of that key. Raises UnknownProgramme, which names the nearest."""
        found = self.programmes.by_key.get(key)
        if found is None:
            close = nearest(key, self.programmes.by_key)
            known = ", ".join(self.programmes.by_key) or "none is declared"
            raise UnknownProgramme(
                f"there is no programme {key!r}",
                hint=f"did you mean {close!r}?" if close else f"known: {known}",
            )
        return found

    def served(self, store: ModelStore, key: str, served: ServedProgramme | None) -> Ready:
        """The programme as it is served; as it is declared, with its prior, where it is not served yet.

        Raises UnknownProgramme, and as `ready`.
        """
        declared = self.programme(key)
        if served is None:
            return self.ready(store, declared.version, "", "")
        return self.ready(store, served.version, served.model, served.prices)

    def ready(self, store: ModelStore, version: str, model: str, prices: str) -> Ready:
        """A programme made ready by versions of its declaration, its model and its prices, "" for none.

        Raises StorageUnavailable where the store has none of a version, or it is another programme's.
        """
        key = (version, model, prices)
        with self._lock:
            kept = self._ready.get(key)
            if kept is not None:
                self._ready.move_to_end(key)
                return kept
        declared = next((one for one in self.programmes if one.version == version), None)
        programme = programme_from(store.model_document(version)) if declared is None else declared
        document = store.model_document(model) if model else ""
        priced = store.model_document(prices) if prices else ""
        try:
            made = ready_of(programme, model=model, document=document, prices=prices, priced=priced)
        except ValueError as error:
            raise StorageUnavailable(
                f"the model {model!r} does not serve the programme {programme.key!r}: {error}"
            ) from error
        with self._lock:
            self._ready[key] = made
            while len(self._ready) > KEPT:
                self._ready.popitem(last=False)
        return made

    def need_names(self, store: ModelStore, version: str) -> tuple[str | None, ...]:
        """The key of each need of a model: the slug of its English name, None for one without a name."""
        found = self._needs.get(version)
        if found is None:
            words = needs_in_words(self.models.needs(store, version), self.needs, self.called)
            found = tuple(None if one.state == "untitled" else slug(one.name["en"]) for one in words)
            self._needs[version] = found
        return found
