"""`treatments.yaml` is read exactly, what it does not say is sensible, and every fault has its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.company.folders import OFFER, TREATMENTS, shop
from tests.company.test_schemas import broken
from trato import declared, shapes
from trato.company.folder import Examined, examine, told_relative
from trato.company.programmes import check_programmes
from trato.customize.programme.declaration import programmes_in
from trato.customize.programme.declared_features import USUAL_FEATURES
from trato.customize.programme.document import programme_from
from trato.customize.programme.eligibility import Condition
from trato.customize.programme.shape import PROGRAMMES
from trato.customize.programme.treatments import NO_TREATMENT, Cap, Feature, Goal, Holdouts, Moment
from trato.declared import Reader

if TYPE_CHECKING:
    from pathlib import Path

    from trato.customize.programme.treatments import Programme

PURPOSES = """\
purposes:
  service:
    labels: {en: Selling to you}
    legal_basis: contract
    profiling: true
    fields: [card]
    retention_days: 100
  offers:
    labels: {en: Offers}
    legal_basis: consent
    marketing_contact: true
    fields: [card, name]
    retention_days: 100
"""

TOUCHPOINTS = """\
touchpoints:
  till:
    label: {en: at the till}
    channel: store
  letter:
    label: {en: by post}
    channel: post
"""

SMALL = """\
programmes:
  cards:
    label: {en: Post cards}
    purpose: offers
    touchpoints: [letter]
    goal: {outcome: taken, days: 14}
    same_for_all: card
    treatments:
      card: {label: {en: a card}, value: 9.50}
"""


def looked_at(folder: Path, treatments: str, **changed: str | None) -> Examined:
    folder = shop(folder, purposes=PURPOSES, touchpoints=TOUCHPOINTS, **changed)
    (folder / "offer.yaml").write_text(OFFER, encoding="utf-8")
    (folder / "treatments.yaml").write_text(treatments, encoding="utf-8")
    return examine(folder)


def told(found: Examined, *, grave: bool = True) -> list[str]:
    return [
        str(told_relative(one, found.company.folder)).removeprefix("treatments.yaml:")
        for one in found.faults
        if one.grave is grave
    ]


def only(found: Examined) -> Programme:
    assert told(found) == []
    (programme,) = found.company.programmes
    return programme


def test_all_that_may_be_said_is_read(tmp_path: Path) -> None:
    programme = only(looked_at(tmp_path / "shop", TREATMENTS))
    assert (programme.key, programme.purpose, programme.believes) == ("come_back", "offers", "service")
    assert programme.label == {"en": "Come back"}
    assert programme.moment == Moment("arrives", "bread", least=0.3)
    assert programme.goal == Goal("taken", 14, "purchase", "bread", "rye", arrives_within=1.0)
    assert (programme.same_for_all, programme.conducted, programme.explore) == ("coupon", "person", 0.2)
    assert programme.holdouts == Holdouts(0.1, 0.1, 0.05)
    assert (programme.budget, programme.capacity, programme.fatigue) == (50050, 100, 5)
    assert programme.caps == (Cap(2, 30, "store"),)
    assert programme.eligible == Condition("tier in {MVC, MGC}")
    assert programme.features == (
        USUAL_FEATURES[0],
        Feature("days_since_purchase", scale=7),
        Feature("context.season", ("spring", "autumn")),
    )
    assert (programme.fairness, programme.prior_rate, programme.noise) == (("value.card",), 0.05, 0.1)
    nothing, coupon = programme.treatments
    assert nothing == NO_TREATMENT
    assert (coupon.value, coupon.cost, coupon.cost_taken, coupon.most_cost) == (950, 29, 100, 129)
    assert (coupon.configuration, coupon.attributes) == ({"bread": "rye"}, {"discount": 0.1})
    assert (coupon.eligible, coupon.stock, coupon.lever) == (Condition("known need"), 40, 1.5)
    assert (coupon.prior_rate, coupon.prior_weight) == (0.04, 20)
    assert coupon.says == {"en": "Come and see us."}


def test_what_is_not_said_has_a_sensible_value(tmp_path: Path) -> None:
    programme = only(looked_at(tmp_path / "shop", SMALL))
    assert programme.moment == Moment("request")
    assert programme.goal.source == "reported"
    assert (programme.explore, programme.holdouts) == (0.1, Holdouts(0.05, 0.05, 0.05))
    assert (programme.budget, programme.capacity, programme.fatigue, programme.caps) == (None, None, 0, ())
    assert (programme.believes, programme.features, programme.prior_rate) == (None, (), 0.02)
    assert (programme.conducted, programme.starts, programme.ends) == ("system", None, None)
    card = programme.treatment("card")
    assert (card.cost, card.cost_taken, card.stock, card.lever, card.eligible) == (0, 0, None, 1, None)
    assert (card.prior_rate, card.prior_weight) == (None, 10)
    believing = SMALL.replace("touchpoints", "believes: service\n    touchpoints")
    assert only(looked_at(tmp_path / "other", believing)).features == USUAL_FEATURES


def test_nothing_is_always_the_first(tmp_path: Path) -> None:
    programme = only(looked_at(tmp_path / "shop", SMALL))
    assert [one.key for one in programme.treatments] == ["nothing", "card"]
    assert programme.place("nothing") == 0


@pytest.mark.parametrize(
    ("currency", "minor_units", "written", "kept"),
    [
        ("EUR", 2, "0.29", 29),
        ("EUR", 2, "1_000.10", 100010),
        ("EUR", 2, "1e3", 100000),
        ("EUR", 2, "12.500", 1250),
        ("JPY", 0, "12", 12),
        ("JPY", 0, "12.0", 12),
        ("BHD", 3, "0.007", 7),
        ("EUR", 2, "999999999999.99", 99999999999999),
    ],
)
def test_money_is_kept_exactly(
    tmp_path: Path, currency: str, minor_units: int, written: str, kept: int
) -> None:
    company = f"name: {{en: A}}\nlanguages: [en]\ncurrency: {currency}\ntime_zone: UTC\n"
    folder = shop(tmp_path / "shop", company=company, purposes=PURPOSES, touchpoints=TOUCHPOINTS)
    (folder / "treatments.yaml").write_text(SMALL.replace("9.50", written), encoding="utf-8")
    found = examine(folder)
    assert found.company.settings.minor_units == minor_units
    assert only(found).treatment("card").value == kept


def test_days_are_the_companys_own_and_the_last_is_whole(tmp_path: Path) -> None:
    given = SMALL.replace("purpose:", "starts: 2026-03-01\n    ends: 2026-06-30\n    purpose:")
    company = "name: {en: A}\nlanguages: [en]\ncurrency: EUR\ntime_zone: Europe/Madrid\n"
    programme = only(looked_at(tmp_path / "shop", given, company=company))
    assert programme.starts == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert programme.ends == datetime(2026, 6, 30, 22, tzinfo=UTC)
    moment = given.replace("2026-03-01", "2026-03-01T10:30:00+00:00")
    assert only(looked_at(tmp_path / "other", moment)).starts == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


def test_a_goal_may_say_what_any_success_is_worth(tmp_path: Path) -> None:
    programme = only(looked_at(tmp_path / "shop", SMALL.replace("days: 14}", "days: 14, value: 12.50}")))
    assert programme.goal == Goal("taken", 14, value=1250)
    money = SMALL.replace("taken, days: 14}", "money, days: 14, value: 12.50}")
    found = told(looked_at(tmp_path / "other", money))
    assert any(one.startswith("6: where the goal is money, it is its own value") for one in found), found


def test_where_the_goal_is_money_it_is_its_own_value(tmp_path: Path) -> None:
    given = SMALL.replace("taken", "money").replace(", value: 9.50", ", prior: {rate: 12.505}")
    given = given.replace("purpose:", "prior_rate: 12.5\n    noise: 4\n    purpose:")
    programme = only(looked_at(tmp_path / "shop", given))
    assert (programme.prior_rate, programme.noise) == (1250, 40_000)
    assert (programme.treatment("card").value, programme.treatment("card").prior_rate) == (1, 1250.5)


@pytest.mark.parametrize(
    ("moment", "meant"),
    [
        ("promise_due", Moment("promise_due", days=1)),
        ("{starts: promise_due, days: 3}", Moment("promise_due", days=3)),
        ("{starts: promise_due, days: 0}", Moment("promise_due", days=0)),
        ("{starts: arrives, component: bread}", Moment("arrives", "bread", least=0.2)),
        ("{starts: runs_out, component: bread}", Moment("runs_out", "bread")),
        ("{starts: falls_due, component: bread, days: 365}", Moment("falls_due", "bread", 365)),
        ("request", Moment("request")),
    ],
)
def test_moments(tmp_path: Path, moment: str, meant: Moment) -> None:
    given = SMALL.replace("purpose:", f"moment: {moment}\n    purpose:")
    assert only(looked_at(tmp_path / "shop", given)).moment == meant


def test_levels_of_words_are_all_that_there_are(tmp_path: Path) -> None:
    given = SMALL.replace("purpose:", "features: [weekday, channel, touchpoint, hour]\n    purpose:")
    given = given.replace("[letter]", "[letter, till]")
    weekday, channel, touchpoint, hour = only(looked_at(tmp_path / "shop", given)).features
    assert len(weekday.levels) == 7
    assert (channel.levels, touchpoint.levels) == (("post", "store"), ("letter", "till"))
    assert hour == Feature("hour", scale=24)
    tiers = SMALL.replace(
        "purpose:", "believes: service\n    features: [{fact: tier, levels: [MVC, BZ]}]\n    purpose:"
    )
    assert only(looked_at(tmp_path / "other", tiers)).features == (
        Feature("tier", ("most_valuable", "below_zero")),
    )


def test_there_may_be_no_programme_yet(tmp_path: Path) -> None:
    for name, text in (("one", "programmes: {}\n"), ("two", "programmes:\n")):
        found = looked_at(tmp_path / name, text)
        assert (found.faults, dict(found.company.programmes.by_key)) == ((), {})


FAULTS = {
    "a programme needs treatments": (
        "      card: {label: {en: a card}, value: 9.50}\n",
        "      {}\n",
        "8: this section needs at least 1",
    ),
    "nothing is declared": (
        "      card:",
        "      nothing: {label: {en: no}, value: 1}\n      card:",
        "9: 'nothing' is always among the treatments, and costs and brings nothing (remove it",
    ),
    "the same for all is nothing": (
        "same_for_all: card",
        "same_for_all: nothing",
        "7: the same for all cannot be nothing, which has a hold-out of its own (say one of: card)",
    ),
    "the same for all is none": (
        "same_for_all: card",
        "same_for_all: crad",
        "7: there is no treatment 'crad' (did you mean 'card'?)",
    ),
    "a purpose": (
        "purpose: offers",
        "purpose: ofers",
        "4: there is no purpose 'ofers' (did you mean 'offers'?)",
    ),
    "a purpose that is not marketing": (
        "purpose: offers",
        "purpose: service\n    moment: {starts: runs_out, component: bread}",
        (
            "4: the company turns to customers when 'runs_out' starts a decision, and 'service' does not "
            "allow marketing contact (such are: offers; or declare one with marketing_contact: true)"
        ),
    ),
    "believes": (
        "purpose: offers",
        "purpose: offers\n    believes: servce",
        "5: there is no purpose 'servce' (did you mean 'service'?)",
    ),
    "believes without profiling": (
        "purpose: offers",
        "purpose: offers\n    believes: offers",
        "5: the purpose 'offers' does not allow profiling (such are: service; or declare one with profiling",
    ),
    "a touchpoint": ("[letter]", "[leter]", "5: there is no touchpoint 'leter' (did you mean 'letter'?)"),
    "a touchpoint twice": ("[letter]", "[letter, letter]", "5: 'letter' stands here more than once"),
    "no touchpoint": ("[letter]", "[]", "5: this list needs at least 1"),
    "a belief without a purpose": (
        "purpose: offers",
        "purpose: offers\n    eligible: contacts < 2 and tier = MVC",
        "5: 'tier' is read under a profiling purpose, and none is said (say which: believes: PURPOSE)",
    ),
    "a feature without a purpose": (
        "purpose: offers",
        "purpose: offers\n    features: [p_alive]",
        "5: 'p_alive' is read under a profiling purpose, and none is said",
    ),
    "a condition that cannot be read": (
        "value: 9.50",
        "value: 9.50, eligible: contacts < 2 and teir = MVC",
        "9: there is no fact 'teir', at character 18 of the condition (did you mean 'tier'?)",
    ),
    "a value that can never be read": (
        "purpose: offers",
        "purpose: offers\n    eligible: value.nam = Ana",
        "5: 'value.nam' can never be read: neither purpose lists 'nam' among its fields (did you mean",
    ),
    "a component": (
        "value: 9.50",
        "value: 9.50, configuration: {bred: rye}",
        "9: there is no component of the offer 'bred' (did you mean 'bread'?)",
    ),
    "a module": (
        "value: 9.50",
        "value: 9.50, configuration: {bread: ry}",
        "9: the component 'bread' has no module 'ry' (did you mean 'rye'?)",
    ),
    "no value": (", value: 9.50", "", "9: what one success of 'card' brings is not said (value: 12.50)"),
    "a value where money is the goal": (
        "outcome: taken",
        "outcome: money",
        "9: where the goal is money, it is its own value (remove the value)",
    ),
    "no prior where money is the goal": (
        "outcome: taken",
        "outcome: money",
        "6: how much money is expected before any evidence is not said (prior_rate: 12.50",
    ),
    "half a cent": ("9.50", "9.505", "9: 9.505 is no amount of EUR (an amount has at most 2 decimal places)"),
    "below nothing": ("9.50", "-9.50", "9: -9.50 must be at least 0"),
    "money in words": ("9.50", "9.50 EUR", "9: expected a number, found '9.50 EUR'"),
    "a rate": ("value: 9.50", "value: 1, prior: {rate: 2}", "9: a rate is at most 1, and 2 is more"),
    "hold-outs": (
        "purpose: offers",
        "holdouts: {nothing: 0.5, random: 0.45}\n    purpose: offers",
        "4: the hold-outs leave nobody to the policy (together they must be below 1; what is not",
    ),
    "no exploring": ("purpose: offers", "explore: 0\n    purpose: offers", "4: 0 must be at least 0.001"),
    "a cap of none": (
        "purpose: offers",
        "caps: [{contacts: 0, days: 3}]\n    purpose: offers",
        "4: 0 must be at least 1",
    ),
    "a cap twice": (
        "purpose: offers",
        "caps: [{contacts: 2, days: 3}, {contacts: 1, days: 3}]\n    purpose: offers",
        "4: a cap of as many days stands here a second time",
    ),
    "a channel": (
        "purpose: offers",
        "caps: [{contacts: 2, days: 3, channel: psot}]\n    purpose: offers",
        "4: 'psot' is not one of",
    ),
    "of which component": (
        "purpose: offers",
        "moment: arrives\n    purpose: offers",
        "4: of which component 'arrives' is meant is not said (moment: {starts: arrives, component: …})",
    ),
    "no component": (
        "purpose: offers",
        "moment: {starts: runs_out}\n    purpose: offers",
        "4: of which component 'runs_out' is meant is not said (component: …)",
    ),
    "after how many days": (
        "purpose: offers",
        "moment: {starts: falls_due, component: bread}\n    purpose: offers",
        "4: after how many days it falls due again is not said (days: 365)",
    ),
    "days of what has none": (
        "purpose: offers",
        "moment: {starts: runs_out, component: bread, days: 3}\n    purpose: offers",
        "4: 'days' means nothing where 'runs_out' starts a decision (remove it)",
    ),
    "a component of what is reported": (
        "days: 14",
        "days: 14, component: bread",
        "6: 'component' means nothing of an outcome that is reported (say how it is found: source: purchase)",
    ),
    "a module of nothing": (
        "days: 14",
        "days: 14, source: purchase, module: rye",
        "6: of which component the module is, is not said",
    ),
    "the end before the start": (
        "purpose: offers",
        "starts: 2026-03-02\n    ends: 2026-03-01\n    purpose: offers",
        "5: the programme ends before it starts",
    ),
    "no day": (
        "purpose: offers",
        "starts: in spring\n    purpose: offers",
        "4: 'in spring' is neither a day nor a moment (such as 2026-03-31)",
    ),
    "no feature": (
        "purpose: offers",
        "features: [weekdy]\n    purpose: offers",
        "4: there is no fact 'weekdy' (did you mean 'weekday'?)",
    ),
    "a feature twice": (
        "purpose: offers",
        "features: [hour, hour]\n    purpose: offers",
        "4: 'hour' stands here a second time",
    ),
    "levels of a number": (
        "purpose: offers",
        "features: [{fact: hour, levels: [a]}]\n    purpose: offers",
        "4: 'hour' is a number, without levels",
    ),
    "a level that never is": (
        "purpose: offers",
        "features: [{fact: weekday, levels: [mnday]}]\n    purpose: offers",
        "4: 'weekday' is never 'mnday' here (did you mean 'monday'?)",
    ),
    "a scale of a word": (
        "purpose: offers",
        "features: [{fact: weekday, scale: 2}]\n    purpose: offers",
        "4: 'weekday' has levels and no scale",
    ),
    "words without levels": (
        "purpose: offers",
        "believes: service\n    features: [need]\n    purpose: offers",
        "5: 'need' is a word, and which are told apart is not said (levels: […])",
    ),
    "no fact to be fair about": (
        "purpose: offers",
        "fairness: [age]\n    purpose: offers",
        "4: there is no fact 'age'",
    ),
    "an unknown key": ("same_for_all: card", "same_for_al: card", "7: unknown key 'same_for_al'"),
    "a lever": ("value: 9.50", "value: 9.50, lever: -1", "9: -1 must be at least 0"),
    "half a gift": ("value: 9.50", "value: 9.50, stock: 1.5", "9: expected a whole number, found 1.5"),
    "a treatment's name": ("      card:", "      Card 1:", "9: 'Card 1' cannot be a name here"),
}


@pytest.mark.parametrize(("was", "becomes", "complaint"), FAULTS.values(), ids=FAULTS)
def test_each_fault_has_its_line_and_a_remedy(tmp_path: Path, was: str, becomes: str, complaint: str) -> None:
    assert was in SMALL
    found = looked_at(tmp_path / "shop", SMALL.replace(was, becomes, 1))
    assert any(one.startswith(complaint) for one in told(found)), told(found)


REMARKS = {
    "a service by post": (
        "purpose: offers",
        "purpose: service",
        "4: 'service' does not allow marketing contact: on 'letter' only what customers asked for may be",
    ),
    "a cap of another channel": (
        "purpose: offers",
        "caps: [{contacts: 1, days: 9, channel: web}]\n    purpose: offers",
        "4: no touchpoint of this programme is on 'web'",
    ),
    "a cap that never binds": (
        "purpose: offers",
        "caps: [{contacts: 5, days: 7}, {contacts: 3, days: 30}]\n    purpose: offers",
        "4: this cap never binds: another allows no more in a longer time",
    ),
    "a component of the tables": (
        "purpose: offers",
        "believes: service\n    eligible: bought.bred > 1 and wants.breed = rye\n    purpose: offers",
        "5: nothing declared is called 'bred': it must be a component of your tables (did you mean 'bread'?)",
    ),
    "a module of the tables": (
        "purpose: offers",
        "believes: service\n    eligible: bought.bread.ry > 1\n    purpose: offers",
        "5: the offer's 'bread' has no 'ry': it must be a module of your tables (did you mean 'rye'?)",
    ),
    "a need": (
        "purpose: offers",
        "believes: service\n    eligible: need.baker > 0.3\n    purpose: offers",
        "5: no need of needs.yaml is called 'baker' (did you mean 'bakers'?)",
    ),
    "a level of need": (
        "purpose: offers",
        "believes: service\n    features: [{fact: need, levels: [baker]}]\n    purpose: offers",
        "5: no need of needs.yaml is called 'baker' (did you mean 'bakers'?)",
    ),
    "the goal's component": (
        "days: 14",
        "days: 14, source: purchase, component: bred",
        "6: nothing declared is called 'bred'",
    ),
    "a stock of the same for all": (
        "value: 9.50",
        "value: 9.50, stock: 1_000",
        "9: 'card' is the same for all, and there are 1,000 of it (once they are given, nothing",
    ),
    "what can never pay": (
        "value: 9.50",
        "value: 9.50, cost: 5, cost_taken: 4.50",
        "9: 'card' can never pay: one success brings no more than it costs",
    ),
    "a label in one language": (
        "label: {en: Post cards}",
        "label: {pt: Postais}",
        "3: this has no words in en (customers who speak it would read it in pt)",
    ),
}


@pytest.mark.parametrize(("was", "becomes", "remark"), REMARKS.values(), ids=REMARKS)
def test_what_may_be_meant_is_a_remark(tmp_path: Path, was: str, becomes: str, remark: str) -> None:
    found = looked_at(tmp_path / "shop", SMALL.replace(was, becomes, 1))
    assert any(one.startswith(remark) for one in told(found, grave=False)), told(found, grave=False)
    assert found.sound, told(found)


def test_a_configuration_without_an_offer_is_remarked(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", purposes=PURPOSES, touchpoints=TOUCHPOINTS)
    text = SMALL.replace("value: 9.50", "value: 9.50, configuration: {gift: yes}")
    (folder / "treatments.yaml").write_text(text, encoding="utf-8")
    found = examine(folder)
    assert told(found, grave=False) == [
        "9: no offer is declared to which this configuration could belong (write offer.yaml, and it is checked)"  # noqa: E501 -- one line of a fault
    ]


def test_whatever_is_wrong_is_read_without_a_traceback(tmp_path: Path) -> None:
    company = looked_at(tmp_path / "shop", TREATMENTS).company
    setting = company.sources.tables["sales"].mapping.setting
    tried = 0
    for root in broken(declared.read(tmp_path / "shop" / "treatments.yaml").root):
        wrong = Reader([])
        shapes.read(wrong, root, PROGRAMMES)
        programmes = programmes_in(wrong, root, setting)
        check_programmes(replace(company, programmes=programmes), root)
        for programme in programmes:
            assert programme_from(programme.document) == programme
        tried += 1
    assert tried > 500


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e999999999", "9" * 400, "0x10", ".inf"])
def test_numbers_beyond_measure_are_told(tmp_path: Path, number: str) -> None:
    for key in ("value", "cost", "stock", "lever", "prior"):
        said = f"prior: {{rate: {number}, weight: {number}}}" if key == "prior" else f"{key}: {number}"
        text = SMALL.replace("value: 9.50", said if key == "value" else f"value: 1, {said}")
        for whole in (
            text,
            text.replace("taken", "money"),
            text.replace("purpose:", f"noise: {number}\n    purpose:"),
        ):
            assert looked_at(tmp_path / "shop", whole).faults


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("offers", "ofers").replace("[letter]", "[leter]").replace("9.50", "9.505")
    text = text.replace("same_for_all: card", "same_for_all: crad")
    found = looked_at(tmp_path / "shop", text)
    assert [int(one.split(":")[0]) for one in told(found)] == [4, 5, 7, 9]
