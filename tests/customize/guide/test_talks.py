"""Guided conversations in a store: what they begin with, what they keep, and what leaves them."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.customize import corner as shops
from tests.customize.corner import NOW, Corner
from trato import errors
from trato.customize.guide.guide import Guide
from trato.customize.guide.guides import Guides, seen_word
from trato.customize.guide.talks import (
    AcceptTalk,
    AnswerTalk,
    BeginTalk,
    CorrectTalk,
    abandonment,
    accept_talk,
    answer_talk,
    begin_talk,
    correct_talk,
    deliver_talk,
    drop_unfinished,
    find_talk,
    was_it_right,
)
from trato.storage.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trato.customers.customer import CustomerId
    from trato.customize.guide.talk import Talk


class Desk:
    """The corner shop with its guides; each verb in a transaction of its own."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        found = shops.guides(corner.company)
        assert found is not None
        self.guides: Guides = found
        self.now = NOW

    def begin(self, who: CustomerId | None = None) -> Talk:
        request = BeginTalk(who, "web", "es")
        return self.corner.store.write(
            lambda it: begin_talk(
                it,
                self.guides,
                request,
                models=self.corner.models,
                now=self.now,
                draw=secrets.token_bytes,
            )
        )

    def does(self, verb: Any, request: Any, **more: Any) -> Talk:
        found: Talk = self.corner.store.write(lambda it: verb(it, self.guides, request, now=self.now, **more))
        return found

    def answer(self, talk: Talk, key: str, answer: str | None, *, consent: bool = False) -> Talk:
        return self.does(answer_talk, AnswerTalk(talk.id, key, answer, consent))

    def correct(self, talk: Talk, component: str, module: str) -> Talk:
        return self.does(correct_talk, CorrectTalk(talk.id, component, module))

    def accept(self, talk: Talk) -> Talk:
        return self.does(accept_talk, AcceptTalk(talk.id, seen_word(self.guides.step(talk))))

    def find(self, talk: Talk) -> Talk:
        return self.corner.store.read(lambda it: find_talk(it, self.guides, talk.id, now=self.now))

    def timeline(self, who: CustomerId) -> list[Any]:
        shown = self.corner.known(who, "said_and_did").said_and_did
        assert shown is not None
        return [] if shown.shown is None else list(shown.shown.events)

    def taken(self) -> list[tuple[dict[str, Any], int]]:
        found = self.corner.store.read(lambda it: it.taken())
        return [(json.loads(document)["configuration"], often) for document, often in found]

    def without(self, *pairs: tuple[str, str]) -> None:
        """From now on these are out of stock."""
        mine = self.guides.guide
        guide = Guide(mine.diagram, mine.preferences, questions=mine.questions, without=pairs)
        self.guides = replace(self.guides, guide=guide)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_store(f"sqlite:///{tmp_path / 'corner.sqlite3'}", bytes(range(32))) as store:
        yield Desk(Corner(shops.company(tmp_path / "shop"), store))


def test_somebody_unknown_answers_corrects_accepts_and_is_asked_whether_it_was_right(desk: Desk) -> None:
    talk = desk.begin()
    assert talk.asked is not None
    talk = desk.answer(talk, "hungry", "very")
    talk = desk.correct(talk, "bread", "rye")
    assert desk.find(talk) == talk
    step = desk.guides.step(talk)
    assert step.proposal["bread"] == "rye"
    with pytest.raises(errors.TalkOver):
        desk.does(deliver_talk, talk.id)
    talk = desk.accept(talk)
    assert talk.accepted is not None
    assert talk.accepted.configuration == step.proposal
    assert talk.accepted.price == step.price
    fulfilled = {one.component: (one.by, one.what) for one in talk.accepted.steps}
    assert fulfilled["bread"] == ("sku", "B-1")
    assert set(fulfilled) == {name for name, module in step.proposal.items() if module != "none"}
    assert desk.taken() == [(dict(step.proposal), 1)]
    with pytest.raises(errors.TalkOver):
        desk.answer(talk, "bread", "wheat")
    with pytest.raises(errors.TalkOver):
        desk.does(was_it_right, talk.id, as_expected=True)
    assert desk.does(deliver_talk, talk.id).delivered_at == NOW
    assert desk.does(was_it_right, talk.id, as_expected=True).as_expected is True


def test_saying_the_same_twice_changes_nothing(desk: Desk) -> None:
    talk = desk.answer(desk.begin(), "hungry", "very")
    desk.now += timedelta(minutes=1)
    assert desk.answer(talk, "hungry", "very") == talk
    talk = desk.answer(talk, "bread", "rye")
    assert desk.answer(talk, "bread", "rye") == talk == desk.correct(talk, "bread", "rye")
    talk = desk.answer(talk, "milk", None)
    assert desk.answer(talk, "milk", None) == talk
    talk = desk.accept(talk)
    assert desk.does(accept_talk, AcceptTalk(talk.id, "whatever")) == talk
    assert [often for _, often in desk.taken()] == [1]


def test_another_answer_takes_the_place_of_the_first_with_all_that_it_made_known(desk: Desk) -> None:
    talk = desk.answer(desk.begin(), "gluten", "no", consent=True)
    assert desk.guides.step(talk).proposal["bread"] == "corn"
    talk = desk.answer(talk, "gluten", None)
    assert talk.state.facts == {}
    assert dict(talk.state.answers) == {"gluten": ""}


def test_what_is_sensitive_needs_consent_and_stays_in_the_talk(desk: Desk) -> None:
    ana = desk.corner.meet()
    desk.corner.grant(ana)
    talk = desk.begin(ana)
    with pytest.raises(errors.ConsentMissing):
        desk.answer(talk, "gluten", "no")
    talk = desk.answer(talk, "gluten", "no", consent=True)
    talk = desk.answer(talk, "milk", "whole")
    desk.answer(talk, "gluten", "no")  # once for the whole talk
    talk = desk.accept(talk)
    assert desk.taken() == []
    logged = [one.choices for one in desk.timeline(ana)]
    assert logged == [(("milk", "whole"),)]  # and neither the bread, which follows from the answer
    assert desk.begin(ana).state.facts == {}


def test_a_known_customer_begins_with_what_they_said_and_their_belief(desk: Desk) -> None:
    ana = desk.corner.meet()
    desk.corner.grant(ana)
    desk.corner.says(ana, "always spelt", "wants", "spelt")
    desk.corner.says(ana, "no honey", "avoids", "jar", component="honey")
    desk.corner.build({ana: {("milk", "whole"): 9}})
    talk = desk.begin(ana)
    assert talk.state.choices == {"bread": "spelt"}
    assert talk.avoided == (("honey", "jar"),)
    assert talk.likes["milk", "whole"] > 1 > talk.likes["milk", "skimmed"]
    step = desk.guides.step(talk)
    assert step.proposal == {"bread": "spelt", "milk": "whole", "honey": "none"}
    assert step.question is None or step.question.key not in {"bread", "honey"}
    desk.accept(talk)
    assert desk.corner.known(ana, "wants").wants.shown.evidence == 11  # type: ignore[union-attr]  # None fails the test
    [said] = [one for one in desk.timeline(ana) if one.kind == "choice"]
    assert dict(said.choices) == step.proposal


def test_nothing_is_begun_shown_or_taken_without_the_customers_leave(desk: Desk) -> None:
    ana = desk.corner.meet()
    with pytest.raises(errors.PermissionMissing):
        desk.begin(ana)
    desk.corner.grant(ana)
    talk = desk.begin(ana)
    desk.corner.refuse(ana, "advice")
    verbs: tuple[Callable[[], Talk], ...] = (
        lambda: desk.find(talk),
        lambda: desk.answer(talk, "bread", "rye"),
        lambda: desk.accept(talk),
        lambda: desk.does(deliver_talk, talk.id),
    )
    for verb in verbs:
        with pytest.raises(errors.PermissionWithdrawn):
            verb()
    assert desk.taken() == []


def test_a_module_that_is_out_of_stock_meanwhile_is_told_and_the_talk_goes_on(desk: Desk) -> None:
    talk = desk.answer(desk.answer(desk.begin(), "bread", "rye"), "milk", "whole")
    seen = seen_word(desk.guides.step(talk))
    desk.without(("bread", "rye"))
    step = desk.guides.step(desk.find(talk))
    assert step.changed == (("bread", "rye"),)
    assert step.proposal["bread"] != "rye"
    assert step.proposal["milk"] == "whole"
    with pytest.raises(errors.OfferChanged):
        desk.does(accept_talk, AcceptTalk(talk.id, seen))
    talk = desk.answer(talk, "honey", "jar")
    assert talk.state.choices == {"milk": "whole", "honey": "jar"}
    assert desk.guides.step(talk).changed == ()
    with pytest.raises(errors.BadOption):
        desk.correct(talk, "bread", "rye")


def test_where_customers_left_is_counted_and_what_strangers_left_is_dropped(desk: Desk) -> None:
    ana = desk.corner.meet()
    desk.corner.grant(ana)
    left, hers, done = desk.begin(), desk.begin(ana), desk.accept(desk.begin())

    def counted() -> Any:
        return desk.corner.store.read(lambda it: abandonment(it, now=desk.now))

    assert counted().left == ()
    desk.now += timedelta(days=2)
    found = counted()
    assert (found.talks, found.accepted) == (3, 1)
    assert sum(one.talks for one in found.left) == 2
    assert {one.question for one in found.left} == {left.asked, hers.asked}
    desk.now += timedelta(days=30)
    assert desk.corner.store.write(lambda it: drop_unfinished(it, now=desk.now)) == 1
    with pytest.raises(errors.UnknownTalk):
        desk.find(left)
    assert desk.find(hers).id == hers.id
    assert desk.find(done).accepted is not None


def test_the_store_holds_no_id_and_nothing_that_was_said(desk: Desk, tmp_path: Path) -> None:
    talk = desk.answer(desk.begin(), "gluten", "no", consent=True)
    desk.corner.store.close()
    for file in tmp_path.glob("corner*"):
        content = file.read_bytes()
        assert talk.id.encode() not in content
        assert b'"gluten":"no"' not in content
