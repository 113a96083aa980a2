"""A node killed between the record of a file and the queue reads the file, once."""

from __future__ import annotations

import pytest

from crash.company import Company

pytestmark = [pytest.mark.xdist_group("crash")]


def test_a_file_whose_reading_was_lost_becomes_one_version(company: Company) -> None:
    company.after_the_story()
    file = company.killed_receiving()
    assert company.picked_up(file) == {
        "before": "waiting",
        "queued": [1, 0],
        "after": "read",
        "snapshots": 1,
        "entries": 1,
        "tasks": 1,
    }
    assert not company.examine()
