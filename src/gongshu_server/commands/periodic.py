"""The work of the worker process: what a task may name, and what runs by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType

from gongshu.engines import duckdb
from gongshu.sandbox import Pool
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts import drafts, open_sessions
from gongshu_server.accounts.actors import acting, node
from gongshu_server.cases import actions as cases
from gongshu_server.cases import channels, outbox
from gongshu_server.catalogue import uploads
from gongshu_server.delivery import building, database_source
from gongshu_server.jobs.tasks import enqueue
from gongshu_server.jobs.worker import Periodic
from gongshu_server.journal import clock, requests, sealing
from gongshu_server.operation import actions as operation
from gongshu_server.operation import queries as operation_queries
from gongshu_server.oversight import audit_access
from gongshu_server.oversight import reconciling as complaints
from gongshu_server.usage import backlog, collecting, ingest, watching
from gongshu_server.usage.compilation import PART_SECONDS, verify_entries
from gongshu_server.workshop import actions as workshop
from gongshu_server.workshop import running
from gongshu_server.workshop.running import LIMITS


def _ingest(file_id: str) -> None:
    ingest.ingest(file_id, by=node(), at=clock.now())


def _build(product_id: str) -> None:
    building.build(product_id, by=node(), at=clock.now())


@cache
def clean_room() -> Pool:
    """Return this process's pool of one warm worker that has loaded no data."""
    return duckdb.pool(1, LIMITS)


def _run_query(query_id: str, person_id: str, post_id: str) -> None:
    at = clock.now()
    by = acting(person_id=person_id, post_id=post_id, at=at)
    running.run(query_id=query_id, by=by, at=at, workers=clean_room())


def _deliver() -> None:
    outbox.deliver(channels.channels(), by=node(), at=clock.now())


def _queue_notices() -> None:
    # A mail server can be slow: the periodic thread seals the ledger and waits for nobody.
    if outbox.awaiting(channels.channels(), at=clock.now()):
        enqueue("deliver")


JOBS: Mapping[str, Callable[..., None]] = MappingProxyType(
    {"ingest": _ingest, "build": _build, "run_query": _run_query, "deliver": _deliver}
)


def _expire_agreements() -> None:
    at = clock.now()
    for agreement in operation_queries.expired_agreements(at):
        operation.expire_agreement(agreement_id=agreement.pk, by=node(), at=at)


@cache
def _sealer() -> sealing.Sealer:
    """Return this process's sealer, which keeps the ledger's tree in memory."""
    return sealing.Sealer()


PERIODIC: tuple[Periodic, ...] = (
    Periodic("seal", 1, lambda: _sealer().seal_all(at=clock.now())),
    Periodic("collect", 2, lambda: collecting.collect(by=node(), at=clock.now())),
    Periodic("draw_reviewers", 2, lambda: workshop.draw_waiting(at=clock.now())),
    Periodic("lights", 60, lambda: cases.note_lights(by=node(), at=clock.now())),
    Periodic("notices", 60, _queue_notices),
    Periodic("expire_agreements", 60, _expire_agreements),
    Periodic("refusals", 60, lambda: accounts.record_refusals(by=node(), at=clock.now())),
    Periodic("queue_unread", 60, lambda: backlog.queue_unread(at=clock.now())),
    Periodic("abandoned_runs", 60, lambda: workshop.give_up_abandoned(by=node(), at=clock.now())),
    Periodic("uploads", 3600, lambda: uploads.sweep(by=node(), at=clock.now())),
    Periodic("expire_accesses", 60, lambda: audit_access.expire_all(at=clock.now())),
    # A row edited under the ledger is found within a minute, on hosts that never restart, too.
    Periodic("verify_grants", 30, lambda: database_source.compile_all(at=clock.now())),
    Periodic("verify_entries", PART_SECONDS, lambda: verify_entries(at=clock.now())),
    Periodic("verify_rows", 60, lambda: watching.verify_rows(at=clock.now())),
    Periodic("verify_complaints", 300, lambda: complaints.verify_complaints(at=clock.now())),
    Periodic("forget_requests", 3600, lambda: requests.forget(at=clock.now())),
    # By the machine's clock, as sessions end: a demo's clock that is moved ends none.
    Periodic("forget_drafts", 3600, lambda: drafts.forget(at=clock.now())),
    Periodic("clear_sessions", 3600, lambda: open_sessions.clear(at=datetime.now(UTC))),
)
