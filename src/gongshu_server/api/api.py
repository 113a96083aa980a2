"""The API object: authentication, errors, and every endpoint."""

from __future__ import annotations

from functools import cache

from ninja import NinjaAPI, Router
from ninja.renderers import JSONRenderer

from gongshu_server.api import (
    casework,
    catalogue,
    house,
    ledger,
    market,
    operation,
    problems,
    public,
    steps,
    uploads,
    work,
    workshop,
)
from gongshu_server.api.keys import KeyBearer

# Fixed addresses come before those with an id in their place: public before catalogue.
ROOMS = (public, house, casework, catalogue, operation, workshop, market, ledger, work, uploads)


class ReadableJSON(JSONRenderer):
    """Chinese stays readable in a terminal."""

    json_dumps_params = {"ensure_ascii": False}


@cache
def api() -> NinjaAPI:
    """Return the node's API; made once a process, on first use."""
    made = NinjaAPI(
        title="公枢 Gongshu",
        version="1",
        description="同一组动作和查询，与命令行、页面完全一致；错误为 problem+json，附条款。",
        auth=KeyBearer(),
        docs_url=None,
        renderer=ReadableJSON(),
        urls_namespace="api",
    )
    problems.install(made)
    actions = Router()
    steps.add_routes(actions)
    made.add_router("/actions", actions)
    for room in ROOMS:
        made.add_router("", room.router)
    return made
