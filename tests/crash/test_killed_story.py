"""A node killed after any write of the story loses nothing accepted, and goes on.

The default run kills at thirty seeded places, every second time some milliseconds after the write.
`make soak` kills after every write.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crash.company import Company, Kill

# Here the story itself edits a grant by SQL: when it is killed before it puts that right, the
# next process must refuse the grant and say so.
TAMPERING = "存证：绕过平台改数据库"

pytestmark = [pytest.mark.xdist_group("crash"), pytest.mark.clause("opinions-16.1")]


def wrong(kill: Kill, company: Company) -> list[str]:
    """Return what is wrong after a kill, but for what the story itself has tampered with."""
    tampered = company.scenes[kill.scene]["scene"] == TAMPERING
    return [f for f in kill.faults if not (tampered and "grants differ from the journal" in f)]


@pytest.mark.parametrize("seed", range(30))
def test_nothing_accepted_is_lost(company: Company, seed: int) -> None:
    scene, commit, delay = company.seeded(seed)
    kill = company.kill(scene, commit, delay=delay)
    assert kill.died
    assert not wrong(kill, company), kill


@pytest.mark.soak
def test_nothing_accepted_is_lost_after_any_write(company: Company) -> None:
    kills = [company.kill(scene, commit) for scene, commit in company.places()]
    assert len(kills) > 300
    assert all(kill.died for kill in kills)
    assert not [(kill, found) for kill in kills if (found := wrong(kill, company))]


def statement(sql: str) -> Callable[[Path], None]:
    """Return what edits the node's database behind its back."""

    def spoil(home: Path) -> None:
        with closing(sqlite3.connect(home / "node.sqlite3")) as database:
            assert database.execute(sql).rowcount > 0
            database.commit()

    return spoil


def shortened(pattern: str) -> Callable[[Path], None]:
    """Return what takes the last bytes off one of the node's files."""

    def spoil(home: Path) -> None:
        path = sorted(home.glob(pattern))[0]
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:-9])

    return spoil


def removed(pattern: str) -> Callable[[Path], None]:
    """Return what removes one of the node's files or folders."""

    def spoil(home: Path) -> None:
        path = sorted(home.glob(pattern))[0]
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (statement("update cases_case set state = 'draft' where state = 'published'"), "last step"),
        (statement("delete from usage_metered"), "metered 0"),
        (statement("update usage_grantrow set body = replace(body, '1', '2')"), "grants differ"),
        (statement("update market_product set rows = rows + 1"), "its row says"),
        (shortened("received/*"), "is not what was received"),
        (shortened("results/*.parquet"), "is not what was recorded"),
        (removed("uses/*.closed"), "acknowledged use lost"),
    ],
)
def test_what_is_lost_is_found(company: Company, spoil: Callable[[Path], None], said: str) -> None:
    """The examination sees each kind of loss; on an unspoilt node it sees none."""
    company.after_the_story()
    uses = company.uses()
    assert not company.examine(uses=uses)
    spoil(company.home)
    assert any(said in fault for fault in company.examine(uses=uses))
