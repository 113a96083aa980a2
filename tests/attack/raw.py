"""A client that sends exactly the bytes it is told, and keeps what comes back."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from dataclasses import dataclass
from typing import Any

# What differs from call to call by its nature.
PER_CALL = frozenset({"date", "gongshu-receipt", "request-id"})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower case, in order) and body of one HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """The content type without its parameters."""
        return dict(self.headers).get("content-type", "").partition(";")[0]

    @property
    def same_to_everybody(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """All that must not depend on who asks."""
        kept = tuple((k, v) for k, v in self.headers if k not in PER_CALL)
        return self.status, kept, self.body


def exchange(port: int, request: bytes, *, seconds: float = 15.0) -> Answer:
    """Send bytes on a connection of its own and return the answer to them.

    Raises OSError when none comes.
    """
    with closing(socket.create_connection(("127.0.0.1", port), timeout=seconds)) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            line = stream.readline()
            if not line:
                raise ConnectionResetError("no answer")
            status = int(line.split()[1])
            headers = []
            while line := stream.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers.append((name.lower(), value.strip()))
            return Answer(status, tuple(headers), _body(stream, dict(headers)))


def _body(stream: Any, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        parts = []
        while size := int(stream.readline() or b"0", 16):
            parts.append(stream.read(size))
            stream.readline()
        return b"".join(parts)
    length = headers.get("content-length")
    return stream.read(int(length)) if length is not None else stream.read()


def request(
    method: str, target: str | bytes, *, key: str = "", body: Any = None, **headers: str
) -> bytes:
    """Return the bytes of a request; `target` goes out as it is, `body` as JSON unless bytes."""
    data = body if isinstance(body, bytes) else b""
    if body is not None and not isinstance(body, bytes):
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    target = target.encode() if isinstance(target, str) else target
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"host: localhost"]
    said = {"connection": "close", **{k.replace("_", "-"): v for k, v in headers.items()}}
    if key:
        said.setdefault("authorization", f"Bearer {key}")
    if body is not None:
        said.setdefault("content-type", "application/json")
        said.setdefault("content-length", str(len(data)))
    lines += [f"{name}: {value}".encode("utf-8", "surrogateescape") for name, value in said.items()]
    return b"\r\n".join(lines) + b"\r\n\r\n" + data
