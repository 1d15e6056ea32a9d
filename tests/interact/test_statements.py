"""The last word about a module binds, in whatever order the words came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from trato.customers.customer import CustomerId
from trato.differentiate.needs.beliefs import Statement, bind
from trato.interact.interactions import STANCES, Stance
from trato.interact.log import LogEntry
from trato.interact.statements import statements_from
from trato.interact.touchpoints import Touchpoint

NOW = datetime(2026, 3, 10, tzinfo=UTC)
MODULES = ("rye", "oat", "spelt")


def said(
    stance: Stance | None, module: str | None, *, day: int = 0, position: int = 1, component: str = "bread"
) -> LogEntry:
    return LogEntry(
        position=position,
        customer=CustomerId("c"),
        source="Rated",
        kind="statement",
        at=NOW + timedelta(days=day),
        received_at=NOW,
        touchpoint=Touchpoint("web", "web"),
        component=None if module is None else component,
        module=module,
        more_choices=(),
        count=1,
        amount=None,
        cost=None,
        statement="in words",
        stance=stance,
        learns=False,
        purposes=("service",),
    )


def test_the_last_word_counts_by_when_it_was_said() -> None:
    late, early = said("wants", "rye", day=2, position=1), said("avoids", "rye", day=1, position=2)
    assert statements_from([early, late]) == (Statement("bread", "rye", "always"),)
    assert statements_from([late, said("avoids", "rye", day=2, position=9)]) == (
        Statement("bread", "rye", "never"),
    )


def test_who_wants_another_wants_only_the_other() -> None:
    several = [said("wants", "rye"), said("wants", "oat", day=1), said("wants", "oil", component="oil")]
    assert set(statements_from(several)) == {
        Statement("bread", "oat", "always"),
        Statement("oil", "oil", "always"),
    }
    assert statements_from([*several[:2], said("avoids", "oat", day=2)]) == (
        Statement("bread", "oat", "never"),
    )


def test_words_alone_and_what_is_no_statement_bind_nothing() -> None:
    assert statements_from([said("wants", None), said(None, "rye")]) == ()


entries = st.lists(
    st.builds(
        said,
        st.sampled_from(STANCES),
        st.sampled_from(MODULES),
        day=st.integers(0, 3),
        position=st.integers(1, 9),
        component=st.sampled_from(["bread", "oil"]),
    ),
    max_size=8,
    unique_by=lambda one: one.position,
)


@given(entries, st.data())
def test_what_binds_is_what_all_of_it_said_in_its_order_binds(
    several: list[LogEntry], data: st.DataObject
) -> None:
    found = statements_from(data.draw(st.permutations(several)))
    in_order = sorted(several, key=lambda one: (one.at, one.position))
    whole = [
        Statement(component, module, "always" if one.stance == "wants" else "never")
        for one in in_order
        for component, module in one.choices
    ]
    shares = dict.fromkeys(MODULES, 1 / 3)
    for component in ("bread", "oil"):
        assert bind(shares, found, component) == bind(shares, whole, component)
    assert len({(one.component, one.module) for one in found}) == len(found)
