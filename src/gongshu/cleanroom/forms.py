"""The JSON forms of what a check takes and gives, for whoever has the library and no node.

docs/reference/check holds their JSON schemas. A form that is incomplete, or that holds a name which
this version does not know, is refused with every fault: a rule that is skipped would widen a grant.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from gongshu.cleanroom.lattices import Lattice, LatticeKind
from gongshu.cleanroom.model import Finding, ItemRule, OutputColumn, Source, Verdict, physical_type
from gongshu.policy import Grant, refuse_unevaluable
from gongshu.vocabulary.errors import DomainError, Invalid
from gongshu.vocabulary.levels import IdentifierClass, Regime, SubjectKind

_LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "parse": "一条 SELECT，只用列明的写法、参数和函数，长度和嵌套有上限",
        "resolve": "每个名称只能指一张已许可的表里的一列",
        "types": "比较的两边同一类型，数据项不做转换",
        "scope": "用数许可写明的范围",
        "regime": "未依法开放的数据项不逐行输出，封存级不进入加工",
        "cohort": "条件沿登记的取值范围划分，标识只用来连接",
        "output": "按一个数据项分组的计数、合计、平均和分位数，已开放的行，或服务表",
        "second_opinion": "数据库引擎的解读与检查一致",
        "rewrite": "改写后的查询与检查过的一致",
    }
)
_SOURCE = frozenset({"resource", "table", "title", "snapshot", "subjects", "region_item", "items"})
_ITEM = frozenset(
    {"name", "type", "regime", "identifier", "opened", "grade", "subject", "lattice", "clause"}
)


def sources_of(body: Any) -> tuple[Source, ...]:
    """This function will return the sources of a schema form, `{"sources": [...]}`.

    Raises `Invalid` when the form is not complete or describes a table that cannot be checked.
    """
    _require(isinstance(body, Mapping) and set(body) == {"sources"}, "表结构文件要有 sources 一项")
    _require(isinstance(body["sources"], list) and body["sources"], "sources 要列出至少一张表")
    found = tuple(_source(one) for one in body["sources"])
    for named in ([s.table.casefold() for s in found], [s.resource for s in found]):
        _require(len(set(named)) == len(found), "sources 里有重复的表名或资源编号")
    return found


def grants_of(body: Any) -> tuple[Grant, ...]:
    """This function will return the grants of a grant form: one canonical grant, or a list of them.

    Raises `Invalid` for a grant that a node would not issue either.
    """
    listed = body if isinstance(body, list) else [body]
    _require(listed and all(isinstance(one, Mapping) for one in listed), "许可文件里没有许可")
    try:
        grants = tuple(Grant.from_canonical(one) for one in listed)
        for grant in grants:
            refuse_unevaluable(grant)
    except (AttributeError, TypeError, ValueError, KeyError):
        raise _invalid("许可文件的某个字段类型不对") from None
    return grants


def verdict_form(verdict: Verdict) -> dict[str, Any]:
    """This function will return the JSON form of a verdict: answer, findings, lineage, plan."""
    plan = verdict.plan
    return {
        "allowed": verdict.allowed,
        "findings": [_finding_form(finding) for finding in verdict.findings],
        "lineage": [_column_form(column) for column in verdict.lineage],
        "grants": dict(verdict.grants),
        "opened_copies": list(verdict.opened_copies),
        "notes": list(verdict.notes),
        "shape": plan.shape if plan else None,
        "k": plan.k if plan else None,
        "sql": plan.sql if plan else None,
    }


def limit_of(finding: Finding) -> str:
    """This function will say what is allowed where a finding says what is not."""
    allowed = next((reason.allowed for reason in finding.reasons if hasattr(reason, "allowed")), "")
    return allowed or _LIMITS[finding.code.partition(".")[0]]


def _finding_form(finding: Finding) -> dict[str, Any]:
    # What is wrong with the whole text is told at its beginning.
    line, column = finding.where or (1, 1)
    return {
        "code": finding.code,
        "sentence": finding.sentence,
        "limit": limit_of(finding),
        "clause": finding.clause,
        "line": line,
        "column": column,
        "rewrite": finding.rewrite,
    }


def _column_form(column: OutputColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "kind": column.kind,
        "values": [list(ref) for ref in column.values],
        "influences": [list(ref) for ref in column.influences],
    }


def _source(body: Any) -> Source:
    _require(isinstance(body, Mapping) and set(body) == _SOURCE, _fields("每张表", _SOURCE))
    for name in ("resource", "table", "title", "snapshot"):
        _require(isinstance(body[name], str) and body[name].strip(), f"表的 {name} 要写明文字")
    title = body["title"]
    _require(isinstance(body["items"], list) and body["items"], f"《{title}》没有列出数据项")
    items = tuple(_item(one, title) for one in body["items"])
    _require(isinstance(body["subjects"], Mapping), f"《{title}》的 subjects 要写成 种类：列名")
    subjects = {_term(SubjectKind, k, title): str(v) for k, v in body["subjects"].items()}
    region = body["region_item"]
    known = region is None or region in {item.name for item in items}
    _require(known, f"《{title}》的 region_item 不是它的数据项")
    return Source(
        resource=body["resource"],
        table=body["table"],
        title=title,
        items=items,
        subjects=subjects,
        snapshot=body["snapshot"],
        region_item=region,
    )


def _item(body: Any, title: str) -> ItemRule:
    _require(
        isinstance(body, Mapping) and set(body) == _ITEM, _fields(f"《{title}》的每一项", _ITEM)
    )
    named = isinstance(body["name"], str) and body["name"].strip() and isinstance(body["type"], str)
    _require(named, f"《{title}》有一项没有写明名称或类型")
    name = f"《{title}》的“{body['name']}”"
    _require(isinstance(body["opened"], bool), f"{name}的 opened 要写 true 或 false")
    _require(body["grade"] in (1, 2, 3, 4), f"{name}的 grade 要写 1 到 4")
    clause = body["clause"]
    _require(clause is None or isinstance(clause, str), f"{name}的 clause 要写条款编号")
    physical_type(body["type"])
    return ItemRule(
        name=body["name"],
        type=body["type"],
        regime=_term(Regime, body["regime"], name),
        identifier=_term(IdentifierClass, body["identifier"], name),
        opened=body["opened"],
        grade=body["grade"],
        subject=_term(SubjectKind, body["subject"], name),
        lattice=None if body["lattice"] is None else _lattice(body["lattice"], name),
        clause=clause,
    )


def _lattice(body: Any, name: str) -> Lattice:
    kind = body.get("kind") if isinstance(body, Mapping) else None
    try:
        if kind == LatticeKind.VALUES and body.keys() == {"kind", "values"}:
            return Lattice.of_values(body["values"])
        if kind == LatticeKind.MONTHS and body.keys() == {"kind"}:
            return Lattice.of_months()
        if kind == LatticeKind.BANDS and body.keys() == {"kind", "edges"}:
            return Lattice.of_bands([Decimal(str(edge)) for edge in body["edges"]])
    except (AttributeError, TypeError, InvalidOperation):
        pass
    raise _invalid(f"{name}的 lattice 要写成列明的取值、月份或数值分段")


def _term(kind: Any, code: Any, name: str) -> Any:
    try:
        return kind(code)
    except (ValueError, DomainError):
        raise _invalid(f"{name}写了没有的代码“{str(code)[:40]}”") from None


def _fields(what: str, names: frozenset[str]) -> str:
    return f"{what}要恰好写明这些字段：{'、'.join(sorted(names))}"


def _require(fine: Any, sentence: str) -> None:
    if not fine:
        raise _invalid(sentence)


def _invalid(sentence: str) -> Invalid:
    return Invalid(f"{sentence}。请对照 docs/reference/check 改正。", code="cleanroom.form")
