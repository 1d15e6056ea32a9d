"""Everyone is greeted; by name, and with what is open, only where they permit it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.customize.corner import NOW
from trato.customize.greeting import Greeting, greeting_of
from trato.errors import UnknownCustomer
from trato.interact.conversations import (
    CloseConversation,
    OpenConversation,
    Promise,
    close_conversation,
    open_conversation,
    promise,
)

if TYPE_CHECKING:
    from datetime import datetime

    from tests.customize.corner import Corner
    from trato.customers.customer import CustomerId


def greet(corner: Corner, who: CustomerId | None, *accepted: str, now: datetime = NOW) -> Greeting:
    settings = corner.company.settings
    return corner.store.read(
        lambda it: greeting_of(
            it,
            who,
            purposes=corner.company.purposes,
            touchpoints=corner.company.touchpoints,
            languages=settings.languages,
            accepted=accepted,
            zone=settings.zone,
            now=now,
        )
    )


def asks(corner: Corner, who: CustomerId, matter: str = "la tarta de mi hija", key: str = "service") -> str:
    request = OpenConversation(who, corner.company.purposes.named(key), "till", matter)
    return corner.store.write(lambda it: open_conversation(it, request, now=NOW, draw=secrets.token_bytes)).id


def promises(corner: Corner, who: CustomerId, conversation: str, words: str, due: datetime | None) -> None:
    request = Promise(who, corner.company.purposes.named("service"), conversation, words, due)
    corner.store.write(lambda it: promise(it, request, now=NOW))


def test_a_stranger_is_greeted_in_the_companys_language(corner: Corner) -> None:
    found = greet(corner, None)
    assert found == Greeting("Hola, le damos la bienvenida.", "es", None, (), ())


@pytest.mark.parametrize(
    ("accepted", "language"),
    [(["en-GB", "es"], "en"), (["pt", "fr", "EN"], "en"), (["fr"], "es"), (["*"], "es")],
)
def test_a_stranger_is_greeted_as_their_browser_asks_where_the_company_can(
    corner: Corner, accepted: list[str], language: str
) -> None:
    assert greet(corner, None, *accepted).language == language


def test_a_customer_is_greeted_by_name_in_their_own_language(corner: Corner) -> None:
    ana = corner.meet(language="en")
    corner.grant(ana, "service")
    found = greet(corner, ana, "es")
    assert (found.words, found.language, found.name) == ("Hello, Ana Prado.", "en", "Ana Prado")
    assert found.under == ("service",)


@pytest.mark.parametrize("how", ["never", "denied", "withdrawn", "ended", "another purpose"])
def test_without_a_permit_a_customer_is_greeted_as_a_stranger(corner: Corner, how: str) -> None:
    ana = corner.meet(language="en")
    corner.grant(ana, "service", until=NOW + timedelta(days=1) if how == "ended" else None)
    asks(corner, ana)
    corner.refuse(ana, "service", at=NOW)
    if how == "denied":
        corner.refuse(ana, "service", at=NOW, deny=True)
    elif how == "ended":
        corner.grant(ana, "service", at=NOW + timedelta(hours=1), until=NOW + timedelta(days=1))
    elif how == "another purpose":
        corner.grant(ana, "advice")
    elif how == "never":
        ana = corner.meet("Ben Silva", language="en")
    later = NOW + timedelta(days=2)
    assert greet(corner, ana, now=later) == greet(corner, None, now=later)
    assert greet(corner, ana, "en", now=later) == greet(corner, None, "en", now=later)


def test_what_is_open_is_taken_up_at_any_touchpoint_promises_first(corner: Corner) -> None:
    ana = corner.meet(language="es")
    corner.grant(ana, "service", "advice")
    first = asks(corner, ana, "la tarta.")
    second, third = asks(corner, ana, "el horno"), asks(corner, ana, "la lista", "advice")
    promises(corner, ana, second, "llamamos", NOW + timedelta(days=3))
    promises(corner, ana, first, "la guardamos", NOW + timedelta(days=1))
    found = greet(corner, ana, now=NOW + timedelta(days=2))
    assert [one.conversation for one in found.open_matters] == [first, second, third]
    assert [one.overdue for one in found.open_matters] == [True, False, False]
    assert found.open_matters[0].words == (
        "Nos consultó: la tarta.",
        "Le prometimos para el 2 de marzo de 2026: la guardamos. Nos retrasamos y lo sentimos.",
    )
    assert found.open_matters[1].words[1] == "Le prometimos para el 4 de marzo de 2026: llamamos."
    assert found.open_matters[2].words == ("Nos consultó: la lista.",)
    assert found.open_matters[0].label == "en la caja"
    assert found.under == ("advice", "service")
    for hidden in ("tarta", "guardamos", "Ana", "Hola"):
        assert hidden not in repr(found)


def test_a_promise_without_a_day_is_told_without_one(corner: Corner) -> None:
    ana = corner.meet(language="en")
    corner.grant(ana, "service")
    promises(corner, ana, asks(corner, ana, "the cake"), "we call", None)
    assert greet(corner, ana).open_matters[0].words == ("You asked us: the cake.", "We promised: we call.")


def test_what_was_closed_is_not_told_again(corner: Corner) -> None:
    ana = corner.meet()
    corner.grant(ana, "service")
    request = CloseConversation(ana, corner.company.purposes.named("service"), asks(corner, ana))
    corner.store.write(lambda it: close_conversation(it, request, now=NOW))
    assert greet(corner, ana).open_matters == ()


def test_a_name_with_braces_is_only_a_name(corner: Corner) -> None:
    ana = corner.meet("{language} {0}")
    corner.grant(ana, "service")
    assert greet(corner, ana, "en").words == "Hello, {language} {0}."


def test_an_unknown_id_is_refused_here(corner: Corner) -> None:
    from trato.customers.customer import CustomerId

    with pytest.raises(UnknownCustomer):
        greet(corner, CustomerId("0198c5a0-7b1e-7c4d-9a2f-3b5d8e6f1a20"))
