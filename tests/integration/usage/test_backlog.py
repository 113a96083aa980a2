"""What was accepted and is done by no task any more is queued again, once, and read once."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import deltalake
import pytest
from django.db import connections
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from gongshu.lake import read_received
from gongshu.vocabulary.errors import Unavailable
from gongshu_server.accounts.actors import node
from gongshu_server.catalogue import intake
from gongshu_server.catalogue.models import ReceivedFile, Resource, Snapshot
from gongshu_server.jobs.tasks import MOST_FAILURES, enqueue, run
from gongshu_server.journal.models import Entry
from gongshu_server.usage import backlog, ingest
from gongshu_server.usage.models import Alarm
from integration.city import ITEMS, USCC, City, reviewed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    """Give each test a node's folder of its own."""
    settings.HOME = tmp_path
    return tmp_path


@pytest.fixture
def received(city: City, tmp_path: Path) -> ReceivedFile:
    """Receive a file whose reading was never queued."""
    return accepted(city, tmp_path, f"{','.join(ITEMS)}\n{USCC},有效\n")


def accepted(city: City, folder: Path, text: str) -> ReceivedFile:
    path = folder / "许可证.csv"
    path.write_text(text, encoding="utf-8")
    resource = reviewed(city)
    return intake.store(resource.pk, path, by=city.actor("emergency"), at=city.later())


def queued(city: City, **later: int) -> int:
    return backlog.queue_unread(at=city.later(**(later or {"minutes": 2})))


def perform() -> None:
    """Run every waiting task as a worker does, and note how it ended."""
    for task in DBTaskResult.objects.filter(status=TaskResultStatus.READY):
        task.return_value = run.func(*task.args_kwargs["args"])
        task.status = TaskResultStatus.SUCCESSFUL
        task.save()


def test_a_lost_reading_is_queued_once_and_becomes_one_version(
    city: City, received: ReceivedFile
) -> None:
    assert queued(city) == 1
    assert queued(city) == 0, "a task waits for it"
    DBTaskResult.objects.update(status=TaskResultStatus.RUNNING)
    assert queued(city) == 0, "a worker reads it"
    DBTaskResult.objects.update(status=TaskResultStatus.READY)
    perform()
    assert queued(city) == 0
    assert Snapshot.objects.filter(received=received).count() == 1


@pytest.mark.usefixtures("received")
def test_a_file_that_has_just_come_is_left_to_its_receiver(city: City) -> None:
    assert queued(city, seconds=59) == 0
    assert queued(city, seconds=2) == 1


def test_a_refusal_is_an_answer(city: City, tmp_path: Path) -> None:
    lacking = accepted(city, tmp_path, "别的列\n1\n")
    assert queued(city) == 1
    perform()
    assert DBTaskResult.objects.get().return_value["outcome"] == "refused"
    assert queued(city) == 0
    assert not Snapshot.objects.filter(received=lacking).exists()


@pytest.mark.parametrize("fault", [OSError("第7行"), Unavailable("磁盘满。", code="disk")])
def test_a_reading_that_fails_is_tried_again_and_then_alarmed_once(
    city: City, received: ReceivedFile, fault: Exception
) -> None:
    with patch.object(ingest, "read_received", side_effect=fault):
        for _ in range(MOST_FAILURES):
            assert queued(city) == 1
            perform()
        assert queued(city) == queued(city) == 0
    alarm = Alarm.objects.get(kind="file_unread")
    assert alarm.object_id == received.pk
    assert "第7行" not in alarm.sentence


def test_a_task_of_a_worker_that_died_thrice_counts_as_failed(
    city: City, received: ReceivedFile
) -> None:
    enqueue("ingest", received.pk)
    DBTaskResult.objects.update(status=TaskResultStatus.FAILED)
    assert queued(city) == 1


def test_other_work_on_the_same_id_says_nothing(city: City, received: ReceivedFile) -> None:
    enqueue("build", received.pk)
    assert queued(city) == 1


@pytest.mark.usefixtures("city")
def test_two_readers_read_a_file_once(received: ReceivedFile) -> None:
    """The second waits until the first has recorded its version, and returns that."""
    reading, go_on = threading.Event(), threading.Event()
    made: list[Snapshot] = []

    def slowly(*arguments: Any, **more: Any) -> Any:
        reading.set()
        assert go_on.wait(20)
        return read_received(*arguments, **more)

    def read() -> None:
        try:
            made.append(ingest.ingest(received.pk, by=node(), at=received.received_at))
        finally:
            connections.close_all()

    readers = [threading.Thread(target=read) for _ in range(2)]
    with patch.object(ingest, "read_received", side_effect=slowly) as reads:
        readers[0].start()
        assert reading.wait(20)
        readers[1].start()
        readers[1].join(0.2)
        assert readers[1].is_alive(), "it waits"
        go_on.set()
        for reader in readers:
            reader.join(20)
    assert reads.call_count == 1
    assert len({snapshot.pk for snapshot in made}) == 1
    assert Entry.objects.filter(event="use.allowed").count() == 1


def test_an_unreadable_file_is_not_read_again(city: City, tmp_path: Path) -> None:
    empty = accepted(city, tmp_path, "")
    for _ in range(2):
        with pytest.raises(ingest.Unreadable):
            ingest.ingest(empty.pk, by=node(), at=city.later())
    assert queued(city) == 0
    assert Entry.objects.filter(event="resource.unreadable").count() == 1


def again(city: City, resource: Resource, folder: Path, text: str) -> ReceivedFile:
    path = folder / "许可证.csv"
    path.write_text(text, encoding="utf-8")
    return intake.store(resource.pk, path, by=city.actor("emergency"), at=city.later())


def test_a_file_without_the_filed_items_leaves_no_version(
    city: City, received: ReceivedFile, tmp_path: Path
) -> None:
    """It is refused before the first row is written, and the table stays at its version."""
    made = ingest.ingest(received.pk, by=node(), at=city.later())
    lacking = again(city, received.resource, tmp_path, f"{ITEMS[0]}\n{USCC}\n")
    with pytest.raises(ingest.Unreadable) as refused:
        ingest.ingest(lacking.pk, by=node(), at=city.later())
    assert refused.value.code == "items_missing"
    assert ITEMS[1] in refused.value.sentence
    table = deltalake.DeltaTable(str(tmp_path / "lake" / made.location))
    assert table.version() == made.version
    lacking.refresh_from_db()
    assert (lacking.outcome, lacking.sentence) == ("unreadable", refused.value.sentence)
    assert queued(city) == 0


def test_a_file_read_again_says_how_its_columns_changed(
    city: City, received: ReceivedFile, tmp_path: Path
) -> None:
    """The first version has nothing to be compared with."""
    first = ingest.ingest(received.pk, by=node(), at=city.later())
    assert not any("上一个版本" in said for said in first.understood["sentences"])
    more = again(city, received.resource, tmp_path, f"{','.join(ITEMS)},数\n{USCC},有效,1\n")
    said = ingest.ingest(more.pk, by=node(), at=city.later()).understood["sentences"]
    assert said[0] == "与上一个版本相比，多了数据项：数。"
    text = again(city, received.resource, tmp_path, f"{','.join(ITEMS)},数\n{USCC},有效,x\n")
    said = ingest.ingest(text.pk, by=node(), at=city.later()).understood["sentences"]
    assert said[0] == "与上一个版本相比，类型变了：数（整数→文本）。请核对这些列的内容。"


def test_a_file_of_several_tables_is_read_by_the_name_it_was_sent_under(
    city: City, tmp_path: Path
) -> None:
    """Without it the refusal lists them."""
    path = tmp_path / "全部.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("甲.csv", f"{','.join(ITEMS)}\n{USCC},有效\n")
        archive.writestr("乙.csv", "a,b\n1,2\n")
    resource = reviewed(city)
    by = city.actor("emergency")
    unnamed = intake.store(resource.pk, path, by=by, at=city.later())
    with pytest.raises(ingest.Unreadable, match=r"甲\.csv、乙\.csv"):
        ingest.ingest(unnamed.pk, by=node(), at=city.later())
    named = intake.store(resource.pk, path, name="全部.zip#甲.csv", by=by, at=city.later())
    assert ingest.ingest(named.pk, by=node(), at=city.later()).understood["member"] == "甲.csv"
