"""UVL, the Universal Variability Language, at its Boolean level with group cardinalities and attributes.

A feature becomes a component with the modules `yes` and `no`; one with an alternative group becomes a
component whose modules are that group's features, and `none` where it may be unselected. Each feature can
still be chosen by its own name. Groups and constraints become rules named after what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.offer.formula import FALSE, TRUE, Count, Formula, Is, Not, Same, implies
from trato.offer.offer import NO, NONE, YES, Component, Module, Offer, Place, Rule
from trato.offer.tokens import NotARule
from trato.offer.uvl_constraints import Selectable, constraint
from trato.offer.uvl_tree import Model

if TYPE_CHECKING:
    from pathlib import Path

    from trato.offer.faults import Faults
    from trato.offer.uvl_tree import Condition, Feature, Group

_YES, _NO = Module(YES), Module(NO)


def read_uvl(path: Path, faults: Faults) -> Offer:
    """The offer of a UVL file and of those that it imports; what cannot be meant goes to `faults`."""
    model = Model(faults)
    root = model.read(path, "", ())
    if root is None:
        if not faults:
            faults.add(Place(str(path), 1), "there is no feature", "say them under `features`")
        return Offer((Component("nothing", (_YES,)),), source=str(path))
    return _Made(faults, str(path)).offer(root, model)


class _Made:
    """Components and rules made of a feature tree."""

    def __init__(self, faults: Faults, source: str) -> None:
        self._faults = faults
        self._source = source
        self._components: dict[str, Component] = {}
        self._rules: list[Rule] = []
        self._selected: dict[str, Formula] = {}
        self._modules: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._aliases: dict[tuple[str, str], tuple[str, str, bool]] = {}
        self._parents: dict[str, str | None] = {}
        self._always: tuple[tuple[str, str, bool], tuple[str, str, bool]] | None = None
        self._numbers: dict[str, dict[str, float]] = {}

    def offer(self, root: Feature, model: Model) -> Offer:
        """The offer of a tree and its conditions."""
        root.always = True
        open_ = [root]
        in_order: list[Feature] = []
        while open_:
            feature = open_.pop()
            in_order.append(feature)
            for group in feature.groups:
                for child in group.children:
                    child.parent = feature
                    child.always = feature.always and group.least == len(group.children)
            open_ += [child for group in reversed(feature.groups) for child in reversed(group.children)]
        taken_by = {
            id(child): (feature, group)
            for feature in in_order
            for group in feature.groups
            if _exclusive(group)
            for child in group.children
        }
        for feature in in_order:
            self._select(feature, id(feature) in taken_by)
        for feature in in_order:
            for group in feature.groups:
                self._bind(feature, group)
        known = Selectable(self._selected, self._numbers, self._parents, self._modules)
        for condition in model.conditions:
            self._constrain(condition, known)
        return Offer(
            tuple(self._components.values()),
            rules=tuple(self._rules),
            source=self._source,
            aliases=self._aliases,
        )

    def _select(self, feature: Feature, is_module: bool) -> None:
        """How it is said that a feature is selected; parents come before their children."""
        name = feature.name
        self._parents[name] = feature.parent.name if feature.parent else None
        self._numbers[name] = {
            key: value for key, value in feature.attributes.items() if not isinstance(value, str)
        }
        groups = [group for group in feature.groups if _exclusive(group)]
        for number, group in enumerate(groups, 1):
            self._component(feature, group, name if number == 1 else f"{name} ({number})")
        if groups and not is_module:
            if feature.always:
                self._selected[name] = TRUE
                if self._always:
                    self._aliases[name, YES], self._aliases[name, NO] = self._always
                return
            modules = tuple(child.name for child in groups[0].children)
            self._selected[name] = Not(Is(name, (NONE,)))
            self._modules[name] = name, modules
            self._aliases[name, YES], self._aliases[name, NO] = (name, NONE, False), (name, NONE, True)
        elif not is_module:
            yes = (
                Module(YES, attributes=feature.attributes, place=feature.place)
                if feature.attributes
                else _YES
            )
            both = (yes,) if feature.always else (yes, _NO)
            self._put(Component(name, both, place=feature.place))
            self._selected[name] = Is(name, (YES,))
            self._modules[name] = name, (YES,)
            if feature.always:
                self._aliases[name, NO] = name, YES, False
                self._always = self._always or ((name, YES, True), (name, YES, False))
        rest = groups if is_module else groups[1:]
        for number, group in enumerate(groups, 1):
            if group in rest and not feature.always:
                called = name if number == 1 else f"{name} ({number})"
                taken = Not(Is(called, (NONE,)))
                self._rules.append(
                    Rule(f"one of {called}", Same(self._selected[name], taken), place=group.place)
                )

    def _put(self, component: Component) -> None:
        if component.name in self._components:
            message = f"{component.name!r} is what a second group of alternatives is called"
            self._faults.add(component.place, message, "rename it")
        self._components[component.name] = component

    def _component(self, feature: Feature, group: Group, called: str) -> None:
        modules = [Module(one.name, attributes=one.attributes, place=one.place) for one in group.children]
        if any(module.name == NONE for module in modules):
            self._faults.add(group.place, f"a feature cannot be called {NONE!r} here", "rename it")
        if not feature.always:
            modules = [Module(NONE, place=feature.place), *modules]
        self._put(Component(called, tuple(modules), place=feature.place))
        for child in group.children:
            self._selected[child.name] = Is(called, (child.name,))
            self._modules[child.name] = called, (child.name,)
            self._aliases[child.name, YES] = called, child.name, True
            self._aliases[child.name, NO] = called, child.name, False

    def _bind(self, feature: Feature, group: Group) -> None:
        """What a group says, as rules."""
        if _exclusive(group):
            return
        name = feature.name
        parts = tuple(self._selected[child.name] for child in group.children)
        size = len(parts)
        for child, part in zip(group.children, parts, strict=True):
            if child.always:
                continue
            if group.least < size and feature.always:
                continue
            formula: Formula = implies(part, self._selected[name])
            said = f"{child.name} needs {name}"
            if group.least == size:
                said, formula = f"{child.name} is part of {name}", Same(self._selected[name], part)
            self._rules.append(Rule(said, formula, place=child.place))
        if 0 < group.least < size or group.most < size:
            some = f"{group.least} to {group.most}" if group.least < group.most else str(group.least)
            said = f"at least one of {name}" if group.said == "or" else f"{some} of {name}"
            bound = Count(group.least, group.most, parts)
            self._rules.append(Rule(said, implies(self._selected[name], bound), place=group.place))

    def _constrain(self, condition: Condition, known: Selectable) -> None:
        unknown: list[NotARule] = []
        formula: Formula = FALSE
        tokens = condition.tokens
        if tokens is None:
            return
        begun = tokens.next.offset
        try:
            formula = constraint(tokens, known, condition.prefix, unknown)
            tokens.end({"=>", "<=>", "&", "|", ")", "=", ",", "]"})
        except NotARule as stopped:
            unknown.append(stopped)
        for one in unknown:
            place = condition.line.place(condition.source, one.offset)
            self._faults.add(place, one.message, one.hint)
        place = condition.line.place(condition.source, begun)
        text = " ".join(tokens.text.split())
        self._rules.append(Rule(text if len(text) <= 120 else f"{text[:119]}…", formula, place=place))


def _exclusive(group: Group) -> bool:
    return (group.least, group.most) == (1, 1) and len(group.children) > 1
