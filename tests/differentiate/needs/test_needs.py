"""Needs are learned, described, named and kept, and say how well they foresee."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.differentiate.needs.planted import contrasting_profiles, planted_choices
from trato.differentiate.needs.beliefs import believe, predict
from trato.differentiate.needs.choices import Choices, collect, in_components, in_windows
from trato.differentiate.needs.classes import class_data
from trato.differentiate.needs.learn import Needs, data_of, learn_needs
from trato.differentiate.needs.lifts import Lift, Portrait, portraits
from trato.differentiate.needs.names import (
    NamedNeed,
    as_yaml,
    fingerprint,
    likeness_of,
    match_names,
    named_needs,
    read_names,
)
from trato.differentiate.needs.stored_model import as_document, from_document
from trato.differentiate.needs.wording import describe, working_title
from trato.errors import BadDeclaration, NotEnoughData
from trato.estimates import Interval

if TYPE_CHECKING:
    from pathlib import Path

SHARES = np.array([0.5, 0.3, 0.2])


def company(seed: int, *, windows: int = 3, customers: int = 500) -> tuple[Choices, np.ndarray]:
    return planted_choices(
        np.random.default_rng(seed),
        customers=customers,
        profiles=contrasting_profiles(3, 4, 5),
        shares=SHARES,
        concentration=5.0,
        windows=windows,
        mean_choices=4,
    )


@pytest.fixture(scope="module")
def learned() -> tuple[Needs, np.ndarray]:
    choices, own = company(1)
    return learn_needs(choices), own


def test_planted_needs_are_found_with_their_shares(learned: tuple[Needs, np.ndarray]) -> None:
    needs, own = learned
    assert needs.model.needs == 3
    assert np.mean(needs.weights.argmax(axis=1) == own) > 0.95
    for share, planted in zip(needs.shares, SHARES, strict=True):
        assert share.low < planted < share.high
    assert needs.evidence.sum() == company(1)[0].count.sum()


def test_needs_can_be_learned_from_some_components_alone() -> None:
    """The others keep what customers of each need choose there, and neither find nor move needs."""
    choices, own = company(1)
    told_by = ("component 0", "component 2")
    needs = learn_needs(choices, told_by=told_by)
    alone = learn_needs(in_components(choices, [0, 2]))
    assert needs.weights == pytest.approx(alone.weights, abs=1e-12)
    assert needs.evidence.tolist() == alone.evidence.tolist()
    assert np.mean(needs.weights.argmax(axis=1) == own) > 0.85
    assert needs.model.components == choices.components
    profiles = np.exp(needs.model.log_profiles)
    whole = np.exp(learn_needs(choices).model.log_profiles)
    assert profiles == pytest.approx(whole, abs=0.06)
    assert needs.model.habit == pytest.approx([5] * 4, rel=0.35)
    again = from_document(json.loads(json.dumps(as_document(needs.model))), "model.json")
    assert again.version == needs.model.version
    assert {component for k in range(3) for component, _ in fingerprint(needs, k)} == set(told_by)
    elsewhere = believe(again, {("component 1", "module 01"): 9})
    assert elsewhere.weights.tobytes() == believe(again, {}).weights.tobytes()
    changed = as_document(needs.model)
    del changed["components"][1]["tells"]
    with pytest.raises(BadDeclaration, match="was changed"):
        from_document(changed, "model.json")


def test_where_all_components_tell_nothing_is_said_of_it(learned: tuple[Needs, np.ndarray]) -> None:
    assert not any("tells" in part for part in as_document(learned[0].model)["components"])


def test_who_chose_nothing_that_tells_is_said() -> None:
    with pytest.raises(NotEnoughData, match="has chosen anything in coffee, tea"):
        learn_needs(collect(["ann"], ["bread"], ["rye"]), told_by=("coffee", "tea"))


def test_own_choices_foresee_more_than_needs_and_needs_more_than_the_population(
    learned: tuple[Needs, np.ndarray],
) -> None:
    foresight = learned[0].foresight
    assert foresight is not None
    assert 0 < foresight.needs.low < foresight.needs.high < foresight.belief.low
    assert learned[0].tuned_on == "a later window"
    assert learned[0].model.trust == pytest.approx([5, 5, 5, 5], rel=0.5)


def test_foresight_is_that_of_models_that_have_not_seen_the_judged_window() -> None:
    """With judged choices shuffled among customers, beliefs must foresee worse than the population does."""
    choices, _ = company(2)
    judged = choices.window == 2
    customer = choices.customer.copy()
    customer[judged] = np.random.default_rng(0).permutation(customer[judged])
    foresight = learn_needs(replace(choices, customer=customer)).foresight
    assert foresight is not None
    assert foresight.belief.high < 0


def test_without_time_a_random_half_stands_for_later_choices() -> None:
    choices, _ = company(3, windows=1)
    needs = learn_needs(choices)
    assert needs.foresight is None
    assert needs.tuned_on == "a random half of the choices"
    again = learn_needs(choices)
    assert needs.model.version == again.model.version
    assert np.array_equal(needs.weights, again.weights)


def test_some_customers_teach_and_all_are_scored() -> None:
    choices, own = company(4, windows=1, customers=600)
    needs = learn_needs(choices, learn_from=300)
    assert needs.learned_from == 300
    assert np.mean(needs.weights.argmax(axis=1) == own) > 0.95


def test_customers_who_do_not_differ_have_one_need() -> None:
    choices, _ = planted_choices(
        np.random.default_rng(5),
        customers=150,
        profiles=contrasting_profiles(1, 3, 4, favour=0.4),
        shares=np.ones(1),
        windows=3,
    )
    needs = learn_needs(choices)
    assert needs.model.needs == 1
    assert needs.portraits == (Portrait((), ()),)
    assert needs.weights.tolist() == [[1.0]] * 150


@pytest.mark.parametrize(
    "choices",
    [
        collect(["ann"], ["fuel"], ["super"]),
        collect(["ann", "bob"], ["fuel", "fuel"], ["super", "super"], window=[0, 2]),
        collect(["ann", "bob"], ["fuel", "bread"], ["super", "rye"], window=[1, 2]),
        collect(["ann"] * 3, ["bread"] * 3, ["rye", "toast", "white"], window=[0, 1, 2]),
        collect(["ann", "bob"], ["bread"] * 2, ["rye", "toast"], window=[2, 2]),
    ],
    ids=["one choice", "one module", "nothing early", "one customer", "all judged"],
)
def test_little_data_is_answered(choices: Choices) -> None:
    needs = learn_needs(choices)
    assert needs.model.needs == 1
    assert np.isfinite(needs.model.trust).all()
    assert np.isfinite(needs.weights).all()


def test_no_choices_are_too_few() -> None:
    with pytest.raises(NotEnoughData):
        learn_needs(collect([], [], []))


def test_a_stored_model_comes_back_bit_for_bit(learned: tuple[Needs, np.ndarray]) -> None:
    model = learned[0].model
    again = from_document(json.loads(json.dumps(as_document(model))), "model.json")
    assert again.version == model.version
    assert np.array_equal(again.log_profiles, model.log_profiles)
    counts = {(model.components[0], model.modules[0][1]): 7}
    assert np.array_equal(believe(again, counts).weights, believe(model, counts).weights)
    assert predict(again, believe(again, counts), model.components[1]) == predict(
        model, believe(model, counts), model.components[1]
    )


def test_a_model_that_was_changed_is_refused(learned: tuple[Needs, np.ndarray]) -> None:
    document = as_document(learned[0].model)
    document["components"][0]["trust"] += 1e-9
    with pytest.raises(BadDeclaration, match="changed after it was written"):
        from_document(document, "model.json")
    del document["shares"]
    with pytest.raises(BadDeclaration, match="damaged"):
        from_document(document, "model.json")
    with pytest.raises(BadDeclaration, match="no needs model"):
        from_document({}, "model.json")


def test_new_choices_are_scored_by_an_old_model(learned: tuple[Needs, np.ndarray]) -> None:
    """A new customer's rows line up, and modules that the model has never seen are left out."""
    model = learned[0].model
    known, module = model.components[2], model.modules[2][3]
    fresh = collect(
        ["zoe", "zoe", "yan", "xi"],
        [known, "music", known, "music"],
        [module, "jazz", "other", "rock"],
        count=[4, 1, 1, 1],
    )
    data = data_of(fresh, model)
    assert fresh.customers.tolist() == ["xi", "yan", "zoe"]
    assert np.diff(data.indptr).tolist() == [0, 0, 1]
    assert (data.items.tolist(), data.counts.tolist()) == ([model.item_of[known, module]], [4])


# What sets needs apart


def test_lifts_are_plain_ratios_and_their_intervals_those_of_a_bootstrap() -> None:
    choices, own = company(6, windows=1)
    data = class_data(choices)
    weights = np.eye(3)[own]
    weights = 0.9 * weights + 0.1 / 3
    drawn = portraits(choices.components, choices.modules, data, weights)
    counts = np.zeros((data.customers, int(data.offsets[-1])))
    counts[choices.customer, choices.item] = choices.count
    lift = drawn[1].more[0]
    place = choices.components.index(lift.component)
    here = slice(*choices.offsets[place : place + 2])
    module = choices.modules[place].index(lift.module)

    def ratio(rows: np.ndarray) -> float:
        inside, weight = counts[rows, here], weights[rows, 1]
        held = weight @ inside
        return float(held[module] / held.sum() / (inside[:, module].sum() / inside.sum()))

    assert lift.lift.mean == pytest.approx(ratio(np.arange(data.customers)))
    rng = np.random.default_rng(0)
    resampled = [ratio(rng.integers(data.customers, size=data.customers)) for _ in range(2000)]
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert (lift.lift.low, lift.lift.high) == pytest.approx((low, high), rel=0.02)


def test_each_planted_need_is_described_by_what_it_favours(learned: tuple[Needs, np.ndarray]) -> None:
    for k, portrait in enumerate(learned[0].portraits):
        favoured = {(f"component {c}", f"module {(k + c) % 5:02d}") for c in range(4)}
        assert {(lift.component, lift.module) for lift in portrait.more} == favoured
        assert all(lift.lift.low > 1.2 for lift in portrait.more)
        assert all(lift.lift.high < 1 / 1.2 for lift in portrait.less)


def test_noise_is_not_shown() -> None:
    """Weights drawn at random set nothing apart."""
    choices, _ = company(7, windows=1)
    weights = np.random.default_rng(1).dirichlet(np.ones(3), size=len(choices.customers))
    for portrait in portraits(choices.components, choices.modules, class_data(choices), weights):
        assert portrait == Portrait((), ())


LIFT = Lift("dog food", "premium", 0.38, 0.0927, Interval(4.1, 3.2, 5.2), 40)


def test_a_need_is_told_in_three_languages() -> None:
    assert describe(LIFT, "en") == "premium 4.1× as often (38 % of its choices in dog food instead of 9.3 %)"
    assert (
        describe(LIFT, "es")
        == "premium, 4,1 veces lo habitual (38 % de sus elecciones en dog food en lugar de 9,3 %)"
    )
    assert describe(LIFT, "pt", several_components=False) == (
        "premium, 4,1 vezes o habitual (38 % de suas escolhas em vez de 9,3 %)"
    )
    never = replace(LIFT, share=0.0004, lift=Interval(0.004, 0.001, 0.01))
    assert describe(never, "en") == "premium hardly ever (0.04 % of its choices in dog food instead of 9.3 %)"
    large = replace(LIFT, lift=Interval(13.3, 11, 16))
    assert describe(large, "en").startswith("premium 13× as often")


def test_a_working_title_says_what_is_chosen_more() -> None:
    portrait = Portrait((LIFT, replace(LIFT, module="treats"), replace(LIFT, module="toys")), ())
    assert [working_title(portrait, language, needs=4) for language in ("en", "es", "pt")] == [
        "More premium and treats",
        "Más premium y treats",
        "Mais premium e treats",
    ]
    assert working_title(Portrait((), ()), "en", needs=4) == "Like most customers"
    assert working_title(Portrait((), ()), "es", needs=1) == "Todos los clientes"


# Names


def under_names(needs: Needs, *names: str) -> tuple[NamedNeed, ...]:
    return tuple(
        NamedNeed({"en": name, "es": name, "pt": name}, needs.shares[k].mean, fingerprint(needs, k))
        for k, name in enumerate(names)
    )


def test_names_survive_a_retraining_on_other_customers(learned: tuple[Needs, np.ndarray]) -> None:
    """Other customers, of whom the smallest need is now the largest: each name stays with what it meant."""
    other, own = planted_choices(
        np.random.default_rng(8),
        customers=500,
        profiles=contrasting_profiles(3, 4, 5),
        shares=SHARES[::-1],
        concentration=5.0,
        windows=3,
        mean_choices=4,
    )
    retrained = learn_needs(other)
    matching = match_names(under_names(learned[0], "first", "second", "third"), retrained)
    assert [naming.state for naming in matching.namings] == ["kept"] * 3
    assert matching.lost == ()
    likeliest = retrained.weights.argmax(axis=1)
    for planted, name in enumerate(("first", "second", "third")):
        found = np.bincount(likeliest[own == planted]).argmax()
        assert matching.namings[found].name["en"] == name


def test_a_need_that_is_gone_is_said_to_be_lost(learned: tuple[Needs, np.ndarray]) -> None:
    needs = learned[0]
    first, second, _ = under_names(needs, "first", "second", "third")
    opposite = {label: 1 / lift for label, lift in fingerprint(needs, 2).items()}
    gone = NamedNeed({"en": "gone"}, 0.1, opposite)
    matching = match_names((gone, second, first), needs)
    assert [naming.name["en"] for naming in matching.namings][:2] == ["first", "second"]
    assert matching.namings[2].state == "untitled"
    assert matching.namings[2].name["en"].startswith("More module")
    assert matching.lost == (gone,)


def test_a_name_that_fits_less_well_is_flagged(learned: tuple[Needs, np.ndarray]) -> None:
    needs = learned[0]
    own, other = fingerprint(needs, 0), fingerprint(needs, 1)
    blurred = {label: own[label] ** 0.6 * other.get(label, 1.0) ** 0.4 for label in own}
    alike = likeness_of(blurred, needs, 0)
    assert 0.5 < alike < 0.8, alike
    matching = match_names((NamedNeed({"en": "blurred"}, 0.5, blurred),), needs)
    assert (matching.namings[0].state, matching.namings[0].name["en"]) == ("drifting", "blurred")


def test_one_need_keeps_its_name() -> None:
    needs = learn_needs(collect(["ann", "bob"], ["bread"] * 2, ["rye", "toast"]))
    (named,) = named_needs(needs, match_names((), needs).namings)
    assert named.name["en"] == "All customers"
    (again,) = match_names((replace(named, name={"en": "Everyone"}),), needs).namings
    assert (again.state, again.name["en"]) == ("kept", "Everyone")


def test_the_file_of_names_is_read_back(learned: tuple[Needs, np.ndarray], tmp_path: Path) -> None:
    needs = learned[0]
    named = named_needs(needs, match_names((), needs).namings)
    path = tmp_path / "needs.yaml"
    path.write_text(as_yaml(named), encoding="utf-8")
    again = read_names(path)
    assert [(one.name, one.lifts) for one in again] == [(one.name, one.lifts) for one in named]
    matching = match_names(again, needs)
    assert [naming.likeness for naming in matching.namings] == pytest.approx([1, 1, 1], abs=1e-4)


def test_everything_wrong_with_the_names_is_said_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "needs.yaml"
    path.write_text(
        "needs:\n"
        "  - name: {en: Pets, fr: Animaux}\n"
        "    fingerprnt: {share: 0.2}\n"
        "  - name: {}\n"
        "    fingerprint:\n"
        "      share: 20\n"
        "      lifts: {dogs: {premium: often}}\n",
        encoding="utf-8",
    )
    with pytest.raises(BadDeclaration) as raised:
        read_names(path)
    said = raised.value.message.splitlines()
    assert [line.removeprefix(f"{path}:").split(":")[0] for line in said[1:]] == ["2", "3", "4", "6", "7"]
    assert "did you mean 'fingerprint'?" in said[2]
    assert "at least one language" in said[3]


def test_a_name_in_one_language_serves_in_all(tmp_path: Path) -> None:
    path = tmp_path / "needs.yaml"
    path.write_text("needs:\n  - name: {es: Mascotas}\n", encoding="utf-8")
    (only,) = read_names(path)
    assert only.name == {"en": "Mascotas", "es": "Mascotas", "pt": "Mascotas"}


def test_windows_are_those_of_the_choices() -> None:
    """The model is learned from all windows, so its weights are those of all of a customer's choices."""
    choices, _ = company(9)
    needs = learn_needs(choices)
    customer = 17
    mine = in_windows(choices, 0, 1, 2)
    rows = mine.customer == customer
    counts: dict[tuple[str, str], int] = {}
    for c, m, n in zip(mine.component[rows], mine.module[rows], mine.count[rows], strict=True):
        label = (choices.components[c], choices.modules[c][m])
        counts[label] = counts.get(label, 0) + int(n)
    assert np.array_equal(believe(needs.model, counts).weights, needs.weights[customer])


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefgh"),
            st.sampled_from("xyz"),
            st.integers(0, 12).map(str),
            st.integers(0, 2),
            st.sampled_from([1, 2, 5, 100_000]),
        ),
        min_size=1,
        max_size=50,
    ),
    st.booleans(),
    st.booleans(),
)
def test_every_table_of_choices_is_answered(
    rows: list[tuple[str, str, str, int, int]], dated: bool, told_by_one: bool
) -> None:
    who, what, which, window, count = zip(*rows, strict=True)
    choices = collect(who, what, which, window=window if dated else None, count=count)
    needs = learn_needs(choices, told_by=what[:1] if told_by_one else (), seeds=(0,))
    assert np.isfinite(needs.model.log_profiles).all()
    for start, end in pairwise(needs.model.offsets.tolist()):
        assert np.exp(needs.model.log_profiles[:, start:end]).sum(axis=1) == pytest.approx(1)
    assert needs.classes.converged
    assert needs.weights.sum(axis=1) == pytest.approx(np.ones(len(set(who))), abs=1e-9)
    assert np.isfinite(needs.model.trust).all()
    assert all(0 <= share.low <= share.mean <= share.high <= 1 for share in needs.shares)
    named = named_needs(needs, match_names((), needs).namings)
    assert len(match_names(named, needs).namings) == needs.model.needs
