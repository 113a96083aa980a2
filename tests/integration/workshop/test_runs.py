"""Runs: real ones in the locked worker, and what their author learns of them (S13)."""

from __future__ import annotations

import stat
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pytest

from gongshu.cleanroom.failures import RunFailed
from gongshu.sdc import MARKER
from gongshu.vocabulary.errors import Conflict, DomainError, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import node
from gongshu_server.cases.models import Notice
from gongshu_server.catalogue.models import Item, Snapshot
from gongshu_server.journal.models import Entry
from gongshu_server.operation import actions as operation
from gongshu_server.usage import actions as usage
from gongshu_server.usage.models import GrantRow
from gongshu_server.workshop import actions, queries, results, running
from gongshu_server.workshop.models import Run
from gongshu_server.workshop.runs import ABANDONED, AUTHOR_NOTE
from integration.operation.world import version
from integration.workshop.bench import (
    ARREARS_BY_DISTRICT,
    BY_DISTRICT,
    DISTRICTS,
    SERVICE,
    Bench,
    engine_giving,
    into_the_lake,
    plain,
    rows_of,
)

pytestmark = pytest.mark.django_db


@pytest.mark.clause("27-15", "dc-4")
def test_a_run_in_the_locked_worker_protects_small_groups(bench: Bench) -> None:
    into_the_lake(bench.world, rows_of(DISTRICTS))
    run = bench.run(bench.draft(BY_DISTRICT))
    assert (run.state, run.cause) == ("finished", "")
    table = results.read(run.result)
    assert table.column("行政区划代码").to_pylist() == ["139901", "139902", "139903"]
    assert table.column("企业数").to_pylist() == [40, 25, None]
    assert table.column(MARKER).to_pylist() == [False, False, True]
    assert run.for_reviewer["protected_cells"] == 1
    assert results.digest(run.result, run.salt) == run.digest
    assert stat.S_IMODE(results.path_of(run.result).stat().st_mode) == 0o400


def test_a_join_of_two_departments_runs(bench: Bench) -> None:
    into_the_lake(bench.world, rows_of({"139901": 80, "139902": 60}))
    run = bench.run(bench.draft(ARREARS_BY_DISTRICT))
    assert run.state == "finished", run.cause
    assert results.read(run.result).column("欠税企业数").to_pylist() == [40, 30]
    assert set(run.snapshots) == {bench.world.resources[k] for k in ("licences", "arrears")}
    assert run.for_reviewer["joins"] == [{"tables": ["安全生产许可证", "欠税"], "common": 70}]


@pytest.mark.clause("dc-6")
def test_a_fault_in_what_reviewers_are_told_is_the_same_one_code(bench: Bench) -> None:
    query = bench.draft(ARREARS_BY_DISTRICT)
    with (
        engine_giving(DISTRICTS),
        patch.object(running, "overlaps", side_effect=OSError("第7行")),
    ):
        run = bench.run(query)
    assert plain(view(bench, run))["code"] == "run_failed"


def test_each_run_is_in_the_ledger_with_the_grants_it_used(bench: Bench) -> None:
    run = bench.finished(ARREARS_BY_DISTRICT)
    uses = Entry.objects.filter(event="use.allowed")
    grants = GrantRow.objects.filter(grantee=bench.world.organisations["lab"])
    assert set(uses.values_list("subject_id", flat=True)) == set(
        grants.values_list("id", flat=True)
    )
    assert all(run.pk in (entry.body or "") for entry in uses)
    for event in ("workshop.run_started", "workshop.run_finished"):
        assert Entry.objects.get(event=event).subject_id == run.pk


def view(bench: Bench, run: Run) -> queries.RunView:
    return queries.run_view(run.pk, by=bench.world.actor("lab", "developer"), at=bench.world.at)


@pytest.mark.clause("dc-6")
def test_the_author_sees_the_same_whatever_the_data(bench: Bench) -> None:
    """D and D with subjects changed: protected or not, one group or many, the view is equal."""
    query = bench.draft()
    worlds = ({"139901": 40, "139902": 40}, {"139901": 39, "139902": 3}, {"139901": 1}, DISTRICTS)
    seen, protected = [], []
    for groups in worlds:
        with engine_giving(groups):
            run = bench.run(query)
        seen.append(plain(view(bench, run)))
        protected.append(run.for_reviewer["protected_cells"])
    assert protected == [0, 2, 1, 1]
    assert all(one == seen[0] for one in seen)
    assert seen[0] == {"state": "finished", "code": "", "sentence": "", "note": AUTHOR_NOTE}
    assert "部分组别已保护" in AUTHOR_NOTE


@pytest.mark.clause("dc-6")
@pytest.mark.parametrize(
    "fault",
    [
        RunFailed("memory"),
        RunFailed("time"),
        RunFailed("columns"),
        pa.ArrowInvalid("Could not convert '91139901' to int64"),
        OSError("disk"),
        ValueError("第7行"),
    ],
)
def test_every_failure_is_one_code(bench: Bench, fault: Exception) -> None:
    query = bench.draft()
    with engine_giving(fault):
        run = bench.run(query)
    assert plain(view(bench, run)) == {
        "state": "failed",
        "code": "run_failed",
        "sentence": queries.FAILED,
        "note": "",
    }
    assert not run.result
    entry = Entry.objects.get(event="workshop.run_failed")
    assert str(fault) not in (entry.body or "")
    assert run.cause not in (entry.body or "")


def test_a_missing_lake_is_a_failed_run(bench: Bench) -> None:
    run = bench.run(bench.draft())
    assert run.state == "failed"
    assert view(bench, run).code == "run_failed"


@pytest.mark.clause("dc-6")
def test_how_long_a_run_took_shows_in_whole_minutes_only(bench: Bench) -> None:
    query = bench.draft()
    by = bench.world.actor("lab", "developer")
    for seconds in (1, 30, 59):
        at = bench.world.later()
        with engine_giving(DISTRICTS):
            started = actions.start_run(query_id=query.pk, by=by, at=at)
            name, salt, digest = results.write(started.run.pk, pa.table({"a": [1]}))
            actions.finish_run(
                run_id=started.run.pk,
                outcome=actions.Outcome(name, salt, digest, {}),
                cause="",
                by=by,
                at=at + timedelta(seconds=seconds),
            )
        for later, shown in ((seconds, "running"), (59.9, "running"), (60, "finished")):
            moment = at + timedelta(seconds=later)
            assert queries.run_view(started.run.pk, by=by, at=moment).state == shown


def test_the_author_gets_no_row_count_digest_or_path(bench: Bench) -> None:
    run = bench.finished()
    assert set(queries.RunView.__slots__) == {
        "id",
        "query",
        "state",
        "code",
        "sentence",
        "note",
        "started_at",
    }
    told = " ".join(Notice.objects.values_list("text", flat=True))
    assert run.digest not in told


def test_a_query_runs_once_at_a_time(bench: Bench) -> None:
    query = bench.draft()
    bench.do(actions.start_run, query_id=query.pk)
    with pytest.raises(Conflict, match="正在运行"):
        bench.do(actions.start_run, query_id=query.pk)
    bench.world.later(minutes=20)
    bench.do(actions.start_run, query_id=query.pk)
    states = Run.objects.order_by("started_at").values_list("state", "cause")
    assert list(states) == [("failed", "abandoned"), ("running", "")]


def test_a_run_whose_process_died_ends_as_failed_and_can_be_asked_for_again(bench: Bench) -> None:
    query = bench.draft()
    bench.do(actions.start_run, query_id=query.pk)
    started = Run.objects.get().started_at
    soon, late = started + ABANDONED - timedelta(seconds=1), started + ABANDONED
    assert actions.give_up_abandoned(by=node(), at=soon) == 0
    assert actions.give_up_abandoned(by=node(), at=late) == 1
    assert actions.give_up_abandoned(by=node(), at=late) == 0
    run = Run.objects.get()
    assert (run.state, run.cause, run.finished_at) == ("failed", "abandoned", late)
    assert Entry.objects.filter(event="workshop.run_failed", subject_id=run.pk).count() == 1
    bench.world.later(minutes=20)
    with pytest.raises(NotPermitted):
        bench.do(actions.give_up_abandoned)
    bench.do(actions.start_run, query_id=query.pk)


def test_a_run_is_finished_once_and_by_whom_started_it(bench: Bench) -> None:
    started = bench.do(actions.start_run, query_id=bench.draft().pk)
    done = {"run_id": started.run.pk, "outcome": None, "cause": "time"}
    with pytest.raises(NotFound):
        bench.do(actions.finish_run, by=("other_lab", "developer"), **done)
    bench.do(actions.finish_run, **done)
    with pytest.raises(Conflict, match="已经结束"):
        bench.do(actions.finish_run, **done)


@pytest.mark.clause("opinions-3.6")
def test_a_revoked_grant_bites_at_the_next_run(bench: Bench) -> None:
    query = bench.draft()
    for row in GrantRow.objects.filter(grantee=bench.world.organisations["lab"]):
        bench.do(usage.revoke, by=("bureau", "head"), grant_id=row.pk, reason="风险处置")
    with engine_giving(DISTRICTS) as asked, pytest.raises(NotPermitted, match="撤销"):
        bench.run(query)
    assert asked == []
    assert not Run.objects.exists()


def test_an_ended_scenario_runs_nothing(bench: Bench) -> None:
    query = bench.draft()
    bench.do(operation.end_scenario, by="operator", scenario_id=bench.scenario.pk, reason="完成")
    with pytest.raises(Conflict):
        bench.run(query)


def test_an_item_that_became_stricter_stops_the_query(bench: Bench) -> None:
    query = bench.draft()
    Item.objects.filter(resource_id=bench.world.resources["licences"]).update(grade=4)
    with pytest.raises(Invalid):
        bench.run(query)


def test_only_the_text_that_was_checked_runs(bench: Bench) -> None:
    query = bench.draft()
    type(query).objects.filter(pk=query.pk).update(sql_final="SELECT * FROM 安全生产许可证")
    with engine_giving(DISTRICTS) as asked, pytest.raises(Conflict) as caught:
        bench.run(query)
    assert caught.value.code == "verdict_outdated"
    assert asked == []


def test_a_newer_version_is_used_by_the_next_run_and_named(bench: Bench) -> None:
    query = bench.draft()
    newer = version(bench.world, "licences", number=1)
    with engine_giving(DISTRICTS):
        run = bench.run(query)
    assert run.snapshots == {bench.world.resources["licences"]: newer.pk}
    assert Snapshot.objects.count() == 4


def test_a_service_run_keeps_its_table_to_the_node(bench: Bench) -> None:
    into_the_lake(bench.world, rows_of({"139901": 40}))
    run = bench.run(bench.draft(SERVICE, "service"))
    assert (run.state, run.note) == ("finished", "")
    assert results.read(run.result).num_rows == 40


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("other_lab", "developer"), NotFound),
        (("operator", "developer"), NotFound),
        (("bureau", "handler"), NotPermitted),
        (("lab", "auditor"), NotPermitted),
    ],
)
def test_only_the_developer_runs(bench: Bench, by: Any, error: type[DomainError]) -> None:
    query = bench.draft()
    with engine_giving(DISTRICTS) as asked, pytest.raises(error):
        bench.do(running.run, by=by, query_id=query.pk)
    assert asked == []


def test_an_unfinished_file_is_no_result(bench: Bench) -> None:
    query = bench.draft()
    with engine_giving(DISTRICTS), patch.object(results.os, "fsync", side_effect=OSError("full")):
        run = bench.run(query)
    assert run.state == "failed"
    assert not results.path_of(f"{run.pk}.parquet").exists()
