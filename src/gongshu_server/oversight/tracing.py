"""Trace (追溯): from a call or a product back to the data, the grants, the cases and the clauses.

Everything here is what an auditor sees without any content: names, versions, numbers, bases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gongshu.vocabulary.errors import NotFound
from gongshu_server.accounts.actors import Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Resource, Snapshot
from gongshu_server.market.models import Product
from gongshu_server.usage.models import GrantRow
from gongshu_server.usage.receipts import use_body
from gongshu_server.workshop.models import Release

CLAUSE = "opinions-17.2"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain: what it is, its name, where it is shown, and its case."""

    stage: str
    name: str
    kind: str
    id: str
    case: str = ""
    number: str = ""
    note: str = ""


def trace(reference: str, *, by: Actor) -> list[Link]:
    """Return the chain from a receipt, product or release back to its sources, in that order.

    Raises NotFound for a reference that names none of them.
    """
    require(by, "audit.read", clause=CLAUSE)
    reference = reference.strip()
    links: list[Link] = []
    product = Product.objects.filter(pk=reference).first()
    if product is None and (body := use_body(reference)) is not None:
        links.append(_of_use(body))
        product = Product.objects.filter(pk=body["product"]).first()
    if product is not None:
        links.append(Link("产品", product.title, "product", product.pk, product.case))
        reference = product.release
    release = Release.objects.filter(pk=reference).select_related("run__query__task").first()
    if release is None:
        raise NotFound("没有这张回执、这个产品或这次出域，请核对编号。", code="nothing_to_trace")
    links += _of_release(release, product)
    return _numbered(links)


def _of_use(body: dict[str, Any]) -> Link:
    outcome = "允许" if body.get("allowed", True) else "拒绝"
    row = GrantRow.objects.filter(pk=body.get("grant", "")).values_list("case", flat=True).first()
    return Link("用数", body["receipt"], "use", body["receipt"], row or "", note=outcome)


def _of_release(release: Release, product: Product | None) -> list[Link]:
    run, query = release.run, release.run.query
    served = product.snapshots if product and product.snapshots else run.snapshots
    links = [
        Link("出域", query.task.title, "release", release.pk, release.case),
        Link("任务运行", run.pk, "run", run.pk, note=run.get_state_display()),
        Link("查询", query.task.title, "query", query.pk),
    ]
    links += _of_snapshots(served.values())
    grants = {grant for ids in query.verdict.get("grants", {}).values() for grant in _ids(ids)}
    rows = GrantRow.objects.filter(pk__in=grants).order_by("pk")
    links += [Link("用数许可", row.pk, "grant", row.pk, row.case) for row in rows]
    return links


def _ids(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else [str(one) for one in said]


def _of_snapshots(ids: Iterable[str]) -> list[Link]:
    rows = Snapshot.objects.filter(pk__in=list(ids)).select_related("resource").order_by("pk")
    links = [
        Link("数据版本", f"{s.resource.title} 第 {s.version} 版", "snapshot", s.pk) for s in rows
    ]
    resources: dict[str, Resource] = {s.resource_id: s.resource for s in rows}
    return links + [Link("数据资源", r.title, "resource", r.pk, r.case) for r in resources.values()]


def _numbered(links: list[Link]) -> list[Link]:
    """Return the links with the readable numbers of their cases, in one query."""
    numbers = dict(Case.objects.filter(pk__in={x.case for x in links}).values_list("pk", "number"))
    return [
        Link(x.stage, x.name, x.kind, x.id, x.case, numbers.get(x.case, ""), x.note) for x in links
    ]
