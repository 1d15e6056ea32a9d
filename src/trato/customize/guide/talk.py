"""A talk: one guided conversation as it is kept, and what it needs of a store.

Who has a talk's id has the talk: it is 128 random bits, and the store keeps a keyed hash of it alone. All
that was said in it is sealed, under the key of the customer where there is one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from trato.customize.guide.state import as_document, from_document
from trato.customize.store import KnowingStore
from trato.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trato.customers.customer import CustomerId
    from trato.customize.guide.state import GuideState
    from trato.customize.guide.words import Language
    from trato.interact.log import NewEntry
    from trato.permission.permit import Permit

By = Literal["sku", "step"]


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """How one module of an accepted configuration is fulfilled: by a SKU to hand over, or a step to do."""

    component: str
    module: str
    by: By
    what: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted, for how much (minor units), and how it is fulfilled, in the offer's order."""

    configuration: Mapping[str, str]
    price: int
    steps: tuple[Fulfilled, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Talk:
    """One guided conversation.

    `offer` is the digest of the offer as it was when the talk last changed; `asked` the question that is
    open, by its key, and `answers` how many were given. `likes` are how many times as probable as for all a
    module is for this customer, `avoided` the modules they said they do not want: both were read when the
    talk began. `consented` says that they agreed to answer what is sensitive, for this talk alone.
    """

    id: str = field(repr=False)
    offer: str
    customer: CustomerId | None
    purpose: str | None
    touchpoint: str
    language: Language
    state: GuideState = field(repr=False)
    asked: str | None
    started_at: datetime
    changed_at: datetime
    likes: Mapping[tuple[str, str], float] = field(default_factory=dict, repr=False)
    avoided: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    consented: bool = False
    accepted: Accepted | None = field(default=None, repr=False)
    delivered_at: datetime | None = None
    as_expected: bool | None = None

    @property
    def answers(self) -> int:
        """How many answers and corrections were given."""
        return self.state.effort


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose talk it is, and for which purpose it is held; both None where nobody knows who it is."""

    customer: CustomerId | None
    purpose: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A talk that was accepted and not yet delivered; `key` is how the store finds it."""

    key: bytes
    whose: Whose


class TalkStore(KnowingStore, Protocol):
    """What talks need of a store: one transaction of it."""

    def add_talk(self, talk: Talk) -> None:
        """Keep a new talk, sealed. Raises UnknownCustomer."""

    def change_talk(self, talk: Talk) -> None:
        """Keep what has become of a talk."""

    def whose_talk(self, talk: str) -> Whose | None:
        """Whose a talk is; None where there is none of that id. Held until the transaction ends."""

    def talk_of(self, permit: Permit, talk: str) -> Talk | None:
        """A talk of the permit's customer, for the permit's purpose. Raises PermitVoid."""

    def anonymous_talk(self, talk: str) -> Talk | None:
        """A talk with somebody unknown."""

    def pending_talks(self, most: int) -> tuple[Pending, ...]:
        """What was accepted and not yet delivered, the first accepted first; at most so many."""

    def pending_of(self, permit: Permit, key: bytes) -> Talk | None:
        """A talk of the permit's customer, for the permit's purpose, by its key. Raises PermitVoid."""

    def pending_anonymous(self, key: bytes) -> Talk | None:
        """A talk with somebody unknown, by the store's key."""

    def talks_left(self, before: datetime) -> tuple[tuple[str | None, int], ...]:
        """The talks that changed last before a moment and were not accepted, by the question asked last."""

    def talk_counts(self) -> tuple[int, int]:
        """How many talks there are, and how many of them were accepted."""

    def drop_talks(self, before: datetime) -> int:
        """Remove talks with somebody unknown that changed last before a moment and were not accepted."""

    def add_taken(self, document: str) -> None:
        """Count a configuration once more; `document` holds nothing of who took it."""

    def taken(self) -> tuple[tuple[str, int], ...]:
        """Every configuration that was taken, and how often."""

    def append_interactions(self, entries: Sequence[NewEntry]) -> int:
        """As ReceivingLog."""


def talk_document(talk: Talk) -> str:
    """What is sealed of a talk, as JSON."""
    accepted = talk.accepted
    return json.dumps(
        {
            "id": talk.id,
            "state": as_document(talk.state),
            "likes": [[*pair, ratio] for pair, ratio in talk.likes.items()],
            "avoided": [list(pair) for pair in talk.avoided],
            "consented": talk.consented,
            "accepted": None
            if accepted is None
            else {
                "configuration": list(accepted.configuration.items()),
                "price": accepted.price,
                "steps": [[one.component, one.module, one.by, one.what] for one in accepted.steps],
                "at": accepted.at.isoformat(),
            },
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def talk_from(
    document: str,
    *,
    offer: str,
    customer: CustomerId | None,
    purpose: str | None,
    touchpoint: str,
    language: Language,
    asked: str | None,
    started_at: datetime,
    changed_at: datetime,
    delivered_at: datetime | None,
    as_expected: bool | None,
) -> Talk:
    """The talk of a document and of what stands beside it. Raises BadInput when the document is none."""
    try:
        said = json.loads(document)
        told = said["accepted"]
        accepted = None
        if told is not None:
            accepted = Accepted(
                dict(told["configuration"]),
                int(told["price"]),
                tuple(Fulfilled(*one) for one in told["steps"]),
                datetime.fromisoformat(told["at"]),
            )
        likes = {(component, module): float(ratio) for component, module, ratio in said["likes"]}
        avoided = tuple((component, module) for component, module in said["avoided"])
        return Talk(
            id=str(said["id"]),
            offer=offer,
            customer=customer,
            purpose=purpose,
            touchpoint=touchpoint,
            language=language,
            state=from_document(said["state"]),
            asked=asked,
            started_at=started_at,
            changed_at=changed_at,
            likes=likes,
            avoided=avoided,
            consented=bool(said["consented"]),
            accepted=accepted,
            delivered_at=delivered_at,
            as_expected=as_expected,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("this talk is damaged") from error
