"""A developer's bench: a task under an approved scenario, and the way from a draft to a release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
from django.conf import settings

from gongshu.engines import duckdb
from gongshu.lake.snapshots import write_snapshot
from gongshu.policy import PUBLIC, Grant
from gongshu.vocabulary.errors import DomainError
from gongshu_server.accounts.actors import node
from gongshu_server.cases.models import Case
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.models import Entry
from gongshu_server.operation.models import Agreement, Scenario
from gongshu_server.usage import actions as usage
from gongshu_server.workshop import actions, running
from gongshu_server.workshop.models import Query, Release, Run, Task
from gongshu_server.workshop.queries import RunView
from integration.operation.world import SUBJECT, World, quick_agreement, quick_scenario

BY_DISTRICT = (
    "SELECT 行政区划代码, count(DISTINCT 主体_企业) AS 企业数 FROM 安全生产许可证 "
    "GROUP BY 行政区划代码"
)
ARREARS_BY_DISTRICT = (
    "SELECT l.行政区划代码, count(DISTINCT l.主体_企业) AS 欠税企业数 "
    "FROM 安全生产许可证 l JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY l.行政区划代码"
)
BY_TAX = "SELECT 税种, count(DISTINCT 主体_企业) AS 企业数 FROM 欠税 GROUP BY 税种"
OPENED_COPY = "SELECT 企业名称 FROM 科技型中小企业"
SERVICE = "SELECT 主体_企业, 许可状态 FROM 安全生产许可证"
QUESTION: Mapping[str, Any] = {
    "question": "该企业的安全生产许可证在截止日是否有效？",
    "answers": ["一致", "不一致", "查无记录", "异议处理中"],
    "limits": {"per_subject_per_day": 3},
}
DISTRICTS = {"139901": 40, "139902": 25, "139903": 4}


@dataclass(slots=True)
class Bench:
    """The world of operation's tests, plus one agreement, scenario and task."""

    world: World
    agreement: Agreement
    scenario: Scenario
    task: Task

    @classmethod
    def ready(cls, world: World) -> Bench:
        """Go the whole way to an open task."""
        agreement = quick_agreement(world)
        scenario = quick_scenario(world, agreement)
        task = world.do(
            actions.open_task, by=("lab", "developer"), scenario_id=scenario.pk, title="风险分析"
        )
        return cls(world, agreement, scenario, task)

    def do(self, action: Any, *, by: Any = ("lab", "developer"), **arguments: Any) -> Any:
        """Perform an action a minute later, as the lab's developer unless said otherwise."""
        return self.world.do(action, by=by, **arguments)

    def draft(self, sql: str = BY_DISTRICT, exit: str = "export", **more: Any) -> Query:
        """Return a query that passed."""
        query: Query = self.do(
            actions.draft, task_id=more.pop("task_id", self.task.pk), sql=sql, exit=exit, **more
        )
        return query

    def run(self, query: Query) -> Run:
        """Run a query and let the minute pass after which its end is shown."""
        view: RunView = self.do(running.run, query_id=query.pk)
        self.world.later(minutes=2)
        return Run.objects.get(pk=view.id)

    def finished(self, sql: str = BY_DISTRICT, exit: str = "export", **more: Any) -> Run:
        """Return a finished run whose engine gave a fixed result."""
        with engine_giving(checked_result(DISTRICTS)):
            return self.run(self.draft(sql, exit, **more))

    def submitted(self, run: Run | None = None, **more: Any) -> Release:
        """Return a release in review."""
        run = run or self.finished()
        release: Release = self.do(actions.submit_release, run_id=run.pk, **more)
        return release

    def vote(self, release: Release, kind: str, *, passed: bool = True, by: Any = None) -> Any:
        """Cast one vote."""
        who = (
            by
            or {"security": ("cyberspace", "reviewer"), "compliance": ("sector", "reviewer")}[kind]
        )
        action = actions.vote_security if kind == "security" else actions.vote_compliance
        opinion = "符合要求" if passed else "分组过细"
        return self.do(action, by=who, release_id=release.pk, passed=passed, opinion=opinion)

    def passed(self, release: Release | None = None) -> Release:
        """Return a release that both reviews passed."""
        release = release or self.submitted()
        self.vote(release, "security")
        self.vote(release, "compliance")
        return release

    def signed(self, release: Release | None = None) -> Release:
        """Return a release that the head signed."""
        release = self.passed(release)
        signed: Release = self.do(actions.sign_off, by=("bureau", "head"), release_id=release.pk)
        return signed

    def released(self, release: Release | None = None) -> Release:
        """Return a release that went out."""
        release = self.signed(release)
        out: Release = self.do(actions.release, by="bureau", release_id=release.pk)
        return out


def rows_of(districts: Mapping[str, int]) -> dict[str, pa.Table]:
    """Return licences with so many enterprises a district; every second one has arrears."""
    codes = [
        (district, f"91{district}{number:08d}")
        for district, size in districts.items()
        for number in range(size)
    ]
    licences = pa.table(
        {
            "统一社会信用代码": [code for _, code in codes],
            "行政区划代码": [district for district, _ in codes],
            "许可状态": ["有效"] * len(codes),
            SUBJECT: [code for _, code in codes],
        }
    )
    owing = [code for _, code in codes[::2]]
    arrears = pa.table({"统一社会信用代码": owing, "税种": ["增值税"] * len(owing), SUBJECT: owing})
    return {"licences": licences, "arrears": arrears}


def into_the_lake(world: World, tables: Mapping[str, pa.Table]) -> None:
    """Write the tables as the versions that the catalogue knows."""
    for key, table in tables.items():
        resource = world.resources[key]
        folder = Path(settings.HOME) / "lake" / resource / "rows"
        write_snapshot(folder, table.to_reader(), resource=resource, salt=b"0" * 32)


def checked_result(districts: Mapping[str, int]) -> dict[str, int]:
    """Return the subjects a group that a fixed engine reports."""
    return dict(districts)


@contextmanager
def engine_giving(groups: Mapping[str, int] | Exception) -> Iterator[list[Any]]:
    """Replace the engine: it answers with these groups or fails; yield the plans it was asked."""
    asked: list[Any] = []

    def answer(plan: Any, tables: Any, limits: Any, **_: Any) -> pa.Table:
        asked.append(plan)
        if isinstance(groups, Exception):
            raise groups
        return _answer(plan, groups)

    with (
        patch.object(duckdb, "run", answer),
        patch.object(running, "_tables", lambda started: {}),
        patch.object(running, "overlaps", lambda started: []),
    ):
        yield asked


def _answer(plan: Any, groups: Mapping[str, int]) -> pa.Table:
    if plan.shape != "statistics":
        return pa.table({name: list(groups) for name in plan.columns})
    counted = {measure.name for measure in plan.measures}
    hidden = {p.column for p in plan.groups}
    hidden |= {p.column for measure in plan.measures for p in measure.populations}
    hidden |= {p.column for measure in plan.measures for _, union in measure.unions for p in union}
    sizes = pa.array(list(groups.values()), pa.int64())
    return pa.table({plan.key: list(groups), **dict.fromkeys(sorted(counted | hidden), sizes)})


def denial_of(error: DomainError) -> Entry:
    """Return the newest denial, which must be the one of this error."""
    entry = Entry.objects.filter(event="denied").latest("sequence")
    assert error.code in (entry.body or "")
    return entry


def plain(view: RunView) -> dict[str, Any]:
    """Return a run view without what names this very run."""
    said = asdict(view)
    return {key: said[key] for key in ("state", "code", "sentence", "note")}


def open_to_all(bench: Bench) -> None:
    """Issue the public's grant on the opened items, as the opening case does."""
    world = bench.world
    at = world.later()
    case = Case.objects.create(
        id=ulid(at),
        number="OPENING-1",
        procedure="opening_review",
        subject_kind="resource",
        subject_id=world.resources["smes"],
        title="开放",
        state="approved",
        opened_at=at,
        entered_at=at,
    )
    grant = Grant(
        id=ulid(at),
        grantee=PUBLIC,
        object=f"resource:{world.resources['smes']}",
        actions=frozenset({"query", "export"}),
        items=frozenset({"统一社会信用代码", "企业名称"}),
        purposes=frozenset({"industry"}),
        businesses=frozenset({"resource_development"}),
        regions=frozenset(),
        valid_from=at,
        valid_until=bench.agreement.valid_until,
        quota=None,
        minimum=0,
        max_rows=None,
        subject_authorisation=False,
        undertakings=(),
        clause="opinions-2.1",
        clauses={},
        case=case.pk,
        parent=None,
        scenario=None,
    )
    usage.issue(grant=grant, giver=world.organisations["industry"], by=node(), at=at)
