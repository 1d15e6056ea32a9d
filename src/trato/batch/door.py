"""What building and loading ask of a store, which they know by its protocols alone."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from trato.differentiate.store import BuildStore
from trato.identify.store import BelongingStore, IdentityStore
from trato.interact.log import InteractionStore
from trato.permission.standing import StandingStore
from trato.permission.store import PermissionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

AT_ONCE = 500

T = TypeVar("T")


class BuildingStore(
    BuildStore, IdentityStore, BelongingStore, StandingStore, PermissionStore, InteractionStore, Protocol
):
    """All that a build asks of one transaction."""

    def kept_records(self, source: str, purpose: str, records: Sequence[str]) -> set[str]:
        """Those records of a source that the log holds for a purpose already."""


class Door(Protocol):
    """An open store."""

    def read(self, work: Callable[[BuildingStore], T], /) -> T:
        """What `work` returns, from one moment of the store."""

    def write(self, work: Callable[[BuildingStore], T], /) -> T:
        """What `work` returns, once all that it wrote is kept; what it raises undoes it all."""


def in_chunks(given: Iterable[T]) -> Iterator[list[T]]:
    """As many as one transaction takes: others get their turn between."""
    rest = iter(given)
    while some := list(islice(rest, AT_ONCE)):
        yield some
