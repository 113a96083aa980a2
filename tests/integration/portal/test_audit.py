"""Audit pages: what is listed to whom, what opens, and receipts that anybody verifies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gongshu_server.accounts.models import Organisation, OrganisationRole
from gongshu_server.cases.models import Case
from gongshu_server.journal import clock, sealing
from gongshu_server.journal.models import Entry
from integration.city import City, events, filed, submitted
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)
SECTION = ["/audit/entries/", "/audit/trace/", "/audit/recompute/", "/audit/access/"]


def rows_of(page: str) -> list[str]:
    """Return the ids of the entries that a list shows."""
    return re.findall(r"/audit/entries/(\w{26})/", page)


@pytest.mark.parametrize("url", SECTION)
def test_strangers_are_led_to_the_sign_in_page(city: City, url: str) -> None:
    assert Client().get(url)["Location"].startswith("/sign-in/")


def test_auditors_see_everybodys_entries_and_others_their_own(city: City) -> None:
    filed(city)
    (entry,) = Entry.objects.filter(event="catalogue.filed")
    audit = opened(signed_in(city, "audit/auditor"), "/audit/entries/?event=catalogue.filed")
    assert rows_of(audit) == [entry.pk]
    assert rows_of(opened(signed_in(city, "emergency"), "/audit/entries/")) != []
    page = opened(signed_in(city, "insurer"), "/audit/entries/?event=catalogue.filed")
    assert rows_of(page) == []
    assert "没有符合条件" in page


def test_what_is_looked_for_is_found_and_nothing_else(city: City) -> None:
    filed(city)
    client = signed_in(city, "audit/auditor")
    own = city.org("emergency")
    everything = rows_of(opened(client, "/audit/entries/"))
    of_one = rows_of(opened(client, f"/audit/entries/?organisation={own}"))
    assert 0 < len(of_one) < len(everything)
    assert rows_of(opened(client, "/audit/entries/?outcome=refused")) == []
    assert rows_of(opened(client, "/audit/entries/?since=2099-01-01")) == []
    assert rows_of(opened(client, "/audit/entries/?since=nonsense")) == everything


def test_an_entry_opens_for_its_own_body_and_others_get_nothing(city: City) -> None:
    filed(city)
    (entry,) = Entry.objects.filter(event="catalogue.filed")
    url = f"/audit/entries/{entry.pk}/"
    page = opened(signed_in(city, "emergency"), url)
    assert "transition" in page
    assert f'class="receipt-number">{entry.pk}<' in page
    opened(signed_in(city, "insurer"), url, status=404)
    founded = Entry.objects.filter(event="organisation.founded").first()
    assert founded
    page = opened(signed_in(city, "audit/auditor"), f"/audit/entries/{founded.pk}/")
    assert f"机构 {Organisation.objects.get(pk=founded.subject_id).name}" in page
    assert "不能打开内容" in page
    opened(signed_in(city, "audit/auditor"), f"/audit/entries/{founded.pk}/receipt/", status=404)


def test_an_entry_names_no_resource_that_is_not_published(city: City) -> None:
    """Its kind is said in words; its title is for those who may see it."""
    row = filed(city)
    (entry,) = Entry.objects.filter(event="catalogue.filed")
    page = opened(signed_in(city, "audit/auditor"), f"/audit/entries/{entry.pk}/")
    assert f"数据资源 {row.pk}" in page
    assert f"数据资源 {row.title}" not in page


@pytest.fixture
def receipt(city: City, home: Path) -> bytes:
    """Return the receipt of an entry of the emergency office, as its page hands it out."""
    filed(city)
    sealing.seal_all(at=clock.now())
    (entry,) = Entry.objects.filter(event="catalogue.filed")
    reply = signed_in(city, "emergency").get(f"/audit/entries/{entry.pk}/receipt/")
    assert reply["Content-Disposition"].startswith("attachment")
    return reply.content


def test_anybody_verifies_a_receipt_as_file_and_as_text(city: City, receipt: bytes) -> None:
    file = SimpleUploadedFile("receipt.json", receipt)
    for said in ({"file": file}, {"text": receipt.decode()}):
        reply = Client().post("/ledger/verify/", said)
        assert reply.status_code == 200
        assert "回执有效" in reply.content.decode()


def test_one_changed_byte_is_found(city: City, receipt: bytes) -> None:
    for place in range(3, len(receipt) - 2, 97):
        changed = receipt[:place] + bytes([receipt[place] ^ 1]) + receipt[place + 1 :]
        file = SimpleUploadedFile("receipt.json", changed)
        assert Client().post("/ledger/verify/", {"file": file}).status_code == 422


def test_what_is_no_receipt_is_said_so(city: City, home: Path) -> None:
    assert "请选择回执文件" in Client().post("/ledger/verify/").content.decode()
    assert Client().post("/ledger/verify/", {"text": "<script>"}).status_code == 422
    large = SimpleUploadedFile("x", b"x" * 300_000)
    assert "太大" in Client().post("/ledger/verify/", {"file": large}).content.decode()


def test_the_ledgers_state_and_key_are_public(city: City, receipt: bytes) -> None:
    assert sealing.signer().verifier.vkey in opened(Client(), "/ledger/state/").replace(
        "&amp;", "&"
    )
    assert Client().get("/ledger/key/").content.decode().strip() == sealing.signer().verifier.vkey


def test_a_recomputation_finds_a_row_that_was_edited(city: City) -> None:
    client = signed_in(city, "audit/auditor")
    assert "全部一致" in client.post("/audit/recompute/").content.decode()
    OrganisationRole.objects.create(
        organisation_id=city.org("insurer"), role="operator", valid_from=city.at
    )
    assert city.org("insurer") in client.post("/audit/recompute/").content.decode()
    assert len(events("ledger.checked")) == 2


def test_only_auditors_trace_and_recompute(city: City) -> None:
    assert signed_in(city, "bureau").post("/audit/recompute/").status_code == 403
    opened(signed_in(city, "bureau"), "/audit/trace/?reference=x", status=403)
    opened(signed_in(city, "audit/auditor"), "/audit/trace/?reference=x", status=404)


def test_an_export_is_a_file_and_an_entry(city: City) -> None:
    filed(city)
    client = signed_in(city, "emergency")
    opened(client, "/audit/export/")
    reply = client.post("/audit/entries/export/", {"event": "catalogue.filed"})
    lines = reply.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "目录已报送" in lines[1]
    assert len(events("ledger.exported")) == 1


def test_an_audit_access_is_applied_for_by_hand(city: City) -> None:
    row = filed(city)
    client = signed_in(city, "audit/auditor")
    said = {
        "resource_id": row.pk,
        "items": "统一社会信用代码",
        "reason": "核对许可状态",
        "until": "2099-01-01",
        "paper__audit_notice__title": "审计通知书",
        "paper__audit_notice__number": "审通〔2025〕1号",
    }
    assert "没有数据项" in sent(client, "/audit/access/new/", status=422, **said | {"items": "无"})
    url = sent(client, "/audit/access/new/", **said)
    page = opened(client, url)
    assert row.title in page
    assert "查看内容" not in page
    case = Case.objects.get(procedure="audit_access")
    opened(signed_in(city, "insurer"), url, status=404)
    sent(signed_in(city, "emergency/head"), f"/cases/{case.pk}/acknowledge/")
    assert "查看内容" in opened(client, url)


def test_who_is_no_auditor_applies_for_nothing(city: City) -> None:
    submitted(city)
    row = filed(city)
    said = {"resource_id": row.pk, "items": "x", "reason": "y", "until": "2099-01-01"}
    sent(signed_in(city, "bureau"), "/audit/access/new/", status=403, **said)
