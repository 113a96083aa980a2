"""Pass 1, parse: text to one SELECT whose every node and argument is on the allow-list.

Property: whatever this pass lets through consists of listed nodes with listed argument values,
is bounded in size, number of tokens and depth, and is exactly one SELECT statement.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from gongshu.cleanroom.grammar import Breach, breaches, is_plain_number
from gongshu.cleanroom.model import Finding

CLAUSE = "dc-3"


@dataclass(frozen=True, slots=True)
class Caps:
    """Bounds on a query text. The rewritten text has its own, wider ones."""

    text_bytes: int = 64 * 1024
    tokens: int = 8_000
    parentheses: int = 32
    depth: int = 120
    literals: int = 1_000
    prefixes: int = 8
    types: int = 4


USER_CAPS = Caps()
FINAL_CAPS = Caps(text_bytes=1 << 20, tokens=120_000, parentheses=64, depth=240, literals=40_000)

_PUNCTUATION = frozenset(
    {
        TokenType.L_PAREN,
        TokenType.R_PAREN,
        TokenType.COMMA,
        TokenType.DOT,
        TokenType.STAR,
        TokenType.PLUS,
        TokenType.DASH,
        TokenType.EQ,
        TokenType.NEQ,
        TokenType.LT,
        TokenType.LTE,
        TokenType.GT,
        TokenType.GTE,
        TokenType.DPIPE,
        TokenType.DCOLON,
        TokenType.STRING,
        TokenType.NUMBER,
        TokenType.IDENTIFIER,
        TokenType.VAR,
    }
)
# What the parser goes down into before it has a tree: the compiled one knows no bound of its own.
_OPENING = frozenset({TokenType.L_PAREN, TokenType.CASE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.END})
_PREFIXES = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.INTERVAL})
_LITERALS = frozenset({TokenType.STRING, TokenType.NUMBER})

_SENTENCES: dict[type[exp.Expr], str] = {
    exp.Window: "目前不支持窗口计算（OVER）；请改为按一个维度分组计数。",
    exp.Dot: "不支持“列.函数()”这种写法；请写成 函数(列)。",
    exp.Columns: "不支持 COLUMNS(…)；请把要用的数据项逐一写出。",
    exp.Tuple: "不支持把多列放进一个括号里比较；请逐列写条件。",
    exp.Subquery: "子查询只能写在 FROM 后面，并且只做筛选、连接和投影。",
    exp.Exists: "不支持 EXISTS；请改为内连接或左连接。",
    exp.Values: "不支持在查询里自造数据行（VALUES）。",
    exp.Lateral: "不支持 LATERAL；请改为普通的内连接或左连接。",
    exp.Pivot: "不支持行列转换（PIVOT）；请按一个维度分组计数。",
    exp.Having: "不支持 HAVING；结果受保护后再筛选。",
    exp.Union: "目前一次只能提交一个 SELECT，不支持合并多个查询。",
}
_ARGUMENTS: dict[tuple[type[exp.Expr], str], str] = {
    (exp.Join, "method"): "只支持内连接和左连接，不支持 ASOF、NATURAL、POSITIONAL 连接。",
    (exp.Join, "side"): "只支持内连接和左连接。",
    (exp.Join, "kind"): "只支持内连接和左连接，不支持 CROSS、SEMI、ANTI 连接。",
    (exp.Join, "using"): "请把连接条件写成 ON 甲.列 = 乙.列，不要用 USING。",
    (exp.Join, "on"): "连接条件只能写成 ON 甲.列 = 乙.列（可用 AND 连接多条）。",
    (exp.Join, "this"): "JOIN 后面只能是一张表或一个写在括号里的 SELECT。",
    (exp.Group, "all"): "请逐列写明 GROUP BY，不要用 ALL。",
    (exp.Group, "rollup"): "目前不支持小计和合计（ROLLUP、CUBE、GROUPING SETS）。",
    (exp.Group, "cube"): "目前不支持小计和合计（ROLLUP、CUBE、GROUPING SETS）。",
    (exp.Group, "grouping_sets"): "目前不支持小计和合计（ROLLUP、CUBE、GROUPING SETS）。",
    (exp.Star, "except_"): "请逐列写明要输出的数据项，不要用 EXCLUDE。",
    (exp.Star, "replace"): "请逐列写明要输出的数据项，不要用 REPLACE。",
    (exp.Sum, "this"): "sum 里只能直接写一个数据项，不能计算或去重。",
    (exp.Avg, "this"): "avg 里只能直接写一个数据项，不能计算或去重。",
    (exp.Median, "this"): "median 里只能直接写一个数据项，不能计算或去重。",
    (exp.PercentileCont, "this"): "quantile_cont 里先直接写一个数据项，再写一个百分位。",
    (exp.PercentileCont, "expression"): "百分位只能写一个 0.01 到 0.99 的两位小数。",
    (exp.Select, "qualify"): "不支持 QUALIFY。",
    (exp.Select, "having"): "不支持 HAVING；结果受保护后再筛选。",
    (exp.Limit, "expression"): "LIMIT 后面只能写一个整数。",
    (exp.Distinct, "on"): "不支持 DISTINCT ON。",
    (exp.In, "query"): "IN 后面只能写固定的值，不能写子查询。",
    (exp.With, "recursive"): "不支持递归查询。",
    (exp.Table, "db"): "请直接写表名，不要加库名或模式名。",
    (exp.Table, "sample"): "不支持抽样（TABLESAMPLE）。",
    (exp.Table, "this"): "FROM 后面只能是已授权的表名，不能是函数。",
    (exp.Column, "db"): "列只能写成 列名 或 表名.列名。",
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """`tree` is None when nothing further can be said about the text."""

    tree: exp.Select | None
    findings: tuple[Finding, ...]


def parse(sql: str, caps: Caps = USER_CAPS) -> Parsed:
    """This function will return the tree of a query, or the reasons why it is none.

    Sources: disclosure-control §3.5; docs/explanation/clean-room.md.
    """
    fault = _text_fault(sql, caps)
    if fault is not None:
        return Parsed(None, (fault,))
    try:
        tokens = DuckDB().tokenize(sql)
        fault = _token_fault(sql, tokens, caps)
        if fault is not None:
            return Parsed(None, (fault,))
        trees = DuckDB().parser().parse(tokens, sql)
    except (SqlglotError, RecursionError):
        return Parsed(None, (_unreadable(sql),))
    statements = [tree for tree in trees if tree is not None]
    if len(statements) != 1 or type(statements[0]) is not exp.Select:
        union = bool(statements) and isinstance(statements[0], exp.SetOperation)
        sentence = _SENTENCES[exp.Union] if union else "每次只能提交一个 SELECT 查询。"
        return Parsed(None, (Finding("parse.one_select", sentence, CLAUSE),))
    return _judged(sql, statements[0], caps)


def _judged(sql: str, tree: exp.Select, caps: Caps) -> Parsed:
    if _depth(tree) > caps.depth:
        sentence = "查询的嵌套太深，请拆成更简单的条件。"
        return Parsed(None, (Finding("parse.too_deep", sentence, CLAUSE),))
    found = tuple(breaches(tree))
    findings = tuple(_finding(sql, breach) for breach in found)
    numbers = tuple(
        Finding("parse.number", "数字只能写成普通的十进制数。", CLAUSE, position(sql, node))
        for node in tree.find_all(exp.Literal)
        if not node.is_string and not is_plain_number(node.name)
    )
    readable = all(breach.readable for breach in found)
    return Parsed(tree if readable else None, findings + numbers)


def _text_fault(sql: str, caps: Caps) -> Finding | None:
    if len(sql.encode("utf-8", "surrogatepass")) > caps.text_bytes:
        sentence = f"查询文本超过 {caps.text_bytes // 1024} KB，请缩短。"
        return Finding("parse.too_long", sentence, CLAUSE)
    for index, character in enumerate(sql):
        if character not in "\t\r\n" and unicodedata.category(character) in ("Cc", "Cs", "Cf"):
            sentence = "查询里有看不见的控制字符，请删去后重新提交。"
            return Finding("parse.control_character", sentence, CLAUSE, _point(sql, index))
    return None


def _token_fault(sql: str, tokens: list[Token], caps: Caps) -> Finding | None:
    if tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        del tokens[-1]
    if not tokens or tokens[0].token_type not in (TokenType.SELECT, TokenType.WITH):
        return Finding("parse.one_select", "每次只能提交一个 SELECT 查询。", CLAUSE, (1, 1))
    if len(tokens) > caps.tokens:
        return Finding("parse.too_long", "查询太长，请缩短。", CLAUSE)
    if sum(token.token_type in _LITERALS for token in tokens) > caps.literals:
        sentence = f"查询里写了超过 {caps.literals} 个固定值，请减少。"
        return Finding("parse.too_many_literals", sentence, CLAUSE)
    if _types_nested(tokens) > caps.types:
        return Finding("parse.too_deep", "查询的嵌套太深，请拆成更简单的条件。", CLAUSE)
    nested = prefixed = 0
    for token in tokens:
        kind = token.token_type
        # A stray END must not make room for what follows.
        nested = max(0, nested + (kind in _OPENING) - (kind in _CLOSING))
        prefixed = prefixed + 1 if kind in _PREFIXES else 0
        if nested > caps.parentheses or prefixed > caps.prefixes:
            return Finding("parse.too_deep", "查询的嵌套太深，请拆成更简单的条件。", CLAUSE)
        if kind not in _PUNCTUATION and not _is_word(token.text):
            where = _point(sql, token.start)
            sentence = f"不支持的符号或写法“{token.text[:20]}”。"
            return Finding("parse.symbol", sentence, CLAUSE, where)
    return None


def _types_nested(tokens: list[Token]) -> int:
    """Return how deep brackets after the name of a type stand in each other.

    `STRUCT(`, `DATE (` and their like are read once as a type and once as a function, and what is
    inside them each time again: thirty of them would keep the parser busy for years.
    """
    typed: list[bool] = []
    deepest = depth = 0
    for before, token in pairwise(tokens):
        if token.token_type is TokenType.L_PAREN:
            typed.append(before.token_type in DuckDB.Parser.TYPE_TOKENS)
            depth += typed[-1]
            deepest = max(deepest, depth)
        elif token.token_type is TokenType.R_PAREN and typed:
            depth -= typed.pop()
    return deepest


def _is_word(text: str) -> bool:
    """Keywords arrive with blanks inside (`GROUP BY`); a prefixed string is never one word."""
    return text.isascii() and "".join(text.replace("_", " ").split()).isalpha()


def _unreadable(sql: str) -> Finding:
    full_width = next((i for i, c in enumerate(sql) if c in ",;()=‘’“”，；（）＝"), None)
    if full_width is not None and sql[full_width] in "，；（）＝‘’“”":
        sentence = "查询语句读不懂，可能是误用了全角标点；请改成半角的逗号、括号、引号。"
        return Finding("parse.unreadable", sentence, CLAUSE, _point(sql, full_width))
    return Finding("parse.unreadable", "查询语句读不懂，请检查括号、引号和关键字。", CLAUSE)


def _finding(sql: str, breach: Breach) -> Finding:
    node, argument = breach.node, breach.argument
    where = position(sql, node)
    if argument is not None:
        sentence = _ARGUMENTS.get((type(node), argument))
        if sentence is None and isinstance(node, exp.AggFunc):
            sentence = (
                "目前只支持 count(*)、count(DISTINCT 主体列)、sum(数据项)、avg(数据项) 和分位数。"
            )
        sentence = sentence or f"不支持的写法（{type(node).__name__}.{argument.rstrip('_')}）。"
        return Finding("parse.argument", sentence, CLAUSE, where)
    if isinstance(node, exp.AggFunc):
        sentence = (
            f"目前只支持按一个维度计数、求和、求平均和求分位数，不支持 {function_name(node)}。"
        )
        return Finding("output.unsupported_statistic", sentence, CLAUSE, where)
    if isinstance(node, exp.Func) and type(node) not in _SENTENCES:
        sentence = f"函数 {function_name(node)} 不在允许的函数之列。"
        return Finding("parse.function", sentence, CLAUSE, where)
    sentence = _SENTENCES.get(type(node)) or f"不支持的写法（{type(node).__name__}）。"
    return Finding("parse.node", sentence, CLAUSE, where)


def function_name(node: exp.Expr) -> str:
    """This function will return the name by which an official would look a function up."""
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()[:40]
    return node.sql_name().lower() if isinstance(node, exp.Func) else type(node).__name__


def _depth(tree: exp.Expr) -> int:
    """Iterative, so that a deep tree cannot overflow the stack that judges it."""
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in node.iter_expressions())
    return deepest


def position(sql: str, node: exp.Expr) -> tuple[int, int] | None:
    """This function will return line and column of the first token that `node` remembers."""
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    return _point(sql, min(starts)) if starts else None


def _point(sql: str, index: int) -> tuple[int, int]:
    before = sql[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
