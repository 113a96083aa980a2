"""What the node answers when it refuses: one exception for each kind of refusal.

The node sends problem details (RFC 9457). `sentence` is for the person who asked and says at its
end what to do next; `code` is for the program; `clause` names the rule where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import httpx


class Problem(Exception):
    """A refusal by the node; nothing was done.

    `reasons` are the single reasons (broken limits, faulty fields), `receipt` is the receipt id of
    a refused product call, `retry_after` the seconds after which the node wants to be asked again.
    """

    def __init__(self, status: int, said: Mapping[str, Any], retry_after: float | None) -> None:
        self.status: Final = status
        self.code: Final = str(said.get("code") or "")
        self.title: Final = str(said.get("title") or "")
        self.sentence: Final = str(said.get("detail") or self.title)
        self.clause: Final = str(said.get("clause") or "")
        self.reasons: Final[tuple[Any, ...]] = tuple(said.get("reasons") or ())
        self.receipt: Final = str(said.get("receipt") or "")
        self.retry_after: Final = retry_after
        super().__init__(f"{self.sentence}（{self.code or status}）")

    @property
    def next_step(self) -> str:
        """What to do next: the last sentence of the refusal."""
        parts = self.sentence.strip().rstrip("。").rpartition("。")
        return f"{parts[2]}。" if parts[2] else ""


class Unauthenticated(Problem):
    """No key, or one that cannot be used."""


class NotPermitted(Problem):
    """Role, duty or scope do not reach this far, or a rule is broken."""


class NotFound(Problem):
    """There is no such object, or it is not public for the caller."""


class Conflict(Problem):
    """The state does not allow it, or somebody else was first."""


class Stale(Conflict):
    """The object has changed since it was looked at (`if_match`)."""


class Invalid(Problem):
    """What was sent is incomplete or wrong; `reasons` lists every fault."""


class QuotaSpent(Problem):
    """The quota of a grant is used up, or too much was asked in too short a time."""


class Unavailable(Problem):
    """The node cannot answer now and has done nothing."""


class Defect(Problem):
    """The node failed; whether the write was done is not known."""


class Unreachable(Exception):
    """The node gave no answer in time; whether a write was done is not known.

    The same call with the same idempotency key is safe: it is done at most once.
    """

    def __init__(self, reason: str, idempotency_key: str) -> None:
        self.idempotency_key: Final = idempotency_key
        super().__init__(f"节点没有答复（{reason}）。请检查地址和网络，然后重试。")


class UploadBroken(Exception):
    """An upload broke off; `Files.send(path, upload_id=…)` goes on where the node stands."""

    def __init__(self, upload_id: str) -> None:
        self.upload_id: Final = upload_id
        super().__init__(f"上传中断，已接收的部分不会丢失。请带上编号 {upload_id} 继续上传。")


_KINDS: Final[Mapping[int, type[Problem]]] = MappingProxyType(
    {
        400: Invalid,
        401: Unauthenticated,
        403: NotPermitted,
        404: NotFound,
        409: Conflict,
        412: Stale,
        413: Invalid,
        422: Invalid,
        429: QuotaSpent,
        503: Unavailable,
    }
)


def problem_of(response: httpx.Response) -> Problem:
    """Return the exception for an answer that is no good one; its body has been read."""
    status = response.status_code
    try:
        said = response.json()
    except ValueError:
        said = {}
    kind = _KINDS.get(status, Defect if status >= 500 else Problem)
    body = said if isinstance(said, Mapping) else {}
    return kind(status, {"title": f"HTTP {status}", **body}, retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds in `Retry-After`, None without them; a date is not used by the node."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() else None
