"""A full disk: a clear sentence, nothing recorded by half, and all goes on when there is room."""

from __future__ import annotations

from typing import Any

import pytest

from crash.company import Company
from crash.serving import ENDS_WITHIN, Served

pytestmark = [pytest.mark.xdist_group("crash")]
NOTHING = {"code": "", "sentence": "", "kind": ""}


def attempted(company: Company, what: str, *, most: int) -> dict[str, Any]:
    """Do it on a full disk and then with room; the node must be whole after both."""
    company.after_the_story()
    told = company.full(what, most=most)
    assert told["status"] == 0, company.log()
    assert not company.examine()
    said: dict[str, Any] = told["reported"][0]
    return said


@pytest.mark.parametrize(
    ("what", "most", "code", "done"),
    [
        ("receive", 3_000_000, "not_stored", {"ReceivedFile": 1, "Snapshot": 0, "Entry": 1}),
        # The node's use of its standing grant is recorded before it reads: both times.
        ("read", 4_000_000, "version_not_written", {"ReceivedFile": 0, "Snapshot": 1, "Entry": 3}),
        ("write", 4_096, "database_unavailable", {"ReceivedFile": 0, "Snapshot": 0, "Entry": 1}),
    ],
)
def test_a_full_disk_is_said_and_leaves_nothing_by_half(
    company: Company, what: str, most: int, code: str, done: dict[str, int]
) -> None:
    said = attempted(company, what, most=most)
    assert (said["refused"]["kind"], said["refused"]["code"]) == ("Unavailable", code)
    assert "请" in said["refused"]["sentence"]
    assert said["half"]["ReceivedFile"] == said["half"]["Snapshot"] == 0
    assert said["again"] == NOTHING
    assert said["done"] == done
    assert not said["unknown"]


def test_a_server_whose_disk_is_full_stops_and_has_answered_nothing_that_is_lost(
    company: Company,
) -> None:
    story = company.after_the_story()
    with Served(company.home, most_bytes=200_000) as server:
        receipts = server.calls_until_it_ends(story, most=2_000)
        # The whole server ends, not one process of it: `gongshu serve` then starts another.
        server.process.wait(ENDS_WITHIN)
    assert 50 < len(receipts) < 2_000
    assert "用数记录写不进磁盘" in server.log()
    assert not company.examine(uses=receipts)
    with Served(company.home) as server:
        assert "receipt" in server.verify(story)[1]
