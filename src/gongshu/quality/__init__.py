"""Quality of a table: rules as data, one query for all of them, the metrics of GB/T 36344.

report = check(rows, [Rule("编号唯一", RuleKind.unique, ("编号",))], as_of=day)
[(one.metric.zh, one.said) for one in report.measures]
"""

from gongshu.quality.checks import Report, RuleResult, check, failing_rows
from gongshu.quality.metrics import (
    CLAUSE,
    NOT_ASSESSABLE,
    Count,
    Dimension,
    Formula,
    Measure,
    Metric,
    Scheme,
    all_metrics,
    evaluate,
    metric,
    percent,
)
from gongshu.quality.odcs import Imported, from_odcs, to_odcs
from gongshu.quality.proposals import propose_rules
from gongshu.quality.rules import Check, Rule, RuleKind

__all__ = [
    "CLAUSE",
    "NOT_ASSESSABLE",
    "Check",
    "Count",
    "Dimension",
    "Formula",
    "Imported",
    "Measure",
    "Metric",
    "Report",
    "Rule",
    "RuleKind",
    "RuleResult",
    "Scheme",
    "all_metrics",
    "check",
    "evaluate",
    "failing_rows",
    "from_odcs",
    "metric",
    "percent",
    "propose_rules",
    "to_odcs",
]
