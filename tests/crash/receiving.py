"""A file on its way in: sent over the API, and what the worker finds of it after a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_tasks_db.models import DBTaskResult

from gongshu_server.accounts import actions as accounts
from gongshu_server.api import work
from gongshu_server.catalogue.models import ReceivedFile, Snapshot
from gongshu_server.demo.stage import Stage
from gongshu_server.jobs.worker import drain
from gongshu_server.journal import clock
from gongshu_server.journal.models import Entry
from gongshu_server.usage import backlog

KIND = "inspections"


def send(stage: Stage, report: Callable[[Any], None], *, killed: Callable[[], None]) -> None:
    """Hand a file in; `killed` ends the process when its reading would be queued."""
    table = stage.tables[KIND]
    by = stage.actor(table.department)
    key = accounts.issue_key(label="报送", scopes=("all",), by=by, at=clock.now()).clear
    text = f"{','.join(table.items)}\n{','.join('甲' for _ in table.items)}\n"

    def lost(code: str, file_id: str) -> None:
        assert code == "ingest"
        report(file_id)
        killed()

    with patch.object(work, "enqueue", lost):
        Client().post(
            f"/api/v1/resources/{stage.resource(KIND)}/files",
            {"file": SimpleUploadedFile("检查.csv", text.encode())},
            headers={"Authorization": f"Bearer {key}", "Host": "localhost"},
        )


def pick_up(file_id: str) -> dict[str, Any]:
    """Run the periodic work and the tasks twice; count what there is of the file."""
    waiting = ReceivedFile.objects.get(pk=file_id).outcome
    counts = []
    for minutes in (2, 4):
        at = clock.now() + timedelta(minutes=minutes)
        counts.append(backlog.queue_unread(at=at))
        drain()
    snapshots = Snapshot.objects.filter(received=file_id).values_list("pk", flat=True)
    versioned = Entry.objects.filter(event="resource.versioned", subject_id=_resource(file_id))
    return {
        "before": waiting,
        "queued": counts,
        "after": ReceivedFile.objects.get(pk=file_id).outcome,
        "snapshots": len(snapshots),
        "entries": sum(snapshots[0] in (entry.body or "") for entry in versioned),
        "tasks": DBTaskResult.objects.filter(args_kwargs__args__1__0=file_id).count(),
    }


def _resource(file_id: str) -> str:
    return ReceivedFile.objects.get(pk=file_id).resource_id
