"""Delivery over HTTP: answered with a receipt, refused with the limit, metered to the last call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from gongshu.sdc import MARKER
from gongshu_server.accounts import actions as accounts
from gongshu_server.accounts.actors import node
from gongshu_server.demo import cast
from gongshu_server.demo.node import Reply, ServingNode
from gongshu_server.demo.scenes.market import TRIAL
from gongshu_server.demo.stage import Scene, Stage, assure
from gongshu_server.demo.timeline import ZONE
from gongshu_server.journal import clock
from gongshu_server.market import actions
from gongshu_server.market.orders import Request
from gongshu_server.usage import changes, collecting

CHECKS = 200
MINIMUM = 10  # As agreement and scenario say.


def set_clock(stage: Stage) -> None:
    """Bring the node's clock to the story's time, for every serving process."""
    clock.move_to(stage.time.at)
    changes.tell_hosts()


def verify(
    stage: Stage,
    server: ServingNode,
    subject: str,
    *,
    key: str = "insurer.verification",
    **more: str,
) -> Reply:
    """Ask about one enterprise over HTTP."""
    body = {"key": subject, **more}
    path = f"/v1/products/{stage.ids['product.verification']}/verify"
    return server.call("POST", path, key=stage.keys.get(key, key), body=body)


def token(stage: Stage, enterprise: str) -> str:
    """Let an enterprise authorise the insurer once."""
    given = actions.authorise_subject(
        product_id=stage.ids["product.verification"],
        caller_id=stage.organisation("insurer"),
        purpose="industry",
        days=7,
        by=stage.actor(enterprise, "subject"),
        at=stage.time.minutes(1),
    )
    return given.token


def _refused(reply: Reply, status: int, *limits: str) -> None:
    named = {reason["limit"] for reason in reply.body.get("reasons", ())}
    assure(
        reply.status == status and set(limits) <= named,
        f"应以 {status} 拒绝并指出 {limits}，实际 {reply.status} {reply.body}",
    )


def _answered(reply: Reply, word: str) -> str:
    said = reply.body.get("answer") if isinstance(reply.body, dict) else reply.body
    assure(reply.status == 200 and said == word, f"应答“{word}”，实际 {reply.status} {reply.body}")
    receipt: str = reply.body["receipt"]
    assure(bool(receipt) and bool(reply.body["as_of"]), "没有回执编号或数据日期")
    return receipt


def answers(stage: Stage) -> str:
    """The insurer with the enterprise's authorisation, the bureau without: each gets its answer."""
    people = stage.facts["subjects"]
    for code in ("licensed", "objector"):
        one = people[code]
        cast.add_enterprise(stage.cast, code, name=one.name, uscc=one.id, at=stage.time.minutes(1))
    first = token(stage, "licensed")
    with ServingNode(stage.home) as server:
        set_clock(stage)
        licensed = people["licensed"].id
        receipt = _answered(verify(stage, server, licensed, authorisation=first), "一致")
        stage.ids["receipt"] = receipt
        again = verify(stage, server, licensed, authorisation=first)
        _refused(again, 403, "subject_authorisation")
        _refused(verify(stage, server, licensed), 403, "subject_authorisation")
        bureau = "emergency.verification"
        _answered(verify(stage, server, people["expired"].id, key=bureau), "不一致")
        _answered(verify(stage, server, people["unknown"].id, key=bureau), "查无记录")
        for subject in stage.facts["checked"][:CHECKS]:
            reply = verify(stage, server, subject, key=bureau)
            assure(reply.status == 200, f"应急局调用失败：{reply.status} {reply.body}")
    stage.facts["calls.insurer"] = 1
    stage.facts["calls.emergency"] = 2 + len(stage.facts["checked"][:CHECKS])
    return (
        f"保险公司凭企业授权得到“一致”，回执 {receipt}；同一授权再用即拒；"
        f"应急局无偿核验 {stage.facts['calls.emergency']} 次，含“不一致”“查无记录”"
    )


def denials(stage: Stage) -> str:
    """Outside items, wrong purpose, over quota, expired, revoked, unknown key: each at once."""
    short = _short_order(stage)
    data = f"/v1/products/{stage.ids['product.dataset']}/data"
    said = []
    with ServingNode(stage.home) as server:
        set_clock(stage)
        licensed = stage.facts["subjects"]["licensed"].id
        bureau = "emergency.verification"
        outside = verify(
            stage, server, licensed, key=bureau, items="法定代表人", purpose="industry"
        )
        _refused(outside, 403, "items", "purpose")
        said.append("范围外数据项和用途")
        stranger = verify(stage, server, licensed, key="gs_unknown")
        nowhere = server.call("POST", "/v1/products/none/verify", key="gs_unknown", body={})
        same = stranger.status == nowhere.status == 404 and stranger.body == nowhere.body
        assure(same, "未知凭证与未知产品的答复应当完全一样")
        said.append("未知凭证")
        for _ in range(5):
            reply = server.call("GET", f"{data}?format=json", key=stage.keys["insurer.dataset"])
            assure(reply.status == 200, f"数据集交付失败：{reply.status} {reply.body}")
        _protected(reply.body)
        over = server.call("GET", data, key=stage.keys["insurer.dataset"])
        _refused(over, 429, "quota")
        said.append("超出额度")
        _expire(stage, server, short, licensed)
        said.append("过期")
        actions.revoke_order(
            order_id=stage.ids["order.insurer.dataset"],
            reason="使用方违反用途承诺",
            by=stage.actor("operator"),
            at=stage.time.minutes(1),
        )
        set_clock(stage)
        _refused(server.call("GET", data, key=stage.keys["insurer.dataset"]), 403, "revoked")
        said.append("收回许可后的下一次调用")
    return "逐一拒绝并指明限制：" + "、".join(said)


def _protected(delivered: Any) -> None:
    """What left the domain has protected cells, and no count that the rules would not let out."""
    mark = delivered["columns"].index(MARKER)
    hidden = [row for row in delivered["rows"] if row[mark] and None in row]
    assure(bool(hidden), "交付的数据集里没有受保护的组别")
    cells = [cell for row in delivered["rows"] for n, cell in enumerate(row) if n != mark]
    counts = [cell for cell in cells if isinstance(cell, int)]
    kept = all(n == 0 or (n >= MINIMUM and n % 5 == 0) for n in counts)
    assure(kept, f"交付的数据集里有不该出域的数：{counts}")


def _short_order(stage: Stage) -> str:
    """The emergency bureau orders for two days only; the key of that order will expire."""
    request = Request(
        purpose="public_governance",
        price=TRIAL * 0,
        quota=10,
        valid_until=stage.time.at + timedelta(days=2),
        undertaking="专项检查两日内使用",
    )
    order = actions.place_order(
        product_id=stage.ids["product.verification"],
        request=request,
        by=stage.actor("water"),
        at=stage.time.minutes(1),
    )
    for step in (actions.accept_order, actions.activate_order):
        step(order_id=order.pk, by=stage.actor("operator"), at=stage.time.minutes(1))
    stage.keys["water"] = _key(stage, order.pk, order.product_id)
    return order.pk


def _key(stage: Stage, order: str, product: str) -> str:

    key = accounts.issue_key(
        label="两日专项",
        product_id=product,
        order_id=order,
        by=stage.actor("water"),
        at=stage.time.minutes(1),
    )
    return key.clear


def _expire(stage: Stage, server: ServingNode, order: str, subject: str) -> None:
    assure(bool(order), "没有短期订单")
    first = verify(stage, server, subject, key="water")
    assure(first.status == 200, f"期内调用应得到答复：{first.status} {first.body}")
    stage.time.days(3)
    set_clock(stage)
    _refused(verify(stage, server, subject, key="water"), 403, "period")


def bill(stage: Stage) -> str:
    """Every use is in a segment, each segment in the ledger, and the bill equals both."""
    taken = collecting.collect(by=node(), at=stage.time.minutes(5))
    # A period is billed once it is over.
    stage.time.days(1)
    start = stage.facts["delivered_at"].astimezone(ZONE).date()
    end = stage.time.at.astimezone(ZONE).date()
    bills = {
        buyer: actions.make_bill(
            order_id=stage.ids[f"order.{buyer}.verification"],
            first_day=start,
            end_day=end,
            by=stage.actor("operator"),
            at=stage.time.minutes(1),
        )
        for buyer in ("insurer", "emergency")
    }
    for buyer, made in bills.items():
        calls = stage.facts[f"calls.{buyer}"]
        assure(made.uses == calls, f"{buyer} 账单 {made.uses} 次，实际调用 {calls} 次")
    insurer = bills["insurer"]
    assure(insurer.total == TRIAL * insurer.uses, f"应收金额不对：{insurer.total}")
    assure(bills["emergency"].total == 0, "公共治理不应收费")
    return (
        f"{taken} 段用数记录已入存证；保险公司 {insurer.uses} 次 {insurer.total} 元，"
        f"应急局 {bills['emergency'].uses} 次 0 元，与用数记录一致"
    )


def _scene(
    name: str, clauses: tuple[str, ...], expected: str, play: Callable[[Stage], str]
) -> Scene:
    return Scene(name, clauses, expected, play, ("safety_licences",))


SCENES = (
    _scene("交付：调用得到答复和存证回执", ("dc-7", "65-1"), "答复、数据日期、回执编号", answers),
    _scene(
        "交付：超出任何一项限制即拒绝",
        ("27-21", "opinions-3.6"),
        "逐一拒绝并指明限制，下一次调用即生效",
        denials,
    ),
    _scene("交付：计量与账单", ("65-3", "opinions-6.3"), "账单等于用数记录", bill),
)
