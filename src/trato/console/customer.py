"""One customer's page, and what a colleague records there: a yes, a no, a matter, a promise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from trato.console.customers import called, known_by, note_looks
from trato.console.next_treatment import given_of, next_of
from trato.console.permissions import names_of
from trato.customers.customer import CustomerId
from trato.customize.leave import leave_of
from trato.customize.relationship import relationship_of
from trato.customize.sections import SECTIONS, Asked
from trato.errors import BadOption
from trato.interact.conversations import (
    LONGEST_WORDS,
    CloseConversation,
    OpenConversation,
    Promise,
    close_conversation,
    open_conversation,
    promise,
)
from trato.permission.give import (
    GivePermission,
    RefusePermission,
    deny_permission,
    give_permission,
    withdraw_permission,
)
from trato.permission.permit import leaves_a_choice, needs_opt_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from trato.company.access import Looked
    from trato.console.next_treatment import Given, Next
    from trato.console.visit import Visit
    from trato.customize.leave import Leave
    from trato.customize.relationship import Guess, Relationship
    from trato.customize.sections import KnownCustomer
    from trato.interact.conversations import Conversation
    from trato.permission.ledger import Entry
    from trato.storage.transaction import Transaction

EVENTS = 15
PROPOSED_AT_ONCE = 4
LOOKS = 10
GUESSES = 3
LEAST_BETTER = 0.01
LONGEST_EVIDENCE = 2_000


@dataclass(frozen=True, slots=True)
class Watched:
    """What data protection sees beside the page: each purpose's entries in the ledger, the newest first, and
    the last looks, with the names of those who recorded or looked.
    """

    history: Mapping[str, tuple[Entry, ...]]
    looks: tuple[Looked, ...]
    names: Mapping[str, str]


NOT_WATCHED = Watched({}, (), {})


def show(visit: Visit) -> Response:
    """The customer's page."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, problem: str = "") -> Response:
    customer = _customer(visit)
    sees_who = visit.person.may("identity")
    before = visit.asked("before")
    asked = Asked(
        SECTIONS if sees_who else SECTIONS - {"who"},
        page=EVENTS,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
    )

    watches = visit.person.may("permissions")
    purposes = visit.desk.company.purposes

    settings = visit.desk.company.settings

    def read(
        it: Transaction,
    ) -> tuple[
        KnownCustomer,
        Leave,
        list[Conversation],
        Watched,
        Relationship | None,
        tuple[tuple[Next, ...], tuple[Given, ...]],
    ]:
        known = known_by(it, visit, customer, asked)
        leave = leave_of(it, purposes, customer, now=visit.now)
        matters = [
            one for permit in leave.permits.values() if sees_who for one in it.open_conversations(permit)
        ]
        worth = relationship_of(
            it,
            customer,
            purposes=purposes,
            unit=settings.unit,
            zone=settings.zone,
            models=visit.desk.models,
            now=visit.now,
        )
        seen = _watched(it, visit, customer, leave) if watches else NOT_WATCHED
        nexts = next_of(it, visit, customer), given_of(it, visit, leave)
        return known, leave, matters, seen, worth, nexts

    known, leave, matters, watched, knowing, (nexts, given) = visit.desk.store.read(read)
    note_looks(visit, [known], *(one.purpose for one in matters))
    return visit.show(
        "customer",
        status=status,
        k=known,
        name=called(visit.reader, known),
        knowing=knowing,
        programmes_next=nexts,
        given_last=given,
        guesses=() if knowing is None else _telling(knowing),
        matters=sorted(matters, key=lambda one: one.opened_at),
        touchpoints=visit.desk.company.touchpoints,
        purposes=purposes.by_key,
        askable={one.key for one in purposes if needs_opt_in(one)},
        objectionable={one.key for one in purposes if leaves_a_choice(one) and not needs_opt_in(one)},
        holding=tuple(leave.permits),
        sees_who=sees_who,
        watched=watched,
        before=asked.before,
        problem=problem,
        longest=LONGEST_WORDS,
        shown_at_once=PROPOSED_AT_ONCE,
        now=visit.now,
    )


def _telling(knowing: Relationship) -> list[Guess]:
    """The guesses in which knowing the customer gains most."""
    better = [one for one in knowing.guesses if one.right - one.as_all > LEAST_BETTER]
    return sorted(better, key=lambda one: one.chosen * (one.as_all - one.right))[:GUESSES]


def _watched(it: Transaction, visit: Visit, customer: CustomerId, leave: Leave) -> Watched:
    history = {
        one.key: tuple(reversed(it.permission_entries(customer, one.key)))
        for one in visit.desk.company.purposes
    }
    permit = next(iter(leave.permits.values()), None)
    looks = () if permit is None else tuple(it.looks_of(permit, LOOKS))
    return Watched(history, looks, names_of(it) if looks or any(history.values()) else {})


def record(visit: Visit) -> Response:
    """Record what the customer said about a purpose, into the ledger."""
    customer, now = _customer(visit), visit.now
    purpose = visit.desk.company.purposes.named(visit.said("purpose"))
    evidence, touchpoint = visit.said("evidence"), _touchpoint(visit)
    if not evidence:
        return _page(visit, status=422, problem="evidence")
    if len(evidence) > LONGEST_EVIDENCE:
        return _page(visit, status=422, problem="long")
    source = f"console person:{visit.person.person.id}"
    do = visit.said("do")

    def write(it: Transaction) -> None:
        if do == "grant":
            give_permission(it, GivePermission(customer, purpose, touchpoint, source, evidence), now=now)
            return
        refuse = withdraw_permission if do == "withdraw" else deny_permission
        refuse(it, RefusePermission(customer, purpose, touchpoint, source, evidence), now=now)

    if do not in {"grant", "withdraw", "deny"}:
        raise BadOption("a customer says yes, no, or no longer")
    visit.desk.store.write(write)
    return visit.go(f"/customers/{customer}", {"grant": "granted", "deny": "denied"}.get(do, "withdrawn"))


def open_matter(visit: Visit) -> Response:
    """Keep a matter open, and what was promised about it."""
    customer, now = _customer(visit), visit.now
    purpose = visit.desk.company.purposes.named(visit.said("purpose"))
    matter, promised, due = visit.said("matter"), visit.said("promised"), visit.said("due")
    touchpoint = _touchpoint(visit)
    if not matter:
        return _page(visit, status=422, problem="matter")
    if max(len(matter), len(promised)) > LONGEST_WORDS:
        return _page(visit, status=422, problem="long")
    due_at = _due(visit, due)
    if due and (due_at is None or due_at <= now):
        return _page(visit, status=422, problem="due")
    request = OpenConversation(customer, purpose, touchpoint, matter)

    def write(it: Transaction) -> None:
        opened = open_conversation(it, request, now=now, draw=visit.desk.draw)
        if promised:
            promise(it, Promise(customer, purpose, opened.id, promised, due_at), now=now)

    visit.desk.store.write(write)
    return visit.go(f"/customers/{customer}", "opened")


def change_matter(visit: Visit) -> Response:
    """Promise something about an open matter, or close it."""
    customer, now = _customer(visit), visit.now
    purpose = visit.desk.company.purposes.named(visit.said("purpose"))
    matter = str(visit.request.path_params["matter"])
    if visit.said("do") == "close":
        closing = CloseConversation(customer, purpose, matter)
        visit.desk.store.write(lambda it: close_conversation(it, closing, now=now))
        return visit.go(f"/customers/{customer}", "closed")
    promised, due = visit.said("promised"), visit.said("due")
    if not promised:
        return _page(visit, status=422, problem="promised")
    if len(promised) > LONGEST_WORDS:
        return _page(visit, status=422, problem="long")
    due_at = _due(visit, due)
    if due and (due_at is None or due_at <= now):
        return _page(visit, status=422, problem="due")
    wish = Promise(customer, purpose, matter, promised, due_at)
    visit.desk.store.write(lambda it: promise(it, wish, now=now))
    return visit.go(f"/customers/{customer}", "promised")


def _customer(visit: Visit) -> CustomerId:
    return CustomerId(str(visit.request.path_params["customer"])[:64])


def _touchpoint(visit: Visit) -> str:
    said = visit.said("touchpoint")
    if said and said not in visit.desk.company.touchpoints.by_key:
        raise BadOption("there is no such touchpoint")
    return said


def _due(visit: Visit, written: str) -> datetime | None:
    """The end of a day of the company's; None for what is no day."""
    try:
        day = datetime.strptime(written, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return datetime.combine(day, time(23, 59, 59), visit.desk.company.settings.zone)
