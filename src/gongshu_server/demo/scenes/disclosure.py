"""Disclosure: generated from the live grants, and equal to what was metered."""

from __future__ import annotations

import json
import urllib.parse

from django.db.models import Sum

from gongshu_server.demo.node import ServingNode
from gongshu_server.demo.scenes.delivery import set_clock
from gongshu_server.demo.stage import Scene, Stage, assure
from gongshu_server.usage.models import Metered


def disclosure(stage: Stage) -> str:
    """Page and file show who may use what, until when, at what price, and how much was used."""
    stage.time.before_the_end(1)
    with ServingNode(stage.home) as server:
        set_clock(stage)
        shown = server.call("GET", "/api/v1/disclosure")
        page = server.call("GET", "/disclosure/")
        code = urllib.parse.quote(stage.facts["code"])
        query = server.call("GET", f"/registrations/?code={code}")
    assure(shown.status == page.status == 200, f"披露没有打开：{shown.status} {page.status}")
    assure(query.status == 200 and stage.facts["code"] in query.body, "登记查询页没有答复")
    lines = shown.body["authorisations"]
    used = Metered.objects.filter(product=stage.ids["product.verification"])
    total = used.aggregate(n=Sum("allowed"))["n"]
    product = next(
        p for p in shown.body["products"] if p["product"] == stage.ids["product.verification"]
    )
    assure(product["uses"] == total, f"披露 {product['uses']} 次，存证 {total} 次")
    ended = stage.ids["grant.insurer.dataset"]
    assure(all(line["grant"] != ended for line in lines), "已收回的许可还在披露")
    file = stage.home / "disclosure.json"
    file.write_text(json.dumps(shown.body, ensure_ascii=False, indent=1), encoding="utf-8")
    return (
        f"{len(lines)} 项现行许可、{len(shown.body['products'])} 个产品；用量 {total} 次与存证一致"
    )


SCENES = (
    Scene(
        "披露：由现行许可生成，公众可查",
        ("27-18", "27-19", "opinions-5.2"),
        "页面与文件一致，用量与存证一致",
        disclosure,
    ),
)
