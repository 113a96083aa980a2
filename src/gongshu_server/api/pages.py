"""The API's documentation as pages of the node itself: served offline, drawn from the document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from gongshu.vocabulary.permissions import SCOPES
from gongshu_server.api.api import document
from gongshu_server.api.description import operations

_REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a schema or parameter: its name, its form, and the schema behind it."""

    name: str
    form: str
    schema: str
    required: bool
    said: str


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document."""
    return HttpResponse(_text(), content_type="application/json")


@cache
def _text() -> str:
    return json.dumps(document(), ensure_ascii=False)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List every operation by its room, with what it does and which scope a key needs."""
    rooms: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in operations(document()):
        shown = _heading(path, method, operation)
        rooms.setdefault(operation["tags"][0], []).append(shown)
    context = {"rooms": sorted(rooms.items()), "scopes": SCOPES.items()}
    return render(request, "portal/reference/index.html", context)


@require_safe
def one(request: HttpRequest, operation_id: str) -> HttpResponse:
    """Show one operation: permission, clauses, what goes in, what comes out, the errors."""
    for path, method, operation in operations(document()):
        if operation["operationId"] == operation_id:
            context = _heading(path, method, operation) | _inside(operation)
            return render(request, "portal/reference/operation.html", context)
    raise Http404


@require_safe
def schema(request: HttpRequest, name: str) -> HttpResponse:
    """Show one schema with its fields."""
    found = document()["components"]["schemas"].get(name)
    if found is None:
        raise Http404
    context = {"name": name, "lines": list(_fields(found)), "said": found.get("description", "")}
    return render(request, "portal/reference/schema.html", context)


def _heading(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    english = (get_language() or "").startswith("en")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["x-summary-en"] if english else operation["summary"],
        "scopes": operation.get("x-scopes", []),
        "open": not operation.get("security"),
    }


def _inside(operation: Mapping[str, Any]) -> dict[str, Any]:
    answers = []
    for status, response in operation["responses"].items():
        contents = list(response.get("content", {}).values())
        form = contents[0]["schema"] if contents else {}
        answers.append((status, response.get("description", ""), *_form(form)))
    body = operation.get("requestBody", {}).get("content", {})
    media, form = next(((m, c["schema"]) for m, c in body.items()), ("", {}))
    return {
        "description": operation.get("description", ""),
        "permissions": operation.get("x-permissions", []),
        "clauses": operation.get("x-clauses", []),
        "parameters": [_parameter(one) for one in operation.get("parameters", [])],
        "media": media,
        "body": list(_fields(_resolved(form))) if form else [],
        "answers": answers,
    }


def _parameter(said: Mapping[str, Any]) -> tuple[str, Line]:
    form, schema_name = _form(said["schema"])
    text = said.get("description") or said["schema"].get("description", "")
    required = bool(said.get("required"))
    return said["in"], Line(said["name"], form, schema_name, required, text)


def _resolved(form: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = form.get("$ref", "")
    if not reference:
        return form
    found: Mapping[str, Any] = document()["components"]["schemas"][
        reference.removeprefix(_REFERENCE)
    ]
    return found


def _fields(form: Mapping[str, Any]) -> Iterator[Line]:
    required = set(form.get("required", ()))
    for name, said in form.get("properties", {}).items():
        text, schema_name = _form(said)
        yield Line(name, text, schema_name, name in required, said.get("description", ""))


def _form(said: Mapping[str, Any]) -> tuple[str, str]:
    """Return how a value is written, and the name of the schema in it if there is one."""
    if "$ref" in said:
        name = said["$ref"].removeprefix(_REFERENCE)
        return name, name
    if "anyOf" in said:
        forms = [_form(one) for one in said["anyOf"]]
        return " | ".join(form for form, _ in forms), next((n for _, n in forms if n), "")
    if said.get("type") == "array":
        form, name = _form(said.get("items", {}))
        return f"[{form}]", name
    if "enum" in said:
        return " | ".join(str(one) for one in said["enum"]), ""
    kind = said.get("type", "any")
    return f"{kind} ({said['format']})" if "format" in said else str(kind), ""
