"""The work of the worker process: what a task may name, and what runs by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gongshu_server.accounts.actors import node
from gongshu_server.cases import actions as cases
from gongshu_server.delivery import building, collecting, database_source
from gongshu_server.jobs.worker import Periodic
from gongshu_server.journal import clock, sealing
from gongshu_server.usage import ingest


def _ingest(file_id: str) -> None:
    ingest.ingest(file_id, by=node(), at=clock.now())


def _build(product_id: str) -> None:
    building.build(product_id, by=node(), at=clock.now())


JOBS: Mapping[str, Callable[..., None]] = MappingProxyType({"ingest": _ingest, "build": _build})

PERIODIC: tuple[Periodic, ...] = (
    Periodic("seal", 1, lambda: sealing.seal_all(at=clock.now())),
    Periodic("collect", 2, lambda: collecting.collect(by=node(), at=clock.now())),
    Periodic("overdue", 60, lambda: cases.note_overdue(by=node(), at=clock.now())),
    # A row edited under the ledger is found within a minute, on hosts that never restart, too.
    Periodic("verify_grants", 30, lambda: database_source.compile_all(at=clock.now())),
)
