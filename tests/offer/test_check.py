"""What `trato offer check` finds: contradictions, dead modules, and where there is nothing to choose."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.offer.offers import configurations, offers
from trato.offer.check import Checked, _Looked, check
from trato.offer.offer import UNKNOWN, Offer

BIKES = """components:
  frame:
    modules: {city: {}, child: {}, race: {}}
  motor:
    modules: {yes: {}, no: {}}
  bell:
    optional: true
    modules: {loud: {}}
facts:
  age: {values: [young, old]}
rules:
  quiet: frame = race -> not bell
  loud: frame = race -> bell
  legs: motor = no
  grown: age != young
"""


def checked(folder: Path, text: str) -> Checked:
    path = folder / "offer.yaml"
    path.write_text(text, encoding="utf-8")
    return check(path)


def test_dead_modules_and_what_leaves_no_choice_are_told_with_their_rules(tmp_path: Path) -> None:
    found = checked(tmp_path, BIKES)
    assert found.sound
    told = {(one.kind, one.place.line, tuple(rule.name for rule in one.rules)) for one in found.findings}
    assert told == {
        ("dead_module", 3, ("quiet", "loud")),
        ("dead_module", 5, ("legs",)),
        ("one_choice", 4, ()),
        ("fact_without_offer", 10, ("grown",)),
    }
    assert all(one.minimal for one in found.findings)
    dead = next(one for one in found.findings if one.place.line == 3)
    assert dead.message == (
        "frame = race can never be chosen: the rules 'quiet', 'loud' do not allow it together"
    )
    assert "offer.yaml:12" in dead.hint


def test_contradictory_rules_are_told_without_the_others(tmp_path: Path) -> None:
    found = checked(tmp_path, BIKES + "  no_race: frame in {city, child}\n  race: frame = race\n")
    assert not found.sound
    (finding,) = found.findings
    assert finding.kind == "contradiction"
    assert [rule.name for rule in finding.rules] in [["quiet", "loud", "race"], ["no_race", "race"]]
    assert finding.minimal
    assert finding.place.line in {12, 16}


def test_a_damaged_file_is_a_finding_too(tmp_path: Path) -> None:
    path = tmp_path / "offer.dimacs"
    path.write_text("p cnf 2 1\n1 x 0\n", encoding="utf-8")
    (finding,) = check(path).findings
    assert (finding.kind, finding.place.line, finding.grave) == ("declaration", 2, True)
    (finding,) = checked(tmp_path, "components: [").findings
    assert finding.kind == "declaration"


def test_where_there_is_no_time_to_look_for_reasons_there_are_none(tmp_path: Path) -> None:
    path = tmp_path / "offer.yaml"
    path.write_text(BIKES, encoding="utf-8")
    found = check(path, explaining=0.0)
    assert {one.kind for one in found.findings} == {"dead_module", "one_choice", "fact_without_offer"}
    assert not any(one.rules or (one.minimal and one.kind != "one_choice") for one in found.findings)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(offers())
def test_exactly_the_modules_of_no_configuration_are_dead(offer: Offer) -> None:
    findings = list(_Looked(offer.compile(), float("inf")).findings())
    values = [{}] if not offer.facts else [{"age": value} for value in (*offer.facts[0].values, UNKNOWN)]
    by_fact = [configurations(offer, facts) for facts in values]
    valid = [one for some in by_fact for one in some]
    if not valid:
        assert [one.kind for one in findings] == ["contradiction"]
        return
    dead = {
        f"{component.name} = {module}"
        for component in offer.components
        for module in component.names
        if not any(one[component.name] == module for one in valid)
    }
    assert {one.message.split(" can never")[0] for one in findings if one.kind == "dead_module"} == dead
    assert sum(one.kind == "fact_without_offer" for one in findings) == sum(not some for some in by_fact)
