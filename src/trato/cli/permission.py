"""`trato grant` and `trato withdraw`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trato.customers.customer import CustomerId
    from trato.customers.identifiers import Identifier
    from trato.permission.give import Permission
    from trato.permission.purposes import Purpose
    from trato.storage.transaction import Transaction

    Verb = Callable[[Transaction, CustomerId, Purpose, datetime], Permission]

SOURCE = "command line"

CustomerArgument = Annotated[
    str,
    typer.Argument(metavar="CUSTOMER", help="The customer's id, or with --identifier what points to them."),
]
PurposeArgument = Annotated[str, typer.Argument(metavar="PURPOSE", help="A key of purposes.yaml.")]
CompanyOption = Annotated[
    Path, typer.Option(metavar="DIR", help="The company's folder.", show_default="the current folder")
]
IdentifierOption = Annotated[
    str | None,
    typer.Option(metavar="KIND", help="CUSTOMER is an identifier of this kind, such as email."),
]
EvidenceOption = Annotated[
    str, typer.Option(help="The customer's words, or a reference to them; kept encrypted.")
]
TouchpointOption = Annotated[
    str | None, typer.Option(help="Where the customer said it: a word of touchpoints.yaml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add `trato grant` and `trato withdraw`."""
    app.command("grant")(grant)
    app.command("withdraw")(withdraw)


def grant(
    customer: CustomerArgument,
    purpose: PurposeArgument,
    company: CompanyOption = Path(),
    identifier: IdentifierOption = None,
    new: Annotated[
        bool, typer.Option("--new", help="Register the customer when nobody has the identifier yet.")
    ] = False,
    evidence: EvidenceOption = "",
    touchpoint: TouchpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """A customer's yes to a purpose, written into the ledger of permissions.

    Example: `trato grant ana@example.org offers --identifier email --evidence "ticked the box"`
    """
    from trato.permission.give import GivePermission, give_permission

    def give(it: Transaction, who: CustomerId, why: Purpose, now: datetime) -> Permission:
        return give_permission(it, GivePermission(who, why, touchpoint or "", SOURCE, evidence), now=now)

    _record(give, company, (customer, identifier), purpose, touchpoint, new=new, as_json=as_json)


def withdraw(
    customer: CustomerArgument,
    purpose: PurposeArgument,
    company: CompanyOption = Path(),
    identifier: IdentifierOption = None,
    evidence: EvidenceOption = "",
    touchpoint: TouchpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """A customer's yes taken back, or their objection; it counts from the moment that this ends.

    Example: `trato withdraw ana@example.org offers --identifier email`
    """
    from trato.permission.give import RefusePermission, withdraw_permission

    def refuse(it: Transaction, who: CustomerId, why: Purpose, now: datetime) -> Permission:
        request = RefusePermission(who, why, touchpoint or "", SOURCE, evidence)
        return withdraw_permission(it, request, now=now)

    _record(refuse, company, (customer, identifier), purpose, touchpoint, new=False, as_json=as_json)


def _record(
    verb: Verb,
    folder: Path,
    customer: tuple[str, str | None],
    purpose: str,
    touchpoint: str | None,
    *,
    new: bool,
    as_json: bool,
) -> None:
    import os
    from datetime import UTC, datetime

    from trato.cli.output import emit
    from trato.company.folder import read_company
    from trato.customers.identifiers import identifier
    from trato.errors import BadOption, nearest
    from trato.storage.of_company import open_company_store

    said, kind = customer
    if new and kind is None:
        raise BadOption("a new customer needs an identifier", hint="say its kind, such as --identifier email")
    company = read_company(folder)
    why = company.purposes.named(purpose)
    if touchpoint is not None and touchpoint not in company.touchpoints.by_key:
        close = nearest(touchpoint, company.touchpoints.by_key)
        known = f"known: {', '.join(company.touchpoints.by_key)}"
        raise BadOption(
            f"there is no touchpoint {touchpoint!r}", hint=f"did you mean {close!r}?" if close else known
        )
    points_to = identifier(kind, said) if kind is not None else None
    now = datetime.now(UTC)  # noqa: TID251 the door is where the clock is read
    with open_company_store(company, os.environ) as store:
        holds = store.write(lambda it: verb(it, _customer(it, said, points_to, now, new=new), why, now))
    told = {
        "customer": holds.customer,
        "purpose": holds.purpose,
        "state": holds.state,
        "since": holds.since.isoformat(),
        "position": holds.position,
    }
    emit(
        told,
        [
            f"{holds.purpose}: {holds.state} since {holds.since:%Y-%m-%d %H:%M:%S} UTC",
            f"  customer {holds.customer}, entry {holds.position:,} of the ledger",
        ],
        as_json=as_json,
    )


def _customer(
    it: Transaction, said: str, points_to: Identifier | None, now: datetime, *, new: bool
) -> CustomerId:
    """Who is meant. What was typed is not repeated: it may be personal."""
    import secrets
    from uuid import UUID

    from trato.customers.customer import CustomerId
    from trato.customers.register import RegisterCustomer, register_customer
    from trato.errors import UnknownCustomer

    if points_to is not None:
        found = it.customer_of(points_to)
        if found is None and new:
            request = RegisterCustomer((points_to,))
            return register_customer(it, request, now=now, draw=secrets.token_bytes).id
        if found is None:
            raise UnknownCustomer(
                f"no customer has this {points_to.kind}",
                hint=f"to register them: trato grant … --identifier {points_to.kind} --new",
            )
        return found
    try:
        who = CustomerId(str(UUID(said)))
        it.hold_customer(who, changing=True)
    except (ValueError, UnknownCustomer):
        raise UnknownCustomer(
            "no customer has this id",
            hint="say what points to them, such as --identifier email; trato grant --new registers",
        ) from None
    return who
