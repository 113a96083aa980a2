"""`/healthz`, `/readyz` and `/metrics`: for whatever watches the node, without any secret."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts import keys
from gongshu_server.accounts.permissions import require
from gongshu_server.journal import clock
from gongshu_server.upkeep import metrics
from gongshu_server.upkeep.condition import condition

LOCAL, KEY, OFF = "local", "key", "off"
"""Who may read the numbers: this machine and keys, keys alone, or nobody."""
_FORWARDED: Final = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Say that the process lives; nothing is looked at."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether the node can serve, and which checks do not hold: 200 or 503."""
    machine = datetime.now(UTC)
    seen = condition(at=_node_time(machine), machine=machine)
    said = {"ready": seen.ready, "checks": {check.code: check.ok for check in seen.checks}}
    return JsonResponse(said, status=200 if seen.ready else 503)


@never_cache
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """Show the node's numbers to this machine, or to a key that may watch the node.

    To anybody else there is no such page. What came through a proxy is not from this machine.
    """
    machine = datetime.now(UTC)
    at = _node_time(machine)
    if not (_from_here(request) or _may_watch(request, at)):
        raise Http404
    body = metrics.exposition(at=at, machine=machine)
    return HttpResponse(body, content_type=metrics.CONTENT_TYPE)


def _node_time(machine: datetime) -> datetime:
    try:
        return clock.now()
    except DatabaseError:
        return machine


def _from_here(request: HttpRequest) -> bool:
    if settings.METRICS != LOCAL or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _may_watch(request: HttpRequest, at: datetime) -> bool:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS == OFF or scheme.lower() != "bearer":
        return False
    try:
        by = keys.holder(key.strip(), at=at)
        require(by, "node.read")
    except (DomainError, DatabaseError):
        return False
    return True
