"""Errors as application/problem+json (RFC 9457): code, Chinese sentence, clause, reasons."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from types import MappingProxyType
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

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
from gongshu_server.journal import clock

logger = logging.getLogger(__name__)
PROBLEM = "application/problem+json"
# Whoever is told that the node cannot do it now may ask again after this.
RETRY_SECONDS = "2"

# One table per interface maps what went wrong to this door's own answer.
STATUS: tuple[tuple[type[DomainError], int, str], ...] = (
    (NotFound, 404, "没有找到"),
    (NotPermitted, 403, "不允许"),
    (InvalidTransition, 409, "当前状态不能办理"),
    (Stale, 412, "内容已有变化"),
    (Conflict, 409, "有冲突"),
    (Invalid, 422, "内容不完整或有误"),
    (Unavailable, 503, "暂时不能办理"),
    (DomainError, 400, "未能办理"),
)


def problem(status: int, title: str, **fields: Any) -> HttpResponse:
    """Return one problem document."""
    body = {"type": "about:blank", "title": title, "status": status, **fields}
    text = json.dumps(body, ensure_ascii=False)
    response = HttpResponse(text, status=status, content_type=PROBLEM)
    if status == 503:
        response["Retry-After"] = RETRY_SECONDS
    return response


def of_domain(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Present a refusal; the clause and every single reason go with it."""
    status, title = next((s, t) for kind, s, t in STATUS if isinstance(error, kind))
    if not error.recorded and not isinstance(error, Unavailable):
        refusals.count(getattr(request, "auth", None), error.code, at=clock.now())
    reasons = [
        asdict(d) if is_dataclass(d) and not isinstance(d, type) else d for d in error.details
    ]
    return problem(
        status,
        title,
        code=error.code,
        detail=error.sentence,
        clause=error.clause,
        reasons=json.loads(json.dumps(reasons, ensure_ascii=False, default=str)),
    )


def _of_validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # Where and what kind only: what was sent may be somebody's data and is not repeated.
    faults = [
        {"field": ".".join(str(part) for part in fault["loc"][2:]), "kind": fault["type"]}
        for fault in error.errors
    ]
    names = "、".join(f["field"] or "请求内容" for f in faults)
    return problem(
        422, "内容不完整或有误", code="invalid", detail=f"请检查这些字段：{names}。", reasons=faults
    )


def _of_database(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    logger.error("database: %s", type(error).__name__)
    return problem(503, "暂时不能办理", code="database_busy", detail="数据库繁忙，请稍后再试。")


def _of_http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(
        error.status_code, "请求有误", code="bad_request", detail="请求格式有误，请对照接口文档。"
    )


def _of_authentication(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    refusals.count(None, "unauthenticated", at=clock.now())
    detail = "请在 Authorization 头中带上有效凭证：Bearer gs_…。"
    return problem(401, "需要凭证", code="unauthenticated", detail=detail)


HANDLERS: Mapping[type[Exception], Callable[..., HttpResponse]] = MappingProxyType(
    {
        DomainError: of_domain,
        ValidationError: _of_validation,
        AuthenticationError: _of_authentication,
        DatabaseError: _of_database,
        HttpError: _of_http,
    }
)


def install(api: NinjaAPI) -> None:
    """Let the API answer every error as a problem document."""
    for kind, handler in HANDLERS.items():
        api.add_exception_handler(kind, handler)


# What Django and the API's framework answer by themselves, before any endpoint is reached.
_BY_THEMSELVES: Mapping[int, tuple[str, str, str]] = MappingProxyType(
    {
        400: ("请求有误", "bad_request", "请求格式有误或内容过长，请对照接口文档。"),
        404: ("没有找到", "no_such_address", "没有这个接口，请对照接口文档核对地址。"),
        405: (
            "不支持这种请求",
            "method_not_allowed",
            "请对照接口文档，换用支持的请求方法。",
        ),
        500: ("内部错误", "internal", "服务内部出错，运行单位已得到记录。请稍后重试。"),
    }
)


def everywhere(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Return a middleware that lets every refusal of a call to the API be a problem document."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        by_itself = response.get("Content-Type", "") != PROBLEM
        if not request.path_info.startswith("/api/") or response.status_code < 400 or not by_itself:
            return response
        title, code, detail = _BY_THEMSELVES.get(response.status_code, _BY_THEMSELVES[400])
        plain = problem(response.status_code, title, code=code, detail=detail, clause=None)
        if "Allow" in response:
            plain["Allow"] = response["Allow"]
        return plain

    return middleware
