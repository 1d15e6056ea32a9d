"""Decisions that many requests ask for at the same time, made and logged in one transaction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.customize.decide import decide
from trato.customize.programme.decision import Asked
from trato.customize.programme.ids import decision_id_of, new_decision_id
from trato.errors import BadOption
from trato.interact.log import Receipt
from trato.server.gathering import Gathering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customize.decide import Decided, Serving
    from trato.customize.programme.decision import DecisionId
    from trato.customize.programme.facts import Fact
    from trato.server.context import Context
    from trato.storage.transaction import Transaction

MOST_AT_ONCE = 200
CHANCE = 22  # random bytes: 10 for the id, 8 for the seed, 4 for the draw


@dataclass(frozen=True, slots=True)
class Wish:
    """A decision that a program asks for. `key` is the id of its key; `word` is the same for the same wish
    each time it is sent, None where it is sent once.
    """

    key: str
    customer: CustomerId
    programme: str
    touchpoint: str
    context: Mapping[str, Fact]
    choice: str | None
    word: str | None

    @property
    def named(self) -> str:
        """The receipt of its word."""
        return f"api {self.key} decision {self.word}"

    @property
    def whole(self) -> str:
        """The receipt of all that it says."""
        said = repr(
            (self.customer, self.programme, self.touchpoint, sorted(self.context.items()), self.choice)
        )
        return f"{self.named} {hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()}"


class Again(Exception):
    """The wish was granted before: the id of its decision."""

    def __init__(self, decision: DecisionId) -> None:
        super().__init__(decision)
        self.decision = decision


class Deciding(Gathering[Wish, "Decided"]):
    """Decides what is wished for, all that waits in one transaction. Used within its `async with`.

    A wish that was granted before raises Again.
    """

    def __init__(self, context: Context, serving: Serving) -> None:
        def work(wishes: Sequence[Wish]) -> Sequence[Decided | Exception]:
            now, chance = context.now(), context.draw(CHANCE * len(wishes))
            return context.store.write(lambda it: _decide(it, wishes, serving, now, chance))

        super().__init__(work, name="trato-decisions", most=MOST_AT_ONCE)


def _decide(
    it: Transaction, wishes: Sequence[Wish], serving: Serving, now: datetime, chance: bytes
) -> list[Decided | Exception]:
    found: list[Decided | Exception | None] = [None] * len(wishes)
    named = [place for place, one in enumerate(wishes) if one.word is not None]
    ids = _of_words(it, wishes, named, found, now) if named else {}
    open_ = [place for place, one in enumerate(found) if one is None]
    asked = [
        _asked(wishes[place], ids.get(place), now, chance[CHANCE * place : CHANCE * (place + 1)])
        for place in open_
    ]
    if asked:
        for place, decided in zip(open_, decide(it, asked, serving=serving, now=now), strict=True):
            found[place] = decided
    return [one for one in found if one is not None]


def _asked(wish: Wish, decision: DecisionId | None, now: datetime, chance: bytes) -> Asked:
    return Asked(
        id=decision or new_decision_id(now, lambda _: chance[:10]),
        customer=wish.customer,
        programme=wish.programme,
        touchpoint=wish.touchpoint,
        seed=int.from_bytes(chance[10:18], "big"),
        draw=int.from_bytes(chance[18:], "big"),
        context=wish.context,
        choice=wish.choice,
    )


def _of_words(
    it: Transaction,
    wishes: Sequence[Wish],
    named: Sequence[int],
    found: list[Decided | Exception | None],
    now: datetime,
) -> dict[int, DecisionId]:
    """The ids of wishes with a word of their own; those that were granted before are answered in `found`."""
    receipts = [receipt for place in named for receipt in (wishes[place].named, wishes[place].whole)]
    new = it.new_messages(receipts)
    ids: dict[int, DecisionId] = {}
    for place in named:
        wish = wishes[place]
        if wish.named in new:
            ids[place] = _next_id(it, wish.named)
            it.add_receipts([Receipt(one, now, "kept") for one in (wish.named, wish.whole)])
            new -= {wish.named, wish.whole}
        elif wish.whole in new:
            found[place] = BadOption(
                "this Idempotency-Key came before, with another request", hint="give each request its own"
            )
        else:
            here = next((one for at, one in ids.items() if wishes[at].named == wish.named), None)
            found[place] = Again(here or _last_id(it, wish.named))
    return ids


def _next_id(it: Transaction, word: str) -> DecisionId:
    """The first id of a word that no decision has: a word may come again once its receipt is gone."""
    number = 0
    while it.whose_decision(decision_id_of(f"{word} {number}")) is not None:
        number += 1
    return decision_id_of(f"{word} {number}")


def _last_id(it: Transaction, word: str) -> DecisionId:
    """The last id of a word that a decision has."""
    number = 0
    while it.whose_decision(decision_id_of(f"{word} {number + 1}")) is not None:
        number += 1
    return decision_id_of(f"{word} {number}")
