"""Registration by hand: applying, what is missing, publicity, objecting, the code and its QR."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from gongshu.procedures.registration import MATERIALS
from gongshu_server.cases.models import Case
from gongshu_server.journal import clock
from gongshu_server.market import actions as market
from gongshu_server.registration import actions as registration
from gongshu_server.registration.models import Registration
from integration.city import City, application, papers, publicised, published, submitted
from integration.market.test_orders import accepted
from integration.market.test_prices import on_trial
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def materials(*kinds: str) -> dict[str, str]:
    """Return the form's fields for one paper of each kind."""
    return {f"paper__{kind}__title": "材料" for kind in kinds}


def test_an_application_is_one_form_with_its_materials(city: City) -> None:
    row = published(city)
    client = signed_in(city, "bureau")
    assert "还没有登记" in opened(client, "/registration/")
    assert "数据安全风险评估" in opened(client, "/registration/new/")
    assert row.title in opened(client, "/registration/new/?q=许可")
    url = f"/registration/new/resource/{row.pk}/"
    form = opened(client, url)
    assert form.index("登记前内部业务审核意见</li>") < form.index("登记主体信息</li>")
    assert form.count("必需") == 1 + len(MATERIALS)
    said = {"title": row.title, "summary": "持证企业", "body": city.org("registry")}
    page = sent(client, url, status=422, **said)
    assert "业务审核" in page, "without the internal review there is no application"
    to = sent(client, url, **said, **materials("business_review", *MATERIALS[:3]))
    made = Registration.objects.get()
    assert to == f"/registration/{made.pk}/"
    assert "已申请" in opened(client, to)
    assert row.title not in opened(client, "/registration/new/")
    assert row.title in opened(client, "/registration/")


def test_who_does_not_register_cannot_apply(city: City) -> None:
    row = published(city)
    url = f"/registration/new/resource/{row.pk}/"
    opened(signed_in(city, "insurer"), url, status=403)
    opened(signed_in(city, "bureau"), "/registration/new/resource/nothing/", status=404)
    opened(signed_in(city, "bureau"), "/registration/new/house/x/", status=404)
    assert Client().get(url)["Location"].startswith("/sign-in/")


def test_acceptance_shows_at_once_what_is_missing(city: City) -> None:
    row = city.do(
        registration.submit,
        "bureau",
        application=application(city, published(city)),
        papers=papers("business_review", "registrant"),
    )
    clerk = signed_in(city, "registry")
    assert row.title in opened(clerk, "/registration/acceptance/")
    page = opened(clerk, f"/cases/{row.case}/accept/")
    assert "还缺" in page
    assert "应用场景信息" in page.split("还缺")[1].split("</p>")[0]
    sent(clerk, f"/cases/{row.case}/notify_incomplete/")
    sent(signed_in(city, "bureau"), f"/cases/{row.case}/resubmit/", **materials(*MATERIALS[1:]))
    assert "七类材料已经齐全" in opened(clerk, f"/cases/{row.case}/accept/")
    sent(clerk, f"/cases/{row.case}/accept/")
    assert row.title in opened(clerk, "/registration/reviews/")
    assert row.title not in opened(signed_in(city, "insurer"), "/registration/reviews/")


def test_publicity_is_for_everybody_and_anybody_objects_with_a_name(city: City) -> None:
    city.at = clock.now() - timedelta(hours=1)
    row = publicised(city)
    url = f"/registration/{row.pk}/"
    assert row.title in opened(Client(), "/registrations/")
    page = opened(Client(), url)
    assert "提出异议" in page
    assert Client().get(f"{url}object/")["Location"].startswith("/sign-in/")
    to = sent(
        signed_in(city, "insurer"),
        f"{url}object/",
        reason="来源有争议",
        paper__objection_evidence__title="证据",
    )
    assert to == url
    assert Case.objects.get(pk=row.case).state == "objected"
    assert row.title in opened(signed_in(city, "registry"), "/registration/publicity/")


def test_nobody_learns_of_a_registration_before_publicity(city: City) -> None:
    row = submitted(city)
    for client in (Client(), signed_in(city, "insurer")):
        opened(client, f"/registration/{row.pk}/", status=404)
    opened(signed_in(city, "insurer"), f"/registration/{row.pk}/object/", status=404)
    opened(signed_in(city, "bureau"), f"/registration/{row.pk}/")


def test_a_code_is_found_and_its_picture_leads_there(city: City) -> None:
    row = publicised(city)
    city.later(days=30)
    city.do(registration.assign_code, "registry", registration_id=row.pk)
    row.refresh_from_db()
    page = opened(Client(), f"/registrations/?code={row.code}")
    assert row.title in page
    assert "code.svg" in page
    picture = Client().get("/registration/code.svg", {"code": row.code})
    assert picture["Content-Type"] == "image/svg+xml"
    assert picture.content.startswith(b"<svg")
    assert Client().get("/registration/code.svg", {"code": "x"}).status_code == 404


def test_the_disclosure_and_the_front_page_count_what_their_links_list(city: City) -> None:
    city.at = clock.now() - timedelta(hours=1)
    product = on_trial(city)
    grants = [accepted(city, product, price="0.50").grant for _ in range(3)]
    page = opened(Client(), "/disclosure/")
    assert page.count("安澜财产保险股份有限公司") >= len(grants)
    assert "/clauses/opinions-9.3/" in page
    opened(signed_in(city, "insurer"), "/disclosure/")
    front = opened(Client(), "/")
    assert "已发布 0 个数据资源" in front
    published(city)
    assert "已发布 1 个数据资源" in opened(Client(), "/")
    city.do(market.delist_product, "operator", product_id=product.pk, reason="换版")
    assert "在架 0 个产品" in opened(Client(), "/")


def test_markup_in_a_registration_is_text(city: City) -> None:
    row = publicised(city)
    Registration.objects.filter(pk=row.pk).update(title="<script>x", summary="<b>y</b>")
    for url in ("/registrations/", f"/registration/{row.pk}/"):
        page = opened(Client(), url)
        assert "<script>x" not in page
        assert "<b>y" not in page
