"""The chain finds any single edit, removal and exchange, and says where; an old yes brings nobody back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from trato.customers.customer import CustomerId
from trato.permission.ledger import (
    GENESIS,
    STATES,
    Entry,
    Fault,
    Head,
    chained,
    encoded,
    head_of,
    standing,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 1, tzinfo=UTC)

words = st.text(max_size=6)
moments = st.integers(0, 2**52).map(lambda count: NOW + timedelta(microseconds=count))
unchained = st.builds(
    Entry,
    customer=words.map(CustomerId),
    purpose=words,
    state=st.sampled_from(STATES),
    at=moments,
    recorded_at=moments,
    until=st.none() | moments,
    fields=st.lists(words, max_size=3).map(tuple),
    touchpoint=words,
    source=words,
    evidence=st.binary(max_size=6),
)
FIELDS: dict[str, st.SearchStrategy] = {
    "customer": words.map(CustomerId),
    "purpose": words,
    "state": st.sampled_from(STATES),
    "at": moments,
    "recorded_at": moments,
    "until": st.none() | moments,
    "fields": st.lists(words, max_size=3).map(tuple),
    "touchpoint": words,
    "source": words,
    "evidence": st.binary(max_size=6),
    "hash": st.binary(min_size=32, max_size=32),
}


def whole(entries: list[Entry]) -> tuple[list[Entry], Head]:
    head, links = GENESIS, []
    for entry in entries:
        link = chained(head, entry)
        links.append(link)
        head = head_of(link)
    return links, head


ledgers = st.lists(unchained, min_size=1, max_size=7).map(whole)


@given(st.lists(unchained, max_size=7).map(whole))
def test_an_untouched_ledger_is_whole(ledger: tuple[list[Entry], Head]) -> None:
    assert verify(*ledger) == ()


@given(ledgers, st.data())
def test_an_edit_is_found_and_named(ledger: tuple[list[Entry], Head], data: st.DataObject) -> None:
    links, head = ledger
    at = data.draw(st.integers(0, len(links) - 1))
    name = data.draw(st.sampled_from(sorted(FIELDS)))
    edited = replace(links[at], **{name: data.draw(FIELDS[name])})
    assume(edited != links[at])
    assert verify([*links[:at], edited, *links[at + 1 :]], head) == (Fault(at + 1, "altered"),)


@given(ledgers, st.data())
def test_a_removal_is_found_and_named(ledger: tuple[list[Entry], Head], data: st.DataObject) -> None:
    links, head = ledger
    at = data.draw(st.integers(0, len(links) - 1))
    assert verify([*links[:at], *links[at + 1 :]], head) == (Fault(at + 1, "missing"),)


@given(ledgers, st.data())
def test_a_removal_with_the_rest_moved_up_is_found(
    ledger: tuple[list[Entry], Head], data: st.DataObject
) -> None:
    links, head = ledger
    at = data.draw(st.integers(0, len(links) - 1))
    closed_up = [replace(link, position=i + 1) for i, link in enumerate([*links[:at], *links[at + 1 :]])]
    found = verify(closed_up, head)
    assert found
    assert found[0].position == at + 1


@given(ledgers, st.data())
def test_an_exchange_is_found_and_named(ledger: tuple[list[Entry], Head], data: st.DataObject) -> None:
    links, head = ledger
    assume(len(links) > 1)
    one, other = sorted(
        data.draw(st.lists(st.integers(0, len(links) - 1), min_size=2, max_size=2, unique=True))
    )
    exchanged = list(links)
    exchanged[one] = replace(links[other], position=one + 1)
    exchanged[other] = replace(links[one], position=other + 1)
    assert verify(exchanged, head) == (Fault(one + 1, "moved", other + 1), Fault(other + 1, "moved", one + 1))


@given(ledgers, unchained)
def test_what_is_added_behind_the_head_is_found(ledger: tuple[list[Entry], Head], entry: Entry) -> None:
    links, head = ledger
    assert verify([*links, chained(head, entry)], head) == (Fault(len(links) + 1, "added"),)


@given(ledgers)
def test_another_head_is_found(ledger: tuple[list[Entry], Head]) -> None:
    links, head = ledger
    assert verify(links, replace(head, hash=bytes(32))) == (Fault(len(links), "head"),)
    assert verify([], GENESIS) == ()


@given(unchained, unchained)
def test_different_entries_are_encoded_differently(one: Entry, other: Entry) -> None:
    assert (encoded(one) == encoded(other)) == (one == other)


def said(*what: tuple[str, int, int]) -> list[Entry]:
    """Entries by state, the day they were said and the day they were recorded."""
    return [
        Entry(
            customer=CustomerId("c"),
            purpose="newsletter",
            state=state,  # type: ignore[arg-type]  # a word of the list of states
            at=NOW + timedelta(days=at),
            recorded_at=NOW + timedelta(days=recorded),
            until=None,
            fields=(),
            touchpoint="web",
            source="form",
            evidence=b"",
            position=number,
        )
        for number, (state, at, recorded) in enumerate(what, start=1)
    ]


def decides(*what: tuple[str, int, int]) -> int:
    found = standing(said(*what))
    return 0 if found is None else found.position


def test_the_last_word_decides() -> None:
    assert decides() == 0
    assert decides(("granted", 0, 0)) == 1
    assert decides(("granted", 0, 0), ("withdrawn", 1, 1)) == 2
    assert decides(("granted", 0, 0), ("withdrawn", 1, 1), ("granted", 2, 2)) == 3
    assert decides(("denied", 0, 0), ("granted", 1, 1)) == 2


def test_a_yes_that_is_older_than_a_recorded_no_changes_nothing() -> None:
    assert decides(("granted", 0, 0), ("withdrawn", 5, 5), ("granted", 0, 9)) == 2
    assert decides(("granted", 0, 0), ("withdrawn", 1, 5), ("granted", 3, 9)) == 2


@given(st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 9)), max_size=6))
def test_a_no_always_counts_at_once(before: list[tuple[str, int]]) -> None:
    history = [(state, at, 9) for state, at in before]
    assert decides(*history, ("withdrawn", 0, 9)) == len(history) + 1


def test_a_fault_tells_itself_in_words() -> None:
    tells: Callable[[Fault], str] = str
    assert tells(Fault(3, "altered")) == "entry 3 was edited"
    assert tells(Fault(3, "moved", 5)) == "the entry at position 3 stood at 5"
    assert tells(Fault(3, "missing")) == "entry 3 is missing"
    assert tells(Fault(3, "added")) == "entry 3 was added behind the head"
    assert tells(Fault(3, "head")) == "the head does not fit entry 3"
