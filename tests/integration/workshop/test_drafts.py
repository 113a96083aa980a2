"""Drafts: the clean room's verdict decides, all findings are told, denials are recorded."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu.vocabulary.errors import Conflict, DomainError, Invalid, NotFound, NotPermitted
from gongshu_server.journal.models import Entry
from gongshu_server.operation import actions as operation
from gongshu_server.usage import actions as usage
from gongshu_server.usage.models import GrantRow
from gongshu_server.workshop import actions, queries
from gongshu_server.workshop.models import Query, Task
from integration.operation.world import quick_scenario, submitted_scenario
from integration.workshop.bench import (
    ARREARS_BY_DISTRICT,
    BY_DISTRICT,
    BY_TAX,
    OPENED_COPY,
    SERVICE,
    Bench,
    denial_of,
    open_to_all,
)

pytestmark = pytest.mark.django_db
NAMES = "SELECT 统一社会信用代码 AS 序号 FROM 安全生产许可证"


def refused(bench: Bench, error: type[DomainError], sql: str, **more: Any) -> DomainError:
    before = Query.objects.count()
    with pytest.raises(error) as caught:
        bench.draft(sql, **more)
    assert Query.objects.count() == before
    denial_of(caught.value)
    return caught.value


@pytest.mark.clause("27-15", "27-21")
def test_a_lawful_query_over_two_departments_is_kept_with_its_lineage(bench: Bench) -> None:
    query = bench.draft(ARREARS_BY_DISTRICT)
    assert query.verdict["shape"] == "statistics"
    assert len(query.verdict["grants"]) == 2
    touched = {tuple(ref) for column in query.verdict["lineage"] for ref in column["influences"]}
    assert (f"resource:{bench.world.resources['licences']}", "行政区划代码") in touched
    entry = Entry.objects.filter(event="workshop.drafted").latest("sequence")
    assert entry.subject_id == query.pk
    assert BY_DISTRICT not in (entry.body or "")


def test_checking_records_nothing(bench: Bench) -> None:
    entries = Entry.objects.count()
    by = bench.world.actor("lab", "developer")
    assert queries.check(bench.task.pk, BY_DISTRICT, by=by, at=bench.world.at).allowed
    verdict = queries.check(bench.task.pk, NAMES, by=by, at=bench.world.at)
    assert not verdict.allowed
    assert Entry.objects.count() == entries
    assert not Query.objects.exists()


@pytest.mark.clause("opinions-12.7")
def test_a_raw_copy_under_another_name_is_refused_and_an_opened_one_is_not(bench: Bench) -> None:
    error = refused(bench, Invalid, NAMES)
    assert error.code == "query_refused"
    assert "统一社会信用代码" in error.sentence
    open_to_all(bench)
    query = bench.draft(OPENED_COPY)
    assert query.verdict["shape"] == "open"
    assert query.verdict["opened_copies"]


def test_opened_items_without_a_public_grant_do_not_exist(bench: Bench) -> None:
    refused(bench, DomainError, OPENED_COPY)


def test_one_person_isolated_inside_an_aggregate_is_refused(bench: Bench) -> None:
    refused(
        bench,
        Invalid,
        "SELECT 行政区划代码, sum(CASE WHEN 统一社会信用代码 = '91' THEN 1 ELSE 0 END) AS n "
        "FROM 安全生产许可证 GROUP BY 行政区划代码",
    )


@pytest.mark.clause("opinions-3.6", "27-21")
def test_out_of_scope_names_every_broken_limit(bench: Bench) -> None:
    """A second scenario over one item, for service only, and soon over: three limits at once."""
    world = bench.world
    (entry,) = world.scope("licences", exits=("service",))
    narrow = quick_scenario(
        world,
        bench.agreement,
        scope=(type(entry)(entry.resource, ("许可状态",), entry.exits),),
        developer=world.organisations["other_lab"],
    )
    task = bench.do(
        actions.open_task, by=("other_lab", "developer"), scenario_id=narrow.pk, title="二"
    )
    world.later(days=366)
    with pytest.raises(NotPermitted) as caught:
        bench.do(
            actions.draft,
            by=("other_lab", "developer"),
            task_id=task.pk,
            sql=BY_DISTRICT,
            exit="export",
        )
    error = caught.value
    assert {finding.code for finding in error.details} >= {
        "scope.items",
        "scope.action",
        "scope.period",
    }
    assert all(f.sentence.rstrip("。") in error.sentence for f in error.details)
    assert error.clause is not None
    denial_of(error)


def test_a_table_outside_the_scenario_does_not_exist(bench: Bench) -> None:
    world = bench.world
    narrow = quick_scenario(world, bench.agreement, scope=world.scope("licences"))
    task = bench.do(actions.open_task, scenario_id=narrow.pk, title="二")
    unknown = refused(bench, NotPermitted, BY_TAX.replace("欠税", "不存在的表"), task_id=task.pk)
    outside = refused(bench, NotPermitted, BY_TAX, task_id=task.pk)
    assert outside.sentence.replace("欠税", "不存在的表") == unknown.sentence


def test_a_revoked_grant_bites_at_the_next_draft(bench: Bench) -> None:
    bench.draft()
    row = GrantRow.objects.get(
        grantee=bench.world.organisations["lab"],
        object=f"resource:{bench.world.resources['licences']}",
    )
    bench.do(usage.revoke, by=("bureau", "head"), grant_id=row.pk, reason="风险处置")
    error = refused(bench, NotPermitted, BY_DISTRICT)
    assert "scope.revoked" in {finding.code for finding in error.details}


def test_an_exit_that_does_not_exist_is_refused(bench: Bench) -> None:
    refused(bench, Invalid, BY_DISTRICT, exit="leak")


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("other_lab", "developer"), NotFound),
        (("operator", "developer"), NotFound),
        (("tax", "handler"), NotFound),
        (("bureau", "handler"), NotPermitted),
        (("lab", "auditor"), NotPermitted),
        (("audit", "auditor"), NotPermitted),
    ],
)
def test_only_the_tasks_developer_works_on_it(
    bench: Bench, by: Any, error: type[DomainError]
) -> None:
    with pytest.raises(error):
        bench.do(actions.draft, by=by, task_id=bench.task.pk, sql=BY_DISTRICT, exit="export")
    with pytest.raises(error):
        queries.check(bench.task.pk, BY_DISTRICT, by=bench.world.actor(*by), at=bench.world.at)


@pytest.mark.parametrize(
    ("by", "error"),
    [
        (("other_lab", "developer"), NotFound),
        (("operator", "developer"), NotPermitted),
        (("bureau", "handler"), NotPermitted),
        (("lab", "head"), NotPermitted),
    ],
)
def test_only_the_scenarios_developer_opens_a_task(
    bench: Bench, by: Any, error: type[DomainError]
) -> None:
    with pytest.raises(error):
        bench.do(actions.open_task, by=by, scenario_id=bench.scenario.pk, title="二")
    assert Task.objects.count() == 1


def test_no_task_and_no_draft_without_an_approved_scenario(bench: Bench) -> None:
    waiting = submitted_scenario(bench.world, bench.agreement)
    with pytest.raises(Conflict, match="没有获得批准"):
        bench.do(actions.open_task, scenario_id=waiting.pk, title="二")
    bench.do(operation.end_scenario, by="operator", scenario_id=bench.scenario.pk, reason="完成")
    with pytest.raises(Conflict, match="已经结束"):
        bench.draft()


def test_a_service_draft_needs_the_service_exit(bench: Bench) -> None:
    query = bench.draft(SERVICE, "service")
    assert query.verdict["shape"] == "service"
    refused(bench, Invalid, SERVICE, exit="export")


def test_who_sees_tasks_and_queries(bench: Bench) -> None:
    query = bench.draft()
    for code in ("lab", "bureau", "audit"):
        by = bench.world.actor(code)
        assert queries.tasks(by=by) == [bench.task]
        assert queries.queries_of(bench.task.pk, by=by) == [query]
    for code in ("operator", "other_lab", "cyberspace", "tax", "other_bureau"):
        by = bench.world.actor(code)
        assert queries.tasks(by=by) == []
        assert queries.queries_of(bench.task.pk, by=by) == []
