"""Deciding on a real store: as in memory, replayed from what is kept, and never over stock or budget."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.customize.programme.memory import LONG_AGO, Memory
from tests.customize.programme.shop import NOW, PURPOSES, TIER, drawn, programme, serving, treatment
from trato.customers.customer import CustomerId
from trato.customize.decide import decide
from trato.customize.programme.decision import DecisionId
from trato.customize.programme.store import ServedProgramme
from trato.customize.programme.treatments import Cap, Feature, Holdouts
from trato.customize.replay import replayed
from trato.differentiate.known import Score
from trato.interact.interactions import Interaction
from trato.interact.log import NewEntry
from trato.interact.touchpoints import Touchpoint
from trato.permission.give import GivePermission, give_permission
from trato.permission.permit import read_permit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trato.customize.programme.decision import Asked, Decision
    from trato.customize.programme.serving import Serving
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

PEOPLE = [CustomerId(f"c{number:02}") for number in range(40)]
CALLERS = 64


def of_score(who: CustomerId, number: int) -> Score:
    tiers = ("most_valuable", "most_growable", "")
    return Score(
        who, "suggestions", -1, 0.0, number % 3, 7 * number, 1.5 * number, 0.0, 9.0, number / 41, None,
        tiers[number % 3], date(2026, 1, 1),
    )  # fmt: skip


def entry(who: CustomerId, kind: str, number: int, **said: Any) -> NewEntry:
    said = {"component": None, "module": None, "statement": None, "stance": None, **said}
    at = NOW - timedelta(days=number % 50, hours=1)
    where = Touchpoint("letter", "email") if number % 2 else Touchpoint("till", "store")
    one = Interaction(
        source="till", kind=kind, record=None, identifiers=(), household=None, account=None, at=at,  # type: ignore[arg-type]  # a kind by its word
        touchpoint=where, more_choices=(), count=1, amount=None, cost=None, learns=False, **said,
    )  # fmt: skip
    return NewEntry(who, one, 0, ("offers", "suggestions") if number % 3 else ("suggestions",), at)


def entries() -> list[NewEntry]:
    """Contacts of all, and what some of them want or avoid."""
    found = [
        entry(who, "contact", number + 7 * turn) for number, who in enumerate(PEOPLE) for turn in range(3)
    ]
    for number, who in enumerate(PEOPLE[::4]):
        said = {"component": "gift", "module": "tea", "statement": "…"}
        found.append(entry(who, "statement", number, stance="wants" if number % 2 else "avoids", **said))
    return found


def grants(number: int) -> list[str]:
    return [["offers", "suggestions"], ["offers"], ["suggestions"], ["offers", "suggestions"], []][number % 5]


def fill(it: Transaction) -> None:
    it.add_customers([(who, LONG_AGO) for who in PEOPLE])
    for number, who in enumerate(PEOPLE):
        for key in grants(number):
            give_permission(it, GivePermission(who, PURPOSES.named(key), "web", "form", ""), now=LONG_AGO)
    it.put_values([(who, "city", ("Lugo", "Vigo")[number % 2], NOW) for number, who in enumerate(PEOPLE)])
    it.append_interactions(entries())
    it.start_build("b1", NOW, 0)
    it.put_scores("b1", [of_score(who, number) for number, who in enumerate(PEOPLE)])
    it.publish_build("b1", {"suggestions": {"needs": None, "values": None}}, "{}", NOW)


def memory_of(store: Store) -> Memory:
    """The same shop in memory."""
    memory = Memory(
        salt=store.read(lambda it: it.holdout_salt()), build=store.read(lambda it: it.current_build())
    )
    for number, who in enumerate(PEOPLE):
        memory.meet(who, *grants(number), fields=("city",))
        memory.scores[who, "suggestions"] = of_score(who, number)
        memory.values[who] = {"city": ("Lugo", "Vigo")[number % 2]}
    memory.append_interactions(entries())
    return memory


@pytest.fixture
def filled(store: Store) -> Store:
    store.write(fill)
    return store


def decide_all(store: Store, serves: Serving, some: Sequence[Asked]) -> list[Decision]:
    done = store.write(lambda it: decide(it, some, serving=serves, now=NOW))
    return [each.decision for each in done]


def own_decisions(it: Transaction, key: str) -> list[Decision]:
    """All decisions that some customer's permission opens."""
    found = []
    for number, who in enumerate(PEOPLE):
        for purpose in grants(number):
            leave = read_permit(it, PURPOSES.named(purpose), who, now=NOW)
            found += [one for one in it.decisions_of(leave, limit=10**6) if one.programme == key]
    return sorted(found, key=lambda one: one.position)


def test_a_store_decides_as_memory_does(filled: Store) -> None:
    one = programme(
        caps=(Cap(3, 30), Cap(1, 7, "email")),
        budget=2000,
        capacity=90,
        fatigue=3,
        features=(TIER, Feature("value.city", ("Lugo",)), Feature("contacts", scale=3.0), Feature("p_alive")),
        holdouts=Holdouts(0.2, 0.2, 0.2),
    )
    memory, chance = memory_of(filled), np.random.default_rng(7)
    serves, same = serving(one), serving(one)
    for round_ in range(4):
        some = [drawn(who, chance, round_) for who in PEOPLE]
        with memory.begun() as it:
            theirs = [each.decision for each in decide(it, some, serving=serves, now=NOW)]
        assert decide_all(filled, same, some) == theirs
    assert len({each.treatment for each in memory.decisions}) > 2
    assert len({each.arm for each in memory.decisions}) == 4
    kept = filled.read(lambda it: own_decisions(it, one.key))
    assert kept == [each for each in memory.decisions if each.purpose]
    nobodys = [each for each in memory.decisions if not each.purpose]
    assert nobodys
    assert [filled.read(lambda it, each=each: it.nobodys_decision(each.id)) for each in nobodys] == nobodys  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
    assert filled.read(lambda it: {use.what: use.used for use in it.uses_of(one.key) if use.used}) == {
        use.what: use.used for use in memory.uses_of(one.key) if use.used
    }


def test_what_is_kept_replays_bit_for_bit(filled: Store) -> None:
    one, chance = programme(budget=900, holdouts=Holdouts(0.2, 0.2, 0.2)), np.random.default_rng(3)
    served = ServedProgramme(one.key, one.version, "", "", 0, "system", NOW)

    def publish(it: Transaction) -> None:
        it.put_model(one.version, "programme", one.document)
        it.serve_programme(served, instead=None)

    filled.write(publish)
    for round_ in range(3):
        some = [drawn(who, chance, round_) for who in PEOPLE]
        decide_all(filled, serving(one), some)
    changed = programme(treatment("other"), key=one.key)  # the declaration changed since

    def look(it: Transaction) -> None:
        kept = own_decisions(it, one.key)
        assert len(kept) == 3 * sum(bool(grants(number)) for number in range(len(PEOPLE)))
        for each in kept:
            assert replayed(it, each, serving=serving(changed)).differences == ()

    filled.read(look)


def test_sixty_four_who_ask_at_once_never_pass_stock_budget_or_capacity(filled: Store) -> None:
    tea, card = treatment("tea", cost=50, stock=23), treatment("card", cost=20, stock=60)
    one = programme(tea, card, budget=2100, capacity=70, caps=(), holdouts=Holdouts(0, 0, 0), explore=1.0)
    serves, together = serving(one), threading.Barrier(CALLERS)
    open_to = [who for number, who in enumerate(PEOPLE) if "offers" in grants(number)]

    def ask(caller: int) -> list[Decision]:
        chance = np.random.default_rng(caller)
        given: list[Decision] = []
        together.wait()
        for turn in range(3):
            some = []
            for each in range(1 + caller % 3):
                mine = drawn(open_to[(caller + turn + each) % len(open_to)], chance, each)
                some.append(replace(mine, id=DecisionId(f"{caller} {turn} {each}")))
            given += decide_all(filled, serves, some)
        return given

    with ThreadPoolExecutor(CALLERS) as pool:
        told = [each for some in pool.map(ask, range(CALLERS)) for each in some]
    often = Counter(each.treatment for each in told)
    given_out = often["tea"] + often["card"]
    assert often["tea"] <= 23
    assert often["card"] <= 60
    assert given_out <= 70
    assert sum(each.reserved for each in told) <= 2100
    used = {use.what: (use.used, use.limit) for use in filled.read(lambda it: it.uses_of(one.key))}
    assert used["budget"] == (sum(each.reserved for each in told), 2100)
    assert used["stock:tea"] == (often["tea"], 23)
    assert used["stock:card"] == (often["card"], 60)
    assert used["capacity:2026-03-01"] == (given_out, 70)
    assert Counter(each.treatment for each in filled.read(lambda it: own_decisions(it, one.key))) == often
    assert {why.reason for each in told for why in each.candidates} & {"no_stock", "no_budget", "no_capacity"}
