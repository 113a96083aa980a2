"""Parse: one SELECT of listed nodes and arguments, bounded; refused in words, never by a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from city import ask, codes
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gongshu.cleanroom.grammar import ALLOWED, breaches
from gongshu.cleanroom.parse import FINAL_CAPS, USER_CAPS, parse

OPENED = "SELECT 企业名称 FROM 科技型中小企业 WHERE "
WORDS = """
SELECT FROM WHERE GROUP BY ORDER LIMIT JOIN LEFT ON AND OR NOT IN IS NULL AS WITH CASE WHEN THEN
END FILTER DISTINCT OVER UNION VALUES EXISTS PIVOT count sum DATE ( ) , * . = <> >= < + - || :: ;
'x' 1 $1 ? @ # ^ -> [ ] { } a b 企业名称 主体_企业 科技型中小企业 安全生产许可证
"""


def found(sql: str) -> set[str]:
    return {finding.code for finding in parse(sql).findings}


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        (OPENED + " OR ".join(["统计年份 = 1"] * 5000), "parse.too_long"),
        ("SELECT 企业名称 -- " + "字" * 30_000 + "\nFROM 科技型中小企业", "parse.too_long"),
        (OPENED + f"统计年份 IN ({', '.join(['1'] * 1001)})", "parse.too_many_literals"),
        (OPENED + "(" * 40 + "统计年份 = 1" + ")" * 40, "parse.too_deep"),
        (OPENED + "NOT " * 40 + "统计年份 = 1", "parse.too_deep"),
        (OPENED + "INTERVAL " * 40 + "1", "parse.too_deep"),
        (OPENED + "CASE WHEN 1 = 1 THEN " * 40 + "1" + " END" * 40, "parse.too_deep"),
        (OPENED + "END " * 40 + "CASE WHEN 1 = 1 THEN " * 40 + "1", "parse.too_deep"),
        (OPENED + " AND ".join(["统计年份 = 1"] * 300), "parse.too_deep"),
        ("SELECT " + "-" * 40 + "1 FROM 科技型中小企业", "parse.one_select"),
        (OPENED + "企业名称 = 'a\x00b'", "parse.control_character"),
        (OPENED + "企业\u200b名称 = 'a'", "parse.control_character"),
        (OPENED + "企业名称 = '" + "字" * 1001 + "'", "parse.argument"),
        ("", "parse.one_select"),
        (";", "parse.one_select"),
        ("-- 只有注释", "parse.one_select"),
    ],
)
def test_size_depth_and_characters_are_bounded(sql: str, code: str) -> None:
    if code == "parse.one_select" and sql.startswith("SELECT"):
        # Two dashes begin a comment, so the rest of the line is gone.
        assert not ask(sql).allowed
    else:
        assert code in found(sql)
        assert not ask(sql).allowed


def test_what_is_within_the_bounds_is_read() -> None:
    many = f"统计年份 IN ({', '.join(str(n) for n in range(1000))})"

    assert found(OPENED + many) == set()
    assert ask(OPENED + many).allowed
    assert found(OPENED + "(" * 30 + "统计年份 = 1" + ")" * 30) == set()
    assert found(OPENED + " AND ".join(["统计年份 = 1"] * 100)) == set()


def test_a_finding_says_where() -> None:
    sql = "SELECT 企业名称,\n       random() AS r\nFROM 科技型中小企业"

    (finding,) = (f for f in ask(sql).findings if f.code == "parse.function")

    assert finding.where == (2, 8)
    assert "rand" in finding.sentence


def test_full_width_punctuation_is_named() -> None:
    (finding,) = ask("SELECT 企业名称 FROM 科技型中小企业 WHERE （统计年份 = 1）").findings

    assert "全角" in finding.sentence


def test_the_allow_list_names_only_arguments_that_exist() -> None:
    for node, arguments in ALLOWED.items():
        assert set(arguments) <= set(node.arg_types), node


@pytest.mark.parametrize("node", sorted(ALLOWED, key=lambda n: n.__name__))
def test_an_argument_that_the_list_does_not_name_is_a_breach(node: type[exp.Expr]) -> None:
    for argument in set(node.arg_types) - set(ALLOWED[node]):
        tree = node(**{argument: exp.Anonymous(this="x")})

        assert any(b.node is tree and b.argument == argument for b in breaches(tree)), argument


def test_a_node_that_the_list_does_not_name_is_a_breach() -> None:
    for node in exp.EXPR_CLASSES.values():
        if node not in ALLOWED and issubclass(node, exp.Expression):
            assert [b for b in breaches(node()) if b.argument is None], node


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    verdict = ask(text)

    assert not verdict.allowed
    assert verdict.findings


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from(WORDS.split()), min_size=3, max_size=24))
def test_any_row_of_words_gets_an_answer(words: list[str]) -> None:
    verdict = ask("SELECT " + " ".join(words))

    assert verdict.allowed == (verdict.plan is not None)
    assert verdict.allowed or verdict.findings


def test_attack_strings_are_answered_and_never_run(shared: Path) -> None:
    lines = [
        line
        for path in sorted((shared / "data" / "sql").rglob("*"))
        if path.is_file() and path.stat().st_size < 400_000
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.strip()
    ]
    assert len(lines) > 1000

    for line in lines[:: max(1, len(lines) // 1000)]:
        assert not ask(line).allowed, line
        quoted = line.replace("'", "''")
        literal = ask(f"{OPENED}企业名称 = '{quoted}'")
        assert literal.allowed or codes(literal) <= {"parse.control_character", "parse.argument"}
        name = line.replace('"', '""')
        assert not ask(f'SELECT "{name}" FROM 科技型中小企业').allowed
    assert USER_CAPS.tokens < FINAL_CAPS.tokens
