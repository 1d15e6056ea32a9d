"""What programmes are served, use and hold out; on each database, and with many callers at once."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.decided import SERVED, contact_of, decision_of
from tests.storage.shop import LATER, MASTER_KEY, NOW, give, register
from tests.storage.test_store import beside_the_store
from trato.customize.programme.store import Use
from trato.storage.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from trato.customize.programme.treatments import Arm
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

CALLERS = 64


def used(store: Store, programme: str = "welcome") -> dict[str, tuple[int, int]]:
    return {one.what: (one.used, one.limit) for one in store.read(lambda it: it.uses_of(programme))}


def reserve(store: Store, **uses: tuple[int, int]) -> bool:
    return store.write(lambda it: it.reserve("welcome", uses))


def test_what_is_served_is_swapped_once(store: Store) -> None:
    assert store.read(lambda it: it.served_programmes()) == {}
    assert store.write(lambda it: it.serve_programme(SERVED, instead=None))
    assert not store.write(lambda it: it.serve_programme(replace(SERVED, model="m2"), instead=None))
    learned = replace(SERVED, model="m1", learned_up_to=7, settled_up_to=9, changed_at=LATER)
    assert store.write(lambda it: it.serve_programme(learned, instead=SERVED))
    assert not store.write(lambda it: it.serve_programme(replace(SERVED, prices="p"), instead=SERVED))
    other = replace(SERVED, programme="winback", conducted="person")
    assert store.write(lambda it: it.serve_programme(other, instead=None))
    assert store.read(lambda it: it.served_programmes()) == {"welcome": learned, "winback": other}


def test_of_many_who_swap_at_once_one_does(store: Store) -> None:
    store.write(lambda it: it.serve_programme(SERVED, instead=None))
    together = threading.Barrier(8)

    def swap(number: int) -> bool:
        together.wait()
        mine = replace(SERVED, model=f"m{number}")
        return store.write(lambda it: it.serve_programme(mine, instead=SERVED))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(swap, range(8))) == 1


def test_all_is_used_or_nothing(store: Store) -> None:
    assert reserve(store, budget=(40, 100), bread=(1, 2))
    assert reserve(store, budget=(40, 100), bread=(1, 2))
    assert not reserve(store, budget=(10, 100), bread=(1, 2))
    assert not reserve(store, budget=(21, 100))
    assert used(store) == {"bread": (2, 2), "budget": (80, 100)}
    assert reserve(store, budget=(20, 100))
    assert reserve(store)
    store.write(lambda it: it.release("welcome", {"budget": 30, "bread": 5, "wine": 2}))
    assert used(store) == {"bread": (0, 2), "budget": (70, 100)}
    assert not reserve(store, budget=(1, 50))  # the limit was lowered meanwhile
    assert reserve(store, budget=(1, 200))
    assert store.read(lambda it: it.uses_of("welcome")) == (
        Use("welcome", "bread", 0, 2),
        Use("welcome", "budget", 71, 200),
    )
    assert used(store, "winback") == {}


def test_an_amount_below_nothing_is_refused(store: Store) -> None:
    assert reserve(store, budget=(5, 9))
    assert not reserve(store, budget=(-5, 9))
    store.write(lambda it: it.release("welcome", {"budget": -4}))
    assert used(store) == {"budget": (5, 9)}


USES = st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(0, 9), st.just(20)), max_size=3)


@settings(max_examples=30)
@given(each=st.lists(USES, max_size=12))
def test_what_is_used_is_what_all_who_got_it_took(
    each: list[dict[str, tuple[int, int]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    taken: Counter[str] = Counter()
    with open_store(f"sqlite:///{tmp_path_factory.mktemp('uses') / 'trato.sqlite3'}", MASTER_KEY) as store:
        for uses in each:
            fits = all(taken[what] + amount <= most for what, (amount, most) in uses.items())
            assert reserve(store, **uses) is fits
            if fits:
                taken.update({what: amount for what, (amount, _) in uses.items()})
        assert {what: use for what, (use, _) in used(store).items() if use} == +taken


def test_sixty_four_callers_never_pass_stock_or_budget(store: Store) -> None:
    """Each gives bread, or wine, as long as there is some and money for it, and logs what it gave."""
    ana = register(store, "ana@example.org")
    give(store, ana)
    limits = {"budget": 3000, "stock:bread": 37, "stock:wine": 41}
    costs = {"bread": 40, "wine": 60}
    together = threading.Barrier(CALLERS)

    def decide(it: Transaction, treatment: str) -> bool:
        uses = {
            "budget": (costs[treatment], limits["budget"]),
            f"stock:{treatment}": (1, limits[f"stock:{treatment}"]),
        }
        if not it.reserve("welcome", uses):
            return False
        one = decision_of(ana, treatment=treatment, reserved=costs[treatment])
        it.append_decisions([one])
        it.append_interactions([contact_of(one)])
        return True

    def call(caller: int) -> dict[str, int]:
        together.wait()
        given = dict.fromkeys(costs, 0)
        for turn in range(4):
            treatment = "bread" if (caller + turn) % 2 else "wine"
            given[treatment] += store.write(lambda it, what=treatment: decide(it, what))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda
        return given

    with ThreadPoolExecutor(CALLERS) as pool:
        each = list(pool.map(call, range(CALLERS)))
    given = {treatment: sum(one[treatment] for one in each) for treatment in costs}
    spent = sum(given[treatment] * costs[treatment] for treatment in costs)
    found = used(store)
    assert found["budget"] == (spent, limits["budget"])
    for treatment in costs:
        assert found[f"stock:{treatment}"] == (given[treatment], limits[f"stock:{treatment}"])
        assert given[treatment] <= limits[f"stock:{treatment}"]
    assert limits["budget"] - min(costs.values()) < spent <= limits["budget"] or all(
        given[treatment] == limits[f"stock:{treatment}"] for treatment in costs
    )
    logged = [one.treatment for one in store.read(lambda it: it.anonymous("welcome", 0, 1000))]
    assert {treatment: logged.count(treatment) for treatment in costs} == given


def test_the_database_itself_refuses_to_pass_a_limit(store: Store, database: str) -> None:
    reserve(store, budget=(5, 9))
    with pytest.raises(Exception, match=r"(?i)check"):
        beside_the_store(database, "UPDATE programme_uses SET used = 10")


def test_a_unit_keeps_the_arm_that_it_was_given_first(store: Store, database: str) -> None:
    first: dict[str, Arm] = {"person:1": "policy", "household:ab": "nothing"}
    assert store.write(lambda it: it.put_arms("welcome", first, NOW)) == first
    again: dict[str, Arm] = {"person:1": "random", "person:2": "random"}
    holds = {"person:1": "policy", "person:2": "random"}
    assert store.write(lambda it: it.put_arms("welcome", again, LATER)) == holds
    assert store.write(lambda it: it.put_arms("welcome", {}, LATER)) == {}
    assert store.read(lambda it: it.arms_of("welcome", ["person:1", "person:2", "person:3"])) == holds
    assert store.read(lambda it: it.arms_of("winback", ["person:1"])) == {}
    many: dict[str, Arm] = {f"person:{number}": "policy" for number in range(700)}
    assert len(store.write(lambda it: it.put_arms("welcome", many, NOW))) == 700
    assert "person" not in repr(beside_the_store(database, "SELECT * FROM holdout_arms"))


def test_of_units_that_are_one_the_older_arm_stays(store: Store) -> None:
    def settle(it: Transaction) -> None:
        it.put_arms("welcome", {"person:old": "nothing"}, NOW)
        it.put_arms("welcome", {"person:new": "policy"}, LATER)
        it.put_arms("winback", {"person:new": "random"}, LATER)
        it.put_arms("winback", {"person:else": "policy"}, NOW)

    def arms(it: Transaction) -> list[dict[str, Arm]]:
        both = ["person:old", "person:new"]
        return [it.arms_of("welcome", both), it.arms_of("winback", both)]

    store.write(settle)
    store.write(lambda it: it.join_units("person:new", "person:old"))
    joined: list[dict[str, Any]] = [
        {"person:old": "nothing", "person:new": "nothing"},
        {"person:old": "random", "person:new": "random"},
    ]
    assert store.read(arms) == joined
    store.write(lambda it: it.join_units("person:old", "person:new"))
    store.write(lambda it: it.join_units("person:old", "person:old"))
    assert store.read(arms) == joined
    assert store.read(lambda it: it.arms_of("winback", ["person:else"])) == {"person:else": "policy"}


def test_the_arm_that_was_given_first_is_found_among_many(store: Store) -> None:
    def settle(it: Transaction) -> None:
        it.put_arms("welcome", {"person:new": "nothing", "person:else": "random"}, LATER)
        it.put_arms("welcome", {"person:old": "policy"}, NOW)

    def oldest(*units: str) -> Arm | None:
        return store.read(lambda it: it.oldest_arm("welcome", units))

    store.write(settle)
    assert oldest("person:new", "person:nobody", "person:old") == "policy"
    assert oldest("person:new") == "nothing"
    assert oldest("person:nobody") is None
    assert oldest() is None
    # Of two given at once it is as when they are joined.
    first = oldest("person:else", "person:new")
    store.write(lambda it: it.join_units("person:new", "person:else"))
    assert store.read(lambda it: it.arms_of("welcome", ["person:new"])) == {"person:new": first}


def test_of_many_who_give_an_arm_at_once_all_hear_the_same(store: Store) -> None:
    arms: list[Arm] = ["policy", "nothing", "same_for_all", "random"]
    together = threading.Barrier(8)

    def ask(number: int) -> dict[str, Arm]:
        together.wait()
        mine: dict[str, Arm] = {f"person:{one}": arms[(number + one) % 4] for one in range(20)}
        return store.write(lambda it: it.put_arms("welcome", mine, NOW))

    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(ask, range(8)))
    assert all(one == heard[0] for one in heard)


def test_the_salt_is_the_stores_own_and_stays(database: str, tmp_path: Path) -> None:
    salts = []
    for _ in range(2):
        with open_store(database, MASTER_KEY) as store:
            salts += [store.read(lambda it: it.holdout_salt()), store.write(lambda it: it.holdout_salt())]
    assert len(set(salts)) == 1
    assert len(salts[0]) == 32
    with open_store(f"sqlite:///{tmp_path / 'other.sqlite3'}", MASTER_KEY) as other:
        assert other.read(lambda it: it.holdout_salt()) != salts[0]


def test_looks_are_numbered_and_stay(store: Store, database: str) -> None:
    numbers = [
        store.write(lambda it: it.add_look("welcome", NOW, '{"verdict": "not_yet"}')),
        store.write(lambda it: it.add_look("winback", NOW, "{}")),
        store.write(lambda it: it.add_look("welcome", LATER, "{}")),
    ]
    assert numbers == [1, 1, 2]
    assert store.read(lambda it: it.looks_at("welcome")) == (
        (1, NOW, '{"verdict": "not_yet"}'),
        (2, LATER, "{}"),
    )
    with ThreadPoolExecutor(8) as pool:
        more = pool.map(lambda _: store.write(lambda it: it.add_look("welcome", LATER, "{}")), range(24))
        assert sorted(more) == list(range(3, 27))
    for change in ("UPDATE verdict_looks SET document = ''", "DELETE FROM verdict_looks"):
        with pytest.raises(Exception, match="verdict_looks is append-only"):
            beside_the_store(database, change)
