"""The public ledger is public; the folder around it is not."""

from __future__ import annotations

import pytest

from attack.conftest import Town

pytestmark = [pytest.mark.xdist_group("attack"), pytest.mark.clause("opinions-16.1")]

NOT_PUBLIC = (
    "keys/ledger.key",
    "keys/node.secret",
    "keys/django.secret",
    "node.sqlite3",
    "node.sqlite3-wal",
    "quota.sqlite",
    "authorisations.sqlite",
    "story.json",
    "demo-keys.json",
)
WAYS_UP = ("../", "..%2f", "..%5c", "%2e%2e/", "....//", "%252e%252e/", "tile/../../", "/../")


def test_all_of_it_can_be_fetched(town: Town) -> None:
    folder = town.home / "ledger"
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert "checkpoint" in files
    for name in files:
        answer = town.ask("GET", f"/ledger/{name}")
        assert answer.status == 200
        assert answer.body == (folder / name).read_bytes()


@pytest.mark.parametrize("name", NOT_PUBLIC)
def test_nothing_else_can(town: Town, name: str) -> None:
    for up in WAYS_UP:
        for prefix in ("/ledger/", "/static/", "/"):
            answer = town.ask("GET", prefix + up + name)
            assert answer.status in {400, 404}, (prefix, up, answer)
    assert town.ask("GET", f"/{name}").status == 404
    assert town.ask("GET", f"/ledger/{town.home}/{name}").status == 404


def test_what_lies_there_by_mistake_is_not_served(town: Town) -> None:
    """Names of the ledger alone are served: no stray file, no link out of the folder."""
    folder = town.home / "ledger"
    stray, link = folder / "notes.txt", folder / "tile" / "0" / "999"
    stray.write_text("left here by somebody", encoding="utf-8")
    link.symlink_to(town.home / "node.sqlite3")
    try:
        assert town.ask("GET", "/ledger/notes.txt").status == 404
        assert town.ask("GET", "/ledger/tile/0/999").status == 404
    finally:
        stray.unlink()
        link.unlink()


@pytest.mark.parametrize("name", ["%00", "checkpoint%00", "x" * 300, "a/" * 3000, "tile/0/%ff"])
def test_odd_names_are_not_there(town: Town, name: str) -> None:
    assert town.ask("GET", f"/ledger/{name}").status == 404
