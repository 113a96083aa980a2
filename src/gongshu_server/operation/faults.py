"""Faults of what was handed in: all found first, then refused together, each with its clause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import Invalid
from gongshu_server.cases.documents import Paper


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is missing or wrong: a stable code, the sentence, the clause."""

    code: str
    sentence: str
    clause: str


def refuse(found: Iterable[Fault]) -> None:
    """Raise Invalid that lists every fault at once; return when there is none."""
    faults = tuple(found)
    if faults:
        raise Invalid(
            "；".join(fault.sentence for fault in faults) + "。请一次补齐后再提交。",
            code=faults[0].code if len(faults) == 1 else "incomplete",
            clause=faults[0].clause,
            details=faults,
        )


def missing_items(
    contents: Mapping[str, str], required: Mapping[str, str], *, clause: str
) -> Iterator[Fault]:
    """Yield each mandatory item that is absent or blank, in its legal order."""
    for code, zh in required.items():
        if not str(contents.get(code, "")).strip():
            yield Fault(f"item.{code}", f"缺少“{zh}”", clause)


def unidentified(procedure_code: str, papers: Sequence[Paper]) -> Iterator[Fault]:
    """Yield what is missing to find the document of a body outside again.

    What a kind of document must carry stands in the procedure's table (`identified`).
    """
    documents = procedure(procedure_code).documents
    words = {"number": "文号", "issuer": "出具单位", "dated": "日期", "receipt": "回执编号"}
    for paper in papers:
        kind = documents.get(paper.kind)
        if kind is None:
            continue
        for field in kind.identified:
            if not getattr(paper, field):
                yield Fault(
                    f"paper.{paper.kind}.{field}", f"{kind.zh}缺少{words[field]}", kind.clause
                )
