"""An agreement's terms as they are handed in, and everything that can be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from gongshu.procedures.agreement import MANDATORY_ITEMS
from gongshu.procedures.limits import OPERATION_TERM
from gongshu.vocabulary.purposes import Business, Purpose
from gongshu.vocabulary.regions import is_region
from gongshu.workflow.limits import SHANGHAI, due
from gongshu_server.operation import parties, scope
from gongshu_server.operation.faults import Fault, missing_items
from gongshu_server.operation.scope import ScopeEntry

CLAUSE = "27-14"
# The smallest cohort that may leave at all (disclosure-control.md §4); an agreement may ask more.
LEAST_MINIMUM = 10
# What authorised operation may be for; the other purposes are the authority's own work.
PURPOSES = frozenset(
    {Purpose.public_governance, Purpose.public_welfare, Purpose.industry, Purpose.sector}
)
SELECTIONS = MappingProxyType(
    {
        "open_tender": "公开招标",
        "invited_tender": "邀请招标",
        "negotiation": "谈判",
        "other": "其他公平竞争方式",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What implementing body and operator agree on (27号 第12–14条).

    `contents` maps the codes of the thirteen mandatory items to their texts; the other fields are
    what the platform itself enforces. The term is half-open; `regions` are division codes, none
    means the whole area; `minimum` is the fewest subjects behind a number that leaves.
    """

    operator: str
    selection: str
    selection_record: str
    security_bodies: tuple[str, ...]
    compliance_bodies: tuple[str, ...]
    contents: Mapping[str, str]
    scope: tuple[ScopeEntry, ...]
    purposes: tuple[str, ...]
    businesses: tuple[str, ...]
    products: tuple[Mapping[str, str], ...]
    valid_from: datetime
    valid_until: datetime
    regions: tuple[str, ...] = ()
    minimum: int = LEAST_MINIMUM
    max_rows: int | None = None


def faults(terms: Terms, *, at: datetime) -> Iterator[Fault]:
    """Yield everything that is missing or wrong in the terms."""
    yield from missing_items(terms.contents, MANDATORY_ITEMS, clause=CLAUSE)
    yield from _term(terms)
    yield from _parties(terms, at=at)
    yield from scope.faults(terms.scope)
    yield from use_faults(terms.purposes, terms.businesses, terms.regions)
    yield from number_faults(terms.minimum, terms.max_rows)
    if not terms.products or not all(said.get("title") for said in terms.products):
        yield Fault("products", "产品和服务清单没有写明每个产品的名称", CLAUSE)


def _term(terms: Terms) -> Iterator[Fault]:
    if terms.valid_until <= terms.valid_from:
        yield Fault("term.order", "授权运营期限的截止时间必须晚于起始时间", CLAUSE)
    elif terms.valid_until > _five_years_after(terms.valid_from):
        yield Fault("term.too_long", "授权运营期限超过5年，请把截止时间改到5年以内", CLAUSE)


def _five_years_after(start: datetime) -> datetime:
    """Return the corresponding instant: a whole term is counted to the time of day."""
    day = start.astimezone(SHANGHAI)
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    return due(OPERATION_TERM, start).at + (day - midnight)


def _parties(terms: Terms, *, at: datetime) -> Iterator[Fault]:
    yield from parties.without_role("operator", [terms.operator], clause="27-3", at=at)
    if terms.selection not in SELECTIONS:
        yield Fault("selection", f"选择方式只能是{'、'.join(SELECTIONS.values())}", "27-12")
    if not terms.selection_record.strip():
        yield Fault("selection_record", "没有写明运营机构选择结果的文号", "27-12")
    security, compliance = terms.security_bodies, terms.compliance_bodies
    yield from parties.without_role("security_reviewer", security, clause=CLAUSE, at=at)
    yield from parties.without_role("sector_authority", compliance, clause=CLAUSE, at=at)
    groups = [parties.control_groups(bodies) for bodies in (security, compliance)]
    if groups[0] & groups[1]:
        yield Fault(
            "reviewers.same", "安全审核和业务规范性审核必须由互不控制的两个单位承担", CLAUSE
        )
    if (groups[0] | groups[1]) & parties.control_groups([terms.operator]):
        yield Fault("reviewers.operator", "审核单位不能与运营机构同属一个控制关系", "opinions-11.1")


def use_faults(
    purposes: tuple[str, ...], businesses: tuple[str, ...], regions: tuple[str, ...]
) -> Iterator[Fault]:
    """Yield what is wrong with purposes, businesses and regions."""
    if not purposes or not set(purposes) <= PURPOSES:
        zh = "、".join(sorted(Purpose(code).zh for code in PURPOSES))
        yield Fault("purposes", f"用途只能是{zh}", CLAUSE)
    if not businesses or not set(businesses) <= set(Business):
        zh = "、".join(business.zh for business in Business)
        yield Fault("businesses", f"授权的业务只能是{zh}", "opinions-3.8")
    for code in regions:
        if not is_region(code):
            yield Fault("regions", f"区域“{code}”不是行政区划代码", CLAUSE)


def number_faults(minimum: int, max_rows: int | None) -> Iterator[Fault]:
    """Yield what is wrong with the fewest subjects and the most rows."""
    if minimum < LEAST_MINIMUM:
        yield Fault("minimum", f"最小主体数不能小于{LEAST_MINIMUM}", "dc-4")
    if max_rows is not None and max_rows < 1:
        yield Fault("max_rows", "输出行数上限必须是正数", CLAUSE)
