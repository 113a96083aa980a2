"""Whoever can write the database still needs a grant: what is edited there is refused or found.

Each test edits a copy of the town's folder by SQL, as an administrator would, and lets processes of
the node look at it (S12). The administrator knows the source and can compute everything that needs
no secret; the secrets are files that the database does not hold.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attack.conftest import Town
from crash.serving import Served
from gongshu.ledger.canonical import canonical
from gongshu.ledger.commitments import commit

pytestmark = [pytest.mark.xdist_group("attack"), pytest.mark.clause("opinions-13.2")]

LOOK = """
import json, django
django.setup()
from datetime import timedelta
from gongshu.vocabulary.errors import DomainError
from gongshu_server.delivery.database_source import compile_all
from gongshu_server.journal import clock, sealing
from gongshu_server.usage.compilation import verify_entries
from gongshu_server.usage.models import Alarm
from gongshu_server.usage.watching import verify_rows
at = clock.now() + timedelta(seconds=31)
try:
    sealing.seal_all(at=at)
    sealed = ""
except DomainError as error:
    sealed = error.code
said = {
    "refused": compile_all(at=at),
    "altered": verify_entries(at=at),
    "rows": verify_rows(at=at),
    "sealed": sealed,
    "alarms": sorted(Alarm.objects.filter(closed_at=None).values_list("kind", flat=True)),
}
print(json.dumps(said))
"""


@dataclass(slots=True)
class Copy:
    """A copy of the town's folder, and its database."""

    home: Path
    known: dict[str, Any]
    said: str = ""

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement as whoever may write the database."""
        with closing(sqlite3.connect(self.home / "node.sqlite3")) as database, database:
            return database.execute(statement, values).fetchall()

    def look(self) -> dict[str, Any]:
        """Let the node's worker look, and return what it finds."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DJANGO_", "GONGSHU_"))}
        place = {
            "GONGSHU_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": "gongshu_server.settings",
        }
        done = subprocess.run(
            [sys.executable, "-c", LOOK], env=kept | place, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]
        self.said = done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def served(self) -> int:
        """Start the node and return the status of a call under the grant."""
        with Served(self.home) as server:
            return (
                Town(self.home, self.known, server)
                .verify(self.known["subjects"]["licensed"])
                .status
            )

    def entry(self, event: str, subject: str) -> dict[str, Any]:
        """Return the journal's entry about a subject."""
        with closing(sqlite3.connect(self.home / "node.sqlite3")) as database:
            database.row_factory = sqlite3.Row
            row = database.execute(
                "select * from journal_entry where event = ? and subject_id = ?", (event, subject)
            ).fetchone()
        return dict(row)

    def rewritten(self, row: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Return an entry with another body and all that follows from it without a secret."""
        text = canonical(body)
        salt = secrets.token_bytes(32)
        return row | {
            "body": text.decode(),
            "salt": salt,
            "commitment": commit(row["event"], salt, text),
        }

    def put(self, row: dict[str, Any]) -> None:
        """Write an entry, over the one with its id or as a new one."""
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" for _ in row)
        self.sql(f"insert or replace into journal_entry ({names}) values ({marks})", *row.values())


@pytest.fixture
def copy(town: Town, tmp_path: Path) -> Iterator[Copy]:
    """Return a copy of the town to spoil."""
    home = tmp_path / "home"
    shutil.copytree(town.home, home)
    for left in (home / "uses").iterdir():
        if left.suffix != ".closed":
            left.unlink()  # Open segments belong to the processes that serve the town.
    yield Copy(home, town.known)
    shutil.rmtree(home)


def more(body: dict[str, Any]) -> dict[str, Any]:
    """Return a grant's body with a quota beyond all measure."""
    return body | {"quota": body["quota"] | {"amount": 999_999_999}}


def test_an_untouched_copy_is_whole(copy: Copy) -> None:
    assert copy.look() == {
        "refused": 0,
        "altered": 0,
        "rows": 0,
        "sealed": "",
        "alarms": [],
    }
    assert copy.served() in {200, 429}


def test_an_edited_quota_has_no_effect(copy: Copy) -> None:
    grant = copy.known["grant"]
    ((body,),) = copy.sql("select body from usage_grantrow where id = ?", grant)
    forged = canonical(more(json.loads(body))).decode()
    copy.sql("update usage_grantrow set body = ? where id = ?", forged, grant)
    assert copy.look()["alarms"] == ["grant_tampered"]
    assert copy.served() == 404


def test_a_quota_edited_together_with_its_entry_has_no_effect(copy: Copy) -> None:
    """Row, body, salt and commitment agree; only the node could have written the salt."""
    grant = copy.known["grant"]
    entry = copy.entry("grant.issued", grant)
    body = json.loads(entry["body"])
    body["details"]["grant"] = more(body["details"]["grant"])
    copy.put(copy.rewritten(entry, body))
    forged = canonical(body["details"]["grant"]).decode()
    copy.sql("update usage_grantrow set body = ? where id = ?", forged, grant)
    found = copy.look()
    assert (found["refused"], found["altered"]) == (1, 1)
    assert found["alarms"] == ["entry_altered", "grant_tampered"]
    assert copy.served() == 404


def test_a_grant_that_is_made_up_is_none(copy: Copy) -> None:
    """A new grant for an outsider, with an entry of its own at the journal's end."""
    rival = copy.known["organisations"]["rival"]
    entry = copy.entry("grant.issued", copy.known["grant"])
    body = json.loads(entry["body"])
    made_up = body["details"]["grant"] | {"id": "01ZZZZZZZZZZZZZZZZZZZZZZZZ", "grantee": rival}
    ((last,),) = copy.sql("select sequence from journal_head")
    row = entry | {
        "id": "01ZZZZZZZZZZZZZZZZZZZZZZZY",
        "subject_id": made_up["id"],
        "sequence": last + 1,
        "index": None,
    }
    body |= {"id": row["id"], "subject": ["grant", made_up["id"]]}
    body["details"] = {"grant": made_up}
    copy.put(copy.rewritten(row, body))
    copy.sql("update journal_head set sequence = ?", last + 1)
    copy.sql(
        'insert into usage_grantrow select ?, ?, giver, object, ?, "case", parent, issued_at,'
        " revoked_at from usage_grantrow where id = ?",
        made_up["id"],
        rival,
        canonical(made_up).decode(),
        copy.known["grant"],
    )
    found = copy.look()
    assert found["refused"] == 1
    assert found["sealed"] == "entry_forged"
    assert found["alarms"] == ["entry_altered", "grant_tampered"]


FIRST = "id = (select min(id) from journal_entry where event = 'grant.revoked')"


def revoked(copy: Copy) -> str:
    """Return the grant that was revoked first in the story."""
    ((grant,),) = copy.sql(f"select subject_id from journal_entry where {FIRST}")
    return str(grant)


def unrevoked(copy: Copy, grant: str) -> None:
    """Put a revoked grant's row back to what it was before."""
    said = json.loads(copy.entry("grant.issued", grant)["body"])["details"]["grant"]
    body = canonical(said).decode()
    copy.sql("update usage_grantrow set body = ?, revoked_at = null where id = ?", body, grant)


def test_a_revocation_cannot_be_taken_back(copy: Copy) -> None:
    unrevoked(copy, revoked(copy))
    assert copy.look()["alarms"] == ["grant_tampered"]


@pytest.mark.parametrize(
    "hide",
    [
        f"update journal_entry set event = 'use.allowed' where {FIRST}",
        f"update journal_entry set subject_id = 'x' where {FIRST}",
        f"update journal_entry set sequence = 0 where {FIRST}",
    ],
)
def test_a_revocation_that_is_hidden_is_found(copy: Copy, hide: str) -> None:
    """No query about the grant sees it any more; the look through the journal does."""
    unrevoked(copy, revoked(copy))
    copy.sql(hide)
    found = copy.look()
    assert found["altered"] >= 1
    assert "entry_altered" in found["alarms"]


def test_a_revocation_that_is_deleted_is_found(copy: Copy) -> None:
    unrevoked(copy, revoked(copy))
    copy.sql(f"delete from journal_entry where {FIRST}")
    found = copy.look()
    assert found["sealed"] == "ledger_gap"
    assert "entry_altered" in found["alarms"]


def test_an_erased_revocation_does_not_bring_the_grant_back(copy: Copy) -> None:
    unrevoked(copy, revoked(copy))
    copy.sql(f"update journal_entry set body = null, salt = null where {FIRST}")
    assert copy.look()["alarms"] == ["grant_tampered"]


def test_the_digest_of_a_key_opens_nothing_elsewhere(copy: Copy) -> None:
    """The database holds digests under the node's secret: what is read there is no key."""
    digests = [row[0] for row in copy.sql("select digest from accounts_key")]
    with Served(copy.home) as server:
        town = Town(copy.home, copy.known, server)
        tried = digests[:5] + [f"gs_{digest}" for digest in digests[:5]]
        assert {town.ask("GET", "/api/v1/me", key=one).status for one in tried} == {401}


PROMOTIONS = {
    "a duty": 'update accounts_post set duties = \'["handler", "head"]\' where id = :post',
    "an organisation": "update accounts_post set organisation_id = :bureau where id = :post",
    "a role": (
        "insert into accounts_organisationrole (organisation_id, role, valid_from)"
        " values (:rival, 'data_authority', '2025-01-01')"
    ),
    "a post": (
        "insert into accounts_holding (post_id, person_id, valid_from)"
        " values (:head, :person, '2025-01-01')"
    ),
    "a delegation": (
        "insert into accounts_delegation values"
        " ('01ZZZZZZZZZZZZZZZZZZZZZZZZ', '2025-01-01', '2030-01-01', null, '27-3', :boss, :head,"
        " :person)"
    ),
    "another's key": "update accounts_key set post_id = :head, person_id = :boss where id = :key",
    "a key that ends": "update accounts_key set revoked_at = null where revoked_at is not null",
}


@pytest.mark.parametrize("edit", PROMOTIONS.values(), ids=PROMOTIONS.keys())
def test_who_promotes_oneself_is_found(copy: Copy, edit: str) -> None:
    """Within a minute, whatever has been done with it stands in the journal under its name."""
    organisations = copy.known["organisations"]
    of = "select p.id, h.person_id from accounts_post p join accounts_holding h on h.post_id = p.id"
    ((post, person),) = copy.sql(f"{of} where p.organisation_id = ?", organisations["rival"])
    heads = copy.sql(f"{of} where p.organisation_id = ?", organisations["bureau"])
    ((key,),) = copy.sql("select id from accounts_key where person_id = ? limit 1", person)
    names = {
        "post": post,
        "person": person,
        "head": heads[1][0],
        "boss": heads[1][1],
        "key": key,
        "bureau": organisations["bureau"],
        "rival": organisations["rival"],
    }
    with closing(sqlite3.connect(copy.home / "node.sqlite3")) as database, database:
        used = {name: value for name, value in names.items() if f":{name}" in edit}
        assert database.execute(edit, used).rowcount > 0
    found = copy.look()
    assert found["rows"] >= 1
    assert found["alarms"] == ["account_tampered"] * found["rows"]


def test_a_case_that_was_moved_on_by_hand_is_found(copy: Copy) -> None:
    ((case,),) = copy.sql("select id from cases_case where closed_at is null limit 1")
    copy.sql("update cases_case set state = 'approved' where id = ?", case)
    assert copy.look()["alarms"] == ["case_tampered"]


def test_alarms_are_seen_by_those_who_watch_and_by_nobody_else(copy: Copy) -> None:
    copy.sql("update usage_grantrow set body = '{}' where id = ?", copy.known["grant"])
    copy.look()
    with Served(copy.home) as server:
        town = Town(copy.home, copy.known, server)
        for by in ("bureau.head", "audit.auditor"):
            (alarm,) = town.ask("GET", "/api/v1/alarms", by=by).json["items"]
            assert alarm["object_id"] == copy.known["grant"]
        for by in ("operator.head", "insurer.handler", "rival.all"):
            assert town.ask("GET", "/api/v1/alarms", by=by).json["items"] == []
    assert f"alarm grant_tampered {copy.known['grant']}" in copy.said
