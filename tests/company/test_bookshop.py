"""The invented bookshop: a small folder that is sound as it is, with each kind of programme."""

from __future__ import annotations

from pathlib import Path

from trato.company.folder import examine
from trato.customize.programme.facts import Facts
from trato.customize.programme.ready import ready_of
from trato.customize.programme.treatments import STARTS, Programme

BOOKSHOP = Path(__file__).resolve().parents[2] / "examples" / "bookshop"


def programmes() -> dict[str, Programme]:
    found = examine(BOOKSHOP)
    assert found.faults == ()
    return dict(found.company.programmes.by_key)


def test_it_shows_what_a_treatment_may_be() -> None:
    found = programmes()
    offer = examine(BOOKSHOP).company.offer
    assert offer is not None
    kinds = {component.name: component.kind for component in offer.components}
    set_by = {kinds[name] for one in found.values() for t in one.treatments for name in t.configuration}
    # A product, its packaging, a service level, payment terms, an extra product, how a call is handled.
    assert set_by == {
        *("configuration", "packaging", "delivery", "billing", "additional_product", "after_sales"),
    }
    assert {one.moment.starts for one in found.values()} == set(STARTS) - {"falls_due"}
    assert {one.conducted for one in found.values()} == {"system", "person"}
    assert {one.goal.outcome for one in found.values()} == {"taken", "money"}


def test_everybody_speaks_all_its_languages() -> None:
    for one in programmes().values():
        for treatment in one.treatments:
            assert set(treatment.label) == {"en", "es", "pt"}


def test_its_conditions_mean_what_they_say() -> None:
    call = programmes()["a_call"].treatment("own_bookseller").eligible
    assert call is not None
    assert call.holds(Facts({"tier": "most_valuable"}))
    assert call.holds(Facts({"tier": "migrator", "expected_value": 12_000})) is True
    assert call.holds(Facts({"tier": "migrator", "expected_value": 11_999})) is False
    assert call.holds(Facts({"tier": "migrator"})) is None


def test_more_money_is_better_whatever_taking_costs() -> None:
    """One unit of a goal of money is worth one, and what taking costs is charged whole."""
    ready = ready_of(programmes()["notebooks_again"])
    assert ready.programme.treatment("put_together").cost_taken == 80
    assert ready.worth.tolist() == [0, 1, 1]
    assert ready.charge.tolist() == [0, 2, 82]
    assert ready.taken.tolist() == [0, 0, 0]
