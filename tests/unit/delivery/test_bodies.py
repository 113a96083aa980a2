"""Bodies are bounded before anything behind stores them, announced or not."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from gongshu_server.delivery.bodies import MOST_BYTES, MOST_CHUNK, bounded
from gongshu_server.delivery.web import Receive, Scope, Send

MIB = 1 << 20


async def greedy(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body, as the framework does, then answer."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})


def asked(path: str, size: int, *, announced: bytes | None) -> tuple[int, int]:
    """Return the status of a request with a body of this size, and how much of it was read."""
    sent: list[MutableMapping[str, Any]] = []
    left = size

    async def receive() -> MutableMapping[str, Any]:
        nonlocal left
        part = min(left, MIB)
        left -= part
        return {"type": "http.request", "body": bytes(part), "more_body": left > 0}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"content-length", announced)] if announced is not None else []
    scope = {"type": "http", "path": path, "method": "PATCH", "headers": headers}
    asyncio.run(bounded(greedy)(scope, receive, send))
    return sent[0]["status"], size - left


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/api/v1/uploads/x", MOST_CHUNK),
        ("/uploads/x", MOST_CHUNK),
        ("/api/v1/resources/x/files", MOST_BYTES),
    ],
)
def test_each_door_has_its_bound(path: str, most: int) -> None:
    assert asked(path, most, announced=None) == (200, most)
    status, read = asked(path, most + 9 * MIB, announced=None)
    assert (status, read <= most + MIB) == (413, True)


def test_an_announced_length_is_refused_unread() -> None:
    size = MOST_BYTES + 1
    assert asked("/", size, announced=str(size).encode()) == (413, 0)


@pytest.mark.parametrize("announced", [b"-1", b"x", b"9" * 40])
def test_a_length_that_is_none_is_counted(announced: bytes) -> None:
    assert asked("/", MOST_BYTES + MIB, announced=announced)[0] == 413
