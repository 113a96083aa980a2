"""A quota bank in an SQLite file of its own, so that it never waits for the node's database.

`settled` is what stands in closed segments, `reserved` what running processes took and may still
use or give back. Their sum never passes a limit, so what is used cannot either. A process that dies
leaves its row in `reserved`; `use_log.recover` books what its segments show and drops the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gongshu_server.usage.sqlite_files import opened

_SCHEMA: Final = """
create table if not exists settled (
    counter text primary key, amount integer not null check (amount >= 0)) without rowid;
create table if not exists reserved (
    owner text, counter text, amount integer not null check (amount >= 0),
    primary key (owner, counter)) without rowid;
create index if not exists reserved_counter on reserved (counter, amount);
create table if not exists booked (owner text, segment text primary key) without rowid;
"""
_SHARE: Final = 8
"""A block is at most this part of what is left, so that the last units go round in small change."""


class SqliteQuotaBank:
    """The bank of one host, in `folder`/quota.sqlite; one object per process."""

    def __init__(self, folder: Path) -> None:
        self._database = opened(folder / "quota.sqlite", _SCHEMA)
        self._database.execute("pragma synchronous=normal")  # See `_forced`.

    def reserve(self, owner: str, counter: str, *, want: int, limit: int | None) -> int:
        """Take up to `want` units and return how many; used and reserved stay within `limit`."""
        with self._transaction():
            got = want
            if limit is not None:
                left = limit - self.taken(counter)
                got = max(0, min(want, left, max(1, left // _SHARE)))
            if got:
                self._database.execute(
                    "insert into reserved values (?, ?, ?) on conflict (owner, counter)"
                    " do update set amount = amount + excluded.amount",
                    (owner, counter, got),
                )
        return got

    def give_back(self, owner: str, amounts: Mapping[str, int]) -> None:
        """Return units by counter that the owner reserved and did not use."""
        with self._transaction():
            for counter, amount in amounts.items():
                self._lower(owner, counter, amount)

    def settle(self, owner: str, segment: str, amounts: Mapping[str, int]) -> None:
        """Book the amounts of a segment as used, once per segment name; on disk when it returns."""
        with self._forced(), self._transaction():
            # A process closes its segments one by one: the one before has its last name by now.
            self._database.execute(
                "delete from booked where owner = ? and segment <> ?", (owner, segment)
            )
            new = self._database.execute(
                "insert or ignore into booked values (?, ?)", (owner, segment)
            )
            if new.rowcount == 0:
                return
            for counter, amount in amounts.items():
                self._lower(owner, counter, amount)
                self._database.execute(
                    "insert into settled values (?, ?) on conflict (counter)"
                    " do update set amount = amount + excluded.amount",
                    (counter, amount),
                )

    def release(self, owner: str) -> None:
        """Drop what a process that is gone had reserved and not used."""
        with self._transaction():
            self._database.execute("delete from reserved where owner = ?", (owner,))
            self._database.execute("delete from booked where owner = ?", (owner,))

    def taken(self, counter: str) -> int:
        """Return how many units of a counter are used or reserved."""
        row = self._database.execute(
            "select coalesce((select amount from settled where counter = ?1), 0)"
            " + coalesce((select sum(amount) from reserved where counter = ?1), 0)",
            (counter,),
        ).fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _lower(self, owner: str, counter: str, amount: int) -> None:
        # After a power loss the latest reservations may be missing while the uses are on disk.
        self._database.execute(
            "update reserved set amount = max(0, amount - ?) where owner = ? and counter = ?",
            (amount, owner, counter),
        )

    @contextmanager
    def _forced(self) -> Iterator[None]:
        """Force to disk what is committed within. Reservations need not be: they mean something
        only while their process lives, and after a power loss none does."""
        self._database.execute("pragma synchronous=full")
        try:
            yield
        finally:
            self._database.execute("pragma synchronous=normal")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._database.execute("rollback")
            raise
        self._database.execute("commit")
