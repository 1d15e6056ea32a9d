"""Serving a programme as it is declared, and giving it from a person to the system."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest

from tests.customize.programme.letters import LETTERS, START, came, decided, letters, treatment
from tests.customize.programme.memory import Memory
from tests.customize.test_learn import LATER, belief, learns, reports, shop
from trato.customize.programme.belief import prior_of
from trato.customize.programme.document import epoch_of
from trato.customize.programme.encode import layout_of
from trato.customize.programme.features import places
from trato.customize.programme.lessons import posterior_of
from trato.customize.programme.treatments import NO_TREATMENT
from trato.customize.publish import acts_on, automate, may_automate, publish, take_back
from trato.errors import BadOption


def test_a_declaration_is_served_once() -> None:
    store = Memory()
    first = publish(store, LETTERS, now=START)
    assert (first.version, first.model, first.learned_up_to) == (LETTERS.version, "", 0)
    assert publish(store, LETTERS, now=LATER) == first
    assert store.model_document(LETTERS.version) == LETTERS.document


def test_a_changed_declaration_keeps_what_was_learned() -> None:
    decisions = [decided(n, "ana", ("nothing", "rye", "wheat")[n % 3]) for n in range(30)]
    store = shop(*decisions)
    store.documents[LETTERS.version] = LETTERS.document
    reports(store, *(came(one) for one in decisions[::2]))
    learns(store)
    old = belief(store)
    more = letters(treatments=(NO_TREATMENT, treatment("rye"), treatment("wheat"), treatment("corn")))
    served = publish(store, more, now=LATER)
    assert served.learned_up_to == len(decisions)
    new = posterior_of(store, more, served.model)
    at = places(layout_of(LETTERS), layout_of(more))
    known = at >= 0
    assert new.evidence == old.evidence
    np.testing.assert_allclose(new.mean[known], old.mean[at[known]])
    np.testing.assert_allclose(
        new.covariance[np.ix_(known, known)], old.covariance[np.ix_(at[known], at[known])], atol=1e-12
    )
    np.testing.assert_allclose(new.mean[~known], prior_of(more).mean[~known])
    assert not known.all()
    learns(store, programme=more)  # goes on under the new declaration


def test_a_declaration_that_is_taken_back_is_served_again() -> None:
    store = Memory()
    publish(store, LETTERS, now=START)
    publish(store, letters(explore=0.2), now=START)
    assert publish(store, LETTERS, now=LATER).version == LETTERS.version


BY_HAND = letters(conducted="person")


def looked(verdict: str) -> Memory:
    store = Memory()
    publish(store, BY_HAND, now=START)
    store.add_look("letters", START, json.dumps({"verdict": verdict, "epoch": epoch_of(BY_HAND)}))
    return store


@pytest.mark.parametrize("verdict", ["personalise", "groups"])
def test_a_trial_by_hand_becomes_automatic_when_its_verdict_allows(verdict: str) -> None:
    store = looked(verdict)
    assert may_automate(verdict)
    assert automate(store, "letters", by="Eva", now=LATER).conducted == "system"
    assert automate(store, "letters", by="Eva", now=LATER).conducted == "system"
    assert take_back(store, "letters", by="Rui", now=LATER + timedelta(days=1)).conducted == "person"
    acts = acts_on(store, "letters")
    assert [(one.by, one.conducted, one.look) for one in acts] == [
        ("Eva", "system", 1),
        ("Rui", "person", None),
    ]
    assert len(store.looks_at("letters")) == 1


@pytest.mark.parametrize("verdict", ["dont", "not_yet", ""])
def test_and_not_before(verdict: str) -> None:
    store = looked(verdict)
    with pytest.raises(BadOption, match="does not allow"):
        automate(store, "letters", by="Eva", now=LATER)
    assert store.served["letters"].conducted == "person"


def test_nor_without_a_look_nor_without_a_programme() -> None:
    store = Memory()
    with pytest.raises(BadOption, match="nobody has looked"):
        automate(store, "letters", by="Eva", now=LATER)
    with pytest.raises(BadOption, match="no programme"):
        take_back(store, "letters", by="Eva", now=LATER)


def test_what_was_made_automatic_stays_so_when_the_declaration_changes() -> None:
    store = looked("personalise")
    automate(store, "letters", by="Eva", now=LATER)
    assert publish(store, letters(conducted="person", explore=0.2), now=LATER).conducted == "system"
    assert publish(store, letters(conducted="system", explore=0.3), now=LATER).conducted == "system"


def test_a_declaration_alone_takes_nothing_from_a_person() -> None:
    store = looked("dont")
    served = publish(store, letters(conducted="system"), now=LATER)
    assert (served.version, served.conducted) == (letters(conducted="system").version, "person")
    assert acts_on(store, "letters") == ()
    assert publish(Memory(), letters(conducted="system"), now=LATER).conducted == "system"
