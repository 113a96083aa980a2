"""kill -9 of what serves, under load: no answered call is lost, and the node serves again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from crash.company import Company
from crash.serving import Served, alive

pytestmark = [pytest.mark.xdist_group("crash")]


def test_a_kill_of_all_under_load_loses_no_answered_call(company: Company) -> None:
    story = company.after_the_story()
    with Served(company.home, workers=2) as server, server.called(story, callers=4) as receipts:
        time.sleep(1.0)
        server.kill()
    assert len(receipts) > 50
    assert not company.examine(uses=receipts)
    with Served(company.home) as server:
        assert "receipt" in server.verify(story)[1]


@pytest.mark.parametrize("which", ["all of it", "its first process alone"])
def test_a_killed_server_is_replaced_and_nothing_is_lost(company: Company, which: str) -> None:
    """`gongshu serve` restarts what dies; calls in between get no answer, never a wrong one."""
    story = company.after_the_story()
    with Served(company.home, household=True) as node:
        serving = [p for p in node.descendants() if "granian" in command(p)]
        killed = serving if which == "all of it" else serving[:1]
        with node.called(story, callers=2) as receipts:
            time.sleep(0.7)
            for process in killed:
                os.kill(process, signal.SIGKILL)
            deadline = time.monotonic() + 30
            while "意外结束" not in node.log() and time.monotonic() < deadline:
                time.sleep(0.1)
            before = len(receipts)
            while len(receipts) < before + 60 and time.monotonic() < deadline:
                time.sleep(0.1)
        assert len(receipts) >= before + 60, node.log()
        family = [*serving, *node.descendants()]
    assert not [command(process) for process in family if alive(process)]
    assert not company.examine(uses=receipts)


def command(process: int) -> str:
    """Return the command line of a process."""
    return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
