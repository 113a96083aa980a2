"""Runs compiled rules over a table: counts per rule, metrics, and the rows that fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gongshu.engines.connections import EngineFault, Feed, OutOfMemory, connect
from gongshu.quality.metrics import Count, Measure, evaluate
from gongshu.quality.queries import DIRTY, Compiled, compile_failing, compile_rules, is_text
from gongshu.quality.rules import Check, Rule, RuleKind
from gongshu.vocabulary import identifiers
from gongshu.vocabulary.errors import Invalid, Unavailable

MEMORY: Final = 1024**3
_JUDGES: Final = {
    Check.citizen_id: identifiers.valid_citizen_id,
    Check.uscc: identifiers.valid_uscc,
    Check.bank_card: identifiers.valid_bank_card,
}


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Of `tested` elements, `failed` break the rule. A unique rule counts what is surplus."""

    rule: Rule
    tested: int
    failed: int

    @property
    def count(self) -> Count:
        """Return the counts for a metric."""
        return Count(self.tested - self.failed, self.tested)

    @property
    def sentence(self) -> str:
        """Return the result for an official."""
        if not self.tested:
            return f"{self.rule.name}：没有可评价的值，无法评估。"
        if not self.failed:
            return f"{self.rule.name}：评价{self.tested:,}个，全部合格。"
        return f"{self.rule.name}：评价{self.tested:,}个，{self.failed:,}个不合格。"


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules found in `rows` rows: the results in their order, and every metric.

    `incomplete` rows lack a value that they must have, `dirty` ones break a rule of content.
    """

    rows: int
    incomplete: int
    dirty: int
    results: tuple[RuleResult, ...]
    measures: tuple[Measure, ...]


def check(
    data: Any,
    rules: Sequence[Rule],
    *,
    as_of: date,
    tables: Mapping[str, Any] | None = None,
    facts: Mapping[str, Count] | None = None,
) -> Report:
    """Check a `pyarrow.Table` or `RecordBatchReader` against rules, in one query and one pass.

    `tables` are the referenced ones by name; `facts` what was observed outside the table, by the
    feeds `fact.*` of the metrics. Raises `Invalid` when a rule names a column or table that is not
    there or cannot be run on it, `Unavailable` (code quality_memory) when memory does not suffice.
    """
    compiled = compile_rules(rules, data.schema, as_of=as_of)
    found = _asked(compiled, data, tables or {})
    rows, incomplete, dirty, *counted = found.to_pylist()[0].values()
    results = tuple(
        RuleResult(rule, *counted[2 * at : 2 * at + 2]) for at, rule in enumerate(rules)
    )
    counts: dict[str, Count] = dict(facts or {})
    for one in results:
        counts[one.rule.kind.value] = counts.get(one.rule.kind.value, Count(0, 0)) + one.count
    if any(rule.kind is RuleKind.not_null for rule in rules):
        counts["row.complete"] = Count(rows - incomplete, rows)
    if any(rule.kind in DIRTY for rule in rules):
        counts["row.dirty"] = Count(rows - dirty, rows)
    return Report(rows, incomplete, dirty, results, evaluate(counts))


def failing_rows(
    data: Any,
    rule: Rule,
    *,
    as_of: date,
    tables: Mapping[str, Any] | None = None,
    limit: int = 100,
) -> pa.Table:
    """Return the first rows that fail a rule, with their number (from 1) as the first column 行号.

    They are the data itself: whoever asks needs permission to read it. Errors as `check`.
    """
    compiled = compile_failing(rule, data.schema, as_of=as_of, limit=limit)
    found = _asked(compiled, data, tables or {})
    return found.rename_columns(["行号", *data.schema.names])


def _asked(compiled: Compiled, data: Any, tables: Mapping[str, Any]) -> pa.Table:
    try:
        return _run(compiled, data, tables)
    except EngineFault:
        _require_runnable(compiled.rules, data.schema, tables)
        # No chain: the engine's words may hold values of the data.
        raise Invalid(
            "有值不能按质量规则计算，检查没有完成；请分别检查各条规则，找出是哪一条。",
            code="quality_failed",
        ) from None


def _run(compiled: Compiled, data: Any, tables: Mapping[str, Any]) -> pa.Table:
    feed = _feed(compiled, data)
    with connect(memory_bytes=MEMORY) as connection, feed.faults():
        for at, told in enumerate(compiled.tables):
            name, key = told.split("\0")
            connection.register(f"r{at}", _keys(name, key, tables))
        connection.register("rows", feed.reader())
        try:
            return connection.sql(compiled.sql).to_arrow_table()
        except OutOfMemory as fault:
            raise Unavailable(
                "质量规则需要的内存超过了上限，没有结果；请先去掉唯一性规则，或分批检查。",
                code="quality_memory",
            ) from fault


def _require_runnable(rules: Sequence[Rule], schema: pa.Schema, tables: Mapping[str, Any]) -> None:
    """Raise `Invalid` naming the rule that the engine cannot run on columns of such types.

    Tried on a table without rows: what a column's type or a regular expression forbids, it forbids
    there as well, and no value can get into a message.
    """
    empty = schema.empty_table()
    for rule in rules:
        alone = compile_rules([rule], schema, as_of=date(2000, 1, 1))
        try:
            _run(alone, empty, tables)
        except EngineFault as fault:
            raise Invalid(
                f"质量规则“{rule.name}”不能用在这个数据项上：正则表达式写法不对，或者类型不合。",
                code="rule_not_runnable",
            ) from fault


def _keys(name: str, key: str, tables: Mapping[str, Any]) -> pa.Table:
    """Return the different values of the key of a referenced table, as text."""
    table = tables.get(name)
    if table is None or key not in table.schema.names:
        raise Invalid(
            f"引用的表“{name}”或其中的数据项“{key}”没有给出，请一并提供。", code="table_not_found"
        )
    column = table.read_all().column(key) if hasattr(table, "read_all") else table.column(key)
    return pa.table({"k": column.unique().cast(pa.large_string())})


def _feed(compiled: Compiled, data: Any) -> Feed:
    """Return the columns that the query reads, row numbers, and judged check characters."""
    judged = [
        (at, data.schema.get_field_index(rule.columns[0]), _JUDGES[rule.check])
        for at, rule in enumerate(compiled.rules)
        if rule.check is not None and rule.kind is RuleKind.checksum
    ]
    fields = [("n", pa.int64())]
    fields += [(f"c{place}", data.schema.field(place).type) for place in compiled.columns]
    fields += [(f"k{at}", pa.bool_()) for at, _, _ in judged]
    schema = pa.schema(fields)

    def batches() -> Iterator[pa.RecordBatch]:
        seen = 1
        for batch in data.to_batches() if hasattr(data, "to_batches") else data:
            arrays = [pa.array(np.arange(seen, seen + batch.num_rows))]
            arrays += [batch.column(place) for place in compiled.columns]
            arrays += [judge(_as_text(batch.column(place))) for _, place, judge in judged]
            seen += batch.num_rows
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return Feed(schema, batches())


def _as_text(array: Any) -> Any:
    return array if is_text(array.type) else array.cast(pa.large_string())
