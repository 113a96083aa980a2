"""Objections by hand: raised for oneself only, seen by both sides, corrected at the source."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from gongshu_server.oversight.models import Complaint, Objection
from integration.city import City, events
from integration.oversight.test_objections import Matter, matter
from integration.portal.reader import opened, sent, signed_in

__all__ = ["matter"]
pytestmark = pytest.mark.django_db(transaction=True)
RAISE = "/voices/objections/new/"


def said(found: Matter) -> dict[str, str]:
    """Return a sound objection form."""
    return {
        "source": f"{found.product.pk}/{found.resource.pk}",
        "statement": "许可证仍在有效期内",
        "authority": found.city.org("bureau"),
    }


def test_anybody_reads_how_to_object(city: City) -> None:
    assert RAISE in opened(Client(), "/voices/")


def test_an_objection_is_raised_by_its_form(matter: Matter) -> None:
    to = sent(signed_in(matter.city, "insurer"), RAISE, **said(matter))
    row = Objection.objects.get()
    assert to == f"/voices/objections/{row.pk}/"
    assert row.statement in opened(signed_in(matter.city, "insurer"), to)
    assert row.statement in opened(signed_in(matter.city, "emergency"), to)
    opened(signed_in(matter.city, "operator"), to, status=404)


def test_who_has_no_record_cannot_object(matter: Matter) -> None:
    client = signed_in(matter.city, "operator")
    assert "没有登记统一社会信用代码" in opened(client, RAISE)
    page = sent(client, RAISE, status=403, **said(matter))
    assert "decision refused" in page
    assert not Objection.objects.exists()


def test_a_source_that_was_not_offered_is_no_choice(matter: Matter) -> None:
    forged = said(matter) | {"source": "x/y"}
    page = sent(signed_in(matter.city, "insurer"), RAISE, status=200, **forged)
    assert 'class="error"' in page


def test_the_source_chooses_the_corrected_version(matter: Matter) -> None:
    row = matter.suspended()
    url = f"/cases/{row.case}/"
    page = opened(signed_in(matter.city, "emergency"), url)
    assert f"{url}uphold/" in page
    to = sent(signed_in(matter.city, "emergency"), f"{url}uphold/", reason="录入错误")
    assert to == url
    page = opened(signed_in(matter.city, "emergency"), f"{url}correct_at_source/")
    assert "更正后的数据版本" in page


def lodged(client: Client, city: City, product: str, **said: str) -> str:
    """Lodge a complaint about a product by its form and return the page that shows the token."""
    sound = {"about": f"product/{product}", "text": "答复与实际不符", "contact": "13800000000"}
    return sent(client, "/voices/complaints/new/", status=200, **{**sound, **said})


def shown_token(page: str) -> str:
    """Return the token that the page shows once."""
    found = re.search(r'class="secret">([^<]+)<', page)
    assert found
    return found.group(1)


def test_a_stranger_complains_and_follows_it_by_a_token(matter: Matter) -> None:
    stranger = Client()
    token = shown_token(lodged(stranger, matter.city, matter.product.pk))
    page = stranger.post("/voices/complaints/progress/", {"token": token}).content.decode()
    assert re.search(r"投诉[^〔]*〔\d{4}〕1号", page)
    missing = stranger.post("/voices/complaints/progress/", {"token": "x"})
    assert missing.status_code == 404
    assert "查询码" in missing.content.decode()


def test_a_stranger_leaves_a_way_to_be_answered(matter: Matter) -> None:
    page = lodged(Client(), matter.city, matter.product.pk, contact="")
    assert 'class="error"' in page
    assert not Complaint.objects.exists()


def test_who_complained_is_on_no_page_until_the_head_says_why(matter: Matter) -> None:
    lodged(signed_in(matter.city, "insurer"), matter.city, matter.product.pk)
    row = Complaint.objects.get()
    url = f"/voices/complaints/{row.pk}/"
    handler, head = (signed_in(matter.city, who) for who in ("bureau", "bureau/head"))
    for page in (opened(handler, url), opened(handler, f"/cases/{row.case}/"), opened(head, url)):
        assert "13800000000" not in page
        assert "安澜" not in page.split("<main", 1)[1]
    opened(signed_in(matter.city, "operator"), url, status=404)
    opened(signed_in(matter.city, "operator"), f"/cases/{row.case}/", status=404)
    sent(handler, f"{url}reveal/", status=403, reason="核实")
    assert "13800000000" in sent(head, f"{url}reveal/", status=200, reason="核实情况")
    assert len(events("complaint.identity_viewed")) == 1


def test_a_complaint_is_handled_by_its_steps(matter: Matter) -> None:
    lodged(Client(), matter.city, matter.product.pk)
    row = Complaint.objects.get()
    handler = signed_in(matter.city, "bureau")
    sent(handler, f"/cases/{row.case}/accept/")
    page = opened(handler, f"/cases/{row.case}/transfer/")
    assert "转给哪个机关" in page
    assert row.pk in opened(handler, "/voices/complaints/")
