"""The clean room's verdict for a task: scenario's and opened sources, grants in force, no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from gongshu.cleanroom import Finding, SecondOpinion, Source, Verdict, check
from gongshu.vocabulary.errors import DomainError, Invalid, NotPermitted
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import Item
from gongshu_server.operation import queries as operation
from gongshu_server.operation.models import Scenario
from gongshu_server.usage import queries as usage
from gongshu_server.workshop.models import Task

# A developer's work in the workshop is the first of the three businesses (《意见》（三）).
BUSINESS = "resource_development"
# Second opinions that one process keeps: an in-memory engine with empty tables each.
KEPT = 16


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict with the sources that it speaks of."""

    verdict: Verdict
    sources: tuple[Source, ...]

    def used(self) -> dict[str, Source]:
        """Return the sources that the plan reads, by SQL table."""
        tables = self.verdict.plan.sources if self.verdict.plan else ()
        return {source.table: source for source in self.sources if source.table in tables}


@lru_cache(maxsize=KEPT)
def kept_opinion(shown: tuple[Source, ...]) -> SecondOpinion:
    """Return the second opinion on these sources, built once for as long as they stay the same.

    While somebody types, the same sources are asked about several times a second.
    """
    return SecondOpinion(shown)


def checked(task: Task, sql: str, *, exit: str, region: str = "", at: datetime) -> Checked:
    """Return the verdict on a query of the task; it reads no data and records nothing (S13)."""
    scenario = Scenario.objects.get(pk=task.scenario_id)
    asked = {entry.resource for entry in operation.scope_of(scenario)}
    # What is lawfully opened may be used by whoever works here, under the public's own grant,
    # which every index holds.
    opened = Item.objects.filter(opened=True).values_list("resource_id", flat=True)
    sources = tuple(catalogue.sources(asked | set(opened)))
    index = usage.index_for({task.developer_id}, [s.resource for s in sources], at=at)
    verdict = check(
        sql,
        sources=sources,
        index=index,
        party=task.developer_id,
        purpose=scenario.purpose,
        business=BUSINESS,
        region=region or None,
        at=at,
        spent=usage.spent(index, at=at),
        exit=exit,  # type: ignore[arg-type] # the clean room refuses an exit that does not exist
        scenario=scenario.pk,
        opinion_of=kept_opinion,
    )
    return Checked(verdict, sources)


def refusal(verdict: Verdict) -> DomainError:
    """Return the error for a refused query: every finding, those of the grant as NotPermitted."""
    findings: tuple[Finding, ...] = verdict.findings
    sentence = "；".join(_placed(finding) for finding in findings)
    clause = next((f.clause for f in findings if f.clause), None)
    if any(finding.code.startswith("scope.") for finding in findings):
        return NotPermitted(
            f"超出许可范围：{sentence}", code="out_of_scope", clause=clause, details=findings
        )
    return Invalid(
        f"查询没有通过检查：{sentence}", code="query_refused", clause=clause, details=findings
    )


def _placed(finding: Finding) -> str:
    if finding.where is None:
        return finding.sentence.rstrip("。")
    line, column = finding.where
    return f"第{line}行第{column}列：{finding.sentence.rstrip('。')}"


def stored(verdict: Verdict) -> Mapping[str, Any]:
    """Return what a query row keeps of its verdict, as JSON values."""
    plan = verdict.plan
    return {
        "shape": plan.shape if plan else "",
        "k": plan.k if plan else 0,
        "columns": list(plan.columns) if plan else [],
        "lineage": [
            {
                "name": column.name,
                "kind": column.kind,
                "influences": [list(ref) for ref in column.influences],
                "values": [list(ref) for ref in column.values],
            }
            for column in verdict.lineage
        ],
        "grants": dict(verdict.grants),
        "opened_copies": list(verdict.opened_copies),
        "notes": list(verdict.notes),
    }
