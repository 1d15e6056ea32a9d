"""Ids are UUIDs of version 7, and two writings of an identifier are one."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.customers.customer import new_customer_id
from trato.customers.identifiers import identifier
from trato.errors import BadIdentifier

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(st.timedeltas(timedelta(0), timedelta(days=80_000)), st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_7_that_tells_its_moment(since_1970: timedelta, chance: bytes) -> None:
    now = datetime(1970, 1, 1, tzinfo=UTC) + since_1970
    made = UUID(new_customer_id(now, lambda count: chance[:count]))
    assert (made.version, made.variant) == (7, RFC_4122)
    assert abs(since_1970 / timedelta(milliseconds=1) - (made.int >> 80)) <= 1


def test_the_example_of_the_standard() -> None:
    """RFC 9562, appendix A.6."""
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    chance = (0xCC3 << 68 | 0b00 << 62 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert new_customer_id(moment, lambda _: chance) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_ids_are_never_the_same_and_grow_with_time() -> None:
    made = [new_customer_id(NOW + timedelta(milliseconds=i), secrets.token_bytes) for i in range(500)]
    assert sorted(set(made)) == made


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "Ana@Example.org", " ana@example.ORG\u200b"),
        ("email", "STRASSE@x.de", "straße@x.de"),
        ("phone", "+34 600-123 456", "0034600123456"),
        ("phone", "(555) 010 99", "55501099"),
        ("loyalty_card", "\uff11\uff12\uff13", "123 "),
    ],
)
def test_two_writings_of_a_value_are_one(kind: str, one: str, other: str) -> None:
    assert identifier(kind, one).normalised == identifier(kind, other).normalised


def test_the_case_of_a_card_matters() -> None:
    assert identifier("card", "aB1").normalised != identifier("card", "AB1").normalised


@pytest.mark.parametrize(
    "value", ["", "  ", "0", "0000-00", "-1", "null", "NULL", "anonymous", "n/a", "None"]
)
def test_a_value_that_software_fills_in_points_to_nobody(value: str) -> None:
    with pytest.raises(BadIdentifier, match="points to nobody"):
        identifier("user", value)


@pytest.mark.parametrize(
    ("kind", "value"), [("E-Mail", "a@b.c"), ("email", "ana"), ("card", "1" * 1001), ("card", "a\ud800")]
)
def test_what_cannot_be_an_identifier_is_refused(kind: str, value: str) -> None:
    with pytest.raises(BadIdentifier):
        identifier(kind, value)


def test_a_log_shows_no_value() -> None:
    assert "ana" not in repr(identifier("email", "ana@example.org"))


@given(st.sampled_from(["email", "phone", "card"]), st.text(min_size=1, max_size=20))
def test_a_normalised_value_stays_as_it_is(kind: str, value: str) -> None:
    try:
        once = identifier(kind, value)
    except BadIdentifier:
        return
    assert identifier(kind, once.normalised).normalised == once.normalised
