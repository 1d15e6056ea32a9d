"""Decisions as bytes: nothing is lost, and little is needed."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.customers.customer import CustomerId
from trato.customize.programme.decision import WHOLE, Candidate, Decision, DecisionId
from trato.customize.programme.packing import packed, unpacked

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
REASONS = ("", "not_permitted", "unknown", "held_back", "one_of_our_own", "été")

words = st.text(max_size=12)
values = st.one_of(st.none(), words, st.floats(allow_nan=False), st.integers(-(2**53), 2**53))
candidates = st.lists(
    st.builds(Candidate, words, st.sampled_from(REASONS), st.integers(0, WHOLE)), max_size=40
).map(tuple)
decisions = st.builds(
    Decision,
    id=st.just(DecisionId("d")),
    customer=st.just(CustomerId("c")),
    unit=words,
    programme=words,
    version=words,
    model=words,
    prices=words,
    at=st.just(AT),
    matures_at=st.just(AT),
    touchpoint=words,
    moment=words,
    arm=st.just("policy"),
    facts=st.dictionaries(words, values, max_size=6),
    contacts=st.integers(0, 10_000),
    candidates=candidates,
    seed=st.integers(0, 2**64 - 1),
    draw=st.integers(0, 2**32 - 1),
    treatment=words,
    probability=st.integers(0, WHOLE),
    reserved=st.integers(0, 2**62),
    purpose=st.sampled_from(["", "advice"]),
    by_person=st.one_of(st.none(), words),
)


def one_whole(found: Decision) -> bool:
    return sum(one.probability == WHOLE for one in found.candidates) <= 1


@given(decisions.filter(one_whole))
def test_what_was_packed_comes_back_in_every_bit(decision: Decision) -> None:
    kept = unpacked(packed(decision))
    whole = replace(decision, **kept)
    expected = decision if decision.purpose else replace(decision, unit="")
    assert whole == expected
    assert [type(one) for one in whole.facts.values()] == [type(one) for one in decision.facts.values()]


@given(decisions.filter(one_whole))
def test_what_is_kept_is_the_record_without_the_columns(decision: Decision) -> None:
    columns = {"id", "customer", "programme", "version", "model", "prices", "at", "matures_at", "arm"}
    columns |= {"treatment", "probability", "purpose", "position"}
    assert unpacked(packed(decision)).keys() == {one.name for one in fields(Decision)} - columns


@given(decisions.filter(one_whole), st.data())
def test_what_was_cut_off_is_told(decision: Decision, data: st.DataObject) -> None:
    whole = packed(decision)
    with pytest.raises(ValueError):  # noqa: PT011 -- whatever the parser says of it
        unpacked(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_another_format_is_told() -> None:
    with pytest.raises(ValueError, match="format 9"):
        unpacked(b"\x09" + bytes(40))


def test_twenty_candidates_take_well_under_a_kilobyte() -> None:
    shares = [WHOLE // 20] * 19
    shares.append(WHOLE - sum(shares))
    names = [f"offer_number_{place}" for place in range(20)]
    decision = Decision(
        id=DecisionId("0192f0c1-8a5e-7b1c-9d3e-5f6a7b8c9d0e"),
        customer=CustomerId("c_2n6h4k8m1p3q5r7s"),
        unit="household:9f86d081884c7d659a2feaa0c55ad015",
        programme="come_back",
        version="0" * 32,
        model="1" * 32,
        prices="2" * 32,
        at=AT,
        matures_at=AT,
        touchpoint="newsletter",
        moment="request",
        arm="policy",
        facts={
            "tier": "most_growable",
            "p_alive": 0.8731264918273645,
            "days_since_purchase": 34.0,
            "expected_value": 18364.81726354,
            "need": "bakers",
            "weight": 0.7162534152635,
            "evidence": 41.0,
            "contacts": 2.0,
            "touchpoint": "newsletter",
            "weekday": "thursday",
        },
        contacts=2,
        candidates=tuple(Candidate(name, "", share) for name, share in zip(names, shares, strict=True)),
        seed=2**64 - 1,
        draw=2**32 - 1,
        treatment=names[3],
        probability=shares[3],
        reserved=280,
        purpose="suggestions",
    )
    assert len(packed(decision)) < 850
