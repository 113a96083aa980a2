"""What the node says and keeps when no file may grow any more (EFBIG stands for ENOSPC)."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import node
from gongshu_server.catalogue import intake
from gongshu_server.catalogue.models import ReceivedFile, Snapshot
from gongshu_server.demo.stage import Stage
from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry
from gongshu_server.usage import ingest

ROWS = 60_000  # Some megabytes that do not compress: more than the database of the story.


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let no file of this process and its children grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def attempt(what: str, stage: Stage, *, most: int) -> dict[str, Any]:
    """Do `what` on the full disk, then once more with room; return how both went."""
    prepared = _PREPARE[what](stage)
    before = _counts()
    with no_file_beyond(most):
        refused = _tried(_DO[what], prepared)
    during = _counts()
    again = _tried(_DO[what], prepared)
    return {
        "refused": refused,
        "half": {name: during[name] - before[name] for name in before},
        "again": again,
        "done": {name: count - before[name] for name, count in _counts().items()},
        "unknown": sorted(_kept(stage) - set(ReceivedFile.objects.values_list("id", flat=True))),
    }


def _kept(stage: Stage) -> set[str]:
    return {path.name for path in (stage.home / "received").iterdir()}


def _counts() -> dict[str, int]:
    models = (ReceivedFile, Snapshot, Entry)
    return {model.__name__: model.objects.count() for model in models}


def _tried(do: Callable[[Any], object], prepared: Any) -> dict[str, str]:
    try:
        do(prepared)
    except DomainError as error:
        return {"code": error.code, "sentence": error.sentence, "kind": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - the test says which kind there may be
        return {"code": "", "sentence": str(error), "kind": type(error).__name__}
    return {"code": "", "sentence": "", "kind": ""}


def _large(stage: Stage) -> tuple[Stage, Path]:
    """Return a file of the inspections' form that is larger than the database may grow."""
    names = stage.tables["inspections"].items
    dice = random.Random(5)
    path = stage.home.parent / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(names) + "\n")
        for _ in range(ROWS):
            file.write(",".join(f"{dice.getrandbits(96):024x}" for _ in names) + "\n")
    return stage, path


def _receive(prepared: tuple[Stage, Path]) -> ReceivedFile:
    stage, path = prepared
    table = stage.tables["inspections"]
    return intake.store(
        stage.resource("inspections"), path, by=stage.actor(table.department), at=clock.now()
    )


def _received(stage: Stage) -> str:
    return _receive(_large(stage)).pk


def _read(file_id: str) -> None:
    ingest.ingest(file_id, by=node(), at=clock.now())


def _found(stage: Stage) -> None:
    accounts.found(name="新单位", short_name="新", roles=("public",), by=node(), at=clock.now())


_PREPARE: dict[str, Callable[[Stage], Any]] = {
    "receive": _large,
    "read": _received,
    "write": lambda stage: stage,
}
_DO: dict[str, Callable[[Any], object]] = {
    "receive": _receive,
    "read": _read,
    "write": _found,
}
