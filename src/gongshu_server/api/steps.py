"""Actions as endpoints: each public action is one POST whose body is the action's own signature.

The table names the actions; parameters, types and documentation come from the functions, so that
an endpoint cannot differ from the action behind it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from dataclasses import is_dataclass, make_dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import create_model

from gongshu_server.api import writing
from gongshu_server.api.shapes import answer_of
from gongshu_server.journeys.actions import ACTIONS
from gongshu_server.journeys.inputs import refuse_unfit
from gongshu_server.journeys.naming import function

# Actions beside the steps of procedures.
OTHERS = (
    "accounts.authorise_roles",
    "accounts.found",
    "accounts.rename",
    "accounts.succeed",
    "accounts.appoint",
    "accounts.leave_post",
    "accounts.change_profile",
    "accounts.confirm_handover",
    "accounts.decline_handover",
    "accounts.propose_handover",
    "accounts.delegate",
    "accounts.revoke_delegation",
    "accounts.issue_key",
    "accounts.revoke_key",
    "cases.configure_substeps",
    "cases.mark_substep",
    "cases.add_documents",
    "cases.erase_attachment",
    "cases.mark_read",
    "cases.supervise",
    "cases.urge",
    "oversight.reveal_complainant",
    "market.authorise_subject",
    "market.make_bill",
    "operation.draft_plan",
    "operation.amend_plan",
    "operation.draft_agreement",
    "usage.close_alarm",
    "usage.revoke",
    "workshop.open_task",
    "workshop.draft",
    "workshop.record_export_exception",
)
# Only the node itself takes these steps.
INTERNAL = frozenset(
    {"operation.expire_agreement", "oversight.expire_audit_access", "workshop.open_votes"}
)


def names() -> list[str]:
    """Return every action that the API offers, sorted."""
    return sorted({*ACTIONS.values(), *OTHERS} - INTERNAL)


def body_model(name: str) -> type[Schema]:
    """Return the request body of an action: its keyword parameters but `by` and `at`."""
    action = inspect.unwrap(function(name))
    hints = typing.get_type_hints(action)
    wanted: dict[str, Any] = {}
    for parameter in inspect.signature(action).parameters.values():
        if parameter.name in {"by", "at"}:
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        wanted[parameter.name] = (_of_its_context(hints[parameter.name]), default)
    title = "".join(part.title() for part in name.replace(".", "_").split("_"))
    # Of its own: `workshop.release` takes other things than a workshop's release shows.
    return create_model(f"{title}Body", __base__=Schema, **wanted)


@cache
def _of_its_context(kind: Any) -> Any:
    """Return the dataclass under a name with its context: several contexts have an `Application`.

    The description knows a schema by its name alone; `Form` parts it from the answers' own.
    """
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return kind
    context = kind.__module__.split(".")[1].title()
    more = {"__doc__": kind.__doc__, "__module__": kind.__module__}
    return make_dataclass(
        f"{context}{kind.__name__}Form", (), bases=(kind,), namespace=more, frozen=True
    )


def add_routes(router: Router) -> None:
    """Add one POST for each public action to the router."""
    for name in names():
        _add(router, name)


def _add(router: Router, name: str) -> None:
    action = function(name)
    model = body_model(name)

    def endpoint(request: HttpRequest, response: HttpResponse, body: Any) -> Any:
        arguments = {key: getattr(body, key) for key in type(body).model_fields}
        refuse_unfit(arguments)
        call = partial(action, **arguments)
        return writing.perform(request, response, call, action=name, arguments=arguments)

    endpoint.__annotations__ = {
        "request": HttpRequest,
        "response": HttpResponse,
        "body": model,
        "return": Any,
    }
    endpoint.__name__ = name.replace(".", "_")
    router.post(
        "/" + name.replace(".", "/"),
        operation_id=name,
        summary=(action.__doc__ or name).strip().splitlines()[0],
        tags=[name.partition(".")[0]],
        response={200: answer_of(inspect.unwrap(action))},
    )(endpoint)


STEPS: Mapping[str, str] = MappingProxyType({f"{p}.{t}": a for (p, t), a in ACTIONS.items()})
