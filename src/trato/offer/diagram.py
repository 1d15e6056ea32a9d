"""A compiled offer: what is still possible, how many configurations there are, and the best of them.

>>> import trato
>>> diagram = trato.offer.read(path).compile()                        # doctest: +SKIP
>>> diagram.count({"phone": "basic"})                                 # doctest: +SKIP
384
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from math import inf
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from trato.errors import NoConfiguration, OfferTooLarge, UnknownModule
from trato.offer.encode import encoded
from trato.offer.offer import UNKNOWN, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from trato.offer.encode import Encoded
    from trato.offer.engine import Engine
    from trato.offer.explain import Conflicts, Explanation, Repair
    from trato.offer.offer import Component, Offer

    Choices = Mapping[str, str]
    Pair = tuple[str, str]
    Numbers = Mapping[Pair, float] | NDArray[np.float64]

_Value = TypeVar("_Value", np.bool_, np.float64)

_BITS = 62
_REMEMBERED = 256


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Every offered (component, module) with its place in arrays.

    The modules of component i are `pairs[starts[i]:starts[i + 1]]`; `literals` (pairs,) int32 are what they
    are in the clauses, and `prices` and `costs` (pairs,) int64 their minor units.
    """

    pairs: tuple[Pair, ...]
    starts: NDArray[np.int64]
    literals: NDArray[np.int32]
    prices: NDArray[np.int64]
    costs: NDArray[np.int64]
    place: Mapping[Pair, int]

    @classmethod
    def of(cls, offer: Offer, code: Encoded) -> Table:
        """The table of an offer."""
        pairs = tuple((one.name, module.name) for one in offer.components for module in one.modules)
        sizes = [len(one.modules) for one in offer.components]
        modules = [module for one in offer.components for module in one.modules]
        return cls(
            pairs,
            np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64))),
            np.array([literal for one in offer.components for literal in code.literals[one.name]], np.int32),
            np.array([module.price for module in modules], np.int64),
            np.array([module.cost for module in modules], np.int64),
            {pair: place for place, pair in enumerate(pairs)},
        )


class Diagram:
    """An offer ready to answer.

    Everywhere, `choices` is {component: module}, `facts` is {fact: value}, those left out being `unknown`,
    and `without` are (component, module) that are not to be had, such as those out of stock or withdrawn.
    Arrays over modules go by `table.pairs`. `message` says why a diagram answers by search, if it does; it
    then has the same domains, best configurations and explanations, and neither counts nor marginals.
    """

    def __init__(self, offer: Offer, code: Encoded, engine: Engine, message: str = "") -> None:
        self.offer = offer
        self.code = code
        self.engine = engine
        self.message = message
        self.table = Table.of(offer, code)
        self.components: tuple[Component, ...] = offer.components
        literals = self.table.literals
        self._variables = np.abs(literals)
        self._signs = (literals > 0).astype(np.int64)
        self._flat = 2 * self._variables.astype(np.int64) + self._signs
        self._domains = _Domains(self.components, self.table.starts)
        self._conflicts: Conflicts | None = None
        self._start = np.zeros(code.clauses.variables + 1, np.int8)
        self._facts = {fact.name: (*fact.values, UNKNOWN) for fact in offer.facts}

    @classmethod
    def of(
        cls, offer: Offer, *, seconds: float = 30.0, megabytes: float = 1000.0, store: Path | None = None
    ) -> Diagram:
        """Compile an offer; what `Offer.compile` does."""
        from trato.offer.compile import compile_clauses
        from trato.offer.compile.stored import compiled
        from trato.offer.engine import CircuitEngine
        from trato.offer.search import SearchEngine

        code = encoded(offer)
        try:
            if store is None:
                circuit = compile_clauses(code.clauses, seconds=seconds, megabytes=megabytes)
            else:
                circuit = compiled(code.clauses, store, seconds=seconds, megabytes=megabytes)
        except OfferTooLarge as error:
            engine = SearchEngine(code.clauses, code.asked)
            return cls(offer, code, engine, f"answered by search: {error.message}")
        return cls(offer, code, CircuitEngine(circuit))

    @property
    def exact(self) -> bool:
        """Whether it was compiled, so that it counts and has marginals."""
        return self.engine.exact

    def literal(self, name: str, module: str) -> int:
        """What `name = module` is in the clauses, of a component, a fact or an alias.

        Raises UnknownModule, which names the nearest.
        """
        place = self.table.place.get((name, module))
        if place is not None:
            return int(self.table.literals[place])
        if (name, module) in self.offer.aliases:
            component, of, taken = self.offer.aliases[name, module]
            literal = int(self.table.literals[self.table.place[component, of]])
            return literal if taken else -literal
        if name in self._facts:
            if module in self._facts[name]:
                return self.code.literals[name][self._facts[name].index(module)]
            hint = did_you_mean(module, self._facts[name])
            raise UnknownModule(f"the fact {name!r} has no value {module!r}", hint=hint)
        return self._unknown(name, module)

    def _unknown(self, name: str, module: str) -> int:
        others = [of for component, of in self.offer.aliases if component == name]
        if others:
            raise UnknownModule(
                f"the feature {name!r} has no module {module!r}", hint=did_you_mean(module, others)
            )
        self.offer.component(name).module(module)
        raise AssertionError  # one of the two has raised

    def fixed(
        self, choices: Choices | None = None, *, facts: Choices | None = None, without: Collection[Pair] = ()
    ) -> NDArray[np.int8] | None:
        """What is said, over the variables of the clauses; None when it contradicts itself in one of them.

        Raises UnknownModule for what the offer does not have.
        """
        found = self._start.copy()
        for literal in self.said(choices, facts, without).values():
            variable, value = abs(literal), 1 if literal > 0 else -1
            if found[variable] == -value:
                return None
            found[variable] = value
        return found

    def said(
        self, choices: Choices | None, facts: Choices | None, without: Collection[Pair]
    ) -> dict[tuple[str, str, str], int]:
        """The literal of everything said, by what it is (choice, fact or without), name and module."""
        found: dict[tuple[str, str, str], int] = {}
        for name, module in (choices or {}).items():
            if name in self._facts:
                raise UnknownModule(f"{name!r} is a fact, not a choice", hint="say it among the facts")
            found["choice", name, module] = self.literal(name, module)
        known = facts or {}
        for name in known:
            if name not in self._facts:
                raise UnknownModule(f"there is no fact {name!r}", hint=did_you_mean(name, list(self._facts)))
        for name in self._facts:
            value = known.get(name, UNKNOWN)
            found["fact", name, value] = self.literal(name, value)
        for name, module in without:
            found["without", name, module] = -self.literal(name, module)
        return found

    def count(
        self,
        choices: Choices | None = None,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
    ) -> int:
        """How many configurations keep to what is said, exactly. Raises OfferTooLarge without a circuit."""
        fixed = self.fixed(choices, facts=facts, without=without)
        return 0 if fixed is None else self.engine.count(fixed)

    def possible(
        self,
        choices: Choices | None = None,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
    ) -> NDArray[np.bool_]:
        """Which modules still lead to a configuration: (pairs,)."""
        fixed = self.fixed(choices, facts=facts, without=without)
        if fixed is None:
            return np.zeros(len(self.table.pairs), np.bool_)
        return self.of_pairs(self.engine.possible(fixed))

    def domains(
        self,
        choices: Choices | None = None,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
    ) -> dict[str, frozenset[str]]:
        """For each component the modules that still lead to a configuration; all empty in a contradiction."""
        return self._domains.told(self.possible(choices, facts=facts, without=without))

    def marginals(
        self,
        choices: Choices | None = None,
        log_weights: Numbers | None = None,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
    ) -> NDArray[np.float64]:
        """How probable each module is among the configurations that keep to what is said: (pairs,).

        Each configuration is weighted by the product of its modules' weights, given as logarithms, 0 where
        nothing is said. All are 0 in a contradiction. Raises OfferTooLarge without a circuit.
        """
        fixed = self.fixed(choices, facts=facts, without=without)
        if fixed is None:
            return np.zeros(len(self.table.pairs))
        return self.of_pairs(self.engine.marginals(fixed, self.over_variables(log_weights)))

    def best(
        self,
        score: Numbers | None = None,
        choices: Choices | None = None,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
    ) -> dict[str, str]:
        """The configuration with the highest sum of its modules' scores that keeps to what is said.

        Raises NoConfiguration when there is none.
        """
        fixed = self.fixed(choices, facts=facts, without=without)
        total, found = (-inf, None) if fixed is None else self.engine.best(fixed, self.over_variables(score))
        if found is None or total == -inf:
            raise NoConfiguration(
                "no configuration keeps to all that is said", hint="ask for an explanation and the repair"
            )
        return self.configuration_of(found)

    def sample(
        self,
        draw: np.random.Generator,
        count: int,
        choices: Choices | None = None,
        log_weights: Numbers | None = None,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
    ) -> NDArray[np.int32]:
        """Configurations drawn with the weights of `marginals`: (count, components), positions of modules.

        Raises NoConfiguration when there is none. Without a circuit they are valid but not evenly drawn.
        """
        fixed = self.fixed(choices, facts=facts, without=without)
        weights = self.over_variables(log_weights)
        drawn = None if fixed is None else self.engine.sample(fixed, weights, draw, count)
        if drawn is None or not drawn.any(axis=1).all():
            raise NoConfiguration("no configuration keeps to all that is said")
        taken = (drawn[:, self._variables] > 0) == (self._signs == 1)
        places = np.nonzero(taken)[1].reshape(count, len(self.components))
        found: NDArray[np.int32] = (places - self.table.starts[:-1]).astype(np.int32)
        return found

    def configuration_of(self, assignment: NDArray[np.int8]) -> dict[str, str]:
        """The configuration of an assignment of the clauses' variables (variables + 1,)."""
        return self.configuration(self.of_pairs(np.stack((assignment < 0, assignment > 0), axis=1)))

    def configuration(self, taken: NDArray[np.bool_]) -> dict[str, str]:
        """The configuration that takes these of the table's modules, one of each component: (pairs,)."""
        return dict(self.table.pairs[place] for place in np.flatnonzero(taken).tolist())

    def price(self, configuration: Choices) -> int:
        """What the modules taken cost the customer together, in minor units."""
        return sum(int(self.table.prices[self.table.place[pair]]) for pair in configuration.items())

    def explain(
        self,
        choices: Choices,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
        costs: Mapping[str, float] | None = None,
        seconds: float = 0.25,
    ) -> Explanation | None:
        """Why no configuration keeps to the choices, and the cheapest repair; None when one does.

        The conflict is minimal, in choices, facts and named rules: without any one of them there would be
        a configuration. Where `seconds` do not suffice, it says that it is not known to be minimal.
        """
        from trato.offer.explain import explained

        return explained(self, choices, facts=facts, without=without, costs=costs, seconds=seconds)

    def repair(
        self,
        choices: Choices,
        *,
        facts: Choices | None = None,
        without: Collection[Pair] = (),
        costs: Mapping[str, float] | None = None,
        score: Numbers | None = None,
    ) -> Repair:
        """The cheapest change of choices that leads to a configuration.

        Giving up the choice of a component costs `costs[component]`, 1 where nothing is said; among equally
        cheap repairs the highest `score` decides. Raises NoConfiguration when facts and rules alone leave
        none.
        """
        from trato.offer.explain import repaired

        return repaired(self, choices, facts=facts, without=without, costs=costs, score=score)

    @property
    def conflicts(self) -> Conflicts:
        """The search for conflicts, made when it is first needed."""
        if self._conflicts is None:
            from trato.offer.explain import Conflicts

            self._conflicts = Conflicts(self.code)
        return self._conflicts

    def of_pairs(self, values: NDArray[_Value]) -> NDArray[_Value]:
        """What stands at the modules' literals in (variables + 1, 2) values: (pairs,)."""
        flat: NDArray[_Value] = values.reshape(-1)[self._flat]
        return flat

    def over_variables(self, numbers: Numbers | None) -> NDArray[np.float64]:
        """Numbers of modules as numbers of the values of variables, added where two modules share one."""
        size = 2 * (self.code.clauses.variables + 1)
        if numbers is None:
            return np.zeros((size // 2, 2))
        given = numbers if isinstance(numbers, np.ndarray) else self.numbers(numbers)
        summed: NDArray[np.float64] = np.bincount(self._flat, weights=given, minlength=size).astype(
            np.float64
        )
        return summed.reshape(-1, 2)

    def numbers(self, of: Mapping[Pair, float]) -> NDArray[np.float64]:
        """Numbers by (component, module) as an array (pairs,), 0 where nothing is said."""
        found = np.zeros(len(self.table.pairs))
        for (component, module), number in of.items():
            if (component, module) not in self.table.place:
                self.offer.component(component).module(module)
            found[self.table.place[component, module]] = number
        return found


class _Domains:
    """Sets of modules, each made once: which of a component's modules there are is a number in binary."""

    def __init__(self, components: tuple[Component, ...], starts: NDArray[np.int64]) -> None:
        sizes = np.diff(starts)
        self._names = [component.name for component in components]
        self._modules = [component.names for component in components]
        self._starts = starts
        self._small = bool((sizes <= _BITS).all())
        self._bits = np.left_shift(
            1, np.concatenate([np.arange(size) % _BITS for size in sizes]), dtype=np.int64
        )
        self._made: list[dict[int, frozenset[str]]] = [{} for _ in components]

    def told(self, possible: NDArray[np.bool_]) -> dict[str, frozenset[str]]:
        if not self._small:
            placed = zip(self._names, self._modules, self._starts.tolist(), strict=False)
            return {
                name: frozenset(compress(modules, possible[first : first + len(modules)].tolist()))
                for name, modules, first in placed
            }
        codes = np.add.reduceat(np.where(possible, self._bits, 0), self._starts[:-1]).tolist()
        found = map(dict.get, self._made, codes)
        told = zip(self._names, found, strict=True)
        return {name: self._make(i, codes[i]) if one is None else one for i, (name, one) in enumerate(told)}

    def _make(self, component: int, bits: int) -> frozenset[str]:
        made = frozenset(one for place, one in enumerate(self._modules[component]) if bits >> place & 1)
        if len(self._made[component]) < _REMEMBERED:
            self._made[component][bits] = made
        return made
