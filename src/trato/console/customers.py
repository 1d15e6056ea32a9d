"""Finding customers: by what points to them, or by need and tier."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from trato.company.access import Looked
from trato.console.home import identifier_kinds
from trato.console.learned import NEEDS_WORDS, needs_of_build, profiling_of_build
from trato.customers.customer import CustomerId
from trato.customers.identifiers import identifier
from trato.customize.known import known_of
from trato.customize.sections import Asked
from trato.differentiate.value.tiers import Tier
from trato.errors import BadIdentifier, UnknownCustomer
from trato.permission.permit import needs_opt_in, read_permits

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.console.visit import Visit
    from trato.console.words import Reader
    from trato.customers.identifiers import Identifier
    from trato.customize.sections import KnownCustomer, SectionName
    from trato.storage.transaction import Transaction

ON_A_PAGE = 20
LONGEST_SEARCH = 1000
ANY = "any"


def show(visit: Visit) -> Response:
    """Customers of a need and a tier, a page of them, and the search."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, problem: str = "", several: tuple[str, ...] = ()) -> Response:
    need = int(visit.asked("need")) if visit.asked("need").isdecimal() else None
    tier = visit.asked("tier") if visit.asked("tier") in set(Tier) else None
    after = visit.asked("after") or None

    def read(it: Transaction) -> tuple[list[KnownCustomer], list[CustomerId], object]:
        purpose = profiling_of_build(it, visit.desk.company)
        if purpose is None:
            return [], [], ()
        words = needs_of_build(it, visit.desk, purpose.key)
        found = it.scored(
            purpose.key,
            need,
            tier,
            CustomerId(after) if after else None,
            ON_A_PAGE + 1,
            opt_in=needs_opt_in(purpose),
        )
        permits = read_permits(it, purpose, found[:ON_A_PAGE], now=visit.now)
        rows = [known(it, visit, one, {"worth", "wants"}) for one in found[:ON_A_PAGE] if one in permits]
        return rows, list(found[ON_A_PAGE - 1 : ON_A_PAGE] if len(found) > ON_A_PAGE else []), words

    rows, last, words = visit.desk.store.read(read)
    note_looks(visit, rows)
    return visit.show(
        "customers",
        status=status,
        rows=rows,
        names={one.customer: called(visit.reader, one) for one in rows},
        after=last[0] if last else None,
        need=need,
        tier=tier,
        tiers=tuple(Tier),
        needs=words or NEEDS_WORDS,
        kinds=identifier_kinds(visit),
        problem=problem,
        several=several,
    )


def search(visit: Visit) -> Response:
    """Find a customer by an identifier or id. What was typed comes by POST, so that it stands in no URL."""
    said, kind = visit.said("identifier")[:LONGEST_SEARCH], visit.said("kind") or ANY
    if not said:
        return _page(visit, problem="empty")
    known = identifier_kinds(visit)
    kinds = known if kind == ANY else tuple(one for one in known if one == kind)
    asked: list[Identifier] = []
    for one in kinds:
        try:
            asked.append(identifier(one, said))
        except BadIdentifier:
            continue

    def read(it: Transaction) -> set[CustomerId]:
        found = set(it.customers_of(asked).values()) if asked else set()
        try:
            own = CustomerId(str(UUID(said)))
            it.hold_customer(own, changing=False)
        except (ValueError, UnknownCustomer):
            return found
        return {own}

    found = sorted(visit.desk.store.read(read))
    if len(found) == 1:
        return visit.go(f"/customers/{found[0]}")
    if found:
        return _page(visit, several=tuple(found))
    return _page(visit, status=404, problem="nobody")


def known(it: Transaction, visit: Visit, customer: CustomerId, sections: set[SectionName]) -> KnownCustomer:
    """What this visitor may see of a customer, of the sections asked for."""
    sections = sections | {"who"} if visit.person.may("identity") else sections - {"who"}
    return known_by(it, visit, customer, Asked(frozenset(sections)))


def known_by(it: Transaction, visit: Visit, customer: CustomerId, asked: Asked) -> KnownCustomer:
    """A customer's page with the company's declarations filled in."""
    company = visit.desk.company
    return known_of(
        it,
        customer,
        asked,
        purposes=company.purposes,
        touchpoints=company.touchpoints,
        unit=company.settings.unit,
        zone=company.settings.zone,
        names=company.needs or (),
        models=visit.desk.models,
        now=visit.now,
        called=company.names,
    )


def note_looks(visit: Visit, rows: list[KnownCustomer], *more: str) -> None:
    """Keep that this person looked, before they see anything."""
    if not rows:
        return
    by, now = f"person:{visit.person.person.id}", visit.now
    looked = [Looked(by, one.customer, tuple(sorted({*one.under, *more})), now) for one in rows]

    def keep(it: Transaction) -> None:
        for one in looked:
            it.note_look(one)

    visit.desk.store.write(keep)


def called(reader: Reader, one: KnownCustomer) -> str:
    """What to call a customer: by name, by an identifier, or by the end of the id, as far as may be shown."""
    who = None if one.who is None else one.who.shown
    values = {} if who is None else {value.name: value.value for value in who.values}
    whole = " ".join(values[part] for part in ("first_name", "last_name") if values.get(part))
    if values.get("name") or whole:
        return values.get("name") or whole
    if who is not None and who.identifiers:
        first = who.identifiers[0]
        return f"{reader.named('field', first.kind).unescape()} {first.value}"
    return reader.say("customer.id", id=f"…{one.customer[-8:]}").unescape()
