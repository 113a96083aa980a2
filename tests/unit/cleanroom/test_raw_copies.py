"""Raw copies, whatever they are called and however they are encoded (S2): refused where an item was
not opened; where it was, the copy is allowed and the verdict says why.

Attacker: an insider who may write queries and export results. Lineage decides; content is judged
where lineage has nothing to say, at results with about one group per subject.
"""

from __future__ import annotations

import pyarrow as pa
import pytest
from city import ask, codes

from gongshu.cleanroom.failures import RunFailed
from gongshu.engines import reference
from gongshu.sdc import protect

# {c} is a text item of table {t}; every way must fail where it was not opened.
WAYS = {
    "as it is": "SELECT {c} FROM {t}",
    "renamed": "SELECT {c} AS 备注 FROM {t}",
    "renamed twice": "WITH a AS (SELECT {c} AS x FROM {t}) SELECT x AS 备注 FROM a",
    "by a star": "SELECT * FROM (SELECT {c} AS x FROM {t}) a",
    "cast": "SELECT CAST({c} AS VARCHAR) AS x FROM {t}",
    "concatenated": "SELECT {c} || '。' AS x FROM {t}",
    "concatenated by a function": "SELECT concat('a', {c}) AS x FROM {t}",
    "in capitals": "SELECT upper({c}) AS x FROM {t}",
    "trimmed": "SELECT trim({c}) AS x FROM {t}",
    "cut": "SELECT substring({c}, 1, 2) AS x FROM {t}",
    "its length": "SELECT length({c}) AS x FROM {t}",
    "by cases": "SELECT CASE WHEN {c} = '甲' THEN 1 ELSE 0 END AS x FROM {t}",
    "by a comparison": "SELECT {c} = '甲' AS x FROM {t}",
    "by its beginning": "SELECT starts_with({c}, '甲') AS x FROM {t}",
    "where it is missing": "SELECT coalesce({c}, '无') AS x FROM {t}",
    "each once": "SELECT DISTINCT {c} FROM {t}",
    "one row after another": "SELECT {c} FROM {t} ORDER BY 1 LIMIT 1 OFFSET 7",
    "split over columns": "SELECT substring({c}, 1, 1) AS a, substring({c}, 2, 1) AS b FROM {t}",
    "one group each": "SELECT {c}, count(*) AS n FROM {t} GROUP BY 1",
    "one group each, renamed": "SELECT {c} AS x, count(*) AS n FROM {t} GROUP BY x",
}
# What the allow-list does not hold is refused for closed and opened items alike.
ENCODINGS = {
    "base64": "SELECT to_base64(encode({c})) AS x FROM {t}",
    "hexadecimal": "SELECT hex({c}) AS x FROM {t}",
    "code points": "SELECT unicode({c}) AS x FROM {t}",
    "code point by code point": "SELECT ord(substring({c}, 2, 1)) AS x FROM {t}",
    "a digest": "SELECT md5({c}) AS x FROM {t}",
    "a hash": "SELECT hash({c}) AS x FROM {t}",
    "reversed": "SELECT reverse({c}) AS x FROM {t}",
    "as JSON": "SELECT to_json({c}) AS x FROM {t}",
    "in a list": "SELECT list({c}) AS x FROM {t}",
    "in one text": "SELECT string_agg({c}, ',') AS x FROM {t}",
    "split over rows": "SELECT unnest(string_split({c}, '')) AS x FROM {t}",
    "over rows by a union": "SELECT substring({c}, 1, 1) FROM {t} UNION ALL SELECT {c} FROM {t}",
    "any value": "SELECT any_value({c}) AS x FROM {t}",
    "the greatest": "SELECT max({c}) AS x FROM {t}",
    "by a bit mask": "SELECT bit_or(1 << length({c})) AS x FROM {t}",
    "by weights": "SELECT sum(length({c}) * 1024) AS x FROM {t}",
    "by power sums": "SELECT sum(power(length({c}), 3)) AS x FROM {t}",
    "by a histogram": "SELECT histogram({c}) AS x FROM {t}",
    "beside its neighbour": "SELECT lag({c}) OVER (ORDER BY {c}) AS x FROM {t}",
    "transposed": "PIVOT {t} ON {c} USING count(*)",
    "as a whole row": "SELECT r FROM {t} r",
}
CLOSED = (("许可范围", "安全生产许可证"), ("企业名称", "安全生产许可证"), ("检查街道", "执法检查"))
OPENED = ("企业名称", "科技型中小企业")
RAW = {"regime.raw_copy", "regime.raw_selection", "regime.raw_rows", "cohort.identifier"}
RAW |= {"output.key", "output.cut"}


@pytest.mark.parametrize("item", CLOSED, ids=[f"{t}.{c}" for c, t in CLOSED])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_copy_of_a_closed_item_leaves(way: str, item: tuple[str, str]) -> None:
    column, table = item
    verdict = ask(way.format(c=column, t=table))

    assert not verdict.allowed
    assert codes(verdict) & RAW, verdict.findings


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_same_copy_of_an_opened_item_leaves_and_says_why(way: str) -> None:
    column, table = OPENED
    verdict = ask(way.format(c=column, t=table))

    assert verdict.allowed, verdict.findings
    assert any("已依法开放" in sentence for sentence in verdict.opened_copies)


@pytest.mark.parametrize("item", (*CLOSED, OPENED), ids=[f"{t}.{c}" for c, t in (*CLOSED, OPENED)])
@pytest.mark.parametrize("way", ENCODINGS.values(), ids=ENCODINGS)
def test_no_encoding_is_a_way_out(way: str, item: tuple[str, str]) -> None:
    column, table = item
    verdict = ask(way.format(c=column, t=table))

    assert not verdict.allowed
    assert "second_opinion.unbound" not in codes(verdict), "our own rules must see it first"
    assert not ask(way.format(c=column, t=table), exit="service").allowed


SMUGGLED = {
    "rows chosen by it": "SELECT s.企业名称 FROM 科技型中小企业 s JOIN 安全生产许可证 l "
    "ON s.统一社会信用代码 = l.统一社会信用代码 WHERE l.许可状态 = '暂扣'",
    "rows matched by it": "SELECT s.企业名称 FROM 科技型中小企业 s JOIN 欠税 t "
    "ON s.统一社会信用代码 = t.统一社会信用代码",
    "rows ordered by it": "SELECT s.企业名称 FROM 科技型中小企业 s LEFT JOIN 欠税 t "
    "ON s.主体_企业 = t.主体_企业 ORDER BY t.欠税余额",
    "one column for each subject": "SELECT 许可状态, "
    "count(*) FILTER (WHERE 统一社会信用代码 = '1') AS a, "
    "count(*) FILTER (WHERE 统一社会信用代码 = '2') AS b FROM 安全生产许可证 GROUP BY 1",
    "one group for each subject": "SELECT 主体_企业, count(*) AS n FROM 安全生产许可证 GROUP BY 1",
    "a digit of the id as a group": "SELECT substring(统一社会信用代码, 9, 1) AS x, count(*) AS n "
    "FROM 安全生产许可证 GROUP BY 1",
    "a value written as the number of joined rows": "SELECT l.许可状态, count(*) AS n "
    "FROM 安全生产许可证 l JOIN 安全生产许可证 m ON l.行政区划代码 = m.行政区划代码 GROUP BY 1",
}


@pytest.mark.parametrize("sql", SMUGGLED.values(), ids=SMUGGLED)
def test_nothing_is_smuggled_by_choice_order_or_number_of_rows(sql: str) -> None:
    verdict = ask(sql)

    assert not verdict.allowed
    assert not any(code.startswith("second_opinion") for code in codes(verdict))


@pytest.mark.parametrize("rows_each", [1, 2], ids=["one row each", "two rows each"])
def test_one_group_per_subject_is_found_in_the_content(rows_each: int) -> None:
    """The key is an opened item, so lineage allows it; here its values name the subjects."""
    plan = ask(
        "SELECT 行政区划代码, count(*) AS n FROM 安全生产许可证 WHERE 许可状态 = '有效' GROUP BY 1"
    ).plan
    assert plan is not None
    rows = [
        {"行政区划代码": f"{n:06}", "许可状态": "有效", "主体_企业": f"e{n}"}
        for n in range(40)
        for _ in range(rows_each)
    ]
    copied = reference.run(plan, {"安全生产许可证": pa.Table.from_pylist(rows)})
    with pytest.raises(RunFailed):
        protect(copied, plan, plan.k)

    together = [{**row, "行政区划代码": row["行政区划代码"][-1:]} for row in rows for _ in (0,)]
    grouped = [{**row, "主体_企业": f"{row['主体_企业']}{n}"} for row in together for n in range(9)]
    counted = reference.run(plan, {"安全生产许可证": pa.Table.from_pylist(grouped)})
    assert protect(counted, plan, plan.k).table.num_rows == 10


def test_there_are_as_many_copies_as_are_listed() -> None:
    tried = len(WAYS) * len(CLOSED) + len(ENCODINGS) * (len(CLOSED) + 1) + len(SMUGGLED)

    assert tried >= 140
