"""What must hold in a node's folder after any kill, looked at by the node's next process.

Nothing that was acknowledged is missing, nothing stands there by half, and the node goes on. Each
function yields one sentence for each thing that is wrong.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
from django.apps import apps
from django.db import connection, models

from gongshu.lake import open_snapshot
from gongshu.lake.subjects import ENTERPRISE, PERSON
from gongshu.ledger.commitments import commit
from gongshu.ledger.notes import Verifier
from gongshu.ledger.verify import verify_folder
from gongshu.procedures import procedure
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import node
from gongshu_server.cases.documents import Paper
from gongshu_server.cases.models import Attachment, Case, Clock, Document, Step
from gongshu_server.catalogue import intake
from gongshu_server.catalogue.models import Item, ReceivedFile, Resource, Snapshot
from gongshu_server.catalogue.queries import lake_path
from gongshu_server.commands.founding import prepare
from gongshu_server.delivery.database_source import SERVING, compile_all
from gongshu_server.delivery.quota_bank import SqliteQuotaBank
from gongshu_server.delivery.use_log import recover
from gongshu_server.journal import clock, recording, sealing
from gongshu_server.journal.models import Entry, Head
from gongshu_server.market.models import VERIFICATION, Order, Product
from gongshu_server.operation.models import Agreement, Scenario
from gongshu_server.usage import collecting, segments
from gongshu_server.usage.models import Alarm, GrantRow, Metered, Segment
from gongshu_server.workshop import results
from gongshu_server.workshop.models import Release, Run

EXIT_UNWITNESSED = 3
LEASE = timedelta(seconds=31)
GRANTING = ((Order, {"accepted", "active"}), (Agreement, {"active"}), (Scenario, {"approved"}))


def faults(home: Path, *, entries: list[str], uses: list[str]) -> Iterator[str]:
    """Yield everything that is wrong; `entries` and `uses` are what had been acknowledged."""
    prepare(demo=True)  # What an operator runs again when it was killed; else it changes nothing.
    yield from database()
    yield from journal(entries)
    yield from cases()
    yield from files(home)
    yield from kept_uses(home, uses)
    yield from grants()
    yield from goes_on()
    yield from ledger(home)


def database() -> Iterator[str]:
    """The database is whole and every reference in it leads somewhere."""
    with connection.cursor() as cursor:
        for check in ("integrity_check", "foreign_key_check"):
            cursor.execute(f"pragma {check}")
            yield from (f"{check}: {row}" for row in cursor.fetchall() if row != ("ok",))


def journal(acknowledged: list[str]) -> Iterator[str]:
    """Every acknowledged entry is there, numbered without a gap, as its commitment says."""
    rows = list(Entry.objects.order_by("sequence"))
    missing = set(acknowledged) - {row.pk for row in rows}
    yield from (f"acknowledged entry lost: {entry}" for entry in sorted(missing))
    if [row.sequence for row in rows] != list(range(1, len(rows) + 1)):
        yield f"sequence with a gap: {[row.sequence for row in rows]}"
    head = Head.objects.get(pk=1)
    if head.sequence != len(rows) or (rows and head.last_at != rows[-1].at):
        yield f"head says {head.sequence}, {head.last_at}; there are {len(rows)} entries"
    if [row.at for row in rows] != sorted(row.at for row in rows):
        yield "journal time runs backwards"
    for row in rows:
        if row.event == recording.LOST_EVENT:
            continue  # After restoring: what was signed since the backup has only its place.
        opening = recording.opening(row)
        if commit(opening.kind, opening.salt, opening.body) != bytes(row.commitment):
            yield f"entry {row.pk} ({row.event}) does not open its commitment"


def cases() -> Iterator[str]:
    """Every case stands where its last step has put it; every step has its entry."""
    known = set(Entry.objects.values_list("id", flat=True))
    for case in Case.objects.all():
        steps = list(Step.objects.filter(case=case).order_by("id"))
        table = procedure(case.procedure)
        if case.state != (steps[-1].target if steps else table.initial):
            yield f"case {case.number} is {case.state}, its last step led elsewhere"
        yield from (f"step of {case.number} has no entry" for s in steps if s.entry not in known)
        if (case.closed_at is not None) != (case.state in table.terminal):
            yield f"case {case.number} is {case.state}, closed at {case.closed_at}"
        running = Clock.objects.filter(case=case, stopped_at=None)
        standing = [limit.code for limit in table.limits if limit.standing]
        if case.closed_at and running.exclude(limit__in=standing).exists():
            yield f"a clock of the closed case {case.number} still runs"
    yield from _documents()
    yield from _subjects_of_cases()


def _documents() -> Iterator[str]:
    carried = {one.document_id: one for one in Attachment.objects.exclude(document=None)}
    fields = [name for name in Paper.__dataclass_fields__ if name != "attachment"]
    for document in Document.objects.all():
        file = carried.get(document.pk)
        named = {name: getattr(document, name) for name in fields}
        paper = Paper(**named, attachment=file.pk if file else "")
        said = f"{document.salt}\n{file.digest if file else ''}\n{paper!r}".encode()
        if hashlib.sha256(said).hexdigest() != document.digest:
            yield f"document {document.pk} is not what its digest says"


def _subjects_of_cases() -> Iterator[str]:
    """Rows and their cases come together; what mirrors a state says the same."""
    states = dict(Case.objects.values_list("id", "state"))
    for model in apps.get_models():
        yield from _without_case(model, states)
    for row in (*Product.objects.all(), *Resource.objects.all()):
        if row.state != states[row.case]:
            yield f"{type(row).__name__} {row.pk} is {row.state}, its case {states[row.case]}"
    for release in Release.objects.all():
        if release.live != (states[release.case] not in {"rejected", "withdrawn"}):
            yield f"release {release.pk} is live={release.live} in {states[release.case]}"
    for model, granting in GRANTING:
        for row in model.objects.all():
            granted = GrantRow.objects.filter(case=row.case).exists()
            if granted != (states[row.case] in granting | _AFTER_GRANTS):
                yield f"{model.__name__} {row.pk} in {states[row.case]}: granted is {granted}"


def _without_case(model: type[models.Model], states: Mapping[str, str]) -> Iterator[str]:
    for name in ("case", "price_case"):
        if isinstance(_field(model, name), models.CharField):
            rows = model.objects.exclude(**{name: ""}).values_list("pk", name)
            yield from (f"{model.__name__} {pk} has no case" for pk, c in rows if c not in states)


_AFTER_GRANTS = {"revoked", "completed", "terminated", "expired", "ended"}


def _field(model: type[models.Model], name: str) -> object:
    return next((field for field in model._meta.get_fields() if field.name == name), None)


def files(home: Path) -> Iterator[str]:
    """Every file that a row names is there, opens, and holds what the row says."""
    for file in ReceivedFile.objects.all():
        data = intake.kept_path(file.pk).read_bytes()
        salted = hashlib.sha256(file.salt.encode() + data).hexdigest()
        if (len(data), salted) != (file.bytes, file.digest):
            yield f"received file {file.pk} is not what was received"
    for snapshot in Snapshot.objects.all():
        rows = sum(batch.num_rows for batch in open_snapshot(lake_path(snapshot), snapshot.version))
        if rows != snapshot.rows:
            yield f"version {snapshot.pk} has {rows} rows, its row says {snapshot.rows}"
        rejects = lake_path(snapshot).parent / "rejects" / f"{snapshot.version}.parquet"
        if snapshot.rejects and pq.read_metadata(rejects).num_rows != snapshot.rejects:
            yield f"the reject table of {snapshot.pk} does not hold {snapshot.rejects} rows"
        if not {*snapshot.schema} - {ENTERPRISE, PERSON} <= _items(snapshot):
            yield f"version {snapshot.pk} has columns without items"
    yield from _results(home)


def _results(home: Path) -> Iterator[str]:
    for run in Run.objects.filter(state="finished"):
        if results.digest(run.result, run.salt) != run.digest:
            yield f"the result of run {run.pk} is not what was recorded"
    for product in Product.objects.exclude(serving=""):
        table = "answers" if product.form == VERIFICATION else "rows"
        with closing(sqlite3.connect(home / SERVING / product.serving)) as serving:
            (rows,) = serving.execute(f"select count(*) from {table}").fetchone()
        if rows != product.rows:
            yield f"product {product.pk} serves {rows} rows, its row says {product.rows}"


def _items(snapshot: Snapshot) -> set[str]:
    return set(Item.objects.filter(resource=snapshot.resource).values_list("name", flat=True))


def kept_uses(home: Path, acknowledged: list[str]) -> Iterator[str]:
    """Every use with a receipt is in a segment, once, charged once, and gets into the meters."""
    folder = home / segments.USES
    bank = SqliteQuotaBank(home)
    folder.mkdir(exist_ok=True)
    recover(folder, at=clock.now(), bank=bank)
    contents = [segments.read(path) for path in segments.closed(folder)]
    left = [path.name for path in folder.iterdir() if path.suffix not in {".closed", ".lock"}]
    yield from (f"left behind in the uses: {name}" for name in left)
    counts = Counter(r.body["receipt"] for one in contents for r in one.records)
    yield from (f"acknowledged use lost: {use}" for use in acknowledged if use not in counts)
    yield from (f"use recorded {n} times: {use}" for use, n in counts.items() if n > 1)
    charged: Counter[str] = sum((one.charged() for one in contents), Counter())
    for counter, amount in charged.items():
        if bank.taken(counter) != amount:
            yield f"{counter}: used {amount}, the bank says {bank.taken(counter)}"
    bank.close()
    _catch_up()
    collecting.collect(by=node(), at=clock.now())
    if set(Segment.objects.values_list("id", flat=True)) != {c.name for c in contents}:
        yield "segments and rows differ"
    metered = sum(Metered.objects.values_list("amount", flat=True))
    used = sum(record.body["amount"] for one in contents for record in one.records)
    if metered != used:
        yield f"metered {metered}, used {used}"


def grants() -> Iterator[str]:
    """Every grant agrees with the journal, and no alarm is open."""
    refused = compile_all(at=clock.now())
    alarms = list(Alarm.objects.filter(closed_at=None).values_list("sentence", flat=True))
    if refused or alarms:
        yield f"{refused} grants differ from the journal: {alarms}"
    issued = set(Entry.objects.filter(event="grant.issued").values_list("subject_id", flat=True))
    if issued != set(GrantRow.objects.values_list("id", flat=True)):
        yield "grants and the entries of their issue differ"


def goes_on() -> Iterator[str]:
    """The node takes the next write."""
    before = Entry.objects.count()
    _catch_up()
    accounts.found(name="复核单位", short_name="复核", roles=("public",), by=node(), at=clock.now())
    if Entry.objects.count() != before + 1:
        yield "the next write was not recorded"


def ledger(home: Path) -> Iterator[str]:
    """Sealing continues, the folder verifies, and each entry stands at its place in it."""
    # The dead process may hold the sealer's lease until it runs out.
    sealing.seal_all(at=clock.now() + LEASE)
    report = verify_folder(
        home / "ledger", Verifier.parse((home / "ledger.vkey").read_text().strip())
    )
    if report.exit_code != EXIT_UNWITNESSED:
        yield f"the ledger does not verify: {report.lines_zh()}"
    store = sealing.open_store()
    sealed = store.entries(0, store.size)
    rows = list(Entry.objects.order_by("index"))
    if len(sealed) != len(rows) or any(row.index is None for row in rows):
        yield f"{len(rows)} entries, {len(sealed)} sealed"
    elif [bytes(row.commitment) for row in rows] != sealed:
        yield "entries stand at other places than the ledger has them"


def _catch_up() -> None:
    """A demo's scenes write ahead of the node's clock; a killed one has not moved it yet."""
    last = clock.last_entry()
    if last is not None and last > clock.now():
        clock.move_to(last)
