"""From what a study found to what its report shows. All that a reader sees is chosen here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.estimates import Interval
from trato.pages.household import household
from trato.pages.labels import component_name, expected_value, need_name
from trato.pages.report import (
    TIERS,
    CampaignRow,
    CurvePoint,
    ExperiencePart,
    Honesty,
    LadderPart,
    LadderRow,
    Lift,
    Made,
    Name,
    NeedRow,
    Report,
    TierRow,
    ValuePart,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trato.batch.appraise import AppraisalReport
    from trato.batch.demo import Study
    from trato.batch.demo_campaigns import CampaignsOf
    from trato.batch.demo_shop import Labels, Shop
    from trato.batch.needs import NeedsReport
    from trato.batch.value import ValueReport
    from trato.measure.appraise import Component

    Array = NDArray[np.float64]

SHOWN_LIFTS = 5


def report_of(study: Study, *, version: str) -> Report:
    """The report of a study."""
    value, needs = study.value, study.needs
    likeliest = _likeliest(needs, value)
    return Report(
        company=Name("", given=tuple(study.shop.company.items())),
        currency=study.shop.currency,
        money="value" if value.costs_given else "revenue",
        first_day=value.first_day,
        last_day=value.until,
        horizon_days=value.horizon,
        baskets=study.shopping.baskets,
        value=_value(value),
        needs=_needs(study, likeliest),
        needs_unnamed=sum(one.state == "untitled" for one in needs.matching.namings),
        needs_drifting=sum(one.state == "drifting" for one in needs.matching.namings),
        needs_unknown=int((likeliest < 0).sum()),
        ladder=_ladder(study.appraisal, study.labels, study.shop),
        campaigns=tuple(map(_campaign, study.campaigns)),
        experience=_experience(study),
        person=household(study),
        made=Made(
            version=version,
            seed=study.shop.seed,
            rows=value.reading.rows,
            rejected=value.reading.rejected,
            commands=study.commands,
        ),
    )


def _campaign(of: CampaignsOf) -> CampaignRow:
    return CampaignRow(
        name=Name(of.kind),
        campaigns=of.campaigns,
        mailings=of.mailings,
        used=of.used,
        foretold=of.said.foretold,
        before=of.said.before,
        placebo=of.said.placebo,
        change=of.said.change,
        customers=of.proposal.customers,
        held_out=of.proposal.share,
        smallest=of.proposal.smallest,
        worthwhile=of.proposal.worthwhile,
        rounds=of.proposal.rounds,
    )


def _value(value: ValueReport) -> ValuePart:
    expected, actual = value.column("expected_value"), value.column("actual_value")
    tier = np.asarray(value.values["tier"].to_pylist())
    best_first = np.sort(expected)[::-1]
    brought = np.concatenate(([0.0], np.cumsum(best_first))) / max(float(expected.sum()), 1e-9)
    places = np.linspace(0, len(expected), 101)
    shares = np.interp(places, np.arange(len(brought)), brought)
    return ValuePart(
        customers=len(expected),
        actual=float(actual.sum()),
        expected=float(expected.sum()),
        curve=tuple(CurvePoint(i / 100, float(share)) for i, share in enumerate(shares)),
        tiers=tuple(_tier(value, tier == name, name) for name in TIERS),
        honesty=_honesty(value),
    )


def _tier(value: ValueReport, inside: NDArray[np.bool_], name: str) -> TierRow:
    expected = value.column("expected_value")
    members = np.flatnonzero(inside)
    typical = Interval(0.0, 0.0, 0.0)
    if len(members):
        middle = _middle(members, expected)
        typical = expected_value(value, middle)
    potential = value.column("potential")[inside] if value.known_needs is not None else expected[inside]
    return TierRow(
        tier=next(tier for tier in TIERS if tier == name),
        customers=len(members),
        actual=float(value.column("actual_value")[inside].sum()),
        expected=float(expected[inside].sum()),
        potential=float(potential.sum()),
        typical=typical,
    )


def _honesty(value: ValueReport) -> Honesty | None:
    test = value.backtest
    if test is None:
        return None
    return Honesty(
        tests=len(test.origins),
        days=test.horizon,
        customers=max(origin.customers for origin in test.origins),
        value_error=test.value_error,
        capture=test.capture,
        capture_past_spend=test.capture_past_spend,
        difference=test.capture_gain,
        within=test.pit_90,
    )


def _likeliest(needs: NeedsReport, value: ValueReport) -> NDArray[np.int64]:
    """Each valued customer's likeliest need (n,), -1 where nothing tells."""
    of = dict(zip(needs.beliefs["customer"].to_pylist(), needs.beliefs["need"].to_pylist(), strict=True))
    return np.array([of.get(customer, 0) - 1 for customer in value.values["customer"].to_pylist()])


def _needs(study: Study, likeliest: NDArray[np.int64]) -> tuple[NeedRow, ...]:
    value, needs = study.value, study.needs
    expected, potential = value.column("expected_value"), value.column("potential")
    tier = np.asarray(value.values["tier"].to_pylist())
    rows = []
    for k in range(needs.needs.model.needs):
        inside = likeliest == k
        cells = [inside & (tier == name) for name in TIERS]
        customers = tuple(int(cell.sum()) for cell in cells)
        money = tuple(float(expected[cell].sum()) for cell in cells)
        lifts = [
            Lift(
                component_name(study.labels, one.module),
                one.lift.mean,
                one.share,
                one.population_share,
            )
            for one in needs.needs.portraits[k].more[:SHOWN_LIFTS]
        ]
        rows.append(
            NeedRow(
                name=need_name(needs, k),
                customers=int(inside.sum()),
                expected=float(expected[inside].sum()),
                potential=float(potential[inside].sum()),
                lifts=tuple(lifts),
                tier_customers=(customers[0], customers[1], customers[2], customers[3]),
                tier_expected=(money[0], money[1], money[2], money[3]),
            )
        )
    return tuple(sorted(rows, key=lambda row: -row.expected))


def _ladder(report: AppraisalReport, labels: Labels, shop: Shop) -> LadderPart:
    told = [one for one in report.appraisal.components if one.judged is not None or one.modules == 1]
    rows = sorted((_ladder_row(one, labels) for one in told), key=lambda row: -row.hits_gained.mean)
    whole = report.appraisal.whole
    return LadderPart(
        rows=tuple(rows),
        pictured=shop.pictured,
        left_out=len(report.appraisal.components) - len(told) + report.appraisal.left_out,
        material=report.appraisal.settings.material,
        concentration=tuple(one.cumulative for one in whole.carriers) if whole else (),
        judged_from=(report.judge_from or report.last).date(),
    )


def _ladder_row(component: Component, labels: Labels) -> LadderRow:
    judged = component.judged
    mass, niche, one = judged.hits if judged else (1.0, 1.0, 1.0)
    # What the reader compares: the rung to stop at, or the last one where there is none.
    at_niche = component.worth_trying.rung == "niche"
    gained = Interval(0.0, 0.0, 0.0)
    if judged:
        ladder = judged.ladder
        gained = (ladder.niche_over_mass if at_niche else ladder.one_to_one_over_mass).hits
    return LadderRow(
        name=component_name(labels, component.name),
        modules=component.modules,
        customers=judged.customers if judged else component.customers,
        choices=judged.choices if judged else component.choices,
        hit_mass=mass,
        hit_niche=niche,
        hit_one=one,
        hits_gained=gained,
        rung=component.worth_trying.rung,
        more_customers=component.worth_trying.more_customers,
    )


def _experience(study: Study) -> ExperiencePart:
    found = study.appraisal.experience
    return ExperiencePart(
        experience=found.kind,
        interacts=found.interacts.able,
        treats=found.treats.able,
        why_interacts=Name("", given=tuple(study.shop.interacts.why.items())),
        why_treats=Name("", given=tuple(study.shop.treats.why.items())),
    )


def _middle(places: NDArray[np.int64], by: Array) -> int:
    """The place whose value is in the middle; of two, the lower."""
    order = places[np.argsort(by[places], kind="stable")]
    return int(order[(len(order) - 1) // 2])
