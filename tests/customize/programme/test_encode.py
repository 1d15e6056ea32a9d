"""Facts and treatments as numbers."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.customize.programme.shop import THREE, programme, treatment
from trato.customize.programme.belief import noise_of, prior_of
from trato.customize.programme.encode import (
    FARTHEST,
    customer_features,
    encode,
    encoded,
    layout_of,
    treatment_features,
)
from trato.customize.programme.features import CAP
from trato.customize.programme.treatments import Feature, Goal

FEATURES = (
    Feature("tier", ("most_valuable", "below_zero")),
    Feature("p_alive"),
    Feature("expected_value", scale=10.0),
    Feature("context.size", ("1", "2.5", "big")),
    Feature("value.age", scale=50.0),
)

facts = st.dictionaries(
    st.sampled_from([*(one.name for one in FEATURES), "else"]),
    st.one_of(
        st.floats(allow_nan=True), st.sampled_from(["most_valuable", "big", "2.5", "x", "35"]), st.none()
    ),
)


def test_each_fact_has_its_columns() -> None:
    one = programme(features=FEATURES)
    assert customer_features(one) == (
        "1",
        "tier=most_valuable",
        "tier=below_zero",
        "p_alive",
        "expected_value",
        "context.size=1",
        "context.size=2.5",
        "context.size=big",
        "value.age",
    )
    x = encode(
        one,
        {
            "tier": "below_zero",
            "p_alive": 0.25,
            "expected_value": 999.0,
            "context.size": 2.5,
            "value.age": "40",
        },
    )
    expected = [1, 0, 1, 0.25, math.log1p(999) / 10, 0, 1, 0, 0.8]
    assert np.allclose(x, np.array(expected, np.float32))
    assert encode(one, {"expected_value": -999.0})[4] == -np.float32(math.log1p(999) / 10)


@given(facts)
def test_whatever_is_said_features_are_finite_and_unknown_is_zero(
    said: dict[str, float | str | None],
) -> None:
    one = programme(features=FEATURES)
    x = encode(one, said)
    assert np.isfinite(x).all()
    assert (np.abs(x) <= FARTHEST).all()
    names = customer_features(one)
    for place, name in enumerate(names[1:], 1):
        if said.get(name.split("=")[0]) is None:
            assert x[place] == 0


@given(st.lists(facts, max_size=5))
def test_many_are_encoded_as_each_alone(several: list[dict[str, float | str | None]]) -> None:
    one = programme(features=FEATURES)
    found = encoded(one.features, several)
    assert found.shape == (len(several), len(customer_features(one)))
    for row, said in zip(found, several, strict=True):
        assert row.tobytes() == encode(one, said).tobytes()


def test_nothing_is_all_zeros_and_shared_modules_come_first() -> None:
    names, found = treatment_features(programme(*THREE, treatment("cake", configuration={"gift": "tea"})))
    assert names[:4] == ("given", "gift=tea", "gift=coupon", "wrapping=paper")
    assert names[4:] == ("price", "own:card", "own:coupon", "own:tea", "own:cake")
    assert not found[0].any()
    assert found[3].tolist() == [1, 1, 0, 1, 0.5, 0, 0, 1, 0]


def test_the_layout_has_no_pair_twice_none_with_the_intercept_and_keeps_the_cap() -> None:
    many = programme(*(treatment(f"t{n}") for n in range(40)), features=FEATURES)
    layout = layout_of(many)
    assert layout.size <= CAP
    assert layout.customer[0] == "1"
    assert (layout.pairs[:, 0] > 0).all()
    assert len({tuple(pair) for pair in layout.pairs.tolist()}) == len(layout.pairs)


def test_the_prior_expects_what_is_declared() -> None:
    sure = treatment("sure", prior_rate=0.3, prior_weight=400.0)
    one = programme(sure, treatment("unsaid"), prior_rate=0.1)
    before = prior_of(one)
    layout, (_, given_to) = layout_of(one), treatment_features(one)
    x = np.zeros(len(layout.customer))
    x[0] = 1
    width = len(x)
    effect = [float(row @ before.mean[width : width + len(row)]) for row in given_to.astype(np.float64)]
    assert np.allclose(effect, [0, 0.2, 0])
    assert before.mean[0] == 0.1
    assert noise_of(one) == 0.3 * 0.7
    names = layout.names
    heavy = before.root[names.index("own:sure"), names.index("own:sure")]
    assert np.isclose(heavy**2, noise_of(one) / 400)


def test_the_noise_of_money_is_declared_or_of_few_who_pay() -> None:
    goal = Goal("money", 14)
    assert noise_of(programme(goal=goal, noise=123.0)) == 123.0
    assert noise_of(programme(goal=goal, prior_rate=20.0)) == 50 * 400
    assert noise_of(programme(prior_rate=0.9)) == 0.25
