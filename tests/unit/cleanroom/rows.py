"""Random rows for the town's tables, small and dirty: blanks, stray codes, people without an id."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from city import ARREARS, INSPECTIONS, LICENCES, OPENED, VISITS

from gongshu.cleanroom import Source
from gongshu.cleanroom.model import Family

_VALUES: dict[str, list[Any]] = {
    "行政区划代码": ["110101", "110105", "310101", "31", "", None],
    "许可状态": ["有效", "有效", "暂扣", "注销", "(作废)", None],
    "企业规模": ["大", "中", "小", "微", None],
    "税种": ["增值税", "印花税", None],
    "检查结果": ["合格", "不合格", "免检", None],
    "诊断": ["感冒", "高血压", "糖尿病", None],
    "性别": ["男", "女", None],
    "企业名称": ["Ab公司", " 甲 公司", "乙%公司", "丙_", "", None],
    "统一社会信用代码": ["91A", "91b", "92C", "92c", None],
}
_ARROW = {
    Family.TEXT: pa.string(),
    Family.DATE: pa.date32(),
    Family.BOOLEAN: pa.bool_(),
}


def table(source: Source, rows: int, seed: int, subjects: int) -> pa.Table:
    draw = random.Random(f"{seed}{source.table}")
    columns: dict[str, pa.Array] = {}
    for item in source.items:
        kind = _ARROW.get(item.family)
        if kind is None:
            kind = {"integer": pa.int64(), "number": pa.float64()}.get(item.type)
            kind = kind or pa.decimal128(18, 2)
        values = [_value(draw, item.name, kind) for _ in range(rows)]
        columns[item.name] = pa.array(values, type=kind)
    for column in source.subjects.values():
        named = [f"{column}{draw.randrange(subjects)}" for _ in range(rows)]
        kept = [name if draw.random() > 0.1 else None for name in named]
        columns[column] = pa.array(kept, type=pa.string())
    return pa.table(columns)


def _value(draw: random.Random, name: str, kind: pa.DataType) -> Any:
    if name in _VALUES:
        return draw.choice(_VALUES[name])
    if draw.random() < 0.1:
        return None
    if pa.types.is_date(kind):
        return date(draw.randrange(2024, 2028), draw.randrange(1, 13), draw.randrange(1, 29))
    if pa.types.is_boolean(kind):
        return draw.random() < 0.5
    if pa.types.is_string(kind):
        return draw.choice(["x", "Y", "字"])
    if pa.types.is_decimal(kind):
        return Decimal(draw.choice(["0", "99.99", "100", "1000", "5000.50", "-3"]))
    number = draw.choice([0, 1, 2018, 2020, 9999, 10000, 10000.5, 100000])
    return float(number) if pa.types.is_floating(kind) else int(number)


def tables(seed: int, *, rows: int = 60, subjects: int = 30) -> dict[str, pa.Table]:
    sources = (LICENCES, ARREARS, INSPECTIONS, OPENED, VISITS)
    return {source.table: table(source, rows, seed, subjects) for source in sources}
