"""A node on PostgreSQL is backed up with its database and restored into an empty one."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from crash.keeping import complete, gongshu, restored
from races.test_on_postgresql import address

__all__ = ["address"]


@pytest.fixture(scope="module")
def databases(address: str) -> tuple[str, str]:
    """Return the addresses of two empty databases of the cluster; a third one is beside them."""
    made = []
    with psycopg.connect(address.rpartition("/")[0] + "/postgres", autocommit=True) as admin:
        for name in ("backed_up", "elsewhere", "alone"):
            admin.execute(f"create database {name}")  # type: ignore[arg-type] # a name of ours
            made.append(f"{address.rpartition('/')[0]}/{name}")
    return made[0], made[1]


def test_a_node_on_postgresql_is_restored_into_an_empty_database(
    databases: tuple[str, str], tmp_path: Path
) -> None:
    here, there = ({"GONGSHU_DATABASE": one} for one in databases)
    home, target, new = tmp_path / "home", tmp_path / "backups", tmp_path / "new"
    assert gongshu(home, "init", "--name", "某县数据局", **here).status == 0
    said = gongshu(home, "backup", target, **here)
    assert said.status == 0, said.text
    (backup,) = complete(target)
    password = databases[0].split(":")[2].partition("@")[0].encode()
    assert not [p for p in backup.rglob("*") if p.is_file() and password in p.read_bytes()]
    assert gongshu(home, "backup", target, "--verify", **here).status == 0
    refused = restored(target, new, "--nothing-later", **here)
    assert refused.status == 1
    assert "不是空的" in refused.text
    assert not new.exists()
    said = restored(target, new, "--ledger", home / "ledger", **there)
    assert said.status == 0, said.text
    with psycopg.connect(databases[1]) as database:
        events = database.execute("select event, index from journal_entry order by sequence")
        rows = events.fetchall()
        authorities = database.execute("select name from accounts_organisation").fetchall()
    assert authorities == [("某县数据局",)]
    # Signed at once, with everything from before.
    assert rows[-1] == ("node.restored", len(rows) - 1)
    vkey = home / "ledger.vkey"
    assert gongshu(new, "ledger", "verify", new / "ledger", "--key", vkey).status == 3


def test_without_the_client_programs_it_is_said_what_is_missing(
    databases: tuple[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    alone = databases[0].replace("backed_up", "alone")
    settings = {"GONGSHU_DATABASE": alone, "GONGSHU_HOME": str(home)}
    assert gongshu(home, "status", **settings).status == 2  # No node here.
    assert gongshu(home, "init", **settings).status == 0
    said = gongshu(home, "backup", tmp_path / "b", **settings, PATH="/nowhere")
    assert said.status == 1
    assert "pg_dump" in said.text
    assert not complete(tmp_path / "b")
