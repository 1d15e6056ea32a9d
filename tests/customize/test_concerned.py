"""Whom a moment concerns is read under permits, and each event keeps its name."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.customize import corner as shops
from tests.customize.corner import NOW, Corner
from trato.customize.concerned import concerned
from trato.customize.programme.treatments import Moment
from trato.errors import BadOption
from trato.interact.conversations import OpenConversation, Promise, open_conversation, promise
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trato.customize.programme.moments import Due


@pytest.fixture
def corner(tmp_path: Path) -> Iterator[Corner]:
    with open_store(f"sqlite:///{tmp_path / 'corner.sqlite3'}", bytes(range(32))) as store:
        yield Corner(shops.company(tmp_path / "shop"), store)


def found(corner: Corner, moment: Moment, **said: Any) -> tuple[Due, ...]:
    programme = replace(corner.company.programmes.by_key["loaves"], moment=moment)
    return corner.store.read(
        lambda it: concerned(
            it,
            programme,
            purposes=corner.company.purposes,
            models=corner.models,
            zone=corner.company.settings.zone,
            now=NOW,
            **said,
        )
    )


def bought(corner: Corner, who: Any, *days_ago: int) -> None:
    for days in days_ago:
        corner.does(who, at=NOW - timedelta(days=days))


def test_a_supply_that_runs_out_concerns_its_buyer_alone(corner: Corner) -> None:
    ana, eva, ian = (corner.meet(name) for name in ("Ana One", "Eva Two", "Ian Three"))
    for one in (ana, eva, ian):
        corner.grant(one)
    bought(corner, ana, 35, 25, 15, 10)
    bought(corner, eva, 30, 20, 10, 1)
    bought(corner, ian, 40, 30, 20, 10)
    corner.refuse(ian, "advice", at=NOW)  # so nothing is read of him
    due = found(corner, Moment("runs_out", "bread"))
    assert [one.customer for one in due] == [ana]
    assert found(corner, Moment("runs_out", "bread")) == due
    assert not found(corner, Moment("runs_out", "milk"))


def test_a_service_falls_due_after_its_days(corner: Corner) -> None:
    ana, eva = corner.meet("Ana One"), corner.meet("Eva Two")
    for one in (ana, eva):
        corner.grant(one)
    bought(corner, ana, 400)
    bought(corner, eva, 300)
    assert [one.customer for one in found(corner, Moment("falls_due", "bread", days=365))] == [ana]


def test_a_promise_falls_due_whatever_purpose_of_the_programme_it_is_held_for(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana)
    service = corner.company.purposes.named("service")

    def kept(it: Any) -> None:
        said = OpenConversation(ana, service, "web", "the oven")
        opened = open_conversation(it, said, now=NOW, draw=secrets.token_bytes)
        promise(it, Promise(ana, service, opened.id, "a fitter", NOW + timedelta(days=2)), now=NOW)

    corner.store.write(kept)
    (due,) = found(corner, Moment("promise_due", days=3))
    assert due.customer == ana
    assert not found(corner, Moment("promise_due", days=1))


def test_what_arrives_concerns_those_whom_it_fits(corner: Corner) -> None:
    ana, eva, ian = (corner.meet(name) for name in ("Ana One", "Eva Two", "Ian Three"))
    for one in (ana, eva):
        corner.grant(one)
    bought(corner, ana, 3, 2, 1)
    bought(corner, ian, 3, 2, 1)  # who permitted nothing
    corner.says(eva, "never", "avoids", "rye")
    moment = Moment("arrives", "bread", least=0.3)
    assert [one.customer for one in found(corner, moment, arrived="rye")] == [ana]
    assert not found(corner, moment, arrived="corn")


def test_what_a_moment_needs_must_be_said(corner: Corner) -> None:
    for moment, said in (
        (Moment("request"), {}),
        (Moment("arrives", "bread"), {}),
        (Moment("runs_out", "bread"), {"arrived": "rye"}),
    ):
        with pytest.raises(BadOption):
            found(corner, moment, **said)
