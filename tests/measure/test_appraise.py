"""The appraisal tells identical customers from groups and from individuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.measure import planted
from trato.differentiate.needs.choices import Choices, collect, from_codes
from trato.measure.appraise import Appraisal, Component, Settings, appraise

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUSTOMERS = 300
CROWD = planted.Crowd(CUSTOMERS, 20.0)


def three_kinds(seed: int) -> Choices:
    """One component of each kind, each taste drifting a little."""
    rng = np.random.default_rng(seed)
    trend = planted.tastes_over_time(np.array([1.0, 0.8, 1.2, 0.9, 1.1, 1.0, 0.7, 1.3]), "trend", rng)
    return planted.together(
        {
            "mass": planted.choose(CROWD, np.ones((1, 8)), trend, rng),
            "niche": planted.choose(CROWD, planted.grouped(CUSTOMERS, 8, 3, 0.1, rng), trend, rng),
            "one_to_one": planted.choose(CROWD, planted.individual(CUSTOMERS, 8, 1.5, rng), trend, rng),
        }
    )


@pytest.fixture(scope="module")
def choices() -> Choices:
    return three_kinds(1)


@pytest.fixture(scope="module")
def appraisal(choices: Choices) -> Appraisal:
    return appraise(choices, Settings())


def named(appraisal: Appraisal, name: str) -> Component:
    return next(component for component in appraisal.components if component.name == name)


def rungs(appraisal: Appraisal) -> dict[str, str]:
    return {component.name: component.worth_trying.rung for component in appraisal.components}


def figures(appraisal: Appraisal) -> dict[str, tuple[float, ...]]:
    """Hits and nats of mass, one to one and niche, in this order."""
    found: dict[str, tuple[float, ...]] = {}
    for component in appraisal.components:
        assert component.judged is not None
        (mass, niche, one), ladder = component.judged.hits, component.judged.ladder
        nats = [gain.nats.mean for gain in (ladder.one_to_one_over_mass, ladder.niche_over_mass)]
        found[component.name] = (mass, one, nats[0], niche, nats[1])
    return found


def test_each_kind_gets_its_rung(appraisal: Appraisal) -> None:
    assert rungs(appraisal) == {"mass": "mass", "niche": "niche", "one_to_one": "one_to_one"}


def test_the_steps_add_up(appraisal: Appraisal) -> None:
    for component in appraisal.components:
        assert component.judged is not None
        ladder = component.judged.ladder
        for unit in ("nats", "hits"):
            first, second, both = (
                getattr(gain, unit).mean
                for gain in (
                    ladder.niche_over_mass,
                    ladder.one_to_one_over_niche,
                    ladder.one_to_one_over_mass,
                )
            )
            assert first + second == pytest.approx(both)
            low, high = (
                getattr(ladder.one_to_one_over_mass, unit).low,
                getattr(ladder.one_to_one_over_mass, unit).high,
            )
            assert low <= both <= high


def test_the_whole_is_the_sum_of_what_is_followed(appraisal: Appraisal) -> None:
    whole = appraisal.whole
    assert whole is not None
    gained = {component.name: component.gained for component in appraisal.components}
    assert gained["mass"] == 0
    assert whole.gained.mean == pytest.approx(sum(gained.values()))
    assert [carrier.component for carrier in whole.carriers] == sorted(gained, key=lambda n: -gained[n])[:2]
    assert whole.carriers[-1].cumulative == pytest.approx(1)
    assert 0 < whole.hits.low < whole.hits.mean < whole.hits.high


def test_the_same_seed_gives_the_same_bits(choices: Choices, appraisal: Appraisal) -> None:
    assert appraise(choices, Settings()) == appraisal


def test_another_seed_moves_no_estimate(choices: Choices, appraisal: Appraisal) -> None:
    assert figures(appraise(choices, Settings(seed=7))) == figures(appraisal)


def test_several_workers_say_the_same(choices: Choices, appraisal: Appraisal) -> None:
    assert appraise(choices, Settings(), workers=2) == appraisal


def test_a_component_is_judged_alike_in_any_company(choices: Choices, appraisal: Appraisal) -> None:
    alone = choices.component == choices.components.index("niche")
    by_itself = Choices(
        choices.customers,
        ("niche",),
        (choices.modules[1],),
        choices.customer[alone],
        np.zeros(int(alone.sum()), np.int32),
        choices.module[alone],
        choices.window[alone],
        choices.count[alone],
    )
    assert appraise(by_itself, Settings()).components == (named(appraisal, "niche"),)


def relabelled(choices: Choices, customer: NDArray[np.intp], module: NDArray[np.intp]) -> Choices:
    """The same choices, with customers and modules under other names."""
    return from_codes(
        customer_labels=[f"c{place:05d}" for place in customer],
        customer=choices.customer,
        component_labels=choices.components,
        component=choices.component,
        module_labels=[f"m{place:05d}" for place in module],
        module=choices.module,
        window=choices.window,
        count=choices.count,
    )


@pytest.mark.parametrize("what", ["customers", "modules"])
def test_names_and_order_change_nothing(choices: Choices, appraisal: Appraisal, what: str) -> None:
    rng = np.random.default_rng(5)
    shuffled = {"customers": rng.permutation(CUSTOMERS), "modules": rng.permutation(8)}
    kept = {"customers": np.arange(CUSTOMERS), "modules": np.arange(8)}
    now = kept | {what: shuffled[what]}
    found = appraise(relabelled(choices, now["customers"], now["modules"]), Settings())
    assert rungs(found) == rungs(appraisal)
    expected = figures(appraisal)
    for name, values in figures(found).items():
        # Where there are no groups, those that EM settles on depend on where it starts.
        same = 3 if name == "one_to_one" else 5
        assert values[:same] == pytest.approx(expected[name][:same], abs=5e-3)


def test_the_order_of_rows_changes_no_bit() -> None:
    """As `collect` sorts, rows of a table may come in any order."""
    rng = np.random.default_rng(6)
    who, what = rng.integers(0, 60, 3_000), rng.integers(0, 3, 3_000)
    when = rng.integers(0, 3, 3_000)
    order = rng.permutation(3_000)

    def read(rows: NDArray[np.intp]) -> Choices:
        names = ([f"c{i}" for i in who[rows]], ["x"] * 3_000, [f"m{i}" for i in what[rows]])
        return collect(*names, window=when[rows].tolist())

    assert appraise(read(order), Settings()) == appraise(read(np.arange(3_000)), Settings())


def test_money_is_what_right_guesses_are_worth(choices: Choices, appraisal: Appraisal) -> None:
    two_each = [np.full(len(modules), 2.0) for modules in choices.modules]
    found = appraise(choices, Settings(), margins=two_each)
    assert rungs(found) == rungs(appraisal)
    for component in found.components:
        judged = component.judged
        assert judged is not None
        assert judged.money == pytest.approx([2 * rate for rate in judged.hits])
        gain = judged.ladder.one_to_one_over_mass
        assert gain.money is not None
        assert gain.money.low == pytest.approx(2 * gain.hits.low)
    assert found.whole is not None
    assert found.whole.in_money


def test_variety_that_costs_more_than_it_earns_is_mass(choices: Choices) -> None:
    margins = [np.full(len(modules), 2.0) for modules in choices.modules]
    assert set(rungs(appraise(choices, Settings(variety_cost=1.9), margins=margins)).values()) == {"mass"}
    cheap = rungs(appraise(choices, Settings(variety_cost=0.01), margins=margins))
    assert cheap["niche"] != "mass"
    assert cheap["one_to_one"] == "one_to_one"


def test_one_module_is_mass_with_nothing_to_vary_even_when_small() -> None:
    found = appraise(collect(["ann"] * 3, ["fuel"] * 3, ["regular"] * 3), Settings(min_choices=100))
    (fuel,) = found.components
    assert (fuel.worth_trying.rung, fuel.worth_trying.reason) == ("mass", "one_module")
    assert found.whole is None


def test_what_cannot_be_judged_is_not_yet_and_says_why() -> None:
    undated = appraise(collect(["ann", "bob"], ["b"] * 2, ["rye", "oat"]), Settings())
    assert undated.components[0].worth_trying.reason == "no_later_choices"
    few = appraise(collect(["ann", "bob"], ["b"] * 2, ["rye", "oat"], window=[0, 2]), Settings())
    assert few.components[0].worth_trying.reason == "too_few_customers"


def test_small_components_are_left_out_and_counted(choices: Choices) -> None:
    found = appraise(choices, Settings(min_choices=10**9))
    assert (found.components, found.left_out) == ((), 3)


def test_a_large_component_is_judged_on_a_sample(choices: Choices, appraisal: Appraisal) -> None:
    found = appraise(choices, Settings(most_cells=8 * 200, fewest_customers=10))
    assert rungs(found) == rungs(appraisal)
    sampled, full = named(found, "one_to_one"), named(appraisal, "one_to_one")
    assert sampled.judged is not None
    assert full.judged is not None
    assert sampled.judged.sampled
    assert sampled.judged.customers < full.judged.customers
    assert sampled.gained == pytest.approx(full.gained, rel=0.4)


@pytest.mark.parametrize("drift", ["trend", "switch", "seasons"])
def test_fashion_is_not_taken_for_difference(drift: planted.Drift) -> None:
    """Identical customers who come and go while everyone's taste moves: no rung, in six sets of each kind."""
    for seed in range(6):
        rng = np.random.default_rng([3, seed])
        crowd = planted.Crowd(600, 15.0, joining=True)
        taste = planted.tastes_over_time(planted.popularity(5, "skewed", rng), drift, rng)
        parts = {"x": planted.choose(crowd, np.ones((1, 5)), taste, rng)}
        (found,) = appraise(planted.together(parts), Settings()).components
        assert found.worth_trying.rung in {"mass", "not_yet"}


def test_twenty_sets_of_each_kind() -> None:
    """A small version of benchmarks/appraise.py."""
    answers: dict[str, list[str]] = {"mass": [], "niche": [], "one_to_one": []}
    for seed in range(20):
        for name, rung in rungs(appraise(three_kinds(100 + seed), Settings(replicates=300))).items():
            answers[name].append(rung)
    assert {"niche", "one_to_one"}.isdisjoint(answers["mass"])
    assert answers["niche"].count("niche") >= 18
    assert answers["one_to_one"].count("one_to_one") >= 18
