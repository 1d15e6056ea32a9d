"""The page: live counts, each section under a permit, and an honest word where nothing is known."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.customize.corner import NOW, money, needs_model
from tests.differentiate.value.test_live import shoppers, taught
from trato.customers.customer import CustomerId
from trato.customize.sections import SECTIONS
from trato.differentiate.known import MoneyDay, add_days
from trato.differentiate.needs.beliefs import believe
from trato.differentiate.value.live import worth_of
from trato.errors import BadOption, NotPermitted, UnknownCustomer
from trato.permission.permit import read_permit

if TYPE_CHECKING:
    from tests.customize.corner import Corner
    from trato.storage.transaction import Transaction

RYE, WHEAT, WHOLE = ("bread", "rye"), ("bread", "wheat"), ("milk", "whole")


def test_what_nobody_permits_is_not_shown_and_says_why(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.does(ana)
    corner.refuse(ana, "advice", at=NOW + timedelta(days=1))
    corner.grant(ana, "service", at=NOW + timedelta(days=1), until=NOW + timedelta(days=2))
    page = corner.known(ana, now=NOW + timedelta(days=3))
    stands = {one.purpose: one.stands for one in page.may}
    assert stands == {"service": "ended", "advice": "withdrawn", "analysis": "not_asked"}
    assert page.wants is not None
    assert page.wants.shown is None
    assert [(one.purpose, one.stands, one.since) for one in page.wants.why_not] == [
        ("advice", "withdrawn", NOW + timedelta(days=1))
    ]
    for section in (page.worth, page.proposal):
        assert section is not None
        assert section.shown is None
    assert page.who is not None
    assert page.who.shown is not None  # under the analysis, which covers no field
    assert not page.who.shown.identifiers
    assert not page.who.shown.values
    assert page.said_and_did is not None
    assert page.said_and_did.shown is not None
    assert page.said_and_did.shown.events == ()


@pytest.mark.parametrize("how", ["never", "denied", "objected"])
def test_a_page_without_any_permit_holds_nothing(corner: Corner, how: str) -> None:
    ana = corner.meet()
    if how == "denied":
        corner.refuse(ana, "service", "advice", deny=True)
    corner.refuse(ana, "analysis")
    corner.does(ana)
    corner.build({ana: {RYE: 4}})
    page = corner.known(ana)
    for name in SECTIONS:
        section = getattr(page, name)
        assert section.shown is None, name
        assert section.under == ()
        assert section.why_not
    assert {one.stands for one in page.may} == {"denied" if how == "denied" else "never_granted", "objected"}
    assert not any(one.fields for one in page.may)
    assert page.under == ()


def test_each_value_says_under_which_purpose_it_was_read(corner: Corner) -> None:
    ana = corner.meet(language="pt", birthday="1980-02-29")
    corner.grant(ana)
    page = corner.known(ana, "who")
    assert page.worth is None
    assert page.who is not None
    assert page.who.shown is not None
    assert [(one.kind, one.value, one.under) for one in page.who.shown.identifiers] == [
        ("card", "card of ana", "advice"),
        ("email", "ana@example.org", "service"),
    ]
    # The birthday is kept and no purpose covers it.
    assert {(one.name, one.value) for one in page.who.shown.values} == {
        ("language", "pt"),
        ("name", "Ana Prado"),
    }
    assert "Ana" not in repr(page)
    assert "example.org" not in repr(page)


def test_before_any_build_the_log_tells_what_it_can(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.does(ana)
    corner.does(ana, amount=250)
    page = corner.known(ana)
    assert page.built_at is None
    assert page.worth is not None
    assert page.worth.shown is not None
    assert page.worth.shown.actual_value == 400
    assert page.worth.shown.expected is None
    assert page.wants is not None
    assert page.wants.shown is not None
    assert page.wants.shown.not_yet
    assert page.wants.shown.needs == ()
    assert page.wants.shown.counted == 2
    assert page.proposal is not None
    assert page.proposal.shown is not None
    assert page.proposal.shown.not_yet
    assert page.proposal.shown.components == ()


def test_where_nothing_was_counted_no_need_is_told(corner: Corner) -> None:
    ana, ben = corner.meet(), corner.meet("Ben Silva")
    corner.grant(ana)
    corner.build({ben: {RYE: 4}})
    page = corner.known(ana, "wants", "proposal")
    assert page.wants is not None
    assert page.wants.shown is not None
    assert page.wants.shown.needs == ()
    assert not page.wants.shown.not_yet
    assert page.wants.shown.evidence == 0
    assert page.proposal is not None
    assert page.proposal.shown is not None
    assert page.proposal.shown.components == ()
    assert set(page.proposal.shown.as_all) == {"bread", "milk"}


def test_an_event_moves_the_belief_at_once(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.build({ana: {RYE: 3}})
    before = corner.known(ana, "wants").wants
    corner.does(ana, count=2)
    after = corner.known(ana, "wants").wants
    assert before is not None
    assert after is not None
    assert before.shown is not None
    assert after.shown is not None
    assert before.shown.needs[0].need.name["es"] == "Panaderos"
    assert after.shown.needs[0].weight > before.shown.needs[0].weight
    assert after.shown.evidence == 5
    moved = after.shown.needs[0].evidence[0]
    assert (moved.component, moved.module, moved.count) == ("bread", "rye", 5)
    assert moved.words["en"] == "bread: rye, chosen 5 times"


CHOICES = st.lists(st.sampled_from([RYE, WHEAT, WHOLE, ("tea", "green")]), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=CHOICES, later=CHOICES)
def test_what_a_build_counted_and_what_came_since_add_up(
    corner: Corner, first: list[tuple[str, str]], later: list[tuple[str, str]]
) -> None:
    """The page after a build and later events is the page after a build of all of them."""
    ana = corner.meet(f"c{hash((tuple(first), tuple(later))) % 10**12} x")
    corner.grant(ana)
    for component, module in first:
        corner.does(ana, module, component)
    corner.build({ana: Counter(first)})
    for component, module in later:
        corner.does(ana, module, component)
    live = corner.known(ana, "wants", "worth", "proposal")
    corner.build({ana: Counter(first + later)}, days={ana: (money(59, 150 * len(first + later)),)})
    fresh = corner.known(ana, "wants", "worth", "proposal")
    assert live.wants == fresh.wants
    assert live.proposal == fresh.proposal
    belief = believe(needs_model(), Counter(first + later))
    assert fresh.wants is not None
    assert fresh.wants.shown is not None
    for need in fresh.wants.shown.needs:
        assert need.weight == belief.weights[need.need.need]


def test_who_came_back_after_a_build_that_left_them_out_is_counted_from_the_log(corner: Corner) -> None:
    ana, ben = corner.meet(), corner.meet("Ben Silva")
    corner.grant(ana)
    corner.does(ana)
    corner.refuse(ana, "advice", at=NOW)
    corner.build({ben: {WHEAT: 1}})  # she is left out of it
    corner.grant(ana, "advice", at=NOW + timedelta(seconds=1))
    corner.does(ana)
    wants = corner.known(ana, "wants", now=NOW + timedelta(seconds=2)).wants
    assert wants is not None
    assert wants.shown is not None
    assert wants.shown.counted == 2


def test_a_household_is_summed_over_those_who_permit_it(family: Corner) -> None:
    ana, ben, cleo = family.meet(), family.meet("Ben Silva"), family.meet("Cleo Dias")
    for one in (ana, ben, cleo):
        family.store.write(lambda it, one=one: it.put_memberships([(one, "household", "7", NOW)]))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    family.grant(ana)
    family.grant(ben)
    family.build({ana: {RYE: 1}, ben: {RYE: 2}, cleo: {WHEAT: 64}})
    for one in (ana, ben, cleo):
        family.does(one)
    family.says(ben, "nunca centeno", "avoids", "rye")
    page = family.known(ana)
    assert page.who is not None
    assert page.who.shown is not None
    assert set(page.who.shown.household) == {ana, ben, cleo}  # she has not objected to the analysis
    assert page.who.shown.account == (ana,)
    family.refuse(cleo, "analysis")
    who = family.known(ana, "who").who
    assert who is not None
    assert who.shown is not None
    assert set(who.shown.household) == {ana, ben}
    assert page.wants is not None
    assert page.wants.shown is not None
    assert page.wants.shown.counted == 5
    assert page.wants.shown.members == 2
    # What another of them said binds the household's treatment; their words are theirs.
    assert page.wants.shown.statements == ()
    assert page.proposal is not None
    assert page.proposal.shown is not None
    shown = [m.module for one in page.proposal.shown.components for m in one.modules]
    assert "rye" not in shown
    assert page.said_and_did is not None
    assert page.said_and_did.shown is not None
    assert len(page.said_and_did.shown.events) == 1
    family.refuse(ben, "advice", at=NOW)
    wants = family.known(ana, "wants").wants
    assert wants is not None
    assert wants.shown is not None
    assert wants.shown.counted == 2
    assert wants.shown.members == 1


def test_the_timeline_is_paged_without_a_gap(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    for number in range(7):
        corner.does(ana, count=number + 1, purposes=("service",) if number % 2 else ("advice",))
    seen: list[int] = []
    before: int | None = None
    pages = 0
    while True:
        section = corner.known(ana, "said_and_did", page=3, before=before).said_and_did
        assert section is not None
        assert section.shown is not None
        seen += [one.count for one in section.shown.events]
        pages += 1
        before = section.shown.before
        if before is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert pages == 3


def test_a_touchpoint_is_called_what_people_call_it(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana, "service")
    corner.does(ana)
    section = corner.known(ana, "said_and_did").said_and_did
    assert section is not None
    assert section.shown is not None
    assert section.shown.events[0].label["pt"] == "no caixa"
    assert section.shown.events[0].place == "Madrid"


def test_contacts_are_counted_within_a_month(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    for days in (1, 5, 29, 31):
        corner.does(ana, kind="contact", at=NOW - timedelta(days=days), learns=False, amount=None)
    corner.does(ana)
    section = corner.known(ana, "contacts").contacts
    assert section is not None
    assert section.shown is not None
    assert section.shown.total == 3
    assert section.shown.by_touchpoint == {"till": 3}
    assert section.shown.by_channel == {"store": 3}
    assert section.shown.last_at == NOW - timedelta(days=1)


def test_a_statement_is_told_with_its_words(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana, "advice")
    corner.says(ana, "siempre de centeno", "wants", "rye")
    section = corner.known(ana, "wants").wants
    assert section is not None
    assert section.shown is not None
    said = section.shown.statements[0]
    assert (said.words, said.stance, said.choices) == ("siempre de centeno", "wants", (RYE,))
    assert "centeno" not in repr(section)


def test_what_was_said_at_one_counter_binds_at_the_next(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    corner.build({ana: {RYE: 6}})
    corner.says(ana, "nunca centeno", "avoids", "rye", purposes=("service",))
    page = corner.known(ana)
    assert page.wants is not None
    assert page.wants.shown is not None
    assert [one.words for one in page.wants.shown.statements] == ["nunca centeno"]
    assert page.wants.under == ("advice", "service", "analysis")
    assert page.proposal is not None
    assert page.proposal.shown is not None
    assert "rye" not in {m.module for one in page.proposal.shown.components for m in one.modules}
    corner.refuse(ana, "service")
    section = corner.known(ana, "wants").wants
    assert section is not None
    assert section.shown is not None
    assert section.shown.statements == ()


def test_who_is_nobody_and_what_is_no_section_are_refused(corner: Corner) -> None:
    with pytest.raises(UnknownCustomer):
        corner.known(CustomerId("0198c5a0-7b1e-7c4d-9a2f-3b5d8e6f1a20"))
    with pytest.raises(BadOption, match="wnats"):
        corner.known(corner.meet(), "wnats")
    with pytest.raises(BadOption, match="page"):
        corner.known(corner.meet("Ben Silva"), page=0)


def test_worth_is_what_the_model_says_of_build_and_log_together(corner: Corner) -> None:
    ana, ben = corner.meet(), corner.meet("Ben Silva")
    corner.grant(ana)
    corner.grant(ben)
    days = shoppers(150, losses=False)
    model, _ = taught(days)
    corner.store.write(lambda it: it.put_model(model.version, "values", model.document()))
    corner.build({ana: {}, ben: {}}, days={ana: days[0]}, values=model.version)
    corner.does(ana, amount=4000)
    worth = corner.known(ana, "worth").worth
    assert worth is not None
    assert worth.shown is not None
    assert worth.shown.expected is not None
    both = add_days(days[0], (MoneyDay(NOW.date(), 4000, None, bought=True),))
    told = worth_of(model, both, None)
    assert told is not None
    assert worth.shown.expected.as_of == NOW.date()  # a later day of her own than the model's last
    assert (worth.shown.actual_value, worth.shown.last_day) == (told.actual_value, NOW.date())
    expected = worth.shown.expected
    assert (expected.value, expected.low, expected.high) == (told.expected_value, told.low, told.high)
    assert (expected.p_alive, expected.tier, expected.potential) == (told.p_alive, told.tier, None)
    corner.does(ana, amount=4000, at=NOW + timedelta(days=3650))  # a clock that is wrong
    later = corner.known(ana, "worth").worth
    assert later is not None
    assert later.shown is not None
    assert later.shown.expected == worth.shown.expected
    nothing = corner.known(ben, "worth").worth
    assert nothing is not None
    assert nothing.shown is not None
    assert nothing.shown.expected is None  # who never bought is unknown, not worth nothing
    assert nothing.shown.actual_value == 0


HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["service", "advice", "analysis"]),
        st.sampled_from(["grant", "withdraw", "deny"]),
        st.integers(0, 3),
        st.none() | st.integers(1, 6),
    ),
    max_size=6,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=HISTORIES, hours=st.integers(0, 12))
def test_a_section_is_shown_exactly_where_a_permit_can_be_read(
    corner: Corner, told: list[tuple[str, str, int, int | None]], hours: int
) -> None:
    """Whatever was said before, and whenever one looks."""
    ana = corner.meet(f"{hash((tuple(told), hours)) % 10**12} x")
    corner.does(ana)
    for step, (key, do, ago, ends) in enumerate(told):
        at = NOW + timedelta(hours=step)
        if do == "grant":
            until = None if ends is None else at + timedelta(hours=ends)
            corner.grant(ana, key, at=at - timedelta(minutes=ago), until=until, recorded_at=at)
        else:
            corner.refuse(ana, key, at=at, deny=do == "deny")
    now = NOW + timedelta(hours=hours)

    def able(it: Transaction) -> set[str]:
        found = set()
        for purpose in corner.company.purposes:
            with suppress(NotPermitted):
                found.add(read_permit(it, purpose, ana, now=now).purpose)
        return found

    permitted = corner.store.read(able)
    page = corner.known(ana, now=now)
    assert {one.purpose for one in page.may if one.permitted} == permitted
    for name in ("who", "said_and_did", "contacts"):
        section = getattr(page, name)
        assert (section.shown is not None) == bool(permitted)
        assert set(section.under) == permitted
    for name in ("worth", "wants", "proposal"):
        section = getattr(page, name)
        assert (section.shown is not None) == ("advice" in permitted)
    assert page.said_and_did is not None
    events = page.said_and_did.shown.events if page.said_and_did.shown else ()
    assert bool(events) == bool(permitted & {"service", "advice"})
