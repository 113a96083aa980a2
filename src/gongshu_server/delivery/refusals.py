"""What a caller who gets no answer is told, as RFC 9457 problem details.

A party to a grant is told every broken limit with its clause. Whoever is not gets one fixed 404,
byte for byte the same for an unknown key, an unknown product and a product that the party has no
grant on (S10).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from gongshu.policy import Decision
from gongshu.vocabulary.errors import DomainError

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP answer."""

    status: int
    headers: Headers
    body: bytes


def response(status: int, kind: bytes, body: bytes, *more: tuple[bytes, bytes]) -> Response:
    """Return an answer that no cache may keep."""
    headers = (
        (b"content-type", kind),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *more,
    )
    return Response(status, headers, body)


def problem(status: int, *, code: str, title: str, detail: str, **more: Any) -> Response:
    """Return problem details; `more` are further members, left out where None."""
    value = {
        "type": f"urn:gongshu:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **{name: member for name, member in more.items() if member is not None},
    }
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    retry = ((b"retry-after", b"1"),) if status == 503 else ()
    return response(status, b"application/problem+json; charset=utf-8", body, *retry)


NOT_FOUND: Final = problem(
    404,
    code="not_found",
    title="未找到",
    detail="没有这个产品，或凭证无效。请核对产品编号和凭证，或在产品目录中查找并申请。",
)

TOO_LONG: Final = problem(
    413, code="too_long", title="内容过长", detail="请求内容过长，请只提供所需的参数。"
)

OVERLOADED: Final = problem(
    503,
    code="overloaded",
    title="服务繁忙",
    detail="当前调用过多，本次调用未处理、未计费。请稍后重试。",
)


def refused(decision: Decision, receipt: str) -> Response:
    """Return what a party to a grant is told: every broken limit, asked beside allowed."""
    codes = [reason.limit for reason in decision.reasons]
    alone = codes[0] if len(codes) == 1 else "several"
    return problem(
        429 if alone == "quota" else 403,
        code=alone,
        title="超出用数许可",
        detail="".join(reason.sentence for reason in decision.reasons),
        clause=decision.clause,
        reasons=_reasons(decision),
        receipt=receipt,
    )


def invalid(error: DomainError, receipt: str) -> Response:
    """Return what a party is told whose use is allowed and whose request cannot be answered."""
    title = "请求有误"
    return problem(400, code=error.code, title=title, detail=error.sentence, receipt=receipt)


def unavailable(error: DomainError) -> Response:
    """Return the refusal of a host that cannot answer now."""
    return problem(503, code=error.code, title="暂时无法处理", detail=error.sentence)


def _reasons(decision: Decision) -> Sequence[dict[str, str]]:
    return [
        {
            "limit": reason.limit,
            "name": reason.zh,
            "asked": reason.asked,
            "allowed": reason.allowed,
            "clause": reason.clause,
            "sentence": reason.sentence,
        }
        for reason in decision.reasons
    ]
