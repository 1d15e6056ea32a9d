"""What every route is given: the company, its store, the clock, randomness and the limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.server.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trato.company.folder import Company
    from trato.customize.guide.guides import Guides
    from trato.customize.models import Models
    from trato.storage.store import Store


@dataclass(frozen=True, slots=True)
class Context:
    """One running server.

    `models` keeps the fitted models that were read from the store, by version. `now` gives the moment in
    UTC, `draw` that many random bytes. `guides` is None where no offer is declared.
    """

    company: Company
    store: Store
    models: Models
    now: Callable[[], datetime]
    draw: Callable[[int], bytes]
    limits: Limits = field(default_factory=Limits)
    guides: Guides | None = None
