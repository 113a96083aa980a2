"""One planted fault per pass: what only that pass refuses goes through, and so its tests go red.

Each case names a query that is refused, the pass that refuses it, and a fault in the pass. With the
fault the finding is gone; where nothing behind the pass stands in its way, the query is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from city import ask, codes, grants

from gongshu.cleanroom import (
    checking,
    cohorts,
    families,
    grammar,
    lattices,
    output_rule,
    parse,
    plan,
    rechecking,
    regimes,
    resolve,
    rewrite,
    scope,
    second_opinion,
    usage,
)

STATE = "SELECT 许可状态, count(DISTINCT 主体_企业) AS n FROM 安全生产许可证 {} GROUP BY 1"


@dataclass(frozen=True)
class Fault:
    name: str
    target: Any
    attribute: str
    planted: Any
    sql: str
    code: str
    exit: str = "export"
    allowed: bool = True


def returns(value: Any) -> Callable[..., Any]:
    return lambda *_, **__: value


class Agrees:
    """A second opinion that never contradicts."""

    def __init__(self, sources: object) -> None: ...

    def columns(self, sql: str) -> dict[str, frozenset[str]]:
        return {}


def _values_only(level: Any, path: Any = ()) -> Any:
    return iter(())


FAULTS = [
    Fault(
        "parse: the allow-list is not asked",
        parse,
        "breaches",
        returns(()),
        "SELECT reverse(企业名称) AS x FROM 科技型中小企业",
        "parse.function",
    ),
    Fault(
        "parse: any argument of a listed node will do",
        grammar,
        "_permitted",
        returns(True),
        "SELECT date_trunc('day', 有效期止) AS d, count(*) AS n FROM 安全生产许可证 GROUP BY 1",
        "parse.argument",
    ),
    Fault(
        "parse: no bound on tokens",
        parse,
        "_token_fault",
        returns(None),
        "SELECT 企业名称 FROM 科技型中小企业 WHERE 统计年份 IN (" + "1, " * 1100 + "1)",
        "parse.too_many_literals",
    ),
    Fault(
        "usage: filters, joins and orders are no influences",
        usage,
        "row_expressions",
        _values_only,
        "SELECT s.企业名称 FROM 科技型中小企业 s JOIN 欠税 t ON s.主体_企业 = t.主体_企业 "
        "ORDER BY t.欠税余额",
        "regime.raw_selection",
        allowed=False,
    ),
    Fault(
        "scope: rows are not cut to the regions of the grant",
        scope,
        "_condition",
        returns((None, None)),
        STATE.format(""),
        "",
    ),
    Fault(
        "regimes: sealed items are like others",
        regimes,
        "sealed",
        returns(()),
        "SELECT 主体_个人, 基因 FROM 门诊",
        "regime.sealed",
        exit="service",
    ),
    Fault(
        "regimes: everything counts as opened",
        regimes,
        "is_open",
        returns(True),
        "SELECT 企业名称 AS 备注 FROM 安全生产许可证",
        "regime.raw_copy",
    ),
    Fault(
        "cohorts: conditions are not looked at",
        cohorts,
        "_test_fault",
        returns(("", "")),
        STATE.format("WHERE 统一社会信用代码 <> '9'"),
        "cohort.identifier",
    ),
    Fault(
        "cohorts: every literal lies on every lattice",
        lattices.Lattice,
        "holds",
        returns(True),
        STATE.format("WHERE 有效期止 >= DATE '2026-01-15'"),
        "cohort.off_lattice",
    ),
    Fault(
        "cohorts: any columns may be joined",
        cohorts,
        "_joinable",
        returns(True),
        "SELECT l.许可状态, count(DISTINCT l.主体_企业) AS n FROM 安全生产许可证 l "
        "JOIN 执法检查 i ON l.企业规模 = i.检查结果 GROUP BY 1",
        "cohort.join",
    ),
    Fault(
        "families: cells may be converted",
        families,
        "check",
        returns(()),
        "SELECT CAST(企业名称 AS DATE) AS d FROM 科技型中小企业",
        "types.conversion",
    ),
    Fault(
        "output rule: rows of a join may be counted",
        output_rule,
        "_row_counts",
        returns(()),
        "SELECT l.许可状态, count(*) AS n FROM 安全生产许可证 l "
        "JOIN 科技型中小企业 s ON l.行政区划代码 = s.行政区划代码 GROUP BY 1",
        "output.joined_rows",
    ),
    Fault(
        "output rule: amounts of a join may be added up",
        output_rule,
        "_row_counts",
        returns(()),
        "SELECT l.许可状态, sum(l.从业人数) AS n FROM 安全生产许可证 l "
        "JOIN 欠税 t ON l.主体_企业 = t.主体_企业 GROUP BY 1",
        "output.joined_amounts",
    ),
    Fault(
        "output rule: one item over two cohorts",
        output_rule,
        "_moments",
        returns(()),
        "SELECT 行政区划代码, sum(从业人数) AS a, sum(从业人数) FILTER (WHERE 许可状态 = '有效') "
        "AS b FROM 安全生产许可证 GROUP BY 1",
        "output.amount_cohorts",
    ),
    Fault(
        "output rule: more moments than two",
        output_rule,
        "MAX_MOMENTS",
        99,
        "SELECT 行政区划代码, sum(从业人数) AS a, avg(从业人数) AS b, sum(从业人数) AS c "
        "FROM 安全生产许可证 GROUP BY 1",
        "output.moments",
    ),
    Fault(
        "output rule: anything can be added up",
        output_rule,
        "_is_amount",
        returns(True),
        "WITH a AS (SELECT 行政区划代码 AS 区, 从业人数 * 从业人数 AS 平方 FROM 安全生产许可证) "
        "SELECT 区, sum(平方) AS n FROM a GROUP BY 1",
        "output.amount",
        allowed=False,
    ),
    Fault(
        "output rule: any group key",
        output_rule,
        "_key_faults",
        returns(()),
        "SELECT 统一社会信用代码, count(*) AS n FROM 安全生产许可证 GROUP BY 1",
        "cohort.identifier",
    ),
    Fault(
        "output rule: subqueries may cut rows",
        output_rule,
        "_cut",
        returns(False),
        "SELECT a.许可状态, count(*) AS n FROM (SELECT 许可状态 FROM 安全生产许可证 LIMIT 11) a "
        "GROUP BY 1",
        "output.inner",
        allowed=False,
    ),
    Fault(
        "output rule: a serving table may answer with identifiers",
        output_rule,
        "is_identifier",
        returns(False),
        "SELECT 主体_企业, 企业名称 FROM 安全生产许可证",
        "output.service_identifier",
        exit="service",
    ),
    Fault(
        "plan: a source without subjects may be counted",
        plan,
        "_uncountable",
        returns(()),
        "SELECT 水库, count(*) FILTER (WHERE 水位 >= 10) AS n FROM 水库水位 GROUP BY 1",
        "output.no_subject",
    ),
    Fault(
        "parse: characters that nobody sees",
        parse,
        "_text_fault",
        returns(None),
        "SELECT 企业名称 FROM 科技型中小企业 WHERE 企业名称 = '甲\u200b'",
        "parse.control_character",
    ),
    Fault(
        "parse: types in types without end",
        parse,
        "_types_nested",
        returns(0),
        f"SELECT 企业名称 FROM 科技型中小企业 WHERE 企业名称 = {'DATE (' * 6}'x'{')' * 6}",
        "parse.too_deep",
        allowed=False,
    ),
    Fault(
        "parse: numbers in any notation",
        parse,
        "is_plain_number",
        returns(True),
        "SELECT 企业名称 FROM 科技型中小企业 WHERE 统计年份 = 2e3",
        "parse.number",
    ),
    Fault(
        "cohorts: aggregates may compute inside",
        cohorts,
        "_inside_aggregate",
        returns(()),
        "SELECT 性别, sum(收入 * 1024) AS n FROM 门诊 GROUP BY 1",
        "cohort.isolates",
        allowed=False,
    ),
    Fault(
        "cohorts: edges of bands by any comparison",
        lattices.Lattice,
        "is_ordered",
        False,
        STATE.format("WHERE 有效期止 = DATE '2026-01-01'"),
        "cohort.operator",
    ),
    Fault(
        "cohorts: identifiers are like other items",
        cohorts,
        "is_identifier",
        returns(False),
        STATE.format("WHERE 统一社会信用代码 = '9'"),
        "cohort.identifier",
        allowed=False,
    ),
    Fault(
        "output rule: more measures than six",
        output_rule,
        "MAX_MEASURES",
        99,
        "SELECT 许可状态, " + ", ".join(f"count(*) AS n{i}" for i in range(7)) + " "
        "FROM 安全生产许可证 GROUP BY 1",
        "output.measures",
    ),
    Fault(
        "output rule: below the outermost SELECT anything",
        output_rule,
        "_inner_levels",
        returns(()),
        "WITH a AS (SELECT DISTINCT 行政区划代码, 许可状态 FROM 安全生产许可证) "
        "SELECT 行政区划代码, count(*) AS n FROM a GROUP BY 1",
        "output.inner",
        allowed=False,
    ),
    Fault(
        "resolve: the rewrite's own names for everybody",
        resolve,
        "HIDDEN_PREFIX",
        "\x00",
        "SELECT 企业名称 AS gs_n0 FROM 科技型中小企业",
        "resolve.name",
        allowed=False,
    ),
    Fault(
        "regimes: rows chosen by closed items",
        regimes,
        "_raw_copy",
        returns([]),
        "SELECT l.行政区划代码 FROM 安全生产许可证 l WHERE l.许可状态 = '暂扣'",
        "regime.raw_selection",
        allowed=False,
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_in_a_pass_is_seen(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    index = grants(安全生产许可证={"regions": frozenset({"11"})} if not fault.code else {})
    before = ask(fault.sql, exit=fault.exit, index=index)
    if fault.code:
        assert not before.allowed
        assert fault.code in codes(before)
    else:
        assert before.plan is not None
        assert before.plan.rows

    monkeypatch.setattr(fault.target, fault.attribute, fault.planted)
    after = ask(fault.sql, exit=fault.exit, index=index)

    if fault.code:
        assert fault.code not in codes(after), "another part found it: this case guards nothing"
        assert after.allowed == fault.allowed, after.findings
    else:
        assert after.plan is not None
        assert not after.plan.rows


def test_a_rewrite_that_changes_the_query_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    sql = STATE.format("WHERE 企业规模 = '大'")
    honest = rewrite.render
    assert ask(sql).allowed

    def careless(checked: Any, additions: Any) -> str:
        return honest(checked, additions).replace("'大'", "'小'")

    monkeypatch.setattr(plan, "render", careless)
    assert codes(ask(sql)) == {"rewrite.broken"}

    monkeypatch.setattr(rechecking, "_same", returns(True))
    assert ask(sql).allowed, "without the comparison the other query would run"


def test_a_walk_that_forgets_columns_is_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole rows, taken for one column by our own reading, are seen by the engine."""
    sql = "SELECT r AS 企业名称 FROM 科技型中小企业 r"
    assert codes(ask(sql)) == {"resolve.whole_row"}

    def trusting(self: Any, node: Any, scope: Any) -> Any:
        self.mentioned.add(("resource:smes", "企业名称"))
        return resolve._column("r", "企业名称")

    monkeypatch.setattr(resolve._Resolver, "column", trusting)
    assert codes(ask(sql)) == {"second_opinion.disagrees"}

    monkeypatch.setattr(second_opinion, "compare", returns(()))
    assert ask(sql).allowed, "without the second opinion nobody would have noticed"


def test_the_pipeline_asks_every_pass() -> None:
    """Each pass is reached from the one door; a pass that is not called guards nothing."""
    source = checking.__file__
    with open(source, encoding="utf-8") as text:  # noqa: PTH123 - a module's own path
        body = text.read()

    for call in (
        "parse(sql)",
        "resolve(sql",
        "walk(",
        "opinions.compare(",
        "scoping.judge(",
        "regimes.sealed(",
        "regimes.raw_copies(",
        "cohorts.judge(",
        "cohorts.join_keys(",
        "families.check(",
        "output_rule.judge(",
        "planning.statistics(",
        "planning.assemble(",
        "rechecking.judge(",
    ):
        assert call in body, call
