"""No public function of the store gives personal data without a permit; a new one cannot be forgotten here.

Every public method of a transaction is called with arguments made from its annotations, by a caller who has
no permit, or one that is forged, of another transaction, or for other fields. What it returns is searched for
what the customer told.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

import trato.storage
from tests.storage.conftest import new_database
from tests.storage.decided import SERVED, decision_of, outcome_of
from tests.storage.shop import MASTER_KEY, NOW, entry_of, permit, purpose, register, yes
from trato import errors
from trato.company.access import ApiKey, Looked, Person, PersonId, Session, SetupLink
from trato.customers.identifiers import identifier
from trato.customize.guide.state import begun
from trato.customize.guide.talk import Talk
from trato.customize.programme.decision import Candidate, DecisionId
from trato.differentiate.known import Counted, MoneyDay, Score
from trato.interact.conversations import Conversation
from trato.interact.log import Aside, Receipt
from trato.permission.give import give_permission
from trato.storage.blocks import GENESIS
from trato.storage.store import open_store
from trato.storage.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trato.customers.customer import CustomerId
    from trato.customize.programme.decision import Decision
    from trato.permission.ledger import Entry
    from trato.permission.permit import Permit
    from trato.storage.store import Store

TOLD = (
    "Ana Prado", "ana@example.org", "1980-02-29", "by telephone", "no coriander", "half an event",
    "the broken mixer", "a new mixer", "oat drink", "berta@example.org", "without almonds",
    "keeps bees", "wine for two",
)  # fmt: skip

# What the company's people are told of each other. None of it is a customer's, and nothing else gives it.
OF_PEOPLE = {"person_by_email", "person_of", "persons"}
BERTA = PersonId("p1")

METHODS = sorted(name for name, _ in inspect.getmembers(Transaction, inspect.isfunction) if name[0] != "_")

# What stands outside a transaction, and why none of it leads to a customer's data.
OUTSIDE = {
    "Store.close", "Store.read", "Store.write", "open_store", "store_url",  # these hand out transactions
    "EmbeddedStore.close", "EmbeddedStore.read", "EmbeddedStore.write",
    "ServedStore.close", "ServedStore.read", "ServedStore.write", "served_engine",
    "Writer.close", "Writer.write",
    "check_migrated", "known_version", "migrate_connection", "migrate_store", "stored_version",  # versions
    "as_unavailable", "translated", "worth_another_try",  # errors
    "Keyring.open", "Keyring.open_bytes", "Keyring.open_for_store", "Keyring.seal", "Keyring.seal_bytes",
    "Keyring.seal_for_store", "Keyring.prepare", "Keyring.for_transaction", "Keyring.pepper",
    "Keyring.open_bytes_for_store", "Keyring.seal_bytes_for_store", "Keyring.prepare_to_open",
    "lookup",  # these need the master key and what is sealed
    "make_master_key", "read_master_key", "key_fault", "make_company_key",
    "company_store_url", "open_company_store",  # as open_store
    "KeysFile.close", "KeysFile.commit", "KeysFile.rollback", "OneProcess.release",
    "reading_engine", "writing_engine",   # need the store's own connection, as do
    "insert_new", "insert_all_new", "insert_or_replace", "insert_or_replace_all", "in_chunks",
    "rows_of", "rows_among", "put_rows",  # the three of plain statements
    "fits", "leaf", "decision_leaf", "root_of", "sealed", "seal_log",  # hashes
    "kept_moment", "moment_of",  # moments alone
    "UtcDateTime.load_dialect_impl", "UtcDateTime.process_bind_param", "UtcDateTime.process_result_value",
}  # fmt: skip


def public_functions() -> Iterator[str]:
    """Every public function, and every public method of a class, outside the records."""
    for module in pkgutil.walk_packages(trato.storage.__path__, "trato.storage."):
        if ".migrations" in module.name:
            continue
        loaded = importlib.import_module(module.name)
        for name, member in vars(loaded).items():
            if name.startswith("_") or getattr(member, "__module__", None) != module.name:
                continue
            if inspect.isfunction(member):
                yield name
            elif inspect.isclass(member) and member not in Transaction.__mro__:
                yield from (
                    f"{name}.{method}"
                    for method, function in vars(member).items()
                    if inspect.isfunction(function) and not method.startswith("_")
                )


def test_what_stands_outside_a_transaction_is_known() -> None:
    assert set(public_functions()) == OUTSIDE


def asked(method: Callable[..., Any]) -> dict[str, str]:
    """The annotation of each parameter, as it is written."""
    parameters = inspect.signature(method).parameters
    return {name: str(one.annotation) for name, one in parameters.items() if name != "self"}


def arguments(
    method: Callable[..., Any], customer: CustomerId, leave: Permit, entry: Entry
) -> dict[str, Any]:
    """An argument for each parameter, made from its annotation."""
    email = identifier("email", "ana@example.org")
    berta = Person(BERTA, "berta@example.org", "scrypt", "agent", "pt", NOW)
    made: dict[str, Any] = {
        "ApiKey": ApiKey("k2", "till", frozenset({"track"}), b"k2", NOW),
        "Belonging": "household",
        "Belonging | None": "household",
        "Block": replace(GENESIS, number=1),
        "Collection[CustomerId]": {customer},
        "Conversation": mixer(customer, "c2"),
        "CustomerId": customer,
        "CustomerId | None": None,
        "DecisionId": DecisionId("newsletter"),
        "Entry": entry,
        "Identifier": email,
        "Language": "pt",
        "LogName": "decisions",
        "Looked": Looked("key:k1", customer, ("newsletter",), NOW),
        "Mapping[str, Arm]": {f"person:{customer}": "policy"},
        "Mapping[str, int]": {"budget": 1},
        "Mapping[str, ModelVersions]": {"newsletter": {"needs": "n1", "values": None}},
        "Mapping[str, tuple[int, int]]": {"budget": (1, 9)},
        "ModelKind": "needs",
        "Permit": leave,
        "Person": berta,
        "PersonId": BERTA,
        "Score": score_of(customer),
        "Sequence[Aside]": [Aside("web", "no mapping", NOW, "half of another event")],
        "Sequence[Counted]": [counted_of(customer)],
        "Sequence[CustomerId]": [customer],
        "Sequence[Decision]": [decision_of(customer, "d2")],
        "Sequence[DecisionId]": [DecisionId("newsletter")],
        "Sequence[Identifier]": [email],
        "Sequence[NewEntry]": [entry_of(customer, "r2")],
        "Sequence[Outcome]": [outcome_of("newsletter", "r2")],
        "Sequence[Permit]": [leave],
        "Sequence[Receipt]": [Receipt("m2", NOW, "kept")],
        "Sequence[Score]": [score_of(customer)],
        "Sequence[int]": [1],
        "Sequence[str]": ["newsletter", "m1"],
        "ServedProgramme": SERVED,
        "ServedProgramme | None": None,
        "Talk": muesli(customer, "t2"),
        "Sequence[tuple[CustomerId, Belonging, str, datetime]]": [(customer, "account", "ACME", NOW)],
        "Sequence[tuple[CustomerId, Identifier, datetime]]": [(customer, email, NOW)],
        "Sequence[tuple[CustomerId, datetime]]": [(customer, NOW)],
        "Sequence[tuple[CustomerId, str, str, datetime]]": [(customer, "language", "pt", NOW)],
        "Session": Session(b"s2", BERTA, NOW, NOW, NOW),
        "SetupLink": SetupLink(b"l2", "agent", BERTA, NOW, NOW),
        "ZoneInfo": ZoneInfo("Europe/Lisbon"),
        "bool": False,
        "bytes": b"s1",
        "datetime": NOW,
        "datetime | None": None,
        "int": 10,
        "int | None": None,
        "str": "newsletter",
        "str | None": None,
    }
    hints = asked(method)
    missing = [name for name, hint in hints.items() if hint not in made]
    assert not missing, f"tell this test how to make {missing} of {method.__qualname__}"
    return {name: made[hint] for name, hint in hints.items()}


def counted_of(customer: CustomerId) -> Counted:
    return Counted(
        customer, "newsletter", {("dairy", "oat drink"): 7}, (MoneyDay(NOW.date(), 199, None, True),)
    )


def score_of(customer: CustomerId) -> Score:
    return Score(customer, "newsletter", 1, 0.5, 7, 199, 9.5, 1.0, 20.0, 0.5, None, "gold", NOW.date())


def mixer(customer: CustomerId, conversation: str) -> Conversation:
    return Conversation(
        conversation, customer, "newsletter", "the broken mixer", "web", NOW, "a new mixer", NOW
    )


def muesli(customer: CustomerId | None, talk: str) -> Talk:
    """A guided conversation; the store is asked for the id that strings have in this test."""
    state = begun({"allergy": "without almonds"}, {"grain": "oat drink"})
    purpose_ = None if customer is None else "newsletter"
    return Talk(talk, "o1", customer, purpose_, "web", "en", state, None, NOW, NOW)


def told_of(customer: CustomerId) -> Decision:
    """A decision whose facts and candidates say much; the store is asked for its id, as for a talk's."""
    wine = Candidate("wine for two", "not_eligible", 0)
    facts = {"value.hobby": "keeps bees"}
    one = decision_of(customer, "newsletter", programme="newsletter", facts=facts)
    return replace(one, candidates=(*one.candidates, wine))


def everything_in(found: object) -> str:
    """All that can be seen of a result, generators and hidden values included."""
    if is_dataclass(found):
        return " ".join(everything_in(getattr(found, part.name)) for part in fields(found))
    if isinstance(found, str | bytes | int | None):
        return repr(found)
    if isinstance(found, dict):
        return " ".join(everything_in(part) for pair in found.items() for part in pair)
    if hasattr(found, "__iter__"):
        return " ".join(map(everything_in, found))
    return repr(found)


class _Undo(Exception):
    """Ends a transaction so that nothing of it is kept."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One open store for all tests of this file, on each database: each undoes what it wrote."""
    url = f"sqlite:///{tmp_path_factory.mktemp('doors') / 'trato.sqlite3'}"
    if request.param == "postgresql":
        template = request.getfixturevalue("migrated")
        url = new_database(request.getfixturevalue("postgres"), template)
    with open_store(url, MASTER_KEY) as opened:
        yield opened


@pytest.fixture(scope="module")
def customer(store: Store) -> CustomerId:
    ana = register(store, "ana@example.org")

    def tell(it: Transaction) -> None:
        give_permission(it, yes(ana, evidence="by telephone"), now=NOW)
        said = entry_of(ana, "r1", kind="contact", statement="no coriander", purposes=("newsletter",))
        it.append_interactions([said])
        it.put_aside([Aside("web", "no mapping", NOW, "half an event")])
        it.add_receipts([Receipt("m1", NOW, "kept")])
        it.add_conversation(mixer(ana, "c1"))
        it.add_talk(muesli(ana, "newsletter"))
        it.start_build("b1", NOW, 0)
        it.put_counted("b1", [counted_of(ana)])
        it.put_scores("b1", [score_of(ana)])
        it.publish_build("b1", {}, "{}", NOW)
        it.append_decisions([told_of(ana)])
        it.add_outcomes([outcome_of("newsletter")])
        it.serve_programme(SERVED, instead=None)
        it.put_arms("newsletter", {f"person:{ana}": "policy"}, NOW)
        it.add_person(Person(BERTA, "berta@example.org", "scrypt", "agent", "pt", NOW))
        it.add_session(Session(b"s1", BERTA, NOW, NOW, NOW))
        it.note_look(Looked("person:p1", ana, ("newsletter",), NOW))

    store.write(tell)
    return ana


@pytest.mark.parametrize("name", METHODS)
def test_nothing_personal_is_read_without_a_permit(store: Store, customer: CustomerId, name: str) -> None:
    old = store.read(lambda it: permit(it, customer))
    entry = store.read(lambda it: next(iter(it.ledger())))
    method = getattr(Transaction, name)
    for use, whose in product((store.read, store.write), ("own", "another's", "none")):
        seen: list[str] = []
        brought: set[str] = set()

        def call(it: Transaction, whose: str = whose, seen: list[str] = seen) -> None:
            # The stronger case: a permit of this very transaction, for another purpose, of no field.
            own = permit(it, customer, replace(purpose("delivery", "contract"), fields=()))
            leave: Any = {"own": own, "another's": old, "none": None}[whose]
            given = arguments(method, customer, leave, entry)
            said = everything_in([one for one in given.values() if one is not leave])
            brought.update(told for told in TOLD if told in said)  # noqa: B023 it is called at once
            seen.append(everything_in(method(it, **given)))
            raise _Undo

        with suppress(Exception):  # a reader cannot write, and a customer is added once
            use(call)
        may = {"berta@example.org"} if name in OF_PEOPLE else set()
        assert not [told for told in TOLD if told in "".join(seen) and told not in brought | may]


@pytest.mark.parametrize("name", [n for n in METHODS if "Permit" in asked(getattr(Transaction, n)).values()])
def test_what_takes_a_permit_takes_none_of_another_transaction(
    store: Store, customer: CustomerId, name: str
) -> None:
    old = store.read(lambda it: permit(it, customer))
    entry = store.read(lambda it: next(iter(it.ledger())))
    for leave in (old, None, object()):
        given = arguments(getattr(Transaction, name), customer, leave, entry)  # type: ignore[arg-type]  # made from annotations
        with pytest.raises(errors.PermitVoid):
            store.read(lambda it, given=given: getattr(it, name)(**given))  # type: ignore[misc]  # a default binds it now; mypy infers no such lambda


def test_the_same_test_sees_what_a_permit_opens(store: Store, customer: CustomerId) -> None:
    """So that it is not blind: under permits that cover them, all that was told is found."""
    proof = purpose("proof", "legal_obligation", ("permission_evidence", "name", "email", "birthday"))

    def all_of(it: Transaction) -> str:
        leave, news = permit(it, customer, proof), permit(it, customer)
        said = [it.statements_of(news), it.interactions_of(news, limit=1), it.contacts_of(news, NOW)]
        assert all("no coriander" in everything_in(one) for one in said)
        more = [it.open_conversations(news), it.counted_of(news), it.talk_of(news, "newsletter")]
        many = [it.statements_under([news]), it.happened_under([news], "contact", NOW, NOW)]
        assert "no coriander" in everything_in(many[0])
        assert "milk" in everything_in(many[1])
        assert it.contacts_under([news], NOW) == {customer: ((NOW, "store"),)}
        assert "Ana Prado" in everything_in(it.values_under([leave]))
        assert "gold" in everything_in(it.scores_under([news]))
        decided: list[object] = [
            it.decision_of(news, DecisionId("newsletter")),
            it.decisions_of(news, limit=9),
        ]
        decided.append(it.taught([news], [one.position for one in it.anonymous("newsletter", 0, 9)]))
        assert all("keeps bees" in everything_in(one) for one in decided)
        told = [it.values_of(leave), it.identifiers_of(leave), it.evidence_of(leave), said, more, decided]
        return everything_in([*told, it.persons(), it.person_of(BERTA)])

    seen = store.read(all_of)
    assert [told for told in TOLD if told not in seen] == ["half an event"]  # which nobody can ask for


def test_permits_are_made_in_one_place_only() -> None:
    import ast
    from pathlib import Path

    made_in = {
        file.name
        for file in Path(inspect.getfile(trato.storage)).parent.parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Permit"
    }
    assert made_in == {"permit.py"}
