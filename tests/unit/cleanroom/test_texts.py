"""The quick texts of names and columns are those that sqlglot writes."""

from __future__ import annotations

import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from gongshu.cleanroom.texts import rendered
from gongshu.vocabulary.quoting import quoted

NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1)


@given(NAMES)
def test_a_name_is_quoted_as_sqlglot_does(name: str) -> None:
    assert quoted(name) == exp.to_identifier(name, quoted=True).sql("duckdb")


@given(NAMES, st.none() | NAMES, st.booleans())
def test_a_column_is_written_as_sqlglot_does(name: str, table: str | None, quoting: bool) -> None:
    column = exp.column(
        exp.to_identifier(name, quoted=quoting),
        table=exp.to_identifier(table, quoted=True) if table else None,
    )
    assert rendered(column) == column.sql("duckdb")


def test_any_other_expression_is_left_to_sqlglot() -> None:
    text = (
        'SELECT a."甲", db.t.c, a.b::INT, -a.b, count(DISTINCT "x".y), \'z\'\'\', s."t"."u" FROM a'
    )
    for each in sqlglot.parse_one(text, dialect="duckdb").find_all(exp.Expr):
        assert rendered(each) == each.sql("duckdb")
