"""An older database: it is not served, and an upgrade brings it along after a backup."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crash.company import Company
from crash.keeping import complete, gongshu, restored
from crash.serving import Served

pytestmark = [pytest.mark.xdist_group("crash")]
OLDER = """
from django.core.management import call_command
import django
django.setup()
call_command("migrate", "django_tasks_database", "0018", verbosity=0)
"""


@pytest.fixture
def older(company: Company) -> Path:
    """Return the node's folder with a database from before the latest migrations."""
    company.after_the_story()
    settings = {
        "GONGSHU_HOME": str(company.home),
        "DJANGO_SETTINGS_MODULE": "gongshu_server.settings",
    }
    subprocess.run([sys.executable, "-c", OLDER], env={**os.environ, **settings}, check=True)
    return company.home


def applied(home: Path) -> set[str]:
    with closing(sqlite3.connect(home / "node.sqlite3")) as database:
        return {name for (name,) in database.execute("select name from django_migrations")}


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_an_older_database_is_not_served(older: Path, command: str) -> None:
    said = gongshu(older, command)
    assert said.status == 1
    assert "gongshu upgrade" in said.text
    assert "Traceback" not in said.text


def test_founding_is_no_upgrade(older: Path) -> None:
    before = applied(older)
    said = gongshu(older, "init")
    assert said.status == 1
    assert "gongshu upgrade" in said.text
    assert applied(older) == before


def test_a_newer_database_is_not_served(company: Company) -> None:
    company.after_the_story()
    with closing(sqlite3.connect(company.home / "node.sqlite3")) as database:
        database.execute(
            "insert into django_migrations (app, name, applied) values ('market', '0999_x', '2030')"
        )
        database.commit()
    said = gongshu(company.home, "serve")
    assert said.status == 1
    assert "更新的版本" in said.text


def test_an_upgrade_takes_a_backup_first_and_says_what_it_did(
    older: Path, company: Company, tmp_path: Path
) -> None:
    before = applied(older)
    said = gongshu(older, "upgrade", "--backup", tmp_path / "backups")
    assert said.status == 0, said.text
    assert "django_tasks_database.0021" in said.text
    (backup,) = complete(tmp_path / "backups")
    assert str(backup) in said.text
    with closing(sqlite3.connect(backup / "database.sqlite3")) as database:
        names = {name for (name,) in database.execute("select name from django_migrations")}
    assert names == before
    assert applied(older) > before
    # The backup belongs to the version from before.
    refused = restored(backup, tmp_path / "node", "--nothing-later")
    assert refused.status == 1
    assert "gongshu upgrade" in refused.text
    again = gongshu(older, "upgrade", "--backup", tmp_path / "backups")
    assert again.status == 0
    assert "没有改动" in again.text
    assert not company.examine()


def test_a_node_that_is_served_is_not_upgraded(company: Company, tmp_path: Path) -> None:
    company.after_the_story()
    with Served(company.home, household=True):
        said = gongshu(company.home, "upgrade", "--backup", tmp_path / "backups")
        assert said.status == 1
        assert "请先停下" in said.text
    assert gongshu(company.home, "upgrade", "--backup", tmp_path / "backups").status == 0


def test_an_upgrade_without_room_for_its_backup_changes_nothing(
    older: Path, tmp_path: Path
) -> None:
    before = applied(older)
    said = gongshu(older, "upgrade", "--backup", tmp_path / "backups", most=1_000_000)
    assert said.status == 1
    assert "没有留下不完整的备份" in said.text
    assert applied(older) == before
