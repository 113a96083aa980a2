"""A4 forms of a case as values: application, review, notice, agreement; renderers print them.

A form is made from the case alone: its number, parties, limits and documents, the opinions of each
step with the clause that it rests on, a place for the seal, and an address where anybody who may
see the case can check it. Equal cases give equal forms, so a printed one can be made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from gongshu.procedures import clause
from gongshu.vocabulary.errors import NotFound
from gongshu.workflow.limits import SHANGHAI
from gongshu_server.cases.queries import CaseView

# Kinds of form, and how their title ends after the procedure's name.
KINDS = {"application": "申请表", "review": "审批表", "notice": "办理结果通知书"}
AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the form's table: what it is, and what it says."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one body said in one step, the short name of the clause, and the day."""

    step: str
    body: str
    text: str
    clause: str
    day: date


@dataclass(frozen=True, slots=True)
class Form:
    """One form, ready to be printed: plain text throughout, no markup anywhere.

    `labels` are the printed headings; `seals` the bodies that a place for a seal is left for;
    `verify` goes into the QR code.
    """

    kind: str
    title: str
    number: str
    entries: tuple[Entry, ...]
    opinions: tuple[Opinion, ...]
    seals: tuple[str, ...]
    day: date
    verify: str


HEADINGS = {
    "number": "受理号",
    "opinions": "办理意见",
    "step": "环节",
    "body": "办理机构",
    "text": "意见",
    "clause": "依据",
    "day": "日期",
    "seal": "（盖章）",
    "verify": "扫码核对",
    "page": ("第 ", " 页，共 ", " 页"),
}


def kinds(view: CaseView) -> tuple[tuple[str, str], ...]:
    """Return the (kind, title) of each form that a case has."""
    table = view.head.table
    offered = [(code, f"{table.zh}{ending}") for code, ending in KINDS.items()]
    if table.code == AGREEMENT:
        offered.append((AGREEMENT, "公共数据授权运营协议签署页"))
    return tuple(offered)


def form(view: CaseView, kind: str, *, more: Sequence[Entry] = (), verify: str = "") -> Form:
    """Return one form of a case; `more` are lines that only the case's context knows.

    Raises NotFound for a kind that the case does not have.
    """
    title = dict(kinds(view)).get(kind)
    if title is None:
        raise NotFound("这个办件没有这种文书。", code="form_not_found")
    case = view.head.case
    opinions = () if kind in {"application", AGREEMENT} else _opinions(view)
    days = [step.at for step in view.timeline] or [case.opened_at]
    return Form(
        kind=kind,
        title=title,
        number=case.number,
        entries=(*_entries(view, kind), *more),
        opinions=opinions[-1:] if kind == "notice" else opinions,
        seals=_seals(view, kind),
        day=(days[0] if kind == "application" else days[-1]).astimezone(SHANGHAI).date(),
        verify=verify or f"{settings.ADDRESS}/cases/{case.pk}/",
    )


def _entries(view: CaseView, kind: str) -> tuple[Entry, ...]:
    case = view.head.case
    lines = [Entry("事项", case.title), Entry("办理流程", view.head.table.zh)]
    lines += [Entry(part, name) for name, part in view.parties]
    lines.append(Entry("提出日期", day_text(case.opened_at.astimezone(SHANGHAI).date())))
    if kind != "application":
        lines.append(Entry("当前状态", view.head.state))
    if kind in {"application", AGREEMENT}:
        reasons = [step.reason for step in view.timeline[:1] if step.reason]
        lines += [Entry("理由", reason) for reason in reasons]
    lines += [Entry("材料", _document(view, number)) for number in range(len(view.documents))]
    return tuple(lines)


def _document(view: CaseView, place: int) -> str:
    row = view.documents[place]
    dated = day_text(row.dated) if row.dated else ""
    said = (row.title, row.issuer, row.number, dated)
    return f"{place + 1}. {'　'.join(part for part in said if part)}"


def _opinions(view: CaseView) -> tuple[Opinion, ...]:
    return tuple(
        Opinion(
            step=step.zh,
            body=step.organisation,
            text=step.reason,
            clause=clause(step.clause).short,
            day=step.at.astimezone(SHANGHAI).date(),
        )
        for step in view.timeline
    )


def _seals(view: CaseView, kind: str) -> tuple[str, ...]:
    """Return whose seals the form has a place for: applicant's, handler's, or both."""
    names = {"application": ("申请方",), AGREEMENT: ("申请方", "承办方")}
    wanted = names.get(kind, ("承办方",))
    return tuple(name for name, part in view.parties if part in wanted)


def day_text(day: date) -> str:
    """Return a date as official papers write it: 2026年11月5日."""
    return f"{day.year}年{day.month}月{day.day}日"
