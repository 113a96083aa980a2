"""The OpenAPI document: what the framework knows, with errors, headers, permission and clause.

`x-idempotency` says how often a write may be sent: `key` (done once under its `Idempotency-Key`),
`repeatable` (a repeat finds it done) or `nothing_written`. `x-whole-table` marks a list that is a
table of the program and has no pages. `x-permissions` are codes of the permissions table,
`x-scopes` what a key needs, `x-clauses` codes of the clause table, `x-summary-en` the summary in
English.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gongshu_server.api.problems import PROBLEM
from gongshu_server.api.reading import TAG
from gongshu_server.api.shapes import Problem
from gongshu_server.api.writing import KEY, REPLAYED, SEEN
from gongshu_server.journeys.basis import basis
from gongshu_server.journeys.naming import function

ACTION_PATH = "/api/v1/actions/"
ANY_KEY = "/api/v1/me"
ERRORS: Mapping[str, str] = {
    "400": "请求格式有误",
    "401": "没有凭证，或凭证无效、过期、已收回",
    "403": "机构角色、岗位职责或凭证范围不包含这项权限；或违反规则",
    "404": "没有这个对象，或对调用者不公开",
    "409": "当前状态不能办理，或与他人同时办理",
    "412": "所见版本已有变化（If-Match）",
    "422": "内容不完整或有误，逐项列出",
    "503": "暂时不能办理，没有办理任何内容",
}
READS = frozenset({"get", "head"})
TAGGED = (
    "内容的版本：强标识可作 If-Match 带回；弱标识（W/）只用于 If-None-Match，内容未变时答复 304"
)
WRITES = (
    (KEY, "请求标识：同一标识、同一内容重复提交只办理一次", 200, r"^[\x21-\x7e]{1,200}$"),
    (SEEN, "查看时答复的 ETag；内容已有变化则不办理", 64, None),
)


def described(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with everything that a caller has to know of each operation."""
    made = copy.deepcopy(dict(schema))
    made["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    for path, method, operation in operations(made):
        operation["responses"] = {str(code): one for code, one in operation["responses"].items()}
        if path.startswith(ACTION_PATH):
            _of_action(path.removeprefix(ACTION_PATH).replace("/", "."), operation)
        elif operation.get("security"):
            operation["x-scopes"] = [] if path == ANY_KEY else ["read"]
        if method not in READS and operation.get("security"):
            if operation.setdefault("x-idempotency", "key") == "key":
                _written(operation)
        elif "{" in path:
            _tagged(operation)
        for status in _statuses(path, method, operation):
            operation["responses"].setdefault(status, _error(status))
        operation.setdefault("x-summary-en", _first_sentence(operation.get("description", "")))
    return made


def operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, method, operation) for each operation of the document."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _of_action(name: str, operation: dict[str, Any]) -> None:
    rests = basis(name)
    text = inspect.getdoc(function(name)) or ""
    operation["summary"] = rests.zh
    operation["description"] = text
    operation["x-summary-en"] = _first_sentence(text)
    operation["x-permissions"] = list(rests.permissions)
    operation["x-scopes"] = list(rests.scopes)
    operation["x-clauses"] = list(rests.clauses)


def _written(operation: dict[str, Any]) -> None:
    for name, zh, longest, pattern in WRITES:
        form = {"type": "string", "maxLength": longest} | ({"pattern": pattern} if pattern else {})
        said = {"in": "header", "name": name, "required": False, "description": zh, "schema": form}
        operation.setdefault("parameters", []).append(said)
    replayed = {"description": "这是重复提交，答复同前", "schema": {"type": "string"}}
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response["headers"] = {REPLAYED: replayed}


def _tagged(operation: dict[str, Any]) -> None:
    tagged = {"description": TAGGED, "schema": {"type": "string"}}
    for status, response in operation["responses"].items():
        if status == "200":
            response["headers"] = {**response.get("headers", {}), TAG: tagged}


def _statuses(path: str, method: str, operation: Mapping[str, Any]) -> list[str]:
    found = ["400", "503"]
    if operation.get("security"):
        found += ["401", "403"]
    if "{" in path or method != "get" or path.endswith("/checkpoint"):
        found.append("404")
    if operation.get("parameters") or operation.get("requestBody"):
        found.append("422")
    if method != "get" or "{" in path:
        found.append("409")
    if operation.get("x-idempotency") == "key":
        found.append("412")
    return sorted(found)


def _error(status: str) -> dict[str, Any]:
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    said: dict[str, Any] = {"description": ERRORS[status], "content": content}
    if status == "503":
        wait = {"description": "多少秒后再试", "schema": {"type": "integer"}}
        said["headers"] = {"Retry-After": wait}
    return said


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())
