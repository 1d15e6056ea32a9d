"""Lists and portfolio say what the pages say, within a moment of every event; on each database."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from tests.customize import corner as shops
from tests.customize.corner import NOW, Corner, money, needs_model
from tests.differentiate.value.test_live import UNTIL, shoppers
from tests.server.api.doors import key_of
from tests.server.running import run
from tests.storage.conftest import new_database
from trato.customize.scores import Scored, put_scored, scores_of
from trato.differentiate.value.days import rows_of
from trato.differentiate.value.learn import learn_values
from trato.errors import StorageUnavailable
from trato.server import refresh
from trato.server.context import Context
from trato.server.refresh import Refresher, refresh_scores
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from tests.server.api.doors import Http
    from trato.customers.customer import CustomerId
    from trato.differentiate.known import Score
    from trato.storage.store import Store

PATIENCE_SECONDS = 15.0


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh store; these tests run on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'corner.sqlite3'}"
    return new_database(request.getfixturevalue("postgres"), request.getfixturevalue("migrated"))


@pytest.fixture
def family(database: str, tmp_path: Path) -> Iterator[Corner]:
    """The corner shop where beliefs belong to a household."""
    with open_store(database, bytes(range(32))) as store:
        page = f"{shops.COMPANY}unit: household\n"
        yield Corner(shops.company(tmp_path / "shop", company=page), store)


def context_of(corner: Corner, store: Store | None = None) -> Context:
    return Context(corner.company, store or corner.store, corner.models, lambda: NOW, secrets.token_bytes)


def scored(corner: Corner, *customers: CustomerId) -> Scored:
    settings = corner.company.settings
    found = corner.store.read(
        lambda it: scores_of(
            it,
            customers,
            purposes=corner.company.purposes,
            unit=settings.unit,
            zone=settings.zone,
            models=corner.models,
            now=NOW,
        )
    )
    assert found is not None
    return found


def of(corner: Corner, customer: CustomerId) -> Score:
    return {one.customer: one for one in scored(corner, customer).scores}[customer]


def as_on_the_page(corner: Corner, score: Score) -> None:
    """A score is what the page of its customer says."""
    page = corner.known(score.customer, "worth", "wants")
    assert page.worth is not None
    assert page.wants is not None
    worth, wants = page.worth.shown, page.wants.shown
    assert worth is not None
    assert wants is not None
    if wants.needs:  # of whom nothing was counted the page names no need, and the list the commonest
        assert (score.need, score.weight) == (wants.needs[0].need.need, wants.needs[0].weight)
    assert (score.evidence, score.actual_value) == (wants.evidence, worth.actual_value)
    if worth.expected is None:
        assert (score.expected_value, score.tier, score.potential) == (0.0, "", None)
        return
    told = worth.expected
    assert (score.expected_value, score.low, score.high) == (told.value, told.low, told.high)
    assert (score.p_alive, score.potential, score.tier) == (told.p_alive, told.potential, told.tier)
    assert score.as_of == told.as_of


def with_values(corner: Corner, counted: dict[CustomerId, Any], days: dict[CustomerId, Any]) -> None:
    """Publish a build with a model of values, whose potential goes by the needs of the corner shop."""
    histories = shoppers(150, losses=False)
    model, _, _ = learn_values(
        rows_of(histories),
        UNTIL,
        weights=np.random.default_rng(0).dirichlet(np.ones(2), len(histories)),
        known=np.ones(len(histories), np.bool_),
        needs_version=needs_model().version,
        currency="EUR",
        minor_units=2,
    )
    corner.store.write(lambda it: it.put_model(model.version, "values", model.document()))
    corner.build(counted, days=days, values=model.version)


def test_an_event_moves_the_portfolio_within_a_moment(corner: Corner, http: Http) -> None:
    ana, ben = corner.meet(), corner.meet("Ben Silva")
    corner.grant(ana)
    corner.grant(ben, "service")
    days = {ana: shoppers(1, losses=False)[0]}
    with_values(corner, {ana: {("bread", "wheat"): 1}}, days)
    key = key_of(corner, "track", "read")

    def cells() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = http.ask("GET", "/api/portfolio", key).json()["cells"]
        return found

    def bought(card: str) -> None:
        event = {
            "messageId": secrets.token_hex(8),
            "userId": card,
            "event": "Order Completed",
            "timestamp": "2026-03-01T11:59:00Z",
            "properties": {"products": [{"category": "bread", "name": "rye", "price": "40"}] * 6},
        }
        assert http.ask("POST", "/v1/track", key, json=event).status_code == 200

    assert cells() == []
    bought("card of ben")
    bought("card of ana")
    until = time.monotonic() + PATIENCE_SECONDS
    while not (found := cells()) and time.monotonic() < until:
        time.sleep(0.02)
    assert [(one["need"], one["customers"]) for one in found] == [(0, 1)]
    worth = corner.known(ana, "worth").worth
    assert worth is not None
    assert worth.shown is not None
    assert worth.shown.expected is not None
    assert found[0]["expected_value"] == pytest.approx(worth.shown.expected.value)
    assert found[0]["tier"] == worth.shown.expected.tier
    assert corner.store.read(lambda it: it.scored("advice", 0, None, None, 9, opt_in=True)) == (ana,)


def test_many_at_once_are_scored_as_each_page_says(corner: Corner) -> None:
    histories = shoppers(12, losses=False)
    everybody = sorted(corner.meet(f"{name}one Prado") for name in "abcdefghijklmn")
    for one in everybody:
        corner.grant(one)
    days = dict(zip(everybody, histories, strict=False))
    with_values(corner, {one: {("bread", "rye"): place} for place, one in enumerate(everybody[:9], 1)}, days)
    for one in everybody[::2]:
        corner.does(one, "wheat", amount=700)
    together = scored(corner, *everybody).scores
    assert [one.customer for one in together] == everybody
    for score in together:
        assert scored(corner, score.customer).scores == (score,)
        as_on_the_page(corner, score)
    assert {one.potential is None for one in together} == {True, False}
    assert refresh_scores(context_of(corner), everybody)
    before = corner.store.read(lambda it: it.portfolio("advice", NOW, opt_in=True))
    assert refresh_scores(context_of(corner), everybody)  # twice changes nothing
    assert corner.store.read(lambda it: it.portfolio("advice", NOW, opt_in=True)) == before
    assert sum(cell.customers for cell in before) == len(everybody)


def test_a_unit_moves_together_and_without_who_does_not_permit(family: Corner) -> None:
    ana, ben, eva = family.meet(), family.meet("Ben Silva"), family.meet("Eva Dias")
    for one in (ana, ben, eva):
        family.grant(one)
    family.store.write(
        lambda it: it.put_memberships([(one, "household", "Prado", NOW) for one in (ana, ben, eva)])
    )
    with_values(family, {ana: {("bread", "rye"): 3}, ben: {}}, {ana: (money(1, 500),), ben: (money(2, 300),)})
    family.does(eva, amount=150)
    for touched in (ana, ben, eva):
        found = scored(family, touched).scores
        assert {one.customer for one in found} == {ana, ben, eva}
        assert {(one.actual_value, one.evidence) for one in found} == {(950, 4)}
        for score in found:
            as_on_the_page(family, score)
    assert len(scored(family, ana, ben, eva).scores) == 3
    family.refuse(ben, "advice")
    found = scored(family, ben).scores  # what ben did counts for nobody any more
    assert {one.customer: one.actual_value for one in found} == {ana: 650, eva: 650}


def test_nothing_is_kept_for_who_withdrew_meanwhile_nor_in_another_build(corner: Corner) -> None:
    ana, ben = corner.meet(), corner.meet("Ben Silva")
    for one in (ana, ben):
        corner.grant(one)
        corner.does(one)
    corner.build({ana: {}, ben: {}})
    found = scored(corner, ana, ben)
    corner.refuse(ana, "advice")
    purposes = corner.company.purposes
    assert corner.store.write(lambda it: put_scored(it, found, purposes=purposes, now=NOW))
    corner.grant(ana)  # so that a score that had been kept would show
    assert corner.store.read(lambda it: it.scored("advice", None, None, None, 9, opt_in=True)) == (ben,)
    corner.build({ana: {}, ben: {}})
    assert not corner.store.write(lambda it: put_scored(it, found, purposes=purposes, now=NOW))
    assert corner.store.read(lambda it: it.scored("advice", None, None, None, 9, opt_in=True)) == ()


def test_before_a_build_there_is_nothing_to_refresh(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    assert refresh_scores(context_of(corner), [ana])
    corner.build({})
    corner.refuse(ana, "advice")
    assert refresh_scores(context_of(corner), [ana])
    assert corner.store.read(lambda it: it.scored("advice", None, None, None, 9, opt_in=True)) == ()


def until_all_are_scored(corner: Corner, refresher: Refresher, *customers: CustomerId) -> None:
    def those() -> set[CustomerId]:
        return set(corner.store.read(lambda it: it.scored("advice", None, None, None, 9, opt_in=True)))

    async def work() -> None:
        async with refresher, asyncio.timeout(PATIENCE_SECONDS):
            while those() != set(customers):
                await asyncio.sleep(0.01)

    run(work())


def test_when_it_begins_it_catches_up_with_the_log_behind_the_build(corner: Corner) -> None:
    ana, ben = corner.meet(), corner.meet("Ben Silva")
    for one in (ana, ben):
        corner.grant(one)
    corner.does(ben)
    corner.build({ben: {}})
    corner.does(ana)
    until_all_are_scored(corner, Refresher(context_of(corner), every=0.01), ana)


def test_it_outlives_what_goes_wrong(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben, eva = corner.meet(), corner.meet("Ben Silva"), corner.meet("Eva Dias")
    for one in (ana, ben, eva):
        corner.grant(one)
    corner.build({})
    asked: list[tuple[CustomerId, ...]] = []
    truly = refresh.refresh_scores

    def sometimes(context: Context, customers: Collection[CustomerId]) -> bool:
        asked.append(tuple(customers))
        if len(asked) == 1:
            raise StorageUnavailable("its disk is full")
        if ben in customers:
            raise LookupError
        return truly(context, customers)

    monkeypatch.setattr(refresh, "refresh_scores", sometimes)
    monkeypatch.setattr(refresh, "PATIENCE_SECONDS", 0.01)
    refresher = Refresher(context_of(corner), every=0.01)
    refresher.add([ana, ben, eva])
    until_all_are_scored(corner, refresher, ana, eva)
    assert asked[:2] == [(ana, ben, eva)] * 2


def test_a_store_that_cannot_serve_is_asked_again(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []

    class Sometimes:
        def read(self, work: Any) -> Any:
            tries.append(work)
            if len(tries) == 1:
                raise StorageUnavailable("it is away")
            return corner.store.read(work)

        def write(self, work: Any) -> Any:
            return corner.store.write(work)

    monkeypatch.setattr(refresh, "PATIENCE_SECONDS", 0.01)
    ana = corner.meet()
    corner.grant(ana)
    corner.build({})
    corner.does(ana)
    context = context_of(corner, cast("Store", Sometimes()))
    until_all_are_scored(corner, Refresher(context, every=0.01), ana)
    assert len(tries) >= 3


def test_only_so_many_wait(corner: Corner, caplog: pytest.LogCaptureFixture) -> None:
    three = [corner.meet(f"{name} Prado") for name in ("ana", "ben", "eva")]
    for one in three:
        corner.grant(one)
    corner.build({})
    refresher = Refresher(context_of(corner), every=0.01, most=2)
    refresher.add(three[:2])
    refresher.add(three[:1])  # who waits already takes no room
    assert caplog.messages == []
    with caplog.at_level(logging.WARNING):
        refresher.add(three)
    assert caplog.messages == ["the scores of 1 customers wait for the next build"]
    until_all_are_scored(corner, refresher, *three[:2])
