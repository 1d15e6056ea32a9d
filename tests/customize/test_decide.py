"""Decisions: who may get what, with which probability, in which order, and what is set aside."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.customize.corner import needs_model
from tests.customize.programme.memory import Memory, built
from tests.customize.programme.shop import NOW, Cap, asked, drawn, programme, serving, treatment
from trato.customers.customer import CustomerId
from trato.customize.decide import decide, look_at
from trato.customize.programme.decision import WHOLE
from trato.customize.programme.holdouts import arm_of
from trato.customize.programme.store import Use
from trato.customize.programme.treatments import ARMS, NOTHING, Feature, Holdouts
from trato.differentiate.known import Counted, MoneyDay
from trato.differentiate.needs.names import NamedNeed
from trato.differentiate.needs.stored_model import as_document
from trato.errors import BadOption, UnknownCustomer, UnknownProgramme
from trato.interact.touchpoints import Touchpoint
from trato.measure.sample_ratio import check_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trato.customize.programme.decision import Asked, Decision
    from trato.customize.programme.treatments import Arm, Programme

ANA = CustomerId("ana")
ALL = Holdouts(0, 0, 0)


def decided(store: Memory, one: Programme, *several: Asked, **said: Any) -> list[Decision]:
    """The decisions for these requests, in one transaction."""
    if one.key not in store.served:
        store.serve(one)
    serves = serving(one, **said)
    with store.begun() as it:
        return [each.decision for each in decide(it, several, serving=serves, now=NOW)]


def ana(*purposes: str, **score: Any) -> Memory:
    store = Memory()
    store.meet("ana", *(purposes or ("offers", "suggestions")), fields=("city",))
    usual: dict[str, Any] = {"tier": "most_valuable", "p_alive": 0.4, "evidence": 3}
    store.score(ANA, **(usual | score))
    return store


def reasons(decision: Decision) -> dict[str, str]:
    return {one.treatment: one.reason for one in decision.candidates if one.reason}


def one_of(store: Memory, **said: Any) -> Decision:
    one = programme(holdouts=ALL, **said)
    return decided(store, one, asked("ana", len(store.decisions), programme=one.key))[0]


class TestPermission:
    def test_without_the_purpose_only_nothing_may_be_given(self) -> None:
        decision = one_of(ana("suggestions"))
        assert decision.treatment == NOTHING
        assert decision.probability == WHOLE
        assert set(reasons(decision).values()) == {"not_permitted"}

    def test_inbound_touchpoints_are_no_exception(self) -> None:
        store = ana("suggestions")
        (decision,) = decided(store, programme(holdouts=ALL), asked("ana", touchpoint="till"))
        assert set(reasons(decision).values()) == {"not_permitted"}

    def test_a_withdrawal_counts_at_once(self) -> None:
        store = ana()
        assert not reasons(one_of(store))
        store.withdraw(ANA, "offers")
        (decision,) = decided(store, programme(holdouts=ALL), asked("ana", 2))
        assert set(reasons(decision).values()) == {"not_permitted"}

    def test_without_the_profiling_purpose_value_and_belief_are_unknown(self) -> None:
        store = ana("offers")
        store.says(ANA, "avoids", "gift", "tea", NOW)
        decision = one_of(
            store,
            eligible="tier = MVC or known avoids.gift",
            features=(Feature("tier", ("most_valuable",)), Feature("contacts")),
        )
        assert decision.purpose == "offers"
        assert decision.facts == {"contacts": 0.0}
        assert set(reasons(decision).values()) == {"unknown"}

    def test_of_who_permits_nothing_nothing_is_read_or_kept(self) -> None:
        store = Memory()
        store.meet("ana")
        store.score(ANA, tier="most_valuable")
        store.happens(ANA, NOW, "offers", kind="contact")
        (decision,) = decided(store, programme(holdouts=ALL), asked("ana", context={"mood": "good"}))
        assert (decision.purpose, decision.facts, decision.contacts) == ("", {}, 0)
        assert decision.treatment == NOTHING
        assert store.decisions[0].customer == ""
        assert not store.arms

    def test_a_record_is_opened_by_the_purpose_under_which_facts_were_read(self) -> None:
        assert one_of(ana()).purpose == "suggestions"

    def test_values_are_read_under_the_purpose_that_opens_the_record(self) -> None:
        store = ana()
        store.values[ANA] = {"city": "Lugo", "street": "Rúa Nova"}
        features = (Feature("value.city", ("Lugo", "Vigo")), Feature("value.street", ("Rúa Nova",)))
        assert one_of(store, features=features).facts == {"value.city": "Lugo"}

    def test_nobody_else_is_decided_for_an_unknown_customer(self) -> None:
        with pytest.raises(UnknownCustomer):
            decided(ana(), programme(), asked("ana"), asked("eva"))


class TestRules:
    def test_what_the_customer_never_wants_is_not_given(self) -> None:
        store = ana()
        store.says(ANA, "avoids", "gift", "tea", NOW)
        assert reasons(one_of(store)) == {"tea": "said_no"}

    def test_said_binds_under_the_programmes_own_purpose_too(self) -> None:
        store = ana("offers")
        store.says(ANA, "avoids", "gift", "tea", NOW, "offers")
        assert reasons(one_of(store)) == {"tea": "said_no"}

    def test_who_always_wants_one_module_gets_no_other_of_that_component(self) -> None:
        store = ana()
        store.says(ANA, "wants", "gift", "coupon", NOW)
        assert reasons(one_of(store)) == {"tea": "said_no"}

    def test_the_last_word_counts(self) -> None:
        store = ana()
        store.says(ANA, "avoids", "gift", "tea", NOW - timedelta(days=3))
        store.says(ANA, "wants", "gift", "tea", NOW - timedelta(days=1))
        assert reasons(one_of(store)) == {"coupon": "said_no"}

    def test_conditions_rule_out_and_unknown_is_said(self) -> None:
        store = ana(p_alive=0.1)
        one = programme(
            treatment("rich", eligible="expected_value > 10"),
            treatment("alive", eligible="p_alive > 0.5"),
            treatment("city", eligible="value.city = Lugo"),
            treatment("any"),
            holdouts=ALL,
        )
        (decision,) = decided(store, one, asked("ana"))
        assert reasons(decision) == {"rich": "not_eligible", "alive": "not_eligible", "city": "unknown"}

    def test_before_it_starts_and_after_it_ends_a_programme_gives_nothing(self) -> None:
        for said in ({"starts": NOW + timedelta(seconds=1)}, {"ends": NOW}):
            assert set(reasons(one_of(ana(), **said)).values()) == {"not_running"}
        assert not reasons(one_of(ana(), starts=NOW, ends=NOW + timedelta(days=1)))

    @pytest.mark.parametrize(
        ("cap", "reached"),
        [
            (Cap(1, 30), True),
            (Cap(2, 30), False),
            (Cap(2, 60), True),
            (Cap(1, 1), False),
            (Cap(1, 30, "store"), False),  # asked by letter: a cap of another channel says nothing
            (Cap(1, 30, "email"), False),
            (Cap(1, 60, "email"), True),
        ],
    )
    def test_a_cap_counts_contacts_of_its_days_and_channel(self, cap: Cap, reached: bool) -> None:
        store = ana()
        store.happens(ANA, NOW - timedelta(days=2), "offers", kind="contact")  # at the till
        by_letter = Touchpoint("letter", "email")
        store.happens(ANA, NOW - timedelta(days=40), "offers", kind="contact", touchpoint=by_letter)
        store.happens(ANA, NOW - timedelta(days=1), "another", kind="contact")
        found = reasons(one_of(store, caps=(cap,)))
        assert set(found.values()) == ({"contact_cap"} if reached else set())

    def test_sensitive_facts_are_not_used(self) -> None:
        store = ana()
        store.says(ANA, "wants", "gluten", "no", NOW)
        features = (Feature("context.gluten", ("no",)), Feature("wants.gluten", ("no",)))
        one = programme(holdouts=ALL, features=features)
        context = asked("ana", context={"gluten": "no"})
        assert decided(store, one, context, sensitive=frozenset({"gluten"}))[0].facts == {}
        assert decided(store, one, replace(context, id=asked("ana", 3).id))[0].facts.keys() == {
            "context.gluten",
            "wants.gluten",
        }

    def test_a_programme_gives_only_on_its_touchpoints_and_only_its_treatments(self) -> None:
        with pytest.raises(BadOption, match="touchpoint 'web'"):
            decided(ana(), programme(), asked("ana", touchpoint="web"))
        with pytest.raises(BadOption, match="no treatment 'car'"):
            decided(ana(), programme(), asked("ana", choice="car"))
        with pytest.raises(UnknownProgramme, match="come_bak"):
            decided(ana(), programme(), asked("ana", programme="come_bak"))


class TestFacts:
    def test_what_the_score_does_not_know_is_unknown(self) -> None:
        store = ana(tier="", p_alive=0.0, expected_value=0.0, actual_value=700, evidence=0)
        names = (
            "tier",
            "need",
            "weight",
            "p_alive",
            "expected_value",
            "actual_value",
            "potential",
            "evidence",
        )
        features = tuple(Feature(name, ("x",) if name in {"tier", "need"} else ()) for name in names)
        assert one_of(store, features=features).facts == {"actual_value": 700.0, "evidence": 0.0}

    def test_the_moment_is_told_in_the_companys_zone(self) -> None:
        names = ("weekday", "hour", "channel", "touchpoint", "moment", "context.mood")
        features = tuple(Feature(name, ("x",)) for name in names)
        one = programme(holdouts=ALL, features=features)
        (decision,) = decided(ana(), one, asked("ana", moment="arrives", context={"mood": "good", "else": 1}))
        assert decision.facts == {
            "weekday": "sunday",
            "hour": 13.0,
            "channel": "email",
            "touchpoint": "letter",
            "moment": "arrives",
            "context.mood": "good",
        }

    @pytest.mark.parametrize("said", [None, float("nan"), float("inf"), 10**400, ["list"], "x" * 501])
    def test_what_is_no_fact_is_unknown(self, said: Any) -> None:
        one = programme(treatment("tea", eligible="context.mood = 1"), features=(Feature("context.mood"),))
        (decision,) = decided(ana(), one, asked("ana", context={"mood": said}))
        assert decision.facts == {}
        assert reasons(decision)["tea"] == "unknown"

    def test_history_is_what_the_log_says(self) -> None:
        store = ana()
        bought = {"component": "bread", "module": "rye", "learns": True, "amount": 300, "count": 2}
        store.happens(ANA, NOW - timedelta(days=9), "suggestions", **bought)
        names = ("days_since_purchase", "bought.bread", "bought.bread.rye", "bought.bread.corn")
        decision = one_of(store, features=tuple(Feature(name) for name in names))
        assert decision.facts == dict(zip(names, (9.0, 2.0, 2.0, 0.0), strict=True))
        alone = one_of(store, key="alone", features=(Feature("days_since_purchase"),))
        assert alone.facts == {"days_since_purchase": 9.0}

    def test_history_is_the_builds_counts_and_the_log_behind_it(self) -> None:
        store = ana()
        store.happens(ANA, NOW - timedelta(days=9), "suggestions", amount=300)
        day = MoneyDay((NOW - timedelta(days=4)).date(), 200, None, bought=True)
        store.counted[ANA, "suggestions"] = Counted(ANA, "suggestions", {}, (day,))
        store.build = built(watermark=1)
        assert one_of(store, features=(Feature("days_since_purchase"),)).facts["days_since_purchase"] == 4.0
        store.happens(ANA, NOW - timedelta(days=2), "suggestions", amount=-20)  # a refund is no purchase
        several = (Feature("days_since_purchase"), Feature("bought.bread"))
        assert one_of(store, key="b", features=several).facts["days_since_purchase"] == 4.0

    def test_a_need_is_known_by_its_name_and_weighed_by_its_evidence(self) -> None:
        store = ana(need=0, weight=0.7)
        model = needs_model()
        store.documents[model.version] = json.dumps(as_document(model))
        store.build = built({"suggestions": {"needs": model.version, "values": None}})
        store.happens(
            ANA, NOW, "suggestions", component="bread", module="rye", learns=True, count=3, received_at=NOW
        )
        named = (NamedNeed({"en": "The Bakers"}, 0.5, {("bread", "rye"): 1.7, ("bread", "wheat"): 0.3}),)
        one = programme(
            holdouts=ALL,
            features=(Feature("need", ("the_bakers",)), Feature("need.the_bakers"), Feature("weight")),
        )
        (decision,) = decided(store, one, asked("ana"), needs=named)
        assert decision.facts["need"] == "the_bakers"
        assert decision.facts["weight"] == 0.7
        share = decision.facts["need.the_bakers"]
        assert isinstance(share, float)
        assert 0.5 < share < 1


class TestArms:
    def test_arms_are_sticky_though_shares_change(self) -> None:
        store = Memory()
        who = [store.meet(f"c{n}", "offers") for n in range(400)]
        first = decided(store, programme(holdouts=Holdouts(0.2, 0.2, 0.2)), *(asked(one) for one in who))
        other = programme(holdouts=Holdouts(0.01, 0.01, 0.9))
        store.serve(other)
        second = decided(store, other, *(asked(one, 1) for one in who))
        assert [one.arm for one in first] == [one.arm for one in second]
        counted = Counter(one.arm for one in first)
        assert all(45 <= counted[arm] <= 115 for arm in ("nothing", "same_for_all", "random"))

    def test_the_arm_that_a_unit_was_given_holds_whatever_the_hash_says(self) -> None:
        store = ana()
        by_hash = arm_of(store.salt, "come_back", "person:ana", Holdouts())
        for arm in ARMS:
            store.arms["come_back", "person:ana"] = arm
            assert decided(store, programme(), asked("ana", len(store.decisions)))[0].arm == arm
        assert by_hash in ARMS

    @pytest.mark.parametrize("many", [1, 2, 3, 5, 7])
    def test_each_arm_is_what_it_says(self, many: int) -> None:
        one = programme(*(treatment(f"t{n}") for n in range(many)), same_for_all=f"t{many - 1}")
        found = {}
        for arm in ARMS:
            store = ana()
            store.arms["come_back", "person:ana"] = arm
            found[arm] = decided(store, one, asked("ana"))[0]
        shares = {arm: [c.probability for c in one.candidates] for arm, one in found.items()}
        assert shares["nothing"] == [WHOLE] + [0] * many
        assert shares["same_for_all"] == [0] * many + [WHOLE]
        each = WHOLE // (many + 1)
        assert shares["random"] == [WHOLE - each * many] + [each] * many
        assert sum(shares["policy"]) == WHOLE
        assert reasons(found["nothing"]) == {f"t{n}": "held_back" for n in range(many)}

    def test_the_same_for_all_who_may_not_have_it_get_nothing(self) -> None:
        store = ana()
        store.says(ANA, "avoids", "gift", "tea", NOW)
        store.arms["come_back", "person:ana"] = "same_for_all"
        (decision,) = decided(store, programme(same_for_all="tea"), asked("ana"))
        assert (decision.treatment, decision.probability) == (NOTHING, WHOLE)
        assert reasons(decision) == {"card": "held_back", "coupon": "held_back", "tea": "said_no"}


class TestByPerson:
    def test_a_person_chooses_but_for_a_small_part(self) -> None:
        store = ana()
        one = programme(conducted="person", holdouts=ALL)
        (decision,) = decided(store, one, asked("ana", choice="tea"))
        share = round(0.1 * WHOLE) // 4
        assert [c.probability for c in decision.candidates] == [share, share, share, WHOLE - 3 * share]
        assert decision.by_person == "tea"

    def test_where_nobody_chooses_the_same_for_all_stands(self) -> None:
        (decision,) = decided(ana(), programme(conducted="person", holdouts=ALL), asked("ana"))
        assert decision.by_person == ""
        assert max(decision.candidates, key=lambda each: each.probability).treatment == "card"

    def test_what_may_not_be_given_is_not_though_a_person_chose_it(self) -> None:
        store = ana()
        store.says(ANA, "avoids", "gift", "tea", NOW)
        one = programme(conducted="person", holdouts=ALL)
        (decision,) = decided(store, one, asked("ana", choice="tea"))
        shares = {c.treatment: c.probability for c in decision.candidates}
        assert shares["tea"] == 0
        assert shares[NOTHING] > 0.9 * WHOLE

    def test_who_conducts_it_is_as_it_stands_now(self) -> None:
        store = ana()
        one = programme(conducted="person", holdouts=ALL)
        store.serve(one, conducted="system")
        assert decided(store, one, asked("ana", choice="tea"))[0].by_person is None


class TestLimits:
    def all_to(
        self, key: str, *, budget: int | None = None, capacity: int | None = None, **said: Any
    ) -> Programme:
        """A programme that gives one treatment to all."""
        return programme(
            treatment(key, **said),
            holdouts=Holdouts(0, 1, 0),
            same_for_all=key,
            budget=budget,
            capacity=capacity,
        )

    def crowd(self, many: int = 30) -> tuple[Memory, list[Asked]]:
        store = Memory()
        return store, [asked(store.meet(f"c{n}", "offers")) for n in range(many)]

    def test_no_more_is_given_than_there_is(self) -> None:
        store, several = self.crowd()
        found = decided(store, self.all_to("tea", stock=7), *several)
        assert [one.treatment for one in found] == ["tea"] * 7 + [NOTHING] * 23
        assert reasons(found[-1]) == {"tea": "no_stock"}
        assert store.used["come_back", "stock:tea"] == Use("come_back", "stock:tea", 7, 7)

    def test_a_budget_sets_aside_the_most_that_it_may_come_to_cost(self) -> None:
        store, several = self.crowd()
        one = self.all_to("tea", cost=30, cost_taken=70, budget=950)
        found = decided(store, one, *several)
        assert [each.reserved for each in found] == [100] * 9 + [0] * 21
        assert store.used["come_back", "budget"].used == 900
        assert reasons(found[-1]) == {"tea": "no_budget"}

    def test_a_capacity_is_of_the_companys_day(self) -> None:
        store, several = self.crowd()
        one = self.all_to("tea", capacity=4)
        found = decided(store, one, *several[:10])
        assert reasons(found[-1]) == {"tea": "no_capacity"}
        serves = serving(one)
        late = NOW.replace(hour=22, minute=59)  # 23:59 in Madrid, and a minute later another day
        for now, so_many in ((late, 0), (late + timedelta(minutes=1), 4)):
            with store.begun() as it:
                more = decide(
                    it, [asked(f"c{n}", now.day * 100 + now.hour) for n in range(10)], serving=serves, now=now
                )
            assert sum(each.decision.treatment == "tea" for each in more) == so_many

    def test_what_another_took_in_between_is_seen_and_the_vector_made_anew(self) -> None:
        store, several = self.crowd(10)
        taken = iter([3])

        def another() -> None:
            for many in taken:
                store.used["come_back", "stock:tea"] = Use("come_back", "stock:tea", many, 5)

        store.before_reserving = another
        found = decided(store, self.all_to("tea", stock=5), *several)
        assert sum(one.treatment == "tea" for one in found) == 2
        assert store.used["come_back", "stock:tea"].used == 5
        assert {reasons(one).get("tea") for one in found} == {None, "no_stock"}

    def test_what_another_took_the_last_of_is_the_reason(self) -> None:
        """Two pieces, and money for nine: it was the money that was gone, though it is given back at once."""

        class Taken(Memory):
            def reserve(self, programme: str, uses: Mapping[str, tuple[int, int]]) -> bool:
                self.used[programme, "budget"] = Use(programme, "budget", 860, 950)
                return False

            def uses_of(self, programme: str) -> Sequence[Use]:
                seen = super(Taken, self).uses_of(programme)
                self.used.clear()
                return seen

        store = Taken()
        customer = asked(store.meet("ana", "offers"))
        found = decided(store, self.all_to("tea", cost=100, stock=2, budget=950), customer)
        assert reasons(found[0]) == {"tea": "no_budget"}

    def test_a_race_lost_at_every_turn_ends_in_nothing(self) -> None:
        class Gone(Memory):
            def reserve(self, programme: str, uses: Mapping[str, tuple[int, int]]) -> bool:
                return False

        store = Gone()
        several = [asked(store.meet(f"c{n}", "offers")) for n in range(3)]
        found = decided(store, self.all_to("tea", stock=5), *several)
        assert {one.treatment for one in found} == {NOTHING}
        assert {reasons(one)["tea"] for one in found} == {"no_stock"}


class TestBatch:
    def test_requests_of_one_customer_see_each_others_contacts(self) -> None:
        store = ana()
        one = programme(treatment("tea"), holdouts=Holdouts(0, 1, 0), same_for_all="tea", caps=(Cap(2, 30),))
        found = decided(store, one, *(asked("ana", n) for n in range(4)))
        assert [each.treatment for each in found] == ["tea", "tea", NOTHING, NOTHING]
        assert [each.contacts for each in found] == [0, 1, 2, 2]
        assert sum(entry.kind == "contact" for entry in store.log) == 2

    def test_a_household_is_capped_together(self) -> None:
        store = Memory()
        for who in ("ana", "eva", "leo"):
            store.meet(who, "offers")
        store.units |= {CustomerId("ana"): "household:1", CustomerId("eva"): "household:1"}
        one = programme(treatment("tea"), holdouts=Holdouts(0, 1, 0), same_for_all="tea", caps=(Cap(1, 30),))
        found = decided(store, one, asked("ana"), asked("eva"), asked("leo"), unit="household")
        assert [each.treatment for each in found] == ["tea", NOTHING, "tea"]
        assert [each.unit for each in found] == ["household:1", "household:1", "person:leo"]

    @pytest.mark.parametrize("arm", ["nothing", "same_for_all", "random"])
    def test_who_moves_in_brings_their_hold_out(self, arm: Arm) -> None:
        store = Memory()
        for who in ("ana", "eva"):
            store.meet(who, "offers")
        with store.begun() as it:
            it.put_arms("come_back", {"person:eva": "policy"}, NOW - timedelta(days=1))
            it.put_arms("come_back", {"person:ana": arm}, NOW - timedelta(days=2))
        one = programme()
        assert decided(store, one, asked("ana"), unit="household")[0].arm == arm
        store.units |= {CustomerId("ana"): "household:1", CustomerId("eva"): "household:1"}
        found = decided(store, one, asked("eva"), asked("ana", 1), unit="household")
        assert [each.arm for each in found] == [arm, arm]
        assert store.arms["come_back", "household:1"] == arm

    def test_nor_does_a_hold_out_win_over_an_older_policy(self) -> None:
        store = Memory()
        for who in ("ana", "eva"):
            store.meet(who, "offers")
            store.units[CustomerId(who)] = "household:1"
        with store.begun() as it:
            it.put_arms("come_back", {"person:ana": "nothing"}, NOW - timedelta(days=1))
            it.put_arms("come_back", {"person:eva": "policy"}, NOW - timedelta(days=2))
        assert decided(store, programme(), asked("ana"), unit="household")[0].arm == "policy"

    def test_arms_keep_their_shares_when_people_become_households(self) -> None:
        store, one = Memory(), programme(holdouts=Holdouts(0.1, 0.1, 0.1))
        people = [store.meet(f"c{n:04}", "offers") for n in range(1200)]
        old = [asked(who, n) for n, who in enumerate(people[:800])]
        with store.begun() as it:
            store.serve(one)
            decide(it, old, serving=serving(one), now=NOW - timedelta(days=300))
        store.units |= {who: f"household:{n // 2}" for n, who in enumerate(people)}
        found = decided(store, one, *(asked(who, n + 1200) for n, who in enumerate(people)), unit="household")
        arms = {each.unit: each.arm for each in found}
        counts = Counter(str(arm) for arm in arms.values())
        assert len(arms) == 600
        assert not check_once(counts, {str(arm): share for arm, share in one.holdouts.shares().items()}).off
        new = {unit: arm for unit, arm in arms.items() if int(unit.partition(":")[2]) >= 400}
        assert new == {unit: arm_of(store.salt, one.key, unit, one.holdouts) for unit in new}

    def test_answers_come_in_the_order_of_asking(self) -> None:
        store = Memory()
        several = [asked(store.meet(f"c{n % 7}", "offers"), n, programme=f"p{n % 3}") for n in range(40)]
        programmes = [programme(key=f"p{n}") for n in range(3)]
        for one in programmes:
            store.serve(one)
        with store.begun() as it:
            found = decide(it, several, serving=serving(*programmes), now=NOW)
        assert [one.decision.id for one in found] == [one.id for one in several]
        assert len(store.decisions) == 40

    def test_one_by_one_gives_what_a_batch_gives(self) -> None:
        def shop() -> Memory:
            store = Memory()
            for n in range(80):
                who = store.meet(f"c{n}", "offers", "suggestions")
                store.score(who, tier="migrator", p_alive=n / 80, evidence=2)
            return store

        one = programme(
            treatment("tea", stock=9), treatment("card", cost=30, cost_taken=5), budget=700, capacity=60
        )
        several = [drawn(f"c{n % 80}", np.random.default_rng(n), n) for n in range(120)]
        batch, alone = shop(), shop()
        together = decided(batch, one, *several[:80]) + decided(batch, one, *several[80:])
        single = [decided(alone, one, each)[0] for each in several]
        assert together == single
        assert batch.used == alone.used

    def test_nothing_asked_is_nothing_done(self) -> None:
        assert decided(ana(), programme()) == []


class TestLook:
    def test_a_look_writes_nothing_and_shows_the_likeliest(self) -> None:
        store = ana()
        one = programme(holdouts=ALL, budget=1000)
        store.serve(one)
        with store.begun() as it:
            (found,) = look_at(it, ANA, serving=serving(one), now=NOW)
        best = max(found.decision.candidates, key=lambda each: each.probability)
        assert (found.decision.treatment, found.decision.probability) == (best.treatment, best.probability)
        assert not store.decisions
        assert not store.log
        assert not store.used
        assert not store.arms

    def test_programmes_that_were_never_served_are_looked_at_as_they_are_declared(self) -> None:
        store = ana()
        several = [programme(key="a"), programme(key="b")]
        with store.begun() as it:
            found = look_at(it, ANA, serving=serving(*several), now=NOW)
        assert [one.decision.programme for one in found] == ["a", "b"]


permissions = st.sampled_from([(), ("offers",), ("suggestions",), ("offers", "suggestions")])
customers = st.lists(st.tuples(permissions, st.booleans(), st.floats(0, 1)), min_size=1, max_size=12)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    customers,
    st.lists(st.integers(0, 11), min_size=1, max_size=30),
    st.integers(0, 3),
    st.integers(0, 400),
    st.integers(0, 2**32 - 1),
)
def test_laws(
    people: Sequence[tuple[Sequence[str], bool, float]], who: list[int], stock: int, budget: int, seed: int
) -> None:
    """Whoever asks: probabilities are whole, and only what is permitted, eligible and left is ever given."""
    store = Memory()
    for n, (purposes, avoids, alive) in enumerate(people):
        one = store.meet(f"c{n}", *purposes)
        store.score(one, tier="migrator", p_alive=alive, evidence=1)
        if avoids:
            store.says(one, "avoids", "gift", "tea", NOW, "offers", "suggestions")
    declared = programme(
        treatment("tea", configuration={"gift": "tea"}, cost=40, cost_taken=20),
        treatment("card", eligible="p_alive > 0.5"),
        treatment("song", stock=stock),
        holdouts=Holdouts(0.1, 0.1, 0.2),
        caps=(Cap(2, 30),),
        budget=budget,
    )
    chance = np.random.default_rng(seed)
    several = [drawn(f"c{n % len(people)}", chance, place) for place, n in enumerate(who)]
    found = decided(store, declared, *several)
    given_to: Counter[str] = Counter()
    for request, decision in zip(several, found, strict=True):
        purposes, avoids, alive = people[int(request.customer[1:])]
        shares = {c.treatment: c.probability for c in decision.candidates}
        assert sum(shares.values()) == WHOLE
        assert decision.candidates[0].treatment == NOTHING
        assert all(c.probability == 0 for c in decision.candidates if c.reason)
        assert decision.probability == shares[decision.treatment] > 0
        total = 0
        for each in decision.candidates:  # the draw falls on it
            total += each.probability
            if total > request.draw:
                assert each.treatment == decision.treatment
                break
        if "offers" not in purposes:
            assert decision.treatment == NOTHING
        if avoids and purposes:
            assert shares["tea"] == 0
        if not ("suggestions" in purposes and alive > 0.5):
            assert shares["card"] == 0
        if "suggestions" not in purposes:
            assert "tier" not in decision.facts
            assert "p_alive" not in decision.facts
        if decision.treatment != NOTHING:
            given_to[request.customer] += 1
    assert all(many <= 2 for many in given_to.values())
    assert sum(one.treatment == "song" for one in found) <= stock
    assert sum(one.reserved for one in found) <= budget
    contacts = Counter(entry.customer for entry in store.log if entry.kind == "contact")
    assert contacts == given_to
