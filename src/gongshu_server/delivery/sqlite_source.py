"""An entitlement source in an SQLite file: for tests, benchmarks, and a host apart from the node.

Each thing is one row of JSON with the epoch at which it last changed; that is all that a host needs
to follow. The node's own loader says the same from its tables.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from gongshu.policy import Grant
from gongshu_server.delivery.entitlements import Changes, KeyEntry, Product

_SCHEMA: Final = """
create table if not exists things (
    kind text, id text, body text, epoch integer not null, primary key (kind, id)) without rowid;
create index if not exists things_epoch on things (epoch);
create table if not exists head (epoch integer not null, clock_offset real not null);
insert into head select 0, 0 where not exists (select 1 from head);
"""
Thing = tuple[str, str, Any]


class SqliteSource:
    """Reads entitlements from a file; `put`, `withdraw` and `set_clock` each write one epoch."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._database() as database:
            database.execute("pragma journal_mode=wal")
            database.executescript(_SCHEMA)

    def epoch(self) -> int:
        """Return the number of the latest change."""
        with self._database() as database:
            return int(database.execute("select epoch from head").fetchone()[0])

    def load(self, since: int | None) -> Changes:
        """Return what changed after `since`, or everything for None."""
        after = -1 if since is None else since
        with self._transaction("begin") as database:
            epoch, offset = database.execute("select epoch, clock_offset from head").fetchone()
            rows = database.execute("select kind, id, body from things where epoch > ?", (after,))
            things = [(kind, name, json.loads(body)) for kind, name, body in rows]
        return Changes(
            epoch=epoch,
            complete=since is None,
            clock_offset=timedelta(seconds=offset),
            keys=tuple(_key(body) for body in _present(things, "key")),
            grants=tuple(Grant.from_canonical(body) for body in _present(things, "grant")),
            products=tuple(_product(body) for body in _present(things, "product")),
            groups={name: body for kind, name, body in things if kind == "group"},
            withdrawn_grants=_withdrawn(things, "grant"),
            withdrawn_products=_withdrawn(things, "product"),
        )

    def put(
        self,
        *,
        keys: Iterable[KeyEntry] = (),
        grants: Iterable[Grant] = (),
        products: Iterable[Product] = (),
        groups: Mapping[str, str] | None = None,
    ) -> int:
        """Store new and changed things and return their epoch."""
        things: list[Thing] = [("key", key.digest, _key_body(key)) for key in keys]
        things += [("grant", grant.id, grant.canonical()) for grant in grants]
        things += [("product", product.id, _product_body(product)) for product in products]
        things += [("group", party, group) for party, group in (groups or {}).items()]
        return self._write(things)

    def withdraw(self, *, grants: Iterable[str] = (), products: Iterable[str] = ()) -> int:
        """Take things away altogether and return the epoch."""
        things: list[Thing] = [("grant", one, None) for one in grants]
        return self._write(things + [("product", one, None) for one in products])

    def set_clock(self, offset: timedelta) -> int:
        """Move the clock and return the epoch."""
        with self._database() as database:
            database.execute("update head set clock_offset = ?", (offset.total_seconds(),))
        return self._write(())

    def _write(self, things: Iterable[Thing]) -> int:
        with self._transaction("begin immediate") as database:
            database.execute("update head set epoch = epoch + 1")
            epoch = int(database.execute("select epoch from head").fetchone()[0])
            database.executemany(
                "insert or replace into things values (?, ?, ?, ?)",
                ((kind, name, json.dumps(body), epoch) for kind, name, body in things),
            )
        return epoch

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._database() as database:
            database.execute(begin)
            yield database  # Closing without the commit rolls back.
            database.execute("commit")

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        # The event loop and the confirming thread both ask; a connection each is the simple way.
        with closing(sqlite3.connect(self._path, timeout=20, isolation_level=None)) as database:
            yield database


def _present(things: Iterable[Thing], kind: str) -> Iterator[Any]:
    return (body for of, _, body in things if of == kind and body is not None)


def _withdrawn(things: Iterable[Thing], kind: str) -> frozenset[str]:
    return frozenset(name for of, name, body in things if of == kind and body is None)


def _key_body(key: KeyEntry) -> dict[str, Any]:
    ends = None if key.expires_at is None else key.expires_at.isoformat()
    return {**asdict(key), "expires_at": ends}


def _key(body: dict[str, Any]) -> KeyEntry:
    ends = body["expires_at"]
    return KeyEntry(**{**body, "expires_at": ends and datetime.fromisoformat(ends)})


def _product_body(product: Product) -> dict[str, Any]:
    sets = {"items": sorted(product.items), "suspended": sorted(product.suspended)}
    return {**asdict(product), **sets, "file": str(product.file)}


def _product(body: dict[str, Any]) -> Product:
    sets = {name: frozenset(body[name]) for name in ("items", "suspended")}
    return Product(**{**body, **sets, "file": Path(body["file"])})
