"""Programmes against the rest of what a company declares: purposes, offer, needs, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato import shapes
from trato.customize.programme.facts import slug
from trato.offer.offer import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from trato.customize.programme.treatments import Programme, Programmes, Treatment
    from trato.declared import Declared, Reader
    from trato.interact.touchpoints import Touchpoints
    from trato.offer.offer import Offer
    from trato.permission.purposes import Purposes

# A promise that falls due is service; what the company starts for other reasons is marketing.
BY_COMPANY = frozenset({"arrives", "runs_out", "falls_due"})
ONE_WAY = frozenset({"email", "text_message", "post"})


class Checking:
    """Checks programmes; what cannot be meant goes to `wrong`, what may be to `remarks`.

    `components` are all that are known from anywhere, such as the tables' (none is known where it is empty),
    and `needs` the English names of needs.
    """

    def __init__(
        self,
        wrong: Reader,
        remarks: Reader,
        *,
        purposes: Purposes,
        touchpoints: Touchpoints,
        offer: Offer | None,
        components: Collection[str],
        needs: Sequence[str],
    ) -> None:
        self.wrong = wrong
        self.remarks = remarks
        self.purposes = purposes
        self.touchpoints = touchpoints
        self.offer = offer
        self.components = components
        self.needs = [slug(name) for name in needs]

    def programmes(self, root: Declared, programmes: Programmes) -> None:
        """Check all programmes of a page."""
        for one in programmes:
            at = written_at(root, "programmes", one.key)
            if at is not root:
                self.programme(at, one)

    def programme(self, at: Declared, programme: Programme) -> None:
        """Check one programme."""
        self._purposes(at, programme)
        self._caps(at, programme)
        self._component(written_at(at, "moment", "component"), programme.moment.component)
        goal = programme.goal
        self._component(written_at(at, "goal", "component"), goal.component)
        if goal.component and goal.module:
            self._module(written_at(at, "goal", "module"), goal.component, goal.module)
        for treatment in programme.treatments[1:]:
            place = written_at(at, "treatments", treatment.key)
            self._sense(place, programme, treatment)
            self._configuration(written_at(place, "configuration"), treatment.configuration)
        for place, name in _facts_of(at, programme):
            self._fact(place, name, programme)
        for feature in programme.features:
            for level in feature.levels if feature.name == "need" else ():
                self._need(written_at(at, "features"), level)

    def _sense(self, at: Declared, programme: Programme, treatment: Treatment) -> None:
        """Whether a treatment can do what it is there for."""
        if treatment.stock is not None and treatment.key == programme.same_for_all:
            self.remarks.complain(
                written_at(at, "stock"),
                f"{treatment.key!r} is the same for all, and there are {treatment.stock:,} of it",
                "once they are given, nothing can be compared with it: give it no stock, or choose another",
            )
        if programme.goal.outcome == "taken" and treatment.value <= treatment.most_cost:
            self.remarks.complain(
                written_at(at, "value"),
                f"{treatment.key!r} can never pay: one success brings no more than it costs",
                "see value, cost and cost_taken",
            )

    def _purposes(self, at: Declared, programme: Programme) -> None:
        known = self.purposes.by_key
        if programme.believes is not None:
            place = written_at(at, "believes")
            found = shapes.known(self.wrong, place, programme.believes, known, "purpose")
            if found and not known[programme.believes].profiling:
                self.wrong.complain(
                    place,
                    f"the purpose {programme.believes!r} does not allow profiling",
                    self._others("profiling"),
                )
        place = written_at(at, "purpose")
        if not programme.purpose or not shapes.known(self.wrong, place, programme.purpose, known, "purpose"):
            return
        if known[programme.purpose].marketing_contact:
            return
        if programme.moment.starts in BY_COMPANY:
            self.wrong.complain(
                place,
                f"the company turns to customers when {programme.moment.starts!r} starts a decision, and "
                f"{programme.purpose!r} does not allow marketing contact",
                self._others("marketing_contact"),
            )
            return
        by_key = self.touchpoints.by_key
        one_way = [one for one in programme.touchpoints if one in by_key and by_key[one].channel in ONE_WAY]
        if one_way and programme.moment.starts == "request":
            self.remarks.complain(
                place,
                f"{programme.purpose!r} does not allow marketing contact: on {one_way[0]!r} only what "
                "customers asked for may be answered",
                self._others("marketing_contact"),
            )

    def _others(self, what: str) -> str:
        fit = [one.key for one in self.purposes if getattr(one, what)]
        declare = f"declare one with {what}: true"
        return f"such are: {', '.join(fit)}; or {declare}" if fit else declare

    def _caps(self, at: Declared, programme: Programme) -> None:
        by_key = self.touchpoints.by_key
        channels = {by_key[one].channel for one in programme.touchpoints if one in by_key}
        written = written_at(at, "caps").elements
        for place, cap in zip(written, programme.caps, strict=False):
            if cap.channel and channels and cap.channel not in channels:
                self.remarks.complain(
                    place,
                    f"no touchpoint of this programme is on {cap.channel!r}",
                    "the cap counts contacts of others for the same purpose alone",
                )
            if any(
                other.days >= cap.days and other.contacts <= cap.contacts and other.channel == cap.channel
                for other in programme.caps
                if other is not cap
            ):
                self.remarks.complain(
                    place, "this cap never binds: another allows no more in a longer time", "remove it"
                )

    def _component(self, at: Declared, component: str | None) -> bool:
        """Whether a component is known; one that is not may stand in the company's tables."""
        if component and self.components and component not in self.components:
            self.remarks.complain(
                at,
                f"nothing declared is called {component!r}: it must be a component of your tables",
                did_you_mean(component, self.components),
            )
            return False
        return True

    def _module(self, at: Declared, component: str, module: str) -> None:
        """Whether the offer has a module, where it has the component."""
        modules = self._modules().get(component, ())
        if modules and module not in modules:
            self.remarks.complain(
                at,
                f"the offer's {component!r} has no {module!r}: it must be a module of your tables",
                did_you_mean(module, modules),
            )

    def _configuration(self, at: Declared, configuration: Mapping[str, str]) -> None:
        modules = self._modules()
        if self.offer is None:
            # Without an offer the modules may be those of the company's tables.
            if not set(configuration) <= set(self.components):
                self.remarks.complain(
                    at,
                    "no offer is declared to which this configuration could belong",
                    "write offer.yaml, and it is checked",
                )
            return
        for component, module in configuration.items():
            place = written_at(at, component)
            if not shapes.known(self.wrong, place, component, modules, "component of the offer"):
                continue
            if module not in modules[component]:
                self.wrong.complain(
                    place,
                    f"the component {component!r} has no module {module!r}",
                    did_you_mean(module, modules[component]),
                )

    def _need(self, at: Declared, key: str) -> None:
        if self.needs and key not in self.needs:
            self.remarks.complain(
                at, f"no need of needs.yaml is called {key!r}", did_you_mean(key, self.needs)
            )

    def _modules(self) -> dict[str, tuple[str, ...]]:
        return {one.name: one.names for one in self.offer.components} if self.offer else {}

    def _fact(self, at: Declared, name: str, programme: Programme) -> None:
        family, _, rest = name.partition(".")
        if family == "value" and rest:
            read = [one for one in self.purposes if one.key in {programme.purpose, programme.believes}]
            fields = {each for one in read for each in one.fields}
            if read and rest not in fields:
                self.wrong.complain(
                    at,
                    f"{name!r} can never be read: neither purpose lists {rest!r} among its fields",
                    did_you_mean(rest, sorted(fields)) if fields else "list it in purposes.yaml",
                )
        elif family == "need" and rest:
            self._need(at, rest)
        elif family in {"wants", "avoids"} and rest:
            self._component(at, rest)
        elif family == "bought" and rest:
            if rest in self.components or not self.components:
                return
            # Both names may hold points: the longest component of which it can be a module.
            owners = [one for one in self.components if rest.startswith(f"{one}.")]
            if owners:
                owner = max(owners, key=len)
                self._module(at, owner, rest.removeprefix(f"{owner}."))
            else:
                self._component(at, rest.partition(".")[0])


def _facts_of(at: Declared, programme: Programme) -> Iterator[tuple[Declared, str]]:
    """The facts that a programme looks at, each where it is written."""
    if programme.eligible is not None:
        yield from ((written_at(at, "eligible"), name) for name in programme.eligible.names)
    for one in programme.treatments:
        if one.eligible is not None:
            place = written_at(at, "treatments", one.key, "eligible")
            yield from ((place, name) for name in one.eligible.names)
    if "features" in at.members:
        written = written_at(at, "features").elements
        yield from zip(written, (one.name for one in programme.features), strict=False)
    yield from zip(written_at(at, "fairness").elements, programme.fairness, strict=False)


def written_at(at: Declared, *keys: str) -> Declared:
    """What is written under the keys, as deep as they lead."""
    for key in keys:
        if key not in at.members:
            return at
        at = at.members[key]
    return at
