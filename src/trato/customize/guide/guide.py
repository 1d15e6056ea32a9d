"""The guide: a complete valid proposal at every moment, and the question that is worth most, if any is.

A step is a pure function of what was said. The preferences are weighed by it: a configuration that differs
from a choice keeps the component's slip of its weight, one that differs from what was shown above a
correction `CONFIRMED` (customers go down the order in which values are shown, and correct the first wrong
one; some do not), and one that was shown and not taken `REFUSED`. The heaviest that agrees with every choice
is proposed, completed by the diagram; where none agrees, or none is likely as a whole, the diagram's best by
the modules' weights. So every proposal is valid.

The question asked is the one after which the proposal is most probably right, each answer leading to its own
proposal; the customer's answers are few when that is so. Values are shown in the order of what their
correction would tell: first the one whose alternatives weigh most together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato.customize.guide.state import with_choice
from trato.customize.guide.tally import beside, tally, weigh
from trato.errors import BadOption, NoConfiguration, UnknownModule

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from trato.customize.guide.preferences import Preferences
    from trato.customize.guide.questions import PlainAnswer, PlainQuestion
    from trato.customize.guide.state import GuideState
    from trato.offer.diagram import Diagram

    Array = NDArray[np.float64]

LEAST_LIKED = LEAST_SLIP = 1e-3
LEAST_SURE = 0.01  # below it no configuration is likely as a whole, and each value stands for itself
CONFIRMED = 0.1
REFUSED = 0.02
CURIOSITY = 0.3  # what a nat of uncertainty less is worth, in probability of being right
MOST_TRIED = 20

Settled = Literal["said", "known", "only", "guess"]


@dataclass(frozen=True, slots=True)
class Stakes:
    """What a right offer is worth against the customer's effort, both in minor units.

    `price_share` of the proposal's price is lost when the offer is wrong, each of `times` that it is bought;
    an answer costs the customer `effort`.
    """

    price_share: float = 0.1
    times: float = 1.0
    effort: float = 0.0


@dataclass(frozen=True, slots=True)
class Shown:
    """One value of the proposal and why it stands there.

    `sure` is the probability that it is right. *said*: the customer chose it; *known*: it follows from facts;
    *only*: nothing else goes with what was chosen; *guess*: `took` of `of` past customers who chose the same
    took it.
    """

    component: str
    module: str
    settled: Settled
    sure: float
    took: int
    of: int


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question, and how probable it is."""

    key: str
    probability: float


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a component, or (`plain`) a question of its own; `gain` is how much more probably the
    proposal is right after it.
    """

    key: str
    plain: bool
    options: tuple[Option, ...]
    gain: float


@dataclass(frozen=True, slots=True)
class Step:
    """Where a guided conversation stands.

    `values` are all values of the proposal, the least sure first. `question` is None when asking is not worth
    the customer's effort any more. `changed` are choices that had to go, because the offer has changed.
    """

    proposal: Mapping[str, str]
    price: int
    right: float
    values: tuple[Shown, ...]
    question: Question | None
    changed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    """The preferences after what was said."""

    said: NDArray[np.int64]
    weights: Array
    mass: Array
    largest: Array
    allowed: NDArray[np.bool_]


class Guide:
    """Guides customers through one offer; it holds no conversation, so one serves all.

    `without` are modules that are not to be had now, such as those out of stock.
    """

    def __init__(
        self,
        diagram: Diagram,
        preferences: Preferences,
        *,
        questions: Sequence[PlainQuestion] = (),
        stakes: Stakes | None = None,
        without: Collection[tuple[str, str]] = (),
    ) -> None:
        self.diagram = diagram
        self.preferences = preferences
        self.questions = tuple(questions)
        self.stakes = stakes or Stakes()
        self.without = frozenset(without)
        places = preferences.components.tolist()
        self._names = [diagram.components[place].name for place in places]
        self._modules = [diagram.components[place].names for place in places]
        self._column = {name: column for column, name in enumerate(self._names)}
        self._position = [{m: i for i, m in enumerate(modules)} for modules in self._modules]
        begin = diagram.table.starts
        self._pairs = np.concatenate([np.arange(begin[place], begin[place + 1]) for place in places])
        self._cheap = -1e-9 * diagram.table.prices.astype(np.float64)
        self._shares, _ = tally(preferences.configurations, preferences.weights, preferences.starts)

    def step(self, state: GuideState) -> Step:
        """The proposal, how sure each value is, and the question worth asking.

        A choice that the offer no longer has, or that does not go with the others any more, is given up, and
        told in `changed`. Raises NoConfiguration when the facts alone leave no configuration.
        """
        state, changed = self._mended(state)
        weighed = self._weighed(state)
        proposal = self._proposal(state, weighed)
        right = self._right(state, weighed, proposal)
        values = self._values(state, weighed, proposal, right)
        return Step(
            proposal=proposal,
            price=self.diagram.price(proposal),
            right=right,
            values=values,
            question=self._question(state, weighed, proposal, right),
            changed=changed,
        )

    def answer(self, state: GuideState, step: Step, key: str, answer: str | None) -> GuideState:
        """The state after an answer to a question, or a choice in free order; None is *no preference*.

        Raises UnknownModule for what is no answer.
        """
        plain = next((one for one in self.questions if one.key == key), None)
        refused = (*state.refused, dict(step.proposal))
        if plain is not None:
            if answer is None:
                return replace(state, asked=(*state.asked, key), answers=(*state.answers, (key, "")))
            given = plain.answer(answer)
            if given is None:
                known = ", ".join(one.key for one in plain.answers)
                raise UnknownModule(f"{answer!r} is no answer to {key!r}", hint=f"known: {known}")
            return replace(
                state,
                facts={**state.facts, **given.facts},
                answers=(*state.answers, (key, answer)),
                asked=(*state.asked, key),
            )
        if answer is None:
            self.diagram.offer.component(key)
            return replace(state, open=(*state.open, key), asked=(*state.asked, key))
        self.diagram.offer.component(key).module(answer)
        return self._kept(replace(with_choice(state, key, answer), refused=refused), key)

    def correct(self, state: GuideState, step: Step, component: str, module: str) -> GuideState:
        """The state after the customer corrected a value that was shown.

        What stood above it counts as confirmed, softly. Earlier choices that do not go with the correction
        are given up, as few as can be. Raises UnknownModule.
        """
        self.diagram.offer.component(component).module(module)
        order = [one.component for one in step.values]
        above = order[: order.index(component)] if component in order else []
        confirmed = dict(state.confirmed) | {
            name: step.proposal[name] for name in above if name not in state.choices
        }
        corrected = replace(
            with_choice(state, component, module),
            refused=(*state.refused, dict(step.proposal)),
            confirmed=tuple((name, one) for name, one in confirmed.items() if name != component),
        )
        return self._kept(corrected, component)

    def recommended(
        self, target: Mapping[str, str], order: Sequence[str], facts: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The value recommended for each component when all before it in `order` are taken as in `target`."""
        p = self.preferences
        weights = p.weights
        found: dict[str, str] = {}
        choices: dict[str, str] = {}
        for name in order:
            column = self._column[name]
            mine = slice(int(p.starts[column]), int(p.starts[column + 1]))
            allowed = self.diagram.possible(choices, facts=facts)[self._pairs][mine]
            mass = np.bincount(p.configurations[:, column], weights, mine.stop - mine.start)
            found[name] = self._modules[column][int(np.where(allowed, mass, -1.0).argmax())]
            choices[name] = target[name]
            position = self._position[column][target[name]]
            slip = self._slip(column, position)
            weights = np.where(p.configurations[:, column] == position, weights, slip * weights)
            weights = weights / weights.sum()
        return found

    def _kept(self, state: GuideState, newest: str) -> GuideState:
        """The state with as few earlier choices given up as the newest one asks for."""
        if self.diagram.possible(state.choices, facts=state.facts, without=self.without).any():
            return state
        if not self.diagram.possible(
            {newest: state.choices[newest]}, facts=state.facts, without=self.without
        ).any():
            raise BadOption(
                f"{state.choices[newest]!r} cannot be had here",
                hint="the rules, what is known, or what is in stock exclude it",
            )
        costs = {name: 1.0 + order / 1000 for order, name in enumerate(state.choices)}
        costs[newest] = 1e6
        repair = self.diagram.repair(state.choices, facts=state.facts, without=self.without, costs=costs)
        return replace(state, choices={c: m for c, m in state.choices.items() if c not in repair.changes})

    def _mended(self, state: GuideState) -> tuple[GuideState, tuple[tuple[str, str], ...]]:
        """The state with what the offer has no longer left out, and what that is."""
        there = {
            (component, module)
            for component, module in state.choices.items()
            if (component, module) in self.diagram.table.place and (component, module) not in self.without
        }
        known = {fact.name: fact.values for fact in self.diagram.offer.facts}
        facts = {name: value for name, value in state.facts.items() if value in known.get(name, ())}
        choices = {c: m for c, m in state.choices.items() if (c, m) in there}
        if choices and not self.diagram.possible(choices, facts=facts, without=self.without).any():
            repair = self.diagram.repair(choices, facts=facts, without=self.without)
            choices = {c: m for c, m in choices.items() if c not in repair.changes}
        gone = tuple(pair for pair in state.choices.items() if pair[0] not in choices)
        return replace(state, choices=choices, facts=facts), gone

    def _weighed(self, state: GuideState) -> _Weighed:
        p = self.preferences
        said = np.full(len(self._names), -1, np.int64)
        factors = p.slips.copy()
        for pairs, soft in ((state.confirmed, True), (tuple(state.choices.items()), False)):
            for component, module in pairs:
                column = self._column.get(component)
                if column is not None and module in self._position[column]:
                    said[column] = self._position[column][module]
                    slip = self._slip(column, self._position[column][module])
                    factors[column] = max(CONFIRMED, slip) if soft else slip
        possible = self.diagram.possible(state.choices, facts=state.facts, without=self.without)
        if not possible.any():
            raise NoConfiguration(
                "no configuration goes with what is known",
                hint="correct a fact, or ask for what is out of stock",
            )
        allowed = possible[self._pairs]
        prior = self._told(state)
        weights = weigh(p.configurations, prior, p.starts, said, factors, allowed)
        if not weights.any():
            weights = weigh(p.configurations, prior, p.starts, said, factors, np.ones_like(allowed))
        for shown in state.refused:
            weights = self._doubted(weights, shown)
        mass, largest = tally(p.configurations, weights, p.starts)
        slips = np.repeat(p.slips, np.diff(p.starts))
        mass = (1.0 - slips) * mass + slips * self._shares
        return _Weighed(said, weights, np.where(allowed, mass, 0.0), np.where(allowed, largest, 0.0), allowed)

    def _slip(self, column: int, position: int) -> float:
        """How likely somebody takes a module who is otherwise like one who did not, against one who did."""
        p = self.preferences
        by_chance = p.slips[column] * self._shares[p.starts[column] + position]
        return float(max(by_chance / (1.0 - p.slips[column] + by_chance), LEAST_SLIP) ** p.sure)

    def _alike(self, state: GuideState) -> float:
        """The probability that two customers who are alike take the same of all that was not said."""
        open_ = [name not in state.choices for name in self._names]
        return float(np.prod(1.0 - self.preferences.slips[open_]))

    def _told(self, state: GuideState) -> Array:
        """The weights before choices, with what answers to plain questions tell."""
        weights = self.preferences.weights
        by_key = {one.key: one for one in self.questions}
        for key, answer in state.answers:
            given = by_key[key].answer(answer) if key in by_key else None
            if given is not None:
                weights = weights * self._likes(given)
        return weights

    def _likes(self, answer: PlainAnswer) -> Array:
        p = self.preferences
        found = np.ones(len(p.weights))
        for (component, module), ratio in answer.likes.items():
            column = self._column.get(component)
            position = None if column is None else self._position[column].get(module)
            if column is not None and position is not None:
                found[p.configurations[:, column] == position] *= max(ratio, LEAST_LIKED)
        return found

    def _doubted(self, weights: Array, shown: Mapping[str, str]) -> Array:
        """The weights after a proposal was not taken."""
        same = np.ones(len(weights), np.bool_)
        for column, name in enumerate(self._names):
            position = self._position[column].get(shown.get(name, ""))
            if position is None:
                return weights
            same &= self.preferences.configurations[:, column] == position
        found = np.where(same, weights * REFUSED, weights)
        total = found.sum()
        return found / total if total > 0 else weights

    def _proposal(self, state: GuideState, weighed: _Weighed) -> dict[str, str]:
        p, weights = self.preferences, weighed.weights.copy()
        said = weighed.said.copy()
        for component, _ in state.confirmed:  # these are likely, and bind nothing
            column = self._column.get(component)
            if column is not None and component not in state.choices:
                said[column] = -1
        score = self._cheap.copy()
        score[self._pairs] = np.log(weighed.mass + 1e-9)
        alike = self._alike(state)
        for _ in range(MOST_TRIED):
            place, weight = beside(p.configurations, weights, said)
            if place < 0 or weight * alike < LEAST_SURE:
                break
            taken = p.configurations[place].tolist()
            choices = {n: m[a] for n, m, a in zip(self._names, self._modules, taken, strict=True)}
            try:
                return self.diagram.best(
                    score, {**choices, **state.choices}, facts=state.facts, without=self.without
                )
            except NoConfiguration:
                weights[place] = 0.0
        return self.diagram.best(score, state.choices, facts=state.facts, without=self.without)

    def _right(self, state: GuideState, weighed: _Weighed, proposal: Mapping[str, str]) -> float:
        same = np.ones(len(weighed.weights), np.bool_)
        for column, name in enumerate(self._names):
            same &= self.preferences.configurations[:, column] == self._position[column][proposal[name]]
        return float(weighed.weights[same].sum()) * self._alike(state)

    def _values(
        self, state: GuideState, weighed: _Weighed, proposal: Mapping[str, str], right: float
    ) -> tuple[Shown, ...]:
        """Every value of the proposal, first the one whose alternatives weigh most together."""
        p = self.preferences
        agree = np.ones(len(p.taken), np.bool_)
        for component, module in state.choices.items():
            column = self._column.get(component)
            if column is not None:
                agree &= p.configurations[:, column] == self._position[column][module]
        taken = np.where(agree, p.taken, 0)
        of = int(taken.sum())
        ranked: list[tuple[float, int, Shown]] = []
        for place, varied in enumerate(self.diagram.components):
            name = varied.name
            module = proposal[name]
            column = self._column.get(name, -1)
            alternatives, sure, took = 0.0, 1.0, 0
            settled: Settled = "guess"
            if column >= 0:
                mine = slice(int(p.starts[column]), int(p.starts[column + 1]))
                position = self._position[column][module]
                mass = weighed.mass[mine]
                sure = float(mass[position] / mass.sum()) if mass.sum() > 0 else 0.0
                alternatives = float(weighed.largest[mine].sum() - weighed.largest[mine][position])
                if right < LEAST_SURE:
                    alternatives = 1.0 - sure
                took = int(taken[p.configurations[:, column] == position].sum())
                if weighed.allowed[mine].sum() == 1:
                    settled = "known" if not state.choices and state.facts else "only"
            if name in state.choices:
                settled = "said"
            if settled != "guess":
                alternatives, sure = -1.0, 1.0
            ranked.append((-alternatives, place, Shown(name, module, settled, sure, took, of)))
        return tuple(shown for _, _, shown in sorted(ranked, key=lambda one: one[:2]))

    def _question(
        self, state: GuideState, weighed: _Weighed, proposal: Mapping[str, str], right: float
    ) -> Question | None:
        """The question after which the proposal is most probably right; None when it is not worth asking."""
        p = self.preferences
        weights = self._doubted(weighed.weights, proposal)  # who answers has not accepted it
        mass, largest = tally(p.configurations, weights, p.starts)
        mass, largest = np.where(weighed.allowed, mass, 0.0), np.where(weighed.allowed, largest, 0.0)
        best: tuple[float, Question] | None = None
        for column, name in enumerate(self._names):
            mine = slice(int(p.starts[column]), int(p.starts[column + 1]))
            if name in state.choices or name in state.open or (mass[mine] > 0).sum() < 2:
                continue
            shares, found = self._worth(mass[mine], largest[mine])
            if best is None or found > best[0]:
                options = [
                    Option(module, float(share))
                    for module, share, ok in zip(
                        self._modules[column], shares, weighed.allowed[mine], strict=True
                    )
                    if ok
                ]
                options.sort(key=lambda one: -one.probability)
                gain = float(largest[mine].sum())
                best = found, Question(name, False, tuple(options), max(gain - right, 0.0))
        for plain in self.questions:
            if plain.key in state.asked:
                continue
            asked = self._plain(plain, weights, state)
            if asked is not None and (best is None or asked[0] / max(plain.effort, 0.1) > best[0]):
                best = asked[0] / max(plain.effort, 0.1), asked[1]
        if best is None or not self._worth_asking(best[1], proposal):
            return None
        return best[1]

    def _plain(
        self, plain: PlainQuestion, weights: Array, state: GuideState
    ) -> tuple[float, Question] | None:
        p = self.preferences
        joint = np.stack([one.share * self._likes(one) for one in plain.answers])
        for row, one in enumerate(plain.answers):
            if one.facts:
                facts = {**state.facts, **one.facts}
                allowed = self.diagram.possible(state.choices, facts=facts, without=self.without)[self._pairs]
                joint[row] *= allowed[p.starts[:-1] + p.configurations].all(axis=1)
        total = joint.sum(axis=0)
        joint = np.divide(joint, total, out=np.zeros_like(joint), where=total > 0) * weights
        mass = joint.sum(axis=1)
        if (mass > 0).sum() < 2:
            return None
        shares, found = self._worth(mass, joint.max(axis=1))
        options = tuple(
            Option(one.key, float(share)) for one, share in zip(plain.answers, shares, strict=True)
        )
        return found, Question(
            plain.key, True, options, max(float(joint.max(axis=1).sum() - weights.max()), 0.0)
        )

    def _worth(self, mass: Array, largest: Array) -> tuple[Array, float]:
        """The shares of the answers, and what the question is worth."""
        total = mass.sum()
        shares = mass / total
        told = shares[shares > 0]
        return shares, float(largest.sum() / total - CURIOSITY * (told * np.log(told)).sum())

    def _worth_asking(self, question: Question, proposal: Mapping[str, str]) -> bool:
        if self.stakes.effort <= 0:
            return True
        price = self.diagram.price(proposal)
        return question.gain * self.stakes.price_share * self.stakes.times * price > self.stakes.effort
