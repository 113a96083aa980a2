"""How large a request may be, told before any of it is stored.

The framework behind spools a whole body to disk before a page or endpoint sees it, for callers
without a key as well. Here the announced length is refused at once and the actual one is counted.
Whatever is larger comes in chunks (catalogue/uploads.py).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from gongshu_server.delivery.refusals import problem
from gongshu_server.delivery.web import Application, Receive, Scope, Send, send_whole

MOST_BYTES: Final = 64 << 20
# A chunk of an upload, with room for the line that announces it.
MOST_CHUNK: Final = (8 << 20) + 4096
_CHUNKS: Final = ("/uploads/", "/api/v1/uploads")
_TOO_LARGE: Final = problem(
    413,
    code="too_large",
    title="内容过大",
    detail="一次请求的内容过大，没有接收。大文件请分块上传，每块不超过 8 MiB。",
)


class _TooLargeError(Exception):
    """The body goes on beyond what is read."""


def bounded(behind: Application) -> Application:
    """Return the application with every body bounded before it."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await behind(scope, receive, send)
            return
        most = MOST_CHUNK if scope["path"].startswith(_CHUNKS) else MOST_BYTES
        if _announced(scope) > most:
            await send_whole(send, _TOO_LARGE)
            return
        try:
            await behind(scope, _counted(receive, most), send)
        except _TooLargeError:
            await send_whole(send, _TOO_LARGE)

    return application


def _announced(scope: Scope) -> int:
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(said) if said.isdigit() and len(said) < 20 else 0


def _counted(receive: Receive, most: int) -> Receive:
    count = 0

    async def counted() -> MutableMapping[str, Any]:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > most:
            raise _TooLargeError
        return message

    return counted
