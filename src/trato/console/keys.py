"""The keys of the company's programs; for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.company.access import SCOPES
from trato.company.keys import LONGEST_LABEL, make_key, revoke_key, scopes_of
from trato.errors import BadOption

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.console.visit import Visit


def show(visit: Visit) -> Response:
    """Every key by its label, never its words."""
    return _keys(visit)


def _keys(visit: Visit, words: str = "", label: str = "", problem: str = "") -> Response:
    return visit.show(
        "keys",
        status=422 if problem else 200,
        keys=visit.desk.store.read(lambda it: it.keys()),
        scopes=SCOPES,
        words=words,
        label=label,
        longest=LONGEST_LABEL,
        chosen=visit.form.get("scope", ()),
        problem=problem,
        address=str(visit.request.url.replace(path="", query="", fragment="")),
    )


def make(visit: Visit) -> Response:
    """Make a key; its words are shown this once."""
    label, now, draw = visit.said("label"), visit.now, visit.desk.draw
    try:
        scopes = scopes_of(visit.form.get("scope", ()))
    except BadOption:
        return _keys(visit, label=label, problem="scope")
    try:
        words, key = visit.desk.store.write(lambda it: make_key(it, label, scopes, now=now, draw=draw))
    except BadOption:
        return _keys(visit, label=label, problem="label")
    return _keys(visit, words=words, label=key.label)


def revoke(visit: Visit) -> Response:
    """Let a key open nothing any more."""
    key, now = str(visit.request.path_params["key"]), visit.now
    visit.desk.store.write(lambda it: revoke_key(it, key, now=now))
    return visit.go("/keys", "revoked")
