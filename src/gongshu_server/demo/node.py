"""A real serving process for the story's calls: the same application that `gongshu serve` runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gongshu.vocabulary.errors import Unavailable

# Long enough for a machine that is busy with other things; one that dies is noticed at once.
START_SECONDS = 120.0
CALL_SECONDS = 10.0
RETRIES = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer over HTTP: status, headers and the JSON body (or its text)."""

    status: int
    headers: dict[str, str]
    body: Any


class ServingNode:
    """One serving process on a port of its own; a context that ends with the process gone."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ServingNode:
        command = [
            *(sys.executable, "-m", "granian", "gongshu_server.delivery.asgi:application"),
            *("--interface", "asgi", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--no-ws", "--log-level", "error"),
        ]
        environment = {**os.environ, "GONGSHU_HOME": str(self._home), "GONGSHU_LOG": "quiet"}
        self._process = subprocess.Popen(command, env=environment)  # noqa: S603 - our interpreter
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                self.call("GET", "/api/v1/clauses")
            except OSError:
                time.sleep(0.05)
            else:
                return self
        self.__exit__()
        raise Unavailable("服务进程没有启动，请查看终端输出。", code="node_not_started")

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                _kill(self._process)

    def call(
        self, method: str, path: str, *, key: str = "", body: Any = None, **headers: str
    ) -> Reply:
        """Make one HTTP call; a refusal is an answer too. Raises OSError when there is none.

        A host that cannot answer now says 503 and when to come back; so does every good client.
        """
        reply = self._call(method, path, key=key, body=body, headers=headers)
        for _ in range(RETRIES):
            if reply.status != 503:
                break
            time.sleep(1)
            reply = self._call(method, path, key=key, body=body, headers=headers)
        return reply

    def _call(
        self, method: str, path: str, *, key: str, body: Any, headers: dict[str, str]
    ) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        data = None
        if body is not None:
            data = json.dumps(body, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=data, headers=sent, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:  # noqa: S310 - see above
                return _reply(answer.status, answer)
        except urllib.error.HTTPError as error:
            return _reply(error.code, error)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a server with its workers: one that is told to stop before it serves never does."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.wait()
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)


def _reply(status: int, answer: Any) -> Reply:
    text = answer.read().decode()
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    return Reply(status, {k.lower(): v for k, v in answer.headers.items()}, body)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
