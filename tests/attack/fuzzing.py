"""Requests made from the OpenAPI document, and what no answer to them may be."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi

from gongshu.vocabulary.permissions import PERMISSIONS
from gongshu_server.journeys.basis import basis

ACTION = "/api/v1/actions/"
SEED = 20240921
# Which rows a field names, by the end of its name.
ROWS = {
    "case_id": "Case",
    "release_id": "Release",
    "order_id": "Order",
    "plan_id": "Plan",
    "agreement_id": "Agreement",
    "scenario_id": "Scenario",
    "objection_id": "Objection",
    "query_id": "Query",
    "task_id": "Task",
    "run_id": "Run",
    "grant_id": "GrantRow",
    "key_id": "Key",
    "post_id": "Post",
    "person_id": "Person",
    "taker_id": "Person",
    "review_id": "OpeningReview",
    "delegation_id": "Delegation",
    "snapshot_id": "Snapshot",
    "resource_id": "Resource",
    "product_id": "Product",
    "organisation_id": "Organisation",
    "successor_id": "Organisation",
    "registration_id": "Registration",
    "notice_id": "Notice",
    "entry_id": "Entry",
    "authority": "Organisation",
    "caller_id": "Organisation",
    "subject_id": "Resource",
    "body": "Organisation",
}
CHECKS = (
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.response_headers_conformance,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a key: what their post and their key let them do. No key: anybody."""

    name: str
    key: str = ""
    roles: frozenset[str] = frozenset()
    duties: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()

    def may(self, operation: Any) -> bool:
        """Tell whether a success is this caller's to have."""
        if not operation.definition.raw.get("security"):
            return True
        if not self.key:
            return False
        if not operation.path.startswith(ACTION):
            # What a read shows is the tests' of each read; here its scope.
            return self._reaches(operation.definition.raw.get("x-scopes", ()))
        rests = basis(operation.path.removeprefix(ACTION).replace("/", "."))
        held = [PERMISSIONS[code] for code in rests.permissions]
        granted = not held or any(
            one.granted_to(roles=self.roles, duties=self.duties) for one in held
        )
        return granted and self._reaches(rests.scopes)

    def _reaches(self, scopes: Iterable[str]) -> bool:
        return not scopes or not self.scopes.isdisjoint({"all", *scopes})


@dataclass(slots=True)
class Fuzzer:
    """Sends each request with every caller's key, and keeps what must not be.

    `done` counts the successes of each caller: whoever has none has tried nothing.
    """

    address: str
    callers: Sequence[Caller]
    ids: Mapping[str, list[str]]
    done: Counter[str] = field(default_factory=Counter)

    def run(self, document: Mapping[str, Any], examples: int) -> Iterator[str]:
        """Try each operation of the document `examples` times; yield what went wrong."""
        schema = schemathesis.openapi.from_dict(dict(document))
        with requests.Session() as session:
            for found in schema.get_all_operations():
                yield from self.attempt(found.ok(), session, examples)

    def attempt(self, operation: Any, session: Any, examples: int) -> list[str]:
        """Try one operation; return what went wrong."""
        faults: list[str] = []
        choice = Random(f"{SEED}{operation.label}")

        @seed(SEED)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def one(case: Any) -> None:
            self._aim(case, choice)
            for caller in self.callers:
                faults.extend(self._call(operation, case, caller, session))

        with warnings.catch_warnings():
            # The generator's own remarks on schemas; the node runs in another process.
            warnings.simplefilter("ignore")
            one()
        return faults

    def _aim(self, case: Any, choice: Random) -> None:
        """Put ids that exist in the place of most that do not, and begin most lists at the top."""
        for held in (case.path_parameters, case.body):
            if isinstance(held, dict):
                self._aim_at(held, choice)
        if isinstance(case.query, dict) and choice.random() < 0.7:
            case.query.pop("after", None)

    def _aim_at(self, held: dict[str, Any], choice: Random) -> None:
        for name, value in held.items():
            rows = self.ids.get(ROWS.get(name, ""))
            if rows and isinstance(value, str) and choice.random() < 0.8:
                held[name] = choice.choice(rows)
            elif isinstance(value, dict):
                self._aim_at(value, choice)

    def _call(self, operation: Any, case: Any, caller: Caller, session: Any) -> Iterator[str]:
        headers = {"Authorization": f"Bearer {caller.key}"} if caller.key else {}
        answer = case.call(base_url=self.address, headers=headers, session=session, timeout=30)
        said = f"{operation.label} as {caller.name or 'anybody'}: {answer.status_code}"
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as group:
            yield from (f"{said} {str(error)[:600]}" for error in group.exceptions)
        if 200 <= answer.status_code < 300:
            self.done[caller.name] += 1
            if not caller.may(operation):
                yield f"{said} without permission"
