"""Guides: the guide through the offer as it is served, with whatever talks need beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.customize.guide.guide import Guide
from trato.customize.guide.preferences import leaning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.customize.guide.guide import Step
    from trato.customize.guide.talk import Talk
    from trato.interact.touchpoints import Touchpoints
    from trato.offer.offer import Offer
    from trato.permission.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Guides:
    """The guide of an offer, made once and for all talks.

    `purpose` is the one under which talks with known customers are held; None where all are with somebody
    unknown. `digest` tells this offer from an earlier one.
    """

    guide: Guide
    digest: str
    touchpoints: Touchpoints
    purpose: Purpose | None = None

    @property
    def offer(self) -> Offer:
        """The offer."""
        return self.guide.diagram.offer

    def of(self, talk: Talk) -> Guide:
        """The guide as it suits the customer of a talk."""
        if not talk.likes and not talk.avoided:
            return self.guide
        mine = self.guide
        columns = {
            mine.diagram.components[place].name: column
            for column, place in enumerate(mine.preferences.components.tolist())
        }
        likes: dict[tuple[int, int], float] = {}
        for (component, module), ratio in talk.likes.items():
            if component in columns and (component, module) in mine.diagram.table.place:
                names = mine.diagram.offer.component(component).names
                likes[columns[component], names.index(module)] = ratio
        return Guide(
            mine.diagram,
            leaning(mine.preferences, likes) if likes else mine.preferences,
            questions=mine.questions,
            stakes=mine.stakes,
            without=mine.without | {pair for pair in talk.avoided if pair in mine.diagram.table.place},
        )

    def step(self, talk: Talk) -> Step:
        """Where a talk stands. Raises NoConfiguration when what is known leaves nothing."""
        return self.of(talk).step(talk.state)

    def sensitive(self, facts: Mapping[str, str]) -> frozenset[str]:
        """Those of the facts that are sensitive."""
        marked = {fact.name for fact in self.offer.facts if fact.sensitive}
        return frozenset(marked.intersection(facts))

    def asks_sensitive(self, key: str) -> bool:
        """Whether an answer to a question makes known what is sensitive."""
        plain = next((one for one in self.guide.questions if one.key == key), None)
        return plain is not None and any(self.sensitive(one.facts) for one in plain.answers)


def digest_of(offer: Offer) -> str:
    """What tells an offer from another one: its components, modules, prices, facts and rules."""
    told = [
        [
            [one.name, [[m.name, m.price, m.stock, m.sku, m.step] for m in one.modules]]
            for one in offer.components
        ],
        [[fact.name, fact.values, fact.sensitive] for fact in offer.facts],
        [[rule.name, repr(rule.formula)] for rule in offer.rules],
    ]
    content = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if offer.clauses is not None:
        content += offer.clauses.digest.encode()
    return hashlib.sha256(content).hexdigest()[:32]


def seen_word(step: Step) -> str:
    """What tells what a customer saw: the proposal and its price; they accept that, and nothing else."""
    told = json.dumps([sorted(step.proposal.items()), step.price], ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
