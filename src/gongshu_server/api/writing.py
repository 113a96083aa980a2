"""Writes over the API: done once under the caller's key, and only on what the caller saw.

Header `Idempotency-Key` names a request; a repeat of it is answered as before, with the header
`Idempotent-Replayed: true`. Header `If-Match` carries the `ETag` of what was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from gongshu.vocabulary.errors import Invalid
from gongshu_server.accounts.actors import Actor
from gongshu_server.api.answers import kept, present
from gongshu_server.cases.staleness import expecting, version
from gongshu_server.journal import clock
from gongshu_server.journal.requests import once

KEY, SEEN, REPLAYED = "Idempotency-Key", "If-Match", "Idempotent-Replayed"


def acting(request: HttpRequest) -> Actor:
    """Return who calls, as their key says."""
    actor: Actor = request.auth  # type: ignore[attr-defined] # set by ninja's authentication
    return actor


def perform(
    request: HttpRequest,
    response: HttpResponse,
    call: Callable[..., Any],
    *,
    action: str,
    arguments: Mapping[str, Any],
    show: Callable[[Any], Any] = present,
) -> Any:
    """Make the one call that is one action, and return its result as the answer shows it.

    A key with this request makes a repeat of it answer as before; `show` turns the action's result
    into what is answered. Raises Stale when the request says what it saw and that has changed.
    """
    by = acting(request)
    key, seen = request.headers.get(KEY, ""), _seen(request.headers.get(SEEN, ""))
    request_once = once(
        key, action=action, arguments=arguments, by=by, answer=lambda result: kept(show(result))
    )
    with request_once as one, expecting(seen):
        return show(call(by=by, at=clock.now()))
    response[REPLAYED] = "true"
    return one.answer


# How often a write that takes no `Idempotency-Key` may be sent, as the description says it.
REPEATABLE = {"x-idempotency": "repeatable"}
NOTHING_WRITTEN = {"x-idempotency": "nothing_written"}


def tag(response: HttpResponse, case_id: str) -> None:
    """Put the version of the case on an answer, for `If-Match`."""
    response["ETag"] = f'"{version(case_id)}"'


def _seen(header: str) -> str:
    """Return the version in an `If-Match` header; Invalid for anything but one strong tag."""
    if not header:
        return ""
    if len(header) < 3 or header[0] + header[-1] != '""' or '"' in header[1:-1]:
        raise Invalid(
            "If-Match 须原样带上查看时答复的 ETag（一个，含引号）。", code="version_malformed"
        )
    return header[1:-1]
