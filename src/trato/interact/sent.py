"""An event as it was sent, and its pieces: the interactions that it gives, and why it gives no others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from trato.interact.clock import by_our_clock
from trato.interact.interactions import Refusal
from trato.interact.source_shapes import CALLS
from trato.interact.understand import understand
from trato.permission.permit import leaves_a_choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from trato.customers.identifiers import Identifier
    from trato.interact.interactions import Interaction
    from trato.interact.log import Outcome
    from trato.interact.mapping import Mapped, Sources
    from trato.permission.purposes import Purposes

AHEAD = timedelta(days=1)  # what lies later than that after its receipt was dated by a broken clock

_TOLD = 20
_NAME = re.compile(r"[A-Za-z][\w .:/&-]{0,59}", re.ASCII)  # what names an event, and holds no address


@dataclass(slots=True)
class Sent:
    """An event on its way: its pieces, what of it was refused, and what became of it."""

    message: str
    event: Mapping[str, object]
    source: str = ""
    refusals: list[Refusal] = field(default_factory=list)
    pieces: int = 0
    outcome: Outcome = "aside"


@dataclass(slots=True)
class Piece:
    """One interaction of an event."""

    of: Sent
    mapping: Mapped
    interaction: Interaction

    @property
    def group(self) -> tuple[Identifier, ...]:
        """The identifiers that say whose it is."""
        return self.interaction.identifiers


def message_of(event: Mapping[str, object], draw: Callable[[int], bytes]) -> str:
    """The sender's name of the message; one by chance where there is none, for it is like no other."""
    given = event.get("messageId") if isinstance(event, dict) else None
    if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 10**30:
        return str(given)
    if isinstance(given, str) and given:
        return given.encode(errors="backslashreplace").decode()
    return f"\n{draw(16).hex()}"


def pieces_of(one: Sent, sources: Sources, purposes: Purposes, received_at: datetime) -> Iterator[Piece]:
    """What an event gives, and what of it is refused, which is noted with it."""
    if not isinstance(one.event, dict):
        one.refusals.append(Refusal("event", "is not an object", plain="is not an object"))
        return
    mapping = sources.of_event(one.event)
    if mapping is None:
        one.source = _unmapped(one.event)
        one.refusals.append(Refusal("event", "no source maps it", plain="no source maps it"))
        return
    one.source = mapping.name
    understood = understand(mapping, by_our_clock(one.event, received_at, mapping.zone))
    one.refusals.extend(understood.refusals)
    for interaction in understood.interactions:
        why = _refusal(interaction, purposes, received_at)
        if why is not None:
            one.refusals.append(why)
            continue
        one.pieces += 1
        yield Piece(one, mapping, interaction)


def _unmapped(event: Mapping[str, object]) -> str:
    call, name = event.get("type"), event.get("event")
    if call not in CALLS:
        return "an unknown call"
    return f"{call} {name}" if isinstance(name, str) and _NAME.fullmatch(name) else str(call)


def _refusal(interaction: Interaction, purposes: Purposes, received_at: datetime) -> Refusal | None:
    if interaction.kind != "permission":
        late = interaction.at > received_at + AHEAD
        return Refusal("time", "lies in the future", plain="lies in the future") if late else None
    purpose = purposes.by_key.get(interaction.purpose or "")
    if purpose is None:
        return Refusal("purpose", "is none that is declared", plain="is none that is declared")
    if not leaves_a_choice(purpose):
        return Refusal("purpose", "leaves no yes or no", plain="leaves no yes or no")
    return None


def body_of(one: Sent) -> str:
    """The event and what of it was refused, as JSON, to be sealed."""
    refused = [[refusal.item, str(refusal)] for refusal in one.refusals[:_TOLD]]
    try:
        return json.dumps({"refused": refused, "event": one.event})
    except (TypeError, ValueError, RecursionError):
        return json.dumps({"refused": refused})  # what no JSON text can have brought
