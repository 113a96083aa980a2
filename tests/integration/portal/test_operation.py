"""Authorised operation by hand: plans, agreements, scenarios, opinions, grants."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from gongshu.procedures.agreement import MANDATORY_ITEMS as AGREEMENT_ITEMS
from gongshu.procedures.operation_plan import MANDATORY_ITEMS as PLAN_ITEMS
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.journal.models import Head
from gongshu_server.operation import actions
from gongshu_server.operation.models import Agreement, Plan, ProviderOpinion, Scenario
from gongshu_server.usage.models import GrantRow
from integration.city import City, events, papers, published
from integration.portal.reader import arrived, opened, sent

pytestmark = pytest.mark.django_db(transaction=True)
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
WRITTEN = dict.fromkeys(PLAN_ITEMS, "见正文")


@pytest.fixture(autouse=True)
def at_story_time(city: City) -> None:
    """Let pages be opened at the city's time."""
    Head.objects.update(demo=True)


def drafted(city: City) -> Plan:
    """Return the bureau's plan in draft."""
    plan: Plan = city.do(
        actions.draft_plan,
        "bureau",
        title="企业风险授权运营方案",
        mode="scenario",
        contents=WRITTEN,
        authority=city.org("government"),
    )
    return plan


def dated(city: City, *kinds: str) -> list[Any]:
    """Return papers that can be found again."""
    more = {"number": "1号", "issuer": "市政府", "dated": city.at.date(), "receipt": "回执1"}
    return [replace(paper, **more) for paper in papers(*kinds)]


def approved(city: City) -> Plan:
    """Return the bureau's plan, decided, filed and approved."""
    plan = drafted(city)
    city.do(actions.submit_plan, "bureau", plan_id=plan.pk)
    city.do(
        actions.record_plan_decision,
        "government",
        plan_id=plan.pk,
        papers=dated(city, "collective_decision"),
    )
    receipt = dated(city, "filing_receipt")
    city.do(actions.file_plan, "bureau", plan_id=plan.pk, papers=receipt)
    city.do(actions.approve_plan, "government/head", plan_id=plan.pk)
    return plan


def terms(city: City, resource: Resource, **changes: Any) -> dict[str, Any]:
    """Return a sound agreement form over one resource."""
    return {
        "resource": [resource.pk],
        f"item__{resource.pk}": ["许可状态"],
        f"exit__{resource.pk}": ["export"],
        "operator": city.org("operator"),
        "selection": "open_tender",
        "selection_record": "临公资〔2025〕1号",
        "security_bodies": [city.org("cyberspace")],
        "compliance_bodies": [city.org("sector")],
        "purposes": ["industry"],
        "businesses": ["resource_development"],
        "products": "风险画像",
        "first_day": f"{city.at:%Y-%m-%d}",
        "last_day": f"{city.at + timedelta(days=700):%Y-%m-%d}",
        "minimum": "10",
        **{f"content__{code}": "见正文" for code in AGREEMENT_ITEMS},
        **changes,
    }


def active(city: City) -> tuple[Agreement, Resource]:
    """Return an agreement in force over one resource, drafted by its form."""
    resource, plan = published(city), approved(city)
    form = terms(city, resource)
    sent(arrived(city, "bureau"), f"/operation/plans/{plan.pk}/agreement/", **form)
    row = Agreement.objects.get()
    key = {"agreement_id": row.pk}
    decision = dated(city, "body_decision")
    city.do(actions.record_agreement_decision, "bureau", papers=decision, **key)
    signed = dated(city, "signed_agreement")
    city.do(actions.sign_agreement, "bureau/head", papers=signed, **key)
    city.do(actions.file_agreement, "bureau", papers=dated(city, "filing_receipt"), **key)
    city.do(actions.activate_agreement, "bureau", **key)
    return row, resource


def application(city: City, resource: Resource, **changes: Any) -> dict[str, Any]:
    """Return a sound scenario form."""
    return {
        f"item__{resource.pk}": ["许可状态"],
        f"exit__{resource.pk}": ["export"],
        "title": "企业风险画像",
        "developer": city.org("developer"),
        "purpose": "industry",
        "businesses": ["resource_development"],
        "last_day": f"{city.at + timedelta(days=300):%Y-%m-%d}",
        "promises": ["deletion"],
        "others": "每季度报告一次",
        **changes,
    }


def applied(city: City) -> tuple[Scenario, Resource]:
    """Return a scenario application sent by its form."""
    agreement, resource = active(city)
    url = f"/operation/agreements/{agreement.pk}/apply/"
    to = sent(arrived(city, "operator"), url, **application(city, resource))
    row = Scenario.objects.get()
    assert to == f"/operation/scenarios/{row.pk}/"
    return row, resource


def granted(city: City) -> tuple[Scenario, GrantRow]:
    """Return an approved scenario and the grant that it yielded."""
    row, _ = applied(city)
    city.do(actions.give_opinion, "emergency/head", scenario_id=row.pk, agreed=True)
    city.do(actions.approve_scenario, "bureau/head", scenario_id=row.pk)
    return row, GrantRow.objects.get(case=row.case)


def test_a_plan_is_begun_and_kept_as_it_is_written(city: City) -> None:
    client = arrived(city, "bureau")
    said = {"title": "方案", "mode": "whole", "authority": city.org("government")}
    to = sent(client, "/operation/plans/new/", **said)
    plan = Plan.objects.get()
    assert to == f"/operation/plans/{plan.pk}/edit/"
    page = opened(client, to)
    assert all(zh in page for zh in PLAN_ITEMS.values())
    keep = f"/operation/plans/{plan.pk}/keep/"
    before = len(events("plan.drafted"))
    reply = client.post(keep, {"name": "方案一", "once": "the-token-of-the-form"})
    assert re.fullmatch(r"\d\d:\d\d", reply.json()["saved_at"])
    again = client.post(keep, {"name": "方案一", "once": "the-token-of-the-form"})
    assert again.status_code == 200
    assert len(events("plan.drafted")) == before + 1, "what is saved already is no change"
    plan.refresh_from_db()
    assert plan.contents == {"name": "方案一"}
    page = opened(client, f"/operation/plans/{plan.pk}/")
    assert "还缺 11 项" in page
    assert sent(client, to, **WRITTEN) == f"/operation/plans/{plan.pk}/"
    assert "还缺" not in opened(client, f"/operation/plans/{plan.pk}/")


def test_a_plan_is_written_by_its_own_body(city: City) -> None:
    plan = drafted(city)
    for url in (f"/operation/plans/{plan.pk}/edit/", f"/operation/plans/{plan.pk}/agreement/"):
        opened(arrived(city, "government"), url, status=404)
        opened(arrived(city, "operator"), url, status=404)
    url = f"/operation/plans/{plan.pk}/keep/"
    assert arrived(city, "government").post(url, {"name": "换掉"}).status_code == 404
    assert Client().get(f"/operation/plans/{plan.pk}/").status_code == 302
    plan.refresh_from_db()
    assert plan.contents == WRITTEN


def test_a_plan_that_was_submitted_is_not_changed(city: City) -> None:
    plan = drafted(city)
    city.do(actions.submit_plan, "bureau", plan_id=plan.pk)
    url = f"/operation/plans/{plan.pk}/edit/"
    page = sent(arrived(city, "bureau"), url, status=409, name="换掉")
    assert "不能擅自变更" in page
    assert "换掉" in page, "what was typed is kept"


def test_the_picker_greys_out_what_can_never_be_granted(city: City) -> None:
    resource, plan = published(city), approved(city)
    Item.objects.filter(resource=resource, name="许可状态").update(level="core")
    client, url = arrived(city, "bureau"), f"/operation/plans/{plan.pk}/agreement/"
    assert resource.title in opened(client, url)
    page = opened(client, f"{url}?resource={resource.pk}")
    box = re.search(r'<input[^>]*value="许可状态"[^>]*>', page)
    assert box is not None
    assert "disabled" in box.group(0)
    assert "是核心数据，不得授权运营" in page


def test_choosing_resources_sends_nothing_and_keeps_what_was_typed(city: City) -> None:
    resource, plan = published(city), approved(city)
    client, url = arrived(city, "bureau"), f"/operation/plans/{plan.pk}/agreement/"
    said = {"resource": [resource.pk], "show": "1", "selection_record": "临公资〔2025〕9号"}
    page = sent(client, url, status=200, **said)
    assert f'name="item__{resource.pk}"' in page
    assert "临公资〔2025〕9号" in page
    assert 'class="error"' not in page
    assert not Agreement.objects.exists()
    assert not events("denied")


def test_an_agreement_is_drafted_with_every_fault_at_once(city: City) -> None:
    resource, plan = published(city), approved(city)
    client, url = arrived(city, "bureau"), f"/operation/plans/{plan.pk}/agreement/"
    far = f"{city.at + timedelta(days=6 * 366):%Y-%m-%d}"
    bad = terms(city, resource, last_day=far, **{f"content__{next(iter(AGREEMENT_ITEMS))}": ""})
    bad.pop(f"item__{resource.pk}")
    page = sent(client, url, status=422, **bad)
    for sentence in ("超过5年", "没有写明数据项", "缺少"):
        assert sentence in page
    assert len(events("denied")) == 1
    to = sent(client, url, **terms(city, resource))
    row = Agreement.objects.get()
    assert to == f"/operation/agreements/{row.pk}/"
    assert row.scope == [{"resource": resource.pk, "items": ["许可状态"], "exits": ["export"]}]
    assert row.products == [{"title": "风险画像"}]
    page = opened(client, to)
    assert "许可状态" in page
    assert "每个数字背后至少 10 个主体" in page


def test_an_application_offers_what_the_agreement_allows_alone(city: City) -> None:
    agreement, resource = active(city)
    client = arrived(city, "operator")
    url = f"/operation/agreements/{agreement.pk}/apply/"
    page = opened(client, url)
    assert 'value="许可状态"' in page
    assert 'value="统一社会信用代码"' not in page
    assert 'value="service"' not in page
    forged = application(city, resource, purpose="public_welfare")
    assert 'class="error"' in sent(client, url, status=200, **forged)
    assert not Scenario.objects.exists()
    opened(arrived(city, "bureau"), url, status=404)
    opened(arrived(city, "insurer"), url, status=404)


def test_an_application_beyond_the_ceiling_gets_its_decision_card(city: City) -> None:
    agreement, resource = active(city)
    late = f"{city.at + timedelta(days=3000):%Y-%m-%d}"
    page = sent(
        arrived(city, "operator"),
        f"/operation/agreements/{agreement.pk}/apply/",
        status=403,
        **application(city, resource, last_day=late),
    )
    assert "超出授权运营协议" in page
    assert "允许的" in page
    assert "企业风险画像" in page, "what was typed is kept"


def test_limits_and_promises_stand_apart(city: City) -> None:
    row, resource = applied(city)
    page = opened(arrived(city, "operator"), f"/operation/scenarios/{row.pk}/")
    limits, promises = page.index("限制（平台每次使用都判定）"), page.index("承诺（记录并监督")
    assert limits < page.index("许可状态") < promises
    assert promises < page.index("每季度报告一次")
    assert promises < page.index("场景结束后删除中间结果")
    assert resource.title in page


def test_a_provider_sees_what_is_asked_of_it_and_says_so_once(city: City) -> None:
    row, _ = applied(city)
    provider = arrived(city, "emergency")
    page = opened(provider, "/operation/opinions/")
    assert "出具意见" in page
    url = f"/work/cases/{row.case}/provider_opinion/"
    found = re.search(r'href="([^"]*provider_opinion[^"]*)"', page)
    assert found
    url = found.group(1)
    page = opened(provider, url)
    assert "许可状态" in page
    sent(provider, url, agreed="yes", opinion="同意")
    assert ProviderOpinion.objects.get().agreed
    assert "出具意见</a>" not in opened(provider, "/operation/opinions/")
    assert "还没有场景申请" in opened(arrived(city, "health"), "/operation/opinions/")


def test_a_grant_shows_its_limits_and_is_taken_back_with_a_reason(city: City) -> None:
    _, grant = granted(city)
    url = f"/operation/grants/{grant.pk}/"
    page = opened(arrived(city, "developer"), url)
    assert "有效" in page
    assert "收回许可" not in page
    opened(arrived(city, "insurer"), url, status=404)
    opened(arrived(city, "developer"), f"{url}revoke/", status=404)
    head = arrived(city, "bureau/head")
    assert "收回许可" in opened(head, url)
    assert 'class="error"' in sent(head, f"{url}revoke/", status=200, reason=" ")
    assert sent(head, f"{url}revoke/", reason="数据更正期间停用") == url
    grant.refresh_from_db()
    assert grant.revoked_at is not None
    assert "收回" in opened(arrived(city, "developer"), url)


def test_lists_show_each_role_its_own(city: City) -> None:
    row, _ = granted(city)
    operator = arrived(city, "operator")
    assert row.title in opened(operator, "/operation/scenarios/")
    page = opened(operator, "/operation/developers/")
    assert f"/operation/scenarios/?developer={row.developer_id}" in page.replace("&amp;", "&")
    assert row.title in opened(operator, f"/operation/scenarios/?developer={row.developer_id}")
    assert row.title not in opened(operator, f"/operation/scenarios/?developer={UNKNOWN}")
    for url in ("/operation/plans/", "/operation/agreements/", "/operation/scenarios/"):
        assert 'class="empty"' in opened(arrived(city, "insurer"), url)
        opened(arrived(city, "bureau"), url)


@pytest.mark.parametrize("kind", ["plans", "agreements", "scenarios", "grants"])
def test_what_others_have_answers_as_what_nobody_has(city: City, kind: str) -> None:
    row, grant = granted(city)
    ids = {
        "plans": row.agreement.plan_id,
        "agreements": row.agreement_id,
        "scenarios": row.pk,
        "grants": grant.pk,
    }
    client = arrived(city, "insurer")
    theirs = opened(client, f"/operation/{kind}/{ids[kind]}/", status=404)
    nobodys = opened(client, f"/operation/{kind}/{UNKNOWN}/", status=404)
    strip = re.compile(rf"{ids[kind]}|{UNKNOWN}|value=\"[A-Za-z0-9]{{64}}\"")
    assert strip.sub("", theirs) == strip.sub("", nobodys)


def test_names_with_markup_are_text(city: City) -> None:
    plan = drafted(city)
    Plan.objects.update(title="<b>方案</b>")
    page = opened(arrived(city, "bureau"), f"/operation/plans/{plan.pk}/")
    assert "<b>方案</b>" not in page
    assert "&lt;b&gt;方案&lt;/b&gt;" in page
