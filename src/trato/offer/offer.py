"""What a company can vary for a customer: components with pre-made modules, facts, and named rules.

A configuration takes exactly one module of each component. An optional component has the module `none`, and
one that is counted has a module a quantity. A fact takes one of its values, or `unknown`; rules speak of it,
and it is never offered as a choice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from trato.errors import UnknownModule, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from trato.offer.clauses import Clauses
    from trato.offer.diagram import Diagram
    from trato.offer.formula import Formula

Kind = Literal[
    "configuration",
    "packaging",
    "secondary_service",
    "additional_product",
    "authorisation",
    "billing",
    "delivery",
    "after_sales",
    "communication",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

NONE = "none"
YES, NO = "yes", "no"
UNKNOWN = "unknown"

_MANY = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is declared; lines and columns count from 1, and nought is not said."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(one) for one in (self.line, self.column) if one)])


NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class Module:
    """One pre-made way to fill a component.

    `price` and `cost` are in minor units of the offer's currency; `stock` is how many there are, None without
    limit; `sku` or `step` is what fulfils it. Attributes are numbers, which rules may add up, or words.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    price: int = 0
    cost: int = 0
    stock: int | None = None
    sku: str = ""
    step: str = ""
    attributes: Mapping[str, float | str] = field(default_factory=dict)
    place: Place = NOWHERE

    def label(self, language: str) -> str:
        """The module in a customer's language, in the first it was named in, or its name."""
        return self.labels.get(language) or next(iter(self.labels.values()), self.name)


@dataclass(frozen=True, slots=True)
class Component:
    """Something that can vary; exactly one of its modules is taken, `none` where it may be left out."""

    name: str
    modules: tuple[Module, ...]
    kind: Kind = "configuration"
    labels: Mapping[str, str] = field(default_factory=dict)
    place: Place = NOWHERE

    @property
    def optional(self) -> bool:
        """Whether it may be left out."""
        return any(module.name == NONE for module in self.modules)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its modules, in order."""
        return tuple(module.name for module in self.modules)

    def label(self, language: str) -> str:
        """The component in a customer's language, in the first it was named in, or its name."""
        return self.labels.get(language) or next(iter(self.labels.values()), self.name)

    def module(self, name: str) -> Module:
        """The module of that name. Raises UnknownModule, which names the nearest."""
        for module in self.modules:
            if module.name == name:
                return module
        raise UnknownModule(
            f"the component {self.name!r} has no module {name!r}", hint=did_you_mean(name, self.names)
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """What the company may know of a customer and rules may use; never offered as a choice.

    A `sensitive` one needs explicit consent and is never inferred. Of a customer of whom it is not known, it
    has the value `unknown`, which is none of `values`.
    """

    name: str
    values: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    sensitive: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of every configuration, under a name; `why` says it to customers, by language."""

    name: str
    formula: Formula
    why: Mapping[str, str] = field(default_factory=dict)
    place: Place = NOWHERE

    def reason(self, language: str) -> str:
        """Why, in a customer's language, in the first it was said in, or the rule's name."""
        return self.why.get(language) or next(iter(self.why.values()), self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """Components, facts and rules, in the order in which they are declared.

    `clauses` are rules that arrived as clauses already (DIMACS): their variables are the components' own, in
    order, `yes` being true; clause i stands on line `clause_lines[i]`. `aliases` are other names under which
    a choice may be given, such as a feature of a UVL file that has become a module: they say which module of
    which component is taken, or is not.
    """

    components: tuple[Component, ...]
    facts: tuple[Fact, ...] = ()
    rules: tuple[Rule, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    source: str = ""
    clauses: Clauses | None = None
    clause_lines: NDArray[np.int64] | None = None
    aliases: Mapping[tuple[str, str], tuple[str, str, bool]] = field(default_factory=dict)

    def component(self, name: str) -> Component:
        """The component of that name. Raises UnknownModule, which names the nearest."""
        for component in self.components:
            if component.name == name:
                return component
        names = [component.name for component in self.components]
        raise UnknownModule(f"there is no component {name!r}", hint=did_you_mean(name, names))

    def compile(
        self, *, seconds: float = 30.0, megabytes: float = 1000.0, store: Path | None = None
    ) -> Diagram:
        """All valid configurations as a diagram, which answers exactly and at once.

        Where compiling takes longer than `seconds` or more than `megabytes`, the diagram answers by search
        instead, and its `message` says so. `store` is a folder that keeps what was compiled, by its content.
        """
        from trato.offer.diagram import Diagram

        return Diagram.of(self, seconds=seconds, megabytes=megabytes, store=store)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The remedy for an unknown word: the nearest known one, or the first few."""
    alike = [name for name in known if abs(len(name) - len(word)) <= 3]
    if len(known) > _MANY:  # looking at each of very many takes seconds
        alike = [name for name in alike if name[:1].casefold() == word[:1].casefold()][:_MANY]
    close = nearest(word, alike if len(known) > _MANY else known)
    if close:
        return f"did you mean {close!r}?"
    more = f", … and {len(known) - 20:,} more" if len(known) > 20 else ""
    return f"known: {', '.join(list(known)[:20]) or 'none'}{more}"
