"""The experience a company can deliver: mass, niche, target or one to one.

Two abilities decide: to interact with a customer, that is to recognise them again and exchange words with
them alone, and to treat them differently, that is to vary something. (Peppers & Rogers, *Enterprise One to
One*, 1997: the strategy map; Peppers, *When is personalization appropriate?*, 2014.)

    treats      niche    one to one
    does not    mass     target
                does not interacts

Words are keys here; pages and the terminal turn them into sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.differentiate.needs.choices import EARLY

if TYPE_CHECKING:
    from trato.differentiate.needs.choices import Choices

Kind = Literal["mass", "niche", "target", "one_to_one"]
Why = Literal[
    "declared",
    "recognised_again",
    "not_recognised_again",
    "no_later_choices",
    "several_modules",
    "nothing_to_vary",
]

MOST_KNOWN = 0.5

# Interacts, treats.
SQUARE: dict[tuple[bool, bool], Kind] = {
    (False, False): "mass",
    (False, True): "niche",
    (True, False): "target",
    (True, True): "one_to_one",
}

SENTENCES: dict[str, str] = {
    "mass": "a mass experience: the same for everybody",
    "niche": "a niche experience: made for groups, without a word with the customer",
    "target": "a target experience: words for each customer, the same treatment for all",
    "one_to_one": "a one-to-one experience: the customer says what they want and gets it",
    "declared": "you said so",
    "recognised_again": "most later choices come from customers seen before, so you recognise them again",
    "not_recognised_again": "most later choices come from customers not seen before: you do not know them",
    "no_later_choices": "there are no later choices, so whether you recognise customers again is not known",
    "several_modules": "there are components with more than one module, so there is something to vary",
    "nothing_to_vary": "every component has one module, so there is nothing to vary",
}


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether the company can, and why we think so."""

    able: bool
    why: Why


@dataclass(frozen=True, slots=True)
class Experience:
    """The experience that two abilities make possible."""

    kind: Kind
    interacts: Ability
    treats: Ability

    @property
    def declared(self) -> bool:
        """Whether the company said both itself; otherwise it is only what the choices would allow."""
        return self.interacts.why == self.treats.why == "declared"


def deliverable(choices: Choices, *, interacts: bool | None = None, treats: bool | None = None) -> Experience:
    """The experience a company can deliver, as it declares its abilities or as its choices show them.

    Choices show what is there to build on, not what is done: that customers are recognised again says
    nothing yet of a channel to them, and that a component comes in modules nothing of whether they may be
    varied per customer. What is declared binds.
    """
    speaks = _recognises(choices) if interacts is None else Ability(interacts, "declared")
    varies = _varies(choices) if treats is None else Ability(treats, "declared")
    return Experience(SQUARE[speaks.able, varies.able], speaks, varies)


def _varies(choices: Choices) -> Ability:
    if any(len(modules) > 1 for modules in choices.modules):
        return Ability(able=True, why="several_modules")
    return Ability(able=False, why="nothing_to_vary")


def _recognises(choices: Choices) -> Ability:
    """Whether customers seen in the early window make most choices of the later ones.

    Where there are no later ones that is not known, and nothing is claimed.
    """
    later = choices.window > EARLY
    if not later.any():
        return Ability(able=False, why="no_later_choices")
    seen = np.zeros(len(choices.customers), bool)
    seen[choices.customer[~later]] = True
    again = choices.count[later & seen[choices.customer]].sum() / choices.count[later].sum()
    return (
        Ability(able=True, why="recognised_again")
        if again > MOST_KNOWN
        else Ability(able=False, why="not_recognised_again")
    )
