"""Every request is timed, counted and logged, by the name of its route and nothing that it says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gongshu_server import counters
from gongshu_server.journal.ids import ulid
from gongshu_server.log_lines import route

logger = logging.getLogger(__name__)
HEADER: Final = "Request-Id"
_GROUPS: Final = {
    "api": "api",
    "ledger": "ledger",
    "static": "static",
    "healthz": "upkeep",
    "readyz": "upkeep",
    "metrics": "upkeep",
}
_QUIET: Final = frozenset({"static", "upkeep"})
"""Groups that are counted and not logged: there are many, and they do nothing."""


def everywhere(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that times every request, counts it, and writes one line about it.

    Who asked is not in the line: what people do is in the journal, which they know of, and not in
    a file beside it. The answer carries the line's number, for whoever asks what went wrong.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        number = ulid(datetime.now(UTC))
        response = get_response(request)
        seconds = perf_counter() - started
        matched = route(request)
        group = _GROUPS.get(matched.partition("/")[0], "portal")
        counters.own(Path(settings.HOME)).request(group, seconds)
        response[HEADER] = number
        if group not in _QUIET:
            fields = {
                "id": number,
                "method": request.method,
                "route": matched,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
            }
            logger.info("request", extra={"fields": fields})
        return response

    return middleware
