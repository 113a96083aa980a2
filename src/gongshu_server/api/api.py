"""The API object: authentication, errors, and every endpoint."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Router
from ninja.operation import Operation
from ninja.renderers import JSONRenderer

from gongshu_server.api import (
    casework,
    catalogue,
    house,
    ledger,
    market,
    operation,
    oversight,
    problems,
    public,
    reading,
    steps,
    uploads,
    work,
    workshop,
)
from gongshu_server.api.description import described
from gongshu_server.api.keys import KeyBearer

# Fixed addresses come before those with an id in their place: public before catalogue.
ROOMS = (
    public,
    house,
    casework,
    catalogue,
    operation,
    workshop,
    market,
    oversight,
    ledger,
    work,
    uploads,
)


class ReadableJSON(JSONRenderer):
    """Chinese stays readable in a terminal."""

    json_dumps_params = {"ensure_ascii": False}


class Described(NinjaAPI):
    """The framework's API, with operations named `method.room.function` and described in full."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return a name without the packages that a module lies in; actions have their own."""
        room = operation.view_func.__module__.rpartition(".")[2]
        return f"{operation.methods[0].lower()}.{room}.{operation.view_func.__name__}"

    def create_response(self, request: HttpRequest, data: Any, **options: Any) -> HttpResponse:
        """Return the answer; of a read, with what tells one state of the object from another."""
        response = super().create_response(request, data, **options)
        return reading.marked(request, response)

    def get_openapi_schema(self, **options: Any) -> Any:
        """Return the OpenAPI document, described in full."""
        return described(super().get_openapi_schema(**options))


@cache
def api() -> NinjaAPI:
    """Return the node's API; made once a process, on first use."""
    made = Described(
        title="公枢 Gongshu",
        version="1",
        description="同一组动作和查询，与命令行、页面完全一致；错误为 problem+json，附条款。",
        auth=KeyBearer(),
        docs_url=None,
        openapi_url=None,
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


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document (3.1) of the API; made once a process."""
    made: dict[str, Any] = api().get_openapi_schema()
    return made
