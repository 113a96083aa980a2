"""The pipeline: a query text in, a verdict out; no data is read and none is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlglot import exp

from gongshu.cleanroom import cohorts, families, output_rule, rechecking, regimes
from gongshu.cleanroom import plan as planning
from gongshu.cleanroom import scope as scoping
from gongshu.cleanroom import second_opinion as opinions
from gongshu.cleanroom.model import (
    EXITS,
    ColumnKind,
    Exit,
    Finding,
    OutputColumn,
    Source,
    Verdict,
)
from gongshu.cleanroom.output_rule import Output
from gongshu.cleanroom.parse import parse
from gongshu.cleanroom.query import Query, bases
from gongshu.cleanroom.regimes import Shape
from gongshu.cleanroom.resolve import resolve
from gongshu.cleanroom.rewrite import Additions
from gongshu.cleanroom.scope import Scope, Situation
from gongshu.cleanroom.second_opinion import Opinion, SecondOpinion
from gongshu.cleanroom.usage import Usage, walk
from gongshu.policy import GrantIndex
from gongshu.vocabulary.errors import Invalid
from gongshu.vocabulary.regions import is_region, prefix_of

_UNKNOWN_USE = "出口只能是结果出域或域内服务，地区只能是行政区划代码；请改正后重新提交。"


def check(
    sql: str,
    *,
    sources: Sequence[Source],
    index: GrantIndex,
    party: str,
    purpose: str,
    business: str | None,
    region: str | None,
    at: datetime,
    spent: Mapping[str, int],
    exit: Exit,
    scenario: str | None,
    published: bool = False,
    second_opinion: Opinion | None = None,
    opinion_of: Callable[[tuple[Source, ...]], Opinion] = SecondOpinion,
) -> Verdict:
    """This function will judge a query before any data is read.

    A refusal carries every finding, a yes the plan whose text runs and the lineage of each output
    column. `published` raises the smallest cohort to 21 for what everybody will see. The caller
    keeps `second_opinion` while the sources stay the same; else `opinion_of` is asked for one.
    Raises `Invalid` for an exit or region that does not exist, never for the query.
    """
    if exit not in EXITS or (region is not None and not is_region(region)):
        raise Invalid(_UNKNOWN_USE, code="cleanroom.use")
    situation = Situation(
        index=index,
        party=party,
        purpose=purpose,
        business=business,
        region=prefix_of(region) if region is not None else None,
        at=at,
        spent=spent,
        exit=exit,
        scenario=scenario,
        published=published,
    )
    shown = scoping.visible(sources, situation)
    return _through(sql, shown, situation, lambda: second_opinion or opinion_of(shown))


def _through(
    sql: str,
    shown: tuple[Source, ...],
    situation: Situation,
    second_opinion: Callable[[], Opinion],
) -> Verdict:
    """Take a query through the passes; a pass that cannot be followed ends the way."""
    parsed = parse(sql)
    if parsed.tree is None:
        return Verdict(False, parsed.findings)
    resolved = resolve(sql, parsed.tree, shown)
    if resolved.query is None:
        return Verdict(False, (*parsed.findings, *resolved.findings))
    case = _Case(sql, resolved.query, walk(resolved.query), situation)
    judged = case.judge(parsed.findings)
    if judged.findings or judged.shape is None:
        return Verdict(False, judged.findings, case.lineage(judged))
    opinion = second_opinion()
    claimed = rechecking.by_table(shown, resolved.mentioned)
    disagreement = opinions.compare(opinion, sql, claimed)
    if disagreement:
        return Verdict(False, disagreement, case.lineage(judged))
    return case.rewritten(judged, judged.shape, opinion)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the rules before the rewrite made of a query."""

    shape: Shape | None
    output: Output
    scope: Scope
    counted: planning.Statistics | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """One resolved query on its way through the rules."""

    sql: str
    query: Query
    usage: Usage
    situation: Situation

    def judge(self, unreadable: tuple[Finding, ...]) -> _Judged:
        """Apply every rule that the query itself can break, so that all are told at once.

        `unreadable` are findings of the parse that leave the names readable.
        """
        scope = scoping.judge(self.query, self.usage.origins, self.situation)
        shape = regimes.shape_of(self.query, self.usage, self.situation.exit)
        output, shaped = self.shaped(shape)
        findings = [*unreadable, *scope.findings, *regimes.sealed(self.usage), *shaped]
        if not unreadable:
            findings += families.check(self.sql, self.query)
        counted = None
        if not findings and shape == "statistics":
            counted = planning.statistics(self.query, output)
            findings += counted.findings
        return _Judged(shape, output, scope, counted, tuple(dict.fromkeys(findings)))

    def shaped(self, shape: Shape | None) -> tuple[Output, tuple[Finding, ...]]:
        """Apply the rules of the shape; closed rows are refused column by column."""
        joins = cohorts.join_keys(self.sql, self.query)
        if shape is None:
            return Output(None, None, ()), (
                *joins,
                *regimes.raw_copies(self.sql, self.query, self.usage.columns),
            )
        output, faults = output_rule.judge(self.sql, self.query, shape, self.usage)
        if shape != "statistics":
            return output, (*joins, *faults)
        key = output.key.name if output.key is not None else None
        rows = [c for c in self.usage.columns if c.name != key and not self.counts(c.name)]
        raw = regimes.raw_copies(self.sql, self.query, rows) if rows else ()
        return output, (*joins, *raw, *cohorts.judge(self.sql, self.query), *faults)

    def counts(self, name: str) -> bool:
        return output_rule.is_aggregate(self.query.projection(name).expression)

    def lineage(self, judged: _Judged) -> tuple[OutputColumn, ...]:
        return tuple(
            OutputColumn(
                column.name,
                self.kind(column.name, judged),
                tuple(dict.fromkeys(origin.ref for origin in column.influences)),
                tuple(dict.fromkeys(origin.ref for origin in column.values)),
            )
            for column in self.usage.columns
        )

    def kind(self, name: str, judged: _Judged) -> ColumnKind:
        if self.counts(name):
            counted = self.query.projection(name).expression.find(exp.Count)
            return "amount" if counted is None else "count"
        if judged.output.key is not None and judged.output.key.name == name:
            return "key"
        if judged.shape == "service":
            projection = self.query.projection(name)
            return "key" if output_rule.is_subject_key(self.query, projection) else "answer"
        return "copy"

    def rewritten(self, judged: _Judged, shape: Shape, opinion: Opinion) -> Verdict:
        """Rewrite, judge the rewritten text again, and say yes."""
        plan, additions = planning.assemble(
            self.query, shape, judged.output, judged.counted, judged.scope
        )
        sources = tuple({b.source.table: b.source for b in bases(self.query)}.values())
        counted = judged.counted
        listed = planning.listings(self.query, counted, additions.carried) if counted else ()
        loaded, fault = rechecking.judge(
            self.query,
            sources,
            plan,
            additions=additions,
            listings=[listing for _, listing in listed],
            opinion=opinion,
        )
        if fault is not None:
            return Verdict(False, (fault,), self.lineage(judged))
        return Verdict(
            allowed=True,
            findings=(),
            lineage=self.lineage(judged),
            plan=replace(plan, sources=loaded.columns, types=loaded.types),
            opened_copies=regimes.opened_copies(self.usage) if shape == "open" else (),
            grants=judged.scope.grants,
            notes=_notes(judged.output, additions),
        )


def _notes(output: Output, additions: Additions) -> tuple[str, ...]:
    if not additions.codes or output.key is None:
        return ()
    return (f"分组项“{output.key.name}”只统计登记的取值，其他写法的行不计入。",)
