"""`gongshu import`: receive a file as a named person, then read it in the locked worker."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from gongshu.lake.parts import located
from gongshu_server.accounts import keys
from gongshu_server.accounts.actors import node
from gongshu_server.catalogue import intake
from gongshu_server.journal import clock
from gongshu_server.usage import ingest


def receive(file: Path, *, resource_id: str, key: str, console: Console) -> None:
    """Store the file, read it, and say what was understood and what was rejected.

    `库.db#表` names a table of a file that has several.
    """
    at = clock.now()
    path, _ = located(file)
    name = path.name + str(file)[len(str(path)) :]
    received = intake.store(resource_id, path, by=keys.holder(key, at=at), at=at, name=name)
    snapshot = ingest.ingest(received.pk, by=node(), at=at)
    console.print(f"已接收 {file.name}：{snapshot.rows} 行入库，{snapshot.rejects} 行待核。")
    for line in snapshot.understood.get("sentences", ()):
        console.print(f"  · {line}")
