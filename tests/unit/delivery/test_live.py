"""The data plane behind a real server: what is on disk when an answer leaves, and after a kill."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from gongshu.policy.periods import BEIJING
from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from gongshu_server.usage import segments

HERE = Path(__file__).parent
VERIFY = "/v1/products/licence/verify"
STARTED_WITHIN = 20.0


class Server:
    """A running server with `workers` processes."""

    def __init__(self, market: Any, workers: int, trace: Sequence[str] = ()) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [*trace, sys.executable, "-m", "granian", "served:make", "--factory"]
        command += ["--interface", "asgi", "--http", "1", "--no-ws", "--log-level", "info"]
        command += ["--workers", str(workers), "--port", str(self.port)]
        places = {
            "DELIVERY_TEST_FOLDER": str(market.folder),
            "DELIVERY_TEST_SECRET": market.secret.hex(),
        }
        self._log = market.folder / "server.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=HERE,
                env={**os.environ, **places},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait(workers)

    def _wait(self, workers: int) -> None:
        """Wait until every process serves: one that is told to stop before then never stops."""
        deadline = time.monotonic() + STARTED_WITHIN
        while self._log.read_text().count("Started worker") < workers:
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.kill()
                raise TimeoutError(self._log.read_text())
            time.sleep(0.02)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection of its own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def verify(self, subject: str, *, key: str = "gs_insurer") -> tuple[int, Any]:
        """Make one call on a connection of its own."""
        with closing(self.connect()) as connection:
            return call(connection, subject, key=key)

    def kill(self) -> None:
        """Kill every process of the server at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Stop as an operator does."""
        if self.process.poll() is None:
            # To all of the group: a tracer keeps the signal from the server that it runs.
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(20)


def call(
    connection: http.client.HTTPConnection, subject: str, *, key: str = "gs_insurer"
) -> tuple[int, Any]:
    """Make one call and return status and JSON."""
    connection.request("GET", f"{VERIFY}?key={subject}", headers={"Authorization": f"Bearer {key}"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@contextmanager
def served(market: Any, *, workers: int, trace: Sequence[str] = ()) -> Iterator[Server]:
    """Run a server for a while."""
    server = Server(market, workers, trace)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def calling(server: Server, subject: str, *, callers: int) -> Iterator[list[str]]:
    """Keep calling from several threads; the list fills with the receipts of the answers."""
    receipts: list[str] = []
    enough = threading.Event()

    def keep_calling() -> None:
        with closing(server.connect()) as connection:
            while not enough.is_set():
                try:
                    status, body = call(connection, subject)
                except (OSError, http.client.HTTPException):
                    return  # Killed: no answer came, so nothing was promised.
                if status == 200:
                    receipts.append(body["receipt"])

    threads = [threading.Thread(target=keep_calling) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield receipts
    finally:
        enough.set()
        for thread in threads:
            thread.join(20)


def test_two_processes_answer_and_record_everything_once(market: Any) -> None:
    market.source.put(grants=[market.grant("insurer", "licence", quota=market.quota(120))])
    with served(market, workers=2) as server:
        replies = [server.verify(market.firm) for _ in range(160)]
    allowed = [body["receipt"] for status, body in replies if status == 200]
    assert {status for status, _ in replies} == {200, 429}
    # At most a block's remainder, here 120 ÷ 8, may have waited in the other process.
    assert 105 <= len(allowed) <= 120
    uses = [use for use in market.uses() if use["key"] == "key-insurer"]
    assert len(uses) == 160
    assert {use["receipt"] for use in uses if use["outcome"] == "allowed"} == set(allowed)
    # Stopped in order, every segment is closed; and both processes had a part in it.
    assert all(contents.closed for contents in market.segments())
    assert len({contents.owner for contents in market.segments()}) == 2


def test_revocation_reaches_both_processes_at_the_next_call(market: Any) -> None:
    with served(market, workers=2) as server:
        connections = [server.connect() for _ in range(8)]
        assert {call(one, market.firm)[0] for one in connections} == {200}
        market.change(grants=[market.grant("insurer", "licence", revoked_at=market.now)])
        after = [call(one, market.firm) for one in connections]
        for connection in connections:
            connection.close()
    assert {(status, body["code"]) for status, body in after} == {(403, "revoked")}


def test_a_kill_under_load_loses_no_answered_call(market: Any) -> None:
    limit = 100_000
    market.source.put(grants=[market.grant("insurer", "licence", quota=market.quota(limit))])
    server = Server(market, 2)
    with calling(server, market.firm, callers=8) as receipts:
        time.sleep(1.2)
        server.kill()
    assert len(receipts) > 50
    on_disk = {use["receipt"]: use for use in market.uses()}
    assert not set(receipts) - set(on_disk)
    # The next start closes what was left open and books exactly what the records say.
    with served(market, workers=1) as server:
        assert server.verify(market.firm)[0] == 200
    assert not list((market.folder / "uses").glob("*.open"))
    assert set(receipts) <= {use["receipt"] for use in market.uses()}
    allowed = sum(use["amount"] for use in market.uses())
    bank = SqliteQuotaBank(market.folder)
    start = market.grant("insurer", "licence").valid_from
    counter = f"insurance-group/licence/total@{start.astimezone(BEIJING):%Y-%m-%d}"
    assert bank.taken(counter) == allowed
    bank.close()


def _strace() -> str:
    found = shutil.which("strace")
    if found is None:
        reason = "left out: strace is not installed, so the order of fsync and answer is not seen"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _events(trace: Path) -> list[tuple[str, str]]:
    """Return what happened in order: records written, segments synced (returned), answers sent.

    A call of one thread may stand in two lines, with calls of others in between: a write counts
    from where it begins, opening and syncing count where they return.
    """
    events: list[tuple[str, str]] = []
    segments_open: set[str] = set()
    begun: dict[str, str] = {}
    for line in trace.read_text(errors="replace").splitlines():
        thread, text = line.split(maxsplit=1)
        if not text.startswith("<..."):
            begun[thread] = text
            if write := re.match(r"(?:write|writev|sendto|sendmsg)\((\d+), ", text):
                events.append(("record" if write[1] in segments_open else "answer", text))
            elif close := re.match(r"close\((\d+)", text):
                segments_open.discard(close[1])  # The next socket may get its number.
        result = re.search(r"\) += (\d+)$", text)
        if result is None:
            continue
        if begun[thread].startswith("openat") and '.open"' in begun[thread]:
            segments_open.add(result[1])
        elif sync := re.match(r"fdatasync\((\d+)", begun[thread]):
            assert result[1] == "0"
            if sync[1] in segments_open:
                events.append(("sync", text))
    return events


def test_the_record_is_on_disk_before_its_answer_leaves(market: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "trace=openat,close,write,writev,sendto,sendmsg,fdatasync"
    strace = [_strace(), "-f", "-qq", "-s", "65536", "-e", calls, "-o", str(trace)]
    with (
        served(market, workers=1, trace=strace) as server,
        calling(server, market.firm, callers=6) as receipts,
    ):
        time.sleep(0.5)
    assert len(receipts) > 20
    events = _events(trace)
    for receipt in receipts:
        mentions = [n for n, (kind, text) in enumerate(events) if receipt in text]
        kinds = [events[n][0] for n in mentions]
        assert kinds[:2] == ["record", "answer"], (receipt, kinds)
        between = events[mentions[0] : mentions[1]]
        assert "sync" in [kind for kind, _ in between], f"{receipt} left before it was on disk"


def test_segments_close_by_themselves_for_those_who_collect_them(market: Any) -> None:
    with served(market, workers=1) as server:
        receipt = server.verify(market.firm)[1]["receipt"]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            closed = segments.closed(market.folder / "uses")
            found = [r.body["receipt"] for path in closed for r in segments.read(path).records]
            if receipt in found:
                return
            time.sleep(0.05)
    raise AssertionError("the record stayed in an open segment")
