"""Who comes into the console, and letting others in; for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.company.access import ROLES, PersonId
from trato.company.people import LINK_SERVES, disable, enable, invite, roles_by_area
from trato.errors import BadOption

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.console.visit import Visit


def show(visit: Visit) -> Response:
    """Everybody, and what each role may see."""
    return _people(visit)


def _people(visit: Visit, link: str = "", role: str = "", email: str = "", problem: str = "") -> Response:
    return visit.show(
        "people",
        status=409 if problem else 200,
        people=visit.desk.store.read(lambda it: it.persons()),
        areas=roles_by_area(),
        roles=ROLES,
        link=link,
        link_role=role,
        link_email=email,
        link_days=LINK_SERVES.days,
        problem=problem,
    )


def invite_somebody(visit: Visit) -> Response:
    """Make a set-up link for somebody new; it is shown this once."""
    role, now, draw = visit.said("role"), visit.now, visit.desk.draw
    if role not in ROLES:
        raise BadOption("there is no such role", hint=f"known: {', '.join(ROLES)}")
    token = visit.desk.store.write(lambda it: invite(it, role, now=now, draw=draw))
    return _people(visit, link=_address(visit, token), role=role)


def change(visit: Visit) -> Response:
    """Disable somebody, let them in again, or make a link with which they choose a new password."""
    who, now, draw = PersonId(str(visit.request.path_params["person"])), visit.now, visit.desk.draw
    store = visit.desk.store
    person = store.read(lambda it: it.person_of(who))
    if person is None:
        raise BadOption("there is no such person")
    match visit.said("do"):
        case "disable":
            people = store.read(lambda it: it.persons())
            if not any(
                one.role == "administrator" and not one.disabled_at and one.id != who for one in people
            ):
                return _people(visit, problem="last")
            store.write(lambda it: disable(it, who, now=now))
            return visit.go("/people", "disabled")
        case "enable":
            store.write(lambda it: enable(it, who))
            return visit.go("/people", "enabled")
        case "link":
            own = person.role
            token = store.write(lambda it: invite(it, own, now=now, draw=draw, person=who))
            return _people(visit, link=_address(visit, token), role=own, email=person.email)
        case _:
            raise BadOption("a person is disabled, let in again, or given a link")


def _address(visit: Visit, token: str) -> str:
    return str(visit.request.url.replace(path=f"/setup/{token}", query="", fragment=""))
