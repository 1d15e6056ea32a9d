"""A belief is the same online and in batch, explains itself, and yields to what the customer said."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.differentiate.needs.planted import contrasting_profiles, planted_choices
from trato.differentiate.needs.beliefs import (
    NeedsModel,
    Statement,
    add,
    believe,
    bind,
    evidence_of,
    explain,
    need_weights,
    predict,
    predicted,
)
from trato.differentiate.needs.choices import in_windows
from trato.differentiate.needs.classes import class_data, class_weights, fit_classes
from trato.differentiate.needs.trust import USUAL_TRUST, fit_trust
from trato.errors import BadOption

COMPONENTS = ("bread", "coffee", "fuel")
MODULES = (("rye", "toast", "white"), ("beans", "decaf", "instant", "pods"), ("super",))


def some_model(seed: int = 0, needs: int = 3, told_by: tuple[str, ...] = COMPONENTS) -> NeedsModel:
    rng = np.random.default_rng(seed)
    profiles = np.hstack([rng.dirichlet(np.ones(len(names)), size=needs) for names in MODULES])
    return NeedsModel(
        components=COMPONENTS,
        modules=MODULES,
        shares=rng.dirichlet(np.ones(needs)),
        log_profiles=np.log(np.maximum(profiles, 1e-6)),
        habit=np.array([0.5, 3.0, 40.0]),
        trust=np.array([1.0, 6.0, 20.0]),
        tells=np.array([one in told_by for one in COMPONENTS]),
    )


TOLD_BY = st.lists(st.sampled_from(COMPONENTS), unique=True).map(tuple)
LABELS = st.sampled_from(
    [(c, m) for c, names in zip(COMPONENTS, MODULES, strict=True) for m in names] + [("bread", "new")]
)
OBSERVATIONS = st.lists(LABELS, max_size=60)


@given(OBSERVATIONS, TOLD_BY, st.data())
def test_any_order_and_any_split_give_the_same_belief_bit_for_bit(
    seen: list[tuple[str, str]], told_by: tuple[str, ...], data: st.DataObject
) -> None:
    model = some_model(told_by=told_by)
    at_once = believe(model, add(*[{label: 1} for label in seen]))
    shuffled = data.draw(st.permutations(seen))
    cut = data.draw(st.integers(0, len(seen)))
    first = add(*[{label: 1} for label in shuffled[:cut]])
    later = first
    for label in shuffled[cut:]:
        later = add(later, {label: 1})
    assert later == at_once.counts
    assert np.array_equal(believe(model, later).weights, at_once.weights)


@given(OBSERVATIONS, OBSERVATIONS)
def test_what_is_withdrawn_was_never_there(
    kept: list[tuple[str, str]], withdrawn: list[tuple[str, str]]
) -> None:
    model = some_model()
    base = add(*[{label: 1} for label in kept])
    more = add(base, *[{label: 1} for label in withdrawn])
    back = add(more, *[{label: -1} for label in withdrawn])
    assert back == base
    assert np.array_equal(believe(model, back).weights, believe(model, base).weights)


def test_more_than_was_observed_cannot_be_withdrawn() -> None:
    with pytest.raises(BadOption, match="'rye' in 'bread'"):
        add({("bread", "rye"): 1}, {("bread", "rye"): -2})


@given(st.lists(OBSERVATIONS, min_size=1, max_size=12), st.integers(1, 5), TOLD_BY)
def test_a_batch_gives_each_customer_what_they_get_alone(
    customers: list[list[tuple[str, str]]], needs: int, told_by: tuple[str, ...]
) -> None:
    model = some_model(needs, needs, told_by)
    counts = [add(*[{label: 1} for label in seen if label != ("bread", "new")]) for seen in customers]
    rows = [sorted((model.item_of[label], n) for label, n in one.items()) for one in counts]
    indptr = np.cumsum([0, *map(len, rows)])
    flat = [entry for row in rows for entry in row]
    batch = need_weights(
        model, indptr, np.array([i for i, _ in flat], np.int64), np.array([n for _, n in flat], np.int64)
    )
    for weights, one in zip(batch, counts, strict=True):
        assert np.array_equal(weights, believe(model, one).weights)
        assert weights.sum() == pytest.approx(1, abs=1e-12)


def test_beliefs_have_the_weights_of_the_fitted_classes() -> None:
    choices, _ = planted_choices(
        np.random.default_rng(3),
        customers=80,
        profiles=contrasting_profiles(2, 3, 4),
        shares=np.array([0.6, 0.4]),
        concentration=5.0,
    )
    data = class_data(choices)
    classes = fit_classes(data, min_classes=2, max_classes=2, habit=True)
    assert classes.concentrations is not None
    model = NeedsModel(
        choices.components,
        choices.modules,
        classes.shares,
        np.hstack(classes.log_profiles),
        classes.concentrations,
        np.ones(3),
    )
    assert need_weights(model, data.indptr, data.items, data.counts) == pytest.approx(
        class_weights(classes, data), abs=1e-9
    )


@given(OBSERVATIONS, TOLD_BY)
def test_what_is_chosen_where_nothing_is_told_moves_no_weights(
    seen: list[tuple[str, str]], told_by: tuple[str, ...]
) -> None:
    model = some_model(3, told_by=told_by)
    counts = add(*[{label: 1} for label in seen])
    telling = {label: count for label, count in counts.items() if label[0] in told_by}
    belief = believe(model, counts)
    assert belief.weights.tobytes() == believe(model, telling).weights.tobytes()
    assert belief.counts == counts
    assert evidence_of(model, counts) == sum(telling[label] for label in telling if label in model.item_of)
    loyal = believe(model, {("bread", "toast"): 10_000})  # they are foreseen there all the same
    assert predict(model, loyal, "bread")["toast"] > 0.999


@given(OBSERVATIONS, st.integers(0, 2), st.one_of(st.none(), st.integers(0, 2)), TOLD_BY)
def test_an_explanation_sums_to_the_log_odds_of_the_weights(
    seen: list[tuple[str, str]], need: int, against: int | None, told_by: tuple[str, ...]
) -> None:
    model = some_model(4, told_by=told_by)
    belief = believe(model, add(*[{label: 1} for label in seen]))
    why = explain(model, belief, need, against)
    expected = log(belief.weights[why.need]) - log(belief.weights[why.against])
    assert why.log_odds == pytest.approx(expected, abs=1e-9)
    assert why.log_odds == pytest.approx(
        why.population_log_odds + sum(m.log_odds for m in why.moved), abs=1e-9
    )
    assert {(m.component, m.module): m.count for m in why.moved} == {
        label: n for label, n in belief.counts.items() if label in model.item_of and label[0] in told_by
    }
    sizes = [abs(moved.log_odds) for moved in why.moved]
    assert sizes == sorted(sizes, reverse=True)


def test_repeating_a_choice_moves_a_belief_less_each_time() -> None:
    model = some_model(1)
    moves = []
    for times in range(6):
        why = explain(model, believe(model, {("bread", "rye"): times} if times else {}), 0, 1)
        moves.append(abs(why.log_odds - why.population_log_odds))
    steps = np.diff(moves)
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_a_new_customer_is_like_the_population_and_a_known_one_like_themselves() -> None:
    model = some_model(2)
    population = np.exp(model.log_profiles[:, :3]).T @ model.shares
    assert list(predict(model, believe(model, {}), "bread").values()) == pytest.approx(
        list(population), abs=1e-12
    )
    loyal = predict(model, believe(model, {("bread", "toast"): 10_000}), "bread")
    assert loyal["toast"] > 0.999


@given(OBSERVATIONS)
def test_predictions_are_shares(seen: list[tuple[str, str]]) -> None:
    model = some_model(5)
    belief = believe(model, add(*[{label: 1} for label in seen]))
    for component in COMPONENTS:
        shares = predict(model, belief, component)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-9)
        assert min(shares.values()) >= 0


def test_a_module_the_model_has_not_seen_is_predicted_from_own_choices_only() -> None:
    model = some_model(5)
    belief = believe(model, {("bread", "new"): 3})
    assert np.array_equal(belief.weights, believe(model, {}).weights)
    assert predict(model, belief, "bread")["new"] == pytest.approx(3 / (3 + 1.0))


SAID = st.lists(
    st.builds(
        Statement,
        st.just("bread"),
        st.sampled_from([*MODULES[0], "new"]),
        st.sampled_from(["always", "never"]),
    ),
    max_size=5,
)


@given(OBSERVATIONS, SAID)
def test_what_the_customer_said_binds_whatever_they_did(
    seen: list[tuple[str, str]], said: list[Statement]
) -> None:
    model = some_model(6)
    belief = believe(model, add(*[{label: 1} for label in seen]))
    shares = predict(model, belief, "bread", said)
    if said and said[-1].binds == "always":
        assert shares[said[-1].module] == 1.0
        assert sum(shares.values()) == 1.0
    if said and said[-1].binds == "never":
        assert shares.get(said[-1].module, 0.0) == 0.0
    assert sum(shares.values()) in (pytest.approx(1, abs=1e-9), 0.0)
    assert predict(model, belief, "coffee", said) == predict(model, belief, "coffee")


def test_a_later_statement_takes_the_place_of_an_earlier_one() -> None:
    shares = {"rye": 0.5, "toast": 0.3, "white": 0.2}
    always, never = Statement("bread", "rye", "always"), Statement("bread", "rye", "never")
    assert bind(shares, [always, never], "bread") == pytest.approx({"rye": 0, "toast": 0.6, "white": 0.4})
    assert bind(shares, [never, always], "bread") == {"rye": 1.0, "toast": 0.0, "white": 0.0}
    nothing_left = [Statement("bread", module, "never") for module in shares]
    assert sum(bind(shares, nothing_left, "bread").values()) == 0


def test_an_unknown_component_names_the_nearest() -> None:
    with pytest.raises(BadOption) as raised:
        predict(some_model(), believe(some_model(), {}), "Coffe")
    assert raised.value.hint == "did you mean 'coffee'?"


def test_the_version_is_a_function_of_every_number() -> None:
    assert some_model(1).version == some_model(1).version
    assert some_model(1).version != some_model(2).version


def test_a_model_in_which_all_tell_has_the_version_that_it_always_had() -> None:
    """The version is written into stores: decisions name it, so it must outlive new releases."""
    model = NeedsModel(
        ("bread", "tea"),
        (("rye", "white"), ("green", "black", "mint")),
        np.array([0.75, 0.25]),
        np.array([[-0.5, -1.0, -0.25, -2.0, -3.0], [-1.5, -0.25, -1.0, -1.0, -1.25]]),
        np.array([0.5, 4.0]),
        np.array([2.0, 8.0]),
    )
    assert model.version == "621fe7a142c8ad83"
    assert replace(model, tells=np.array([True, True])).version == model.version
    some = {replace(model, tells=np.array(tells)).version for tells in ([True, False], [False, True])}
    assert len(some | {model.version}) == 3


def test_trust_is_found_where_customers_scatter_as_much_as_planted() -> None:
    """Customers drawn around their class with concentration 6: their past is worth as much as six choices
    more.
    """
    choices, _ = planted_choices(
        np.random.default_rng(11),
        customers=600,
        profiles=contrasting_profiles(1, 2, 4, favour=0.4),
        shares=np.ones(1),
        mean_choices=10,
        concentration=6.0,
        windows=2,
    )
    early, later = class_data(in_windows(choices, 0)), in_windows(choices, 1)
    fitted = fit_classes(early, max_classes=1, habit=True)
    assert fitted.concentrations is not None
    model = NeedsModel(
        choices.components,
        choices.modules,
        fitted.shares,
        np.hstack(fitted.log_profiles),
        fitted.concentrations,
        np.ones(2),
    )
    weights = need_weights(model, early.indptr, early.items, early.counts)
    towards, own, chosen = predicted(model, early, weights, later.customer, later.item)
    trust = fit_trust(towards, own, chosen, later.component, later.count, 2)
    assert trust == pytest.approx([6, 6], rel=0.25)
    assert fitted.concentrations == pytest.approx([6, 6], rel=0.25)


def test_without_later_choices_trust_is_the_usual_one() -> None:
    nothing, none = np.zeros(0), np.zeros(0, np.int64)
    assert fit_trust(nothing, nothing, nothing, none, none, 2).tolist() == [USUAL_TRUST] * 2
