"""A programme's document gives the same programme again, and its version is the document's."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from trato.customize.programme.document import document_of, programme_from, version_of, versioned
from trato.customize.programme.eligibility import Condition
from trato.customize.programme.treatments import (
    NO_TREATMENT,
    STARTS,
    Cap,
    Feature,
    Goal,
    Holdouts,
    Language,
    Moment,
    Programme,
    Treatment,
)

WORD = st.text(min_size=1, max_size=8)
LABEL = st.dictionaries(st.sampled_from(get_args(Language)), WORD, min_size=1)
MONEY = st.integers(0, 10**15)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
MOMENT_OF_TIME = st.datetimes(timezones=st.just(UTC))
CONDITION = st.builds(
    Condition,
    st.sampled_from(["tier in {MVC}", 'wants."é b" = c or not known need', "expected_value >= 12.5"]),
    st.integers(0, 4),
)

TREATMENT = st.builds(
    Treatment,
    key=WORD,
    label=LABEL,
    says=st.just({}) | LABEL,
    configuration=st.dictionaries(WORD, WORD, max_size=3),
    attributes=st.dictionaries(WORD, NUMBER, max_size=3),
    value=MONEY,
    cost=MONEY,
    cost_taken=MONEY,
    eligible=st.none() | CONDITION,
    stock=st.none() | MONEY,
    lever=NUMBER,
    prior_rate=st.none() | NUMBER,
    prior_weight=NUMBER,
)

PROGRAMME = st.builds(
    Programme,
    key=WORD,
    label=LABEL,
    purpose=WORD,
    believes=st.none() | WORD,
    touchpoints=st.lists(WORD, max_size=3).map(tuple),
    moment=st.builds(Moment, st.sampled_from(STARTS), st.none() | WORD, st.integers(0, 400), st.floats(0, 1)),
    goal=st.builds(
        Goal, st.sampled_from(["taken", "money"]), NUMBER, WORD, st.none() | WORD, st.none() | WORD
    ),
    treatments=st.lists(TREATMENT, max_size=3).map(lambda some: (NO_TREATMENT, *some)),
    same_for_all=WORD,
    eligible=st.none() | CONDITION,
    caps=st.lists(
        st.builds(Cap, st.integers(1, 9), st.integers(1, 9), st.none() | st.just("web")), max_size=2
    ).map(tuple),
    fatigue=MONEY,
    budget=st.none() | MONEY,
    capacity=st.none() | MONEY,
    explore=st.floats(0.001, 1),
    holdouts=st.builds(Holdouts, st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 0.3)),
    conducted=st.sampled_from(["system", "person"]),
    features=st.lists(
        st.builds(Feature, WORD, st.lists(WORD, max_size=3).map(tuple), NUMBER), max_size=3
    ).map(tuple),
    fairness=st.lists(WORD, max_size=2).map(tuple),
    prior_rate=NUMBER,
    noise=st.none() | NUMBER,
    starts=st.none() | MOMENT_OF_TIME,
    ends=st.none() | MOMENT_OF_TIME,
)


@settings(max_examples=200)
@given(PROGRAMME)
def test_a_document_gives_the_same_programme(programme: Programme) -> None:
    document = document_of(programme)
    found = programme_from(document)
    assert (found.document, found.version) == (document, version_of(document))
    assert document_of(found) == document
    assert programme_from(document) == found == versioned(programme)
    assert replace(found, document="", version="") == programme
    assert pickle.loads(pickle.dumps(found)) == found


@given(PROGRAMME, PROGRAMME)
def test_versions_differ_where_declarations_do(one: Programme, other: Programme) -> None:
    same = document_of(one) == document_of(other)
    assert (versioned(one).version == versioned(other).version) is same


def test_the_order_of_keys_in_the_file_is_none_of_the_declaration() -> None:
    def made(attributes: dict[str, float]) -> Programme:
        treatment = Treatment("card", {"en": "a card"}, {}, {}, attributes, 1, 0, 0)
        return versioned(
            Programme(
                "cards",
                {"en": "Cards"},
                "offers",
                None,
                ("letter",),
                Moment("request"),
                Goal("taken", 7),
                (NO_TREATMENT, treatment),
                "card",
            )
        )

    one, other = made({"price": 1.0, "length": 2.0}), made({"length": 2.0, "price": 1.0})
    assert one.version == other.version
    assert list(one.treatments[1].attributes) == list(other.treatments[1].attributes)


def test_a_document_of_earlier_days_has_usual_values() -> None:
    document = (
        '{"key":"cards","label":{"en":"Cards"},"purpose":"offers","believes":null,"touchpoints":["letter"],'
        '"moment":{"starts":"request"},"goal":{"outcome":"taken","days":7},"same_for_all":"card","treatments":'
        '[{"key":"card","label":{"en":"a card"},"says":{},"configuration":{},"attributes":{},"value":1,'
        '"cost":0,"cost_taken":0}]}'
    )
    found = programme_from(document)
    assert (found.explore, found.holdouts, found.treatments[0].lever) == (0.1, Holdouts(), 1.0)
    assert found.version == version_of(document)
