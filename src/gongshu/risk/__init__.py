"""Re-identification risk of a table: pure functions over Arrow tables, grouped in DuckDB.

sizes = class_sizes(rows, ["性别", "出生年份", "区县"])
judge_release(sizes, ReleaseModel.public).reasons
measure_diversity(count_cells(rows, ["性别", "出生年份", "区县"], "诊断"))
"""

from gongshu.risk.assessment import Assessment, assess
from gongshu.risk.cells import Cells, count_cells
from gongshu.risk.classes import SUPPRESSED, ClassSizes, class_sizes
from gongshu.risk.diversity import Diversity, measure_diversity
from gongshu.risk.frequencies import KeyFrequencies, key_frequencies
from gongshu.risk.generalising import Generalisation, find_generalisation, generalise
from gongshu.risk.hierarchies import Hierarchy
from gongshu.risk.holdings import (
    Joinable,
    JoinedRisk,
    assess_holdings,
    find_joinable,
    measure_join,
)
from gongshu.risk.reidentification import (
    CLAUSE,
    OVERALL,
    SMALLEST_CLASS,
    ReleaseModel,
    ReleaseVerdict,
    Risk,
    judge_release,
    measure_risk,
    measure_risk_in,
)
from gongshu.risk.screening import SetRisk, minimal_risky, screen
from gongshu.risk.subjects import SubjectId, SubjectMap, map_subjects
from gongshu.risk.transforms import mask, micro_aggregate, pseudonyms
from gongshu.risk.uniques import SpecialUniques, find_special_uniques

__all__ = [
    "CLAUSE",
    "OVERALL",
    "SMALLEST_CLASS",
    "SUPPRESSED",
    "Assessment",
    "Cells",
    "ClassSizes",
    "Diversity",
    "Generalisation",
    "Hierarchy",
    "Joinable",
    "JoinedRisk",
    "KeyFrequencies",
    "ReleaseModel",
    "ReleaseVerdict",
    "Risk",
    "SetRisk",
    "SpecialUniques",
    "SubjectId",
    "SubjectMap",
    "assess",
    "assess_holdings",
    "class_sizes",
    "count_cells",
    "find_generalisation",
    "find_joinable",
    "find_special_uniques",
    "generalise",
    "judge_release",
    "key_frequencies",
    "map_subjects",
    "mask",
    "measure_diversity",
    "measure_join",
    "measure_risk",
    "measure_risk_in",
    "micro_aggregate",
    "minimal_risky",
    "pseudonyms",
    "screen",
]
