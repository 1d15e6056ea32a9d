"""All routes of Trato's own API, below /api."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from trato.server.api import conversations, customers, greeting, permissions, portfolio
from trato.server.api.door import Door

if TYPE_CHECKING:
    from trato.server.context import Context
    from trato.server.keys import Keys

KEY = HTTPBearer(
    auto_error=False,  # the routes check it themselves, so that refusals are problems like all others
    scheme_name="key",
    description="A key made with `trato key make`, with the scope that the route needs.",
)


def router(context: Context, keys: Keys) -> APIRouter:
    """The routes of one company's API. `context.models` is a `trato.customize.models.Models`."""
    door = Door(context, keys)
    api = APIRouter()
    for part in (customers, permissions, conversations, greeting):
        api.include_router(part.routes(door), dependencies=[Depends(KEY)])
    api.include_router(portfolio.routes(door))
    return api
