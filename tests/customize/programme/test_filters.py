"""Rules register themselves, and conditions are read as they stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.customize.programme.shop import NOW, programme, treatment
from trato.customize.programme import filters
from trato.customize.programme.facts import Facts
from trato.customize.programme.filters import Case, by_conditions, held, reasons_of, rule
from trato.customize.programme.phrases import REASONS
from trato.customize.programme.ready import ready_of
from trato.customize.programme.wording import reason_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trato.customize.programme.facts import Fact

ONE = ready_of(
    programme(
        treatment("a", eligible="contacts < 2"),
        treatment("b", eligible="p_alive > 0.5"),
        treatment("c", eligible="contacts < 2"),
        treatment("d"),
        eligible="tier = MVC",
    )
)


def case(facts: dict[str, Fact]) -> Case:
    found = Facts(facts)
    return Case(ONE, NOW, True, "email", found, held(ONE, found), (), (), {})


def test_a_rule_registers_itself_with_its_words() -> None:
    before = list(filters.RULES)
    try:

        @rule("moving_house", {"en": "they are moving house", "es": "se está mudando"})
        def moving(case: Case) -> Iterable[int]:
            return case.given if case.facts.get("context.moving") else ()

        known: dict[str, Fact] = {"tier": "most_valuable", "contacts": 0.0, "p_alive": 0.2}
        assert reasons_of(case({**known, "context.moving": "yes"})) == [
            "",
            "moving_house",
            "not_eligible",
            "moving_house",
            "moving_house",
        ]
        assert reasons_of(case(known)) == ["", "", "not_eligible", "", ""]
        assert reason_in_words("moving_house", "es") == "se está mudando"
        assert reason_in_words("moving_house", "pt") == "they are moving house"
    finally:
        filters.RULES[:] = before
        filters.OWN_WORDS.clear()


def test_every_rule_of_the_house_has_words() -> None:
    assert {reason for reason, _ in filters.RULES} | {"held_back"} == REASONS.keys()


def test_every_reason_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "method" / "deciding.md").read_text(encoding="utf-8")
    told = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert told == [*(reason for reason, _ in filters.RULES), "held_back"]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "tier": st.sampled_from(["most_valuable", "migrator"]),
            "contacts": st.sampled_from([0.0, 2.0]),
            "p_alive": st.sampled_from([0.1, 0.9]),
        },
    )
)
def test_both_conditions_must_hold_and_a_failure_outweighs_the_unknown(facts: dict[str, Fact]) -> None:
    own = {"a": "contacts", "b": "p_alive", "c": "contacts"}
    good = {"tier": "most_valuable", "contacts": 0.0, "p_alive": 0.9}
    for key, reason in zip(ONE.keys, by_conditions(ONE, Facts(facts)), strict=True):
        asks = ["tier", own[key]] if key in own else ["tier"]
        if key == "nothing":
            assert reason == ""
        elif any(name in facts and facts[name] != good[name] for name in asks):
            assert reason == "not_eligible"
        elif any(name not in facts for name in asks):
            assert reason == "unknown"
        else:
            assert reason == ""
