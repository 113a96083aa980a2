"""A node that serves in processes of its own, the callers of it, and ways to kill them."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

ENDS_WITHIN = 20.0
STARTED_WITHIN = 40.0


class Served:
    """`gongshu serve`'s server alone, or with `household` all that `gongshu serve` starts."""

    def __init__(
        self, home: Path, *, workers: int = 1, most_bytes: int = 0, household: bool = False
    ) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
        self._log = home.with_name(f"{home.name}.{self.port}.log")
        place = ["--port", str(self.port), "--workers", str(workers)]
        if household:
            command = ["-m", "gongshu_server.commands", "serve", *place]
        else:
            command = ["-m", "granian", "gongshu_server.delivery.asgi:application", *place]
            command += ["--interface", "asgi", "--no-ws", "--log-level", "warning"]

        def limited() -> None:
            if most_bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command],
                env={**kept, "GONGSHU_HOME": str(home)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=limited,
            )
        self._wait()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop as an operator does, and make sure of it."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill every process of the server at once."""
        for group in {os.getpgid(p) for p in (self.process.pid, *self.descendants()) if alive(p)}:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.process.wait()

    def descendants(self) -> list[int]:
        """Return the processes that this one has started, and those that they have."""
        found = [self.process.pid]
        for parent in found:
            found += children(parent)
        return found[1:]

    def log(self) -> str:
        """Return what the node has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def verify(
        self, story: dict[str, Any], connection: http.client.HTTPConnection | None = None
    ) -> tuple[int, Any]:
        """Ask about the licensed enterprise in the emergency bureau's name."""
        own = connection or self.connect()
        try:
            own.request(
                "POST",
                f"/v1/products/{story['ids']['product.verification']}/verify",
                body=json.dumps({"key": story["subjects"]["licensed"]}),
                headers={"Authorization": f"Bearer {story['keys']['emergency.verification']}"},
            )
            response = own.getresponse()
            return response.status, json.loads(response.read())
        finally:
            if connection is None:
                own.close()

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection of its own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def calls_until_it_ends(self, story: dict[str, Any], *, most: int) -> list[str]:
        """Call until no answer comes any more; return the receipts of all answers.

        A refusal for want of quota has its receipt, too.
        """
        receipts = []
        with closing(self.connect()) as connection, suppress(OSError, http.client.HTTPException):
            for _ in range(most):
                _, body = self.verify(story, connection)
                if "receipt" in body:
                    receipts.append(body["receipt"])
        return receipts

    @contextmanager
    def called(self, story: dict[str, Any], *, callers: int) -> Iterator[list[str]]:
        """Keep calling from several threads; the list fills with the receipts of the answers."""
        receipts: list[str] = []
        enough = threading.Event()

        def keep_calling() -> None:
            while not enough.is_set():
                receipts.extend(self.calls_until_it_ends(story, most=50))
                time.sleep(0.01)

        threads = [threading.Thread(target=keep_calling) for _ in range(callers)]
        for thread in threads:
            thread.start()
        try:
            yield receipts
        finally:
            enough.set()
            for thread in threads:
                thread.join(20)

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTED_WITHIN
        while time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException), closing(self.connect()) as one:
                one.request("GET", "/api/v1/clauses")
                if one.getresponse().status == 200:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.kill()
        raise TimeoutError(self.log())


def children(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def alive(process: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}
