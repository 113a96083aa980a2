"""Refusals on pages: one sentence, every broken limit with its clause, and the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gongshu.vocabulary.errors import (
    Conflict,
    DomainError,
    Invalid,
    InvalidTransition,
    NotFound,
    NotPermitted,
    Stale,
    Unavailable,
)
from gongshu_server.accounts import refusals
from gongshu_server.portal import sessions

# One table per interface maps what went wrong to this door's own answer.
STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (NotFound, 404),
    (NotPermitted, 403),
    (Stale, 412),
    (InvalidTransition, 409),
    (Conflict, 409),
    (Invalid, 422),
    (Unavailable, 503),
    (DomainError, 400),
)


@dataclass(frozen=True, slots=True)
class Broken:
    """One line of the decision card: limit, asked, allowed, clause, and a sentence, or several."""

    limit: str
    asked: str
    allowed: str
    clause: str
    sentence: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionCard:
    """A refusal as a page shows it: the answer in one sentence, then every reason."""

    sentence: str
    code: str
    clause: str
    reasons: tuple[Broken, ...]

    @property
    def compared(self) -> bool:
        """Tell whether any reason compares what was asked with what is allowed."""
        return any(reason.asked or reason.allowed for reason in self.reasons)


def status_of(error: DomainError) -> int:
    """Return the HTTP status of a refusal."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def card(error: DomainError) -> DecisionCard:
    """Return the refusal as a decision card."""
    reasons = tuple(_broken(detail) for detail in error.details)
    return DecisionCard(error.sentence, error.code, error.clause or "", reasons)


def _broken(detail: Any) -> Broken:
    said: Mapping[str, Any]
    if is_dataclass(detail) and not isinstance(detail, type):
        said = asdict(detail)
    elif isinstance(detail, Mapping):
        said = detail
    else:
        said = {"sentence": str(detail)}
    return Broken(
        limit=str(said.get("zh") or said.get("limit") or ""),
        asked=str(said.get("asked") or ""),
        allowed=str(said.get("allowed") or ""),
        clause=str(said.get("clause") or ""),
        sentence=str(said.get("sentence") or ""),
    )


def everywhere(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that presents a refusal which no page has presented itself."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError) or request.path_info.startswith("/api/"):
            return None
        return page(request, error)

    middleware.process_exception = process_exception  # type: ignore[attr-defined] # Django's hook
    return middleware


def page(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Return the page of a refusal; a refused read is counted (ADR 0011)."""
    if not error.recorded and not isinstance(error, Unavailable):
        signed = sessions.of(request)
        refused = signed.actor if signed else None
        refusals.count(refused, error.code, at=sessions.now(request))
    context = {"card": card(error), "missing": isinstance(error, NotFound)}
    return render(request, "portal/shell/refused.html", context, status=status_of(error))
