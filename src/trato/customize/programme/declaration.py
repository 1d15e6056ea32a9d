"""`treatments.yaml`, read with every complaint at its line.

programmes:
  come_back:
    label: {en: Come back, es: Vuelva, pt: Volte}
    purpose: offers
    believes: suggestions
    touchpoints: [newsletter]
    moment: {starts: arrives, component: author}
    goal: {outcome: taken, days: 14, source: purchase}
    same_for_all: post_card
    eligible: days_since_purchase >= 30
    caps: [{contacts: 2, days: 30}]
    budget: 500
    treatments:
      post_card: {label: {en: a post card}, value: 9.50, cost: 0.80}
      new_book: {label: {en: the new book}, value: 9.50, configuration: {wrapping: gift}}

Money is written in the currency's main unit and kept exactly, in minor units.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from trato import shapes
from trato.customize.programme.declared_features import USUAL_FEATURES, features_in
from trato.customize.programme.document import versioned
from trato.customize.programme.facts import is_believed
from trato.customize.programme.reading import Reading, whole
from trato.customize.programme.shape import CONDUCTED, MOST_MONEY, MOST_NOISE, PROGRAMMES, REPORTED
from trato.customize.programme.treatments import (
    NO_TREATMENT,
    NOTHING,
    Cap,
    Goal,
    Holdouts,
    Moment,
    Programme,
    Programmes,
    Treatment,
)
from trato.interact.touchpoints import labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trato.declared import Declared, Reader
    from trato.interact.interactions import Setting
    from trato.shapes import Found

USUAL_RATE = 0.02
USUAL_LEAST = 0.2
USUAL_GRACE = 1.0  # days until all of a till's purchases have been loaded
_OF_MOMENT = {
    "request": frozenset[str](),
    "arrives": frozenset({"component", "least"}),
    "runs_out": frozenset({"component"}),
    "falls_due": frozenset({"component", "days"}),
    "promise_due": frozenset({"days"}),
}


def programmes_in(wrong: Reader, root: Declared, setting: Setting) -> Programmes:
    """The programmes that a page declares; complaints go to the reader."""
    said = shapes.read(wrong, root, PROGRAMMES)
    return Programmes(
        {
            key: versioned(_OfProgramme(wrong, setting).programme(key, one))
            for key, one in said.under("programmes").keys.items()
        }
    )


class _OfProgramme(Reading):
    """Reads one programme."""

    def programme(self, key: str, said: Found) -> Programme:
        """A programme, as far as it can be read."""
        goal = self._goal(said.under("goal"))
        found = Programme(
            key=key,
            label=cast("Any", labels(said.under("label"))) or {"en": key},
            purpose=said.text("purpose"),
            believes=said.text("believes") or None,
            touchpoints=self._touchpoints(said.under("touchpoints")),
            moment=self._moment(said.under("moment")),
            goal=goal,
            treatments=(NO_TREATMENT, *self._treatments(said.under("treatments"), goal)),
            same_for_all=said.text("same_for_all"),
            eligible=self.condition(said, "eligible"),
            caps=self._caps(said.under("caps")),
            fatigue=self.money(said, "fatigue") or 0,
            budget=self.money(said, "budget"),
            capacity=whole(said, "capacity"),
            explore=said.number("explore", 0.1),
            holdouts=self._holdouts(said.under("holdouts")),
            conducted=cast("Any", said.text("conducted") or CONDUCTED[0]),
            fairness=self.facts(said.under("fairness")),
            prior_rate=self._programme_rate(said, goal),
            noise=self._noise(said, goal),
            starts=self.moment_of(said, "starts", ends=False),
            ends=self.moment_of(said, "ends", ends=True),
        )
        if "features" in said.keys:
            features = features_in(self, said.under("features"), found.touchpoints)
        else:
            features = USUAL_FEATURES if found.believes else ()
        found = replace(found, features=features)
        self._together(found, said)
        return found

    def _together(self, found: Programme, said: Found) -> None:
        """What one key says of another."""
        given = said.under("treatments").keys
        at = said.under("same_for_all").at
        if found.same_for_all == NOTHING:
            self.wrong.complain(
                at,
                "the same for all cannot be nothing, which has a hold-out of its own",
                f"say one of: {', '.join(given)}" if given else None,
            )
        elif found.same_for_all:
            shapes.known(self.wrong, at, found.same_for_all, given, "treatment")
        if found.starts and found.ends and found.starts >= found.ends:
            self.wrong.complain(said.under("ends").at, "the programme ends before it starts")
        if found.believes is None:
            for place, names in self._looked_at(said, found):
                for name in names:
                    if is_believed(name):
                        self.wrong.complain(
                            place,
                            f"{name!r} is read under a profiling purpose, and none is said",
                            "say which: believes: PURPOSE",
                        )

    def _looked_at(self, said: Found, found: Programme) -> Iterable[tuple[Declared, Iterable[str]]]:
        """The facts that a programme looks at, and where it says so."""
        if found.eligible is not None:
            yield said.under("eligible").at, found.eligible.names
        given = said.under("treatments").keys
        for one in found.treatments:
            if one.eligible is not None and one.key in given:
                yield given[one.key].under("eligible").at, one.eligible.names
        if "features" in said.keys:
            yield said.under("features").at, [one.name for one in found.features]
        yield said.under("fairness").at, found.fairness

    def _touchpoints(self, said: Found) -> tuple[str, ...]:
        for one in said.items:
            if one.text():
                shapes.known(self.wrong, one.at, one.text(), self.setting.touchpoints.by_key, "touchpoint")
        self.once(said)
        return tuple(dict.fromkeys(one.text() for one in said.items if one.text()))

    def _moment(self, said: Found) -> Moment:
        starts = said.text() or said.text("starts") or "request"
        if not said.keys:
            if starts in {"arrives", "runs_out", "falls_due"}:
                self.wrong.complain(
                    said.at,
                    f"of which component {starts!r} is meant is not said",
                    f"moment: {{starts: {starts}, component: …}}",
                )
            return Moment(cast("Any", starts), days=1 if starts == "promise_due" else 0)
        means = _OF_MOMENT[starts]
        for key in ("component", "days", "least"):
            if key in said.keys and key not in means:
                self.wrong.complain(
                    said.under(key).at,
                    f"{key!r} means nothing where {starts!r} starts a decision",
                    "remove it",
                )
        if "component" in means and "component" not in said.keys:
            self.wrong.complain(
                said.at, f"of which component {starts!r} is meant is not said", "component: …"
            )
        days = whole(said, "days")
        if starts == "falls_due" and not days:
            self.wrong.complain(said.at, "after how many days it falls due again is not said", "days: 365")
        return Moment(
            cast("Any", starts),
            said.text("component") or None,
            (1 if days is None else days) if starts == "promise_due" else days or 0,
            said.number("least", USUAL_LEAST) if starts == "arrives" else 0.0,
        )

    def _goal(self, said: Found) -> Goal:
        source = said.text("source") or REPORTED
        for key in ("component", "module"):
            if key in said.keys and source == REPORTED:
                self.wrong.complain(
                    said.under(key).at,
                    f"{key!r} means nothing of an outcome that is reported",
                    "say how it is found: source: purchase",
                )
        if "module" in said.keys and "component" not in said.keys:
            self.wrong.complain(said.under("module").at, "of which component the module is, is not said")
        outcome = said.text("outcome") or "taken"
        if outcome == "money" and "value" in said.keys:
            self.wrong.complain(
                said.under("value").at, "where the goal is money, it is its own value", "remove the value"
            )
        return Goal(
            cast("Any", outcome),
            said.number("days", 1.0),
            source,
            said.text("component") or None,
            said.text("module") or None,
            self.money(said, "value") if outcome == "taken" else None,
            said.number("arrives_within", 0.0 if source == REPORTED else USUAL_GRACE),
        )

    def _treatments(self, said: Found, goal: Goal) -> list[Treatment]:
        if NOTHING in said.keys:
            self.wrong.complain(
                said.keys[NOTHING].at,
                "'nothing' is always among the treatments, and costs and brings nothing",
                "remove it, or give it another name if it is something",
            )
        return [self._treatment(key, one, goal) for key, one in said.keys.items() if key != NOTHING]

    def _treatment(self, key: str, said: Found, goal: Goal) -> Treatment:
        if goal.outcome == "money" and "value" in said.keys:
            self.wrong.complain(
                said.under("value").at, "where the goal is money, it is its own value", "remove the value"
            )
        if goal.outcome == "taken" and "value" not in said.keys:
            self.wrong.complain(said.at, f"what one success of {key!r} brings is not said", "value: 12.50")
        prior = said.under("prior")
        return Treatment(
            key=key,
            label=cast("Any", labels(said.under("label"))) or {"en": key},
            says=cast("Any", labels(said.under("says"))),
            configuration={
                component: one.text() for component, one in said.under("configuration").keys.items()
            },
            attributes={
                name: float(one.value)
                for name, one in said.under("attributes").keys.items()
                if isinstance(one.value, float)
            },
            value=1 if goal.outcome == "money" else self.money(said, "value") or 0,
            cost=self.money(said, "cost") or 0,
            cost_taken=self.money(said, "cost_taken") or 0,
            eligible=self.condition(said, "eligible"),
            stock=whole(said, "stock"),
            lever=said.number("lever", 1.0),
            prior_rate=self._rate(prior, "rate", goal) if "rate" in prior.keys else None,
            prior_weight=prior.number("weight", 10.0),
        )

    def _rate(self, said: Found, key: str, goal: Goal) -> float:
        """A share, or money in minor units where the goal is money; there it may have any decimals."""
        rate = min(said.number(key, 0.0), MOST_MONEY)  # more has been complained of
        if goal.outcome == "money":
            return float(Decimal(str(rate)) * 10**self.setting.minor_units)
        if rate > 1:
            self.wrong.complain(said.under(key).at, f"a rate is at most 1, and {rate:g} is more")
        return rate

    def _programme_rate(self, said: Found, goal: Goal) -> float:
        if "prior_rate" in said.keys:
            return self._rate(said, "prior_rate", goal)
        if goal.outcome == "money":
            self.wrong.complain(
                said.under("goal").at,
                "how much money is expected before any evidence is not said",
                "prior_rate: 12.50, what a customer brings in the goal's days on average",
            )
        return USUAL_RATE

    def _noise(self, said: Found, goal: Goal) -> float | None:
        if "noise" not in said.keys:
            return None
        noise = min(said.number("noise", 1.0), MOST_NOISE)
        return noise * 100.0**self.setting.minor_units if goal.outcome == "money" else noise

    def _caps(self, said: Found) -> tuple[Cap, ...]:
        found: list[Cap] = []
        for one in said.items:
            cap = Cap(whole(one, "contacts") or 1, whole(one, "days") or 1, one.text("channel") or None)
            if any((cap.days, cap.channel) == (each.days, each.channel) for each in found):
                self.wrong.complain(
                    one.at, "a cap of as many days stands here a second time", "remove one of them"
                )
            found.append(cap)
        return tuple(found)

    def _holdouts(self, said: Found) -> Holdouts:
        usual = Holdouts()
        found = Holdouts(
            said.number("nothing", usual.nothing),
            said.number("same_for_all", usual.same_for_all),
            said.number("random", usual.random),
        )
        if found.nothing + found.same_for_all + found.random > 1 - 1e-6:
            self.wrong.complain(
                said.at,
                "the hold-outs leave nobody to the policy",
                f"together they must be below 1; what is not said is {usual.nothing:g} each",
            )
            return usual
        return found
