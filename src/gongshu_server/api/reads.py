"""Reads over the API: what the caller may see of cases, resources, grants, products, the ledger."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Router

from gongshu.procedures import procedure
from gongshu.vocabulary.errors import NotFound
from gongshu_server.api.answers import present
from gongshu_server.api.steps import STEPS
from gongshu_server.api.writing import acting, tag
from gongshu_server.cases.models import Case, Clock, Document, Notice, Step
from gongshu_server.catalogue import queries as catalogue
from gongshu_server.catalogue.models import Resource, Snapshot
from gongshu_server.market.models import Order, Product
from gongshu_server.usage.models import Alarm, GrantRow

PAGE = 100
router = Router(tags=["reads"])


def _page(rows: QuerySet[Any], after: str) -> dict[str, Any]:
    """Return one page by keyset: `next` is what to ask for `after` next, empty at the end."""
    found = list(rows.filter(pk__gt=after).order_by("pk")[: PAGE + 1])
    more = found[PAGE - 1].pk if len(found) > PAGE else ""
    return {"items": present(found[:PAGE]), "next": more}


@router.get("/me", summary="我是谁、能办什么")
def me(request: HttpRequest) -> dict[str, Any]:
    """Return the acting person, post, organisation, roles and duties."""
    return present(acting(request))


@router.get("/resources", summary="可见的数据资源")
def resources(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """Return the resources that the caller may see."""
    return _page(Resource.objects.visible_to(acting(request)), after)


@router.get("/resources/{resource_id}", summary="一个数据资源及其数据项和版本")
def resource(request: HttpRequest, response: HttpResponse, resource_id: str) -> dict[str, Any]:
    """Return a resource with its items and snapshots; no data.

    What the machine found in the data (counts, sentences that quote a cell) is its provider's own
    business: nobody else learns from it what depends on data (S13).
    """
    by = acting(request)
    row = catalogue.resource(resource_id, by=by)
    tag(response, row.case)
    own = row.provider_id == by.organisation
    items = present(catalogue.items(row.pk))
    versions = Snapshot.objects.filter(resource=row).order_by("-version")[:PAGE]
    if not own:
        for item in items:
            del item["proposal"]
    return {**present(row), "items": items, "snapshots": [_version(v, own=own) for v in versions]}


def _version(snapshot: Snapshot, *, own: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": snapshot.pk,
        "version": snapshot.version,
        "as_of": snapshot.as_of.isoformat(),
    }
    if own:
        shown |= {
            "rows": snapshot.rows,
            "rejects": snapshot.rejects,
            "understood": snapshot.understood,
        }
    return shown


@router.get("/cases", summary="本机构的办件")
def cases(request: HttpRequest, after: str = "", open_only: bool = False) -> dict[str, Any]:
    """Return the cases that the caller may see."""
    rows = Case.objects.visible_to(acting(request))
    return _page(rows.filter(closed_at__isnull=True) if open_only else rows, after)


@router.get("/cases/{case_id}", summary="一个办件的经过、时限、材料和可办环节")
def case(request: HttpRequest, response: HttpResponse, case_id: str) -> dict[str, Any]:
    """Return a case with timeline, clocks, documents, and which action takes which step next."""
    row = Case.objects.visible_to(acting(request)).filter(pk=case_id).first()
    if row is None:
        raise NotFound("没有这个办件，或您所在机构不是办件的当事方。", code="case_not_found")
    tag(response, row.pk)
    table = procedure(row.procedure)
    steps = [
        {
            "transition": t.name,
            "zh": t.zh,
            "clause": t.clause,
            "action": STEPS.get(f"{row.procedure}.{t.name}", ""),
        }
        for t in table.available(row.state)
    ]
    return {
        **present(row),
        "state_zh": table.states[row.state],
        "timeline": present(list(Step.objects.filter(case=row).order_by("id"))),
        "clocks": present(list(Clock.objects.filter(case=row).order_by("id"))),
        "documents": present(list(Document.objects.filter(case=row).order_by("id"))),
        "steps": steps,
    }


@router.get("/notices", summary="本机构的通知")
def notices(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """Return the notices to the caller's organisation."""
    return _page(Notice.objects.filter(organisation_id=acting(request).organisation), after)


@router.get("/grants", summary="本机构取得或授出的用数许可")
def grants(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """Return the grants that the caller may see."""
    return _page(GrantRow.objects.visible_to(acting(request)), after)


@router.get("/products", summary="可见的产品")
def products(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """Return listed products, and the caller's own."""
    return _page(Product.objects.visible_to(acting(request)), after)


@router.get("/orders", summary="本机构的订单")
def orders(request: HttpRequest, after: str = "") -> dict[str, Any]:
    """Return the caller's orders as buyer or operator."""
    return _page(Order.objects.visible_to(acting(request)), after)


@router.get("/alarms", summary="尚未关闭的告警")
def alarms(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the open alarms, newest first, to those who watch over the node."""
    rows = Alarm.objects.visible_to(acting(request)).filter(closed_at__isnull=True)
    found: list[dict[str, Any]] = present(list(rows.order_by("-raised_at")[:PAGE]))
    return found
