"""All routes of Trato's own API, below /api."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends

from trato.server.api import (
    conversations,
    customers,
    decisions,
    greeting,
    guides,
    permissions,
    portfolio,
    relationships,
)
from trato.server.api.door import KEY, Door

if TYPE_CHECKING:
    from trato.customize.decide import Serving
    from trato.server.api.decisions import Decider
    from trato.server.context import Context
    from trato.server.keys import Keys


def router(context: Context, keys: Keys, decider: Decider, serving: Serving) -> APIRouter:
    """The routes of one company's API. `context.models` is a `trato.customize.models.Models`.

    `decider` decides what is wished for, as long as it is open; `serving` is what it decides with.
    """
    door = Door(context, keys)
    api = APIRouter()
    for part in (customers, permissions, conversations, greeting, guides):
        api.include_router(part.routes(door), dependencies=[Depends(KEY)])
    api.include_router(decisions.routes(door, decider, serving), dependencies=[Depends(KEY)])
    api.include_router(relationships.routes(door, serving), dependencies=[Depends(KEY)])
    api.include_router(portfolio.routes(door))
    return api
