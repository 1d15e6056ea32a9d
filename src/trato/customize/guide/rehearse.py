"""Rehearsing: customers who were held out go through the guide, and how many answers they gave is counted.

A share of the sales is held out, drawn by sale; the preferences are learned from the rest. Each customer is
taken through the guide until the proposal is what they took. *asking*: they answer what they are asked.
*showing*: the whole proposal is shown, and they correct the first value, in the order in which it is shown,
that is wrong. *showing_random*: they correct a wrong value at random. *fixed_order*: components are asked in
the order of the offer until the rules leave one configuration. Beside these, how often a value recommended
for the next component is wrong, the components being filled in a random order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.customize.guide.guide import Guide
from trato.customize.guide.preferences import learn_preferences
from trato.customize.guide.state import begun
from trato.errors import BadOption, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from trato.customize.guide.sales import Sales
    from trato.offer.diagram import Diagram

    Progress = Callable[[str], object]

Mode = Literal["asking", "showing", "showing_random", "fixed_order"]

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Answers:
    """How many answers customers gave: the mean with its 95 % bootstrap interval over customers, the answers
    that nine in ten did with, and the share who did with five.
    """

    mean: float
    low: float
    high: float
    p90: float
    within_5: float
    customers: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it. `unseen` are those whose configuration nobody took before; None where there is none.

    `without_history` is asking with nothing learned. `value_error` is the share of recommended values that
    were wrong; `invalid` counts proposals that broke a rule, and is nought. `gave_up` counts customers whose
    configuration the guide never proposed; they count with an answer for every component.
    """

    sales: int
    held_out: int
    asking: Answers
    showing: Answers
    showing_random: Answers
    fixed_order: Answers
    without_history: Answers | None
    seen: Mapping[str, Answers]
    unseen: Mapping[str, Answers]
    value_error: float
    proposals: int
    invalid: int


def rehearse(
    diagram: Diagram,
    sales: Sales,
    *,
    seed: int = 0,
    held_out: float = 0.1,
    unseen_only: bool = False,
    customers: int | None = None,
    history: bool = True,
) -> Rehearsal:
    """Rehearse an offer on its past sales.

    `held_out` is the share of sales to hold out; with `unseen_only` distinct configurations are held out with
    all their sales, so that no held-out one was seen. At most `customers` of them are taken through. Raises
    NotEnoughData for fewer than twenty sales.
    """
    if not 0 < held_out < 1:
        raise BadOption("the share to hold out lies between 0 and 1")
    if len(sales) < 20:
        raise NotEnoughData(
            f"{len(sales)} sales are too few to hold any out", hint="rehearse with twenty and more"
        )
    rng = np.random.default_rng(seed)
    learned, tested = split(sales, rng, held_out, unseen_only=unseen_only)
    if customers is not None and len(tested) > customers:
        tested = tested[rng.permutation(len(tested))[:customers]]
    preferences = learn_preferences(diagram, sales.only(learned), draw=rng)
    walk = _Walk(Guide(diagram, preferences), diagram, sales, rng)
    counts = {mode: walk.all(mode, tested) for mode in ("asking", "showing", "showing_random")}
    counts["fixed_order"] = walk.all("fixed_order", tested)
    seen = learned[tested] > 0
    error = walk.value_error(tested)
    bare = None
    if history:
        ignorant = _Walk(Guide(diagram, learn_preferences(diagram, None, draw=rng)), diagram, sales, rng)
        bare = _summed(ignorant.all("asking", tested[: min(len(tested), 100)]), rng)
    return Rehearsal(
        sales=len(sales),
        held_out=len(tested),
        asking=_summed(counts["asking"], rng),
        showing=_summed(counts["showing"], rng),
        showing_random=_summed(counts["showing_random"], rng),
        fixed_order=_summed(counts["fixed_order"], rng),
        without_history=bare,
        seen={mode: _summed(count[seen], rng) for mode, count in counts.items()} if seen.any() else {},
        unseen={mode: _summed(count[~seen], rng) for mode, count in counts.items()} if not seen.all() else {},
        value_error=error,
        proposals=walk.proposals,
        invalid=walk.invalid,
    )


def split(
    sales: Sales, rng: np.random.Generator, held_out: float, *, unseen_only: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The counts to learn from (k,), and the configurations of the held-out sales, one entry a sale."""
    if unseen_only:
        order = rng.permutation(len(sales.counts))
        out = order[: max(1, int(len(order) * held_out))]
        learned = sales.counts.copy()
        learned[out] = 0
        if not learned.any():
            raise NotEnoughData("there is one configuration only, and nothing to learn from without it")
        return learned, np.repeat(out, sales.counts[out])
    each = np.repeat(np.arange(len(sales.counts)), sales.counts)
    order = rng.permutation(len(each))
    cut = max(1, int(len(each) * held_out))
    learned = np.bincount(each[order[cut:]], minlength=len(sales.counts)).astype(np.int64)
    return learned, each[order[:cut]]


class _Walk:
    """Takes held-out customers through one guide; the same configuration walks the same way, so only once."""

    def __init__(self, guide: Guide, diagram: Diagram, sales: Sales, rng: np.random.Generator) -> None:
        self.guide = guide
        self.diagram = diagram
        self.sales = sales
        self.rng = rng
        self.proposals = 0
        self.invalid = 0
        places = sales.components.tolist()
        self.names = [diagram.components[place].name for place in places]
        self.modules = [diagram.components[place].names for place in places]

    def target(self, one: int) -> dict[str, str]:
        """The configuration that a customer took, of the components that the sales speak of."""
        taken = self.sales.configurations[one].tolist()
        return {name: modules[a] for name, modules, a in zip(self.names, self.modules, taken, strict=True)}

    def all(self, mode: Mode, tested: NDArray[np.int64]) -> NDArray[np.float64]:
        """The number of answers of each: (tested,)."""
        if mode == "showing_random":
            return np.array([self.walk(mode, one) for one in tested.tolist()], np.float64)
        found = {one: self.walk(mode, one) for one in dict.fromkeys(tested.tolist())}
        return np.array([found[one] for one in tested.tolist()], np.float64)

    def walk(self, mode: Mode, one: int) -> int:
        """How many answers one customer gives."""
        target = self.target(one)
        if mode == "fixed_order":
            return self._fixed(target, self.sales.known(one))
        state = begun(facts=self.sales.known(one))
        for answers in range(len(self.names) + 1):
            step = self.guide.step(state)
            self._check(step.proposal, state.facts)
            wrong = [
                value.component
                for value in step.values
                if step.proposal[value.component]
                != target.get(value.component, step.proposal[value.component])
            ]
            if not wrong:
                return answers
            question = step.question
            if mode == "asking" and question is not None and question.key in target:
                state = self.guide.answer(state, step, question.key, target[question.key])
            else:
                corrected = wrong[0] if mode != "showing_random" else wrong[self.rng.integers(len(wrong))]
                state = self.guide.correct(state, step, corrected, target[corrected])
        return len(self.names)

    def _fixed(self, target: Mapping[str, str], facts: Mapping[str, str]) -> int:
        choices: dict[str, str] = {}
        answers = 0
        domains = self.diagram.domains(choices, facts=facts)
        for name in self.names:
            if len(domains[name]) > 1:
                choices[name] = target[name]
                answers += 1
                domains = self.diagram.domains(choices, facts=facts)
        return answers

    def _check(self, proposal: Mapping[str, str], facts: Mapping[str, str]) -> None:
        self.proposals += 1
        if not self.diagram.possible(proposal, facts=facts).any():
            self.invalid += 1

    def value_error(self, tested: NDArray[np.int64]) -> float:
        """The share of wrong values, each component in a random order being recommended its likeliest one."""
        wrong = of = 0
        for one in tested.tolist():
            target = self.target(one)
            order = [self.names[place] for place in self.rng.permutation(len(self.names))]
            for name, value in self.guide.recommended(target, order, self.sales.known(one)).items():
                wrong += value != target[name]
                of += 1
        return wrong / max(of, 1)


def _summed(count: NDArray[np.float64], rng: np.random.Generator) -> Answers:
    drawn = rng.integers(0, len(count), size=(RESAMPLES, len(count)))
    low, high = np.quantile(count[drawn].mean(axis=1), [0.025, 0.975]).tolist()
    return Answers(
        mean=float(count.mean()),
        low=low,
        high=high,
        p90=float(np.quantile(count, 0.9)),
        within_5=float((count <= 5).mean()),
        customers=len(count),
    )
