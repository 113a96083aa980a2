"""A department files by hand: entry, header, file, outcome, levels, opening."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gongshu_server.accounts.actors import node
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Item, ReceivedFile, Resource
from gongshu_server.journal import clock
from gongshu_server.opening.models import OpeningReview
from gongshu_server.usage.ingest import ingest
from integration.city import City, events, filed, published, reviewed, versioned
from integration.portal.reader import opened, sent, signed_in

pytestmark = pytest.mark.django_db(transaction=True)

CSV = "统一社会信用代码,许可状态\n91110000100000000X,有效\n坏的,一行,三列\n"
ENTRY = {
    "title": "安全生产许可证",
    "summary": "持证企业",
    "items": "统一社会信用代码\t许可状态",
    "table": "安全生产许可证",
    "update_cycle": "每月",
    "share_attribute": "conditional",
    "share_basis": "",
    "keeping_years": "10",
}


def test_an_entry_is_filed_from_a_pasted_header_row(city: City) -> None:
    client = signed_in(city, "emergency")
    assert "还没有目录" in opened(client, "/catalogue/own/")
    to = sent(client, "/catalogue/file/", **ENTRY, authority=city.org("bureau"))
    row = Resource.objects.get()
    assert to == f"/catalogue/{row.pk}/"
    assert list(Item.objects.order_by("position").values_list("name", flat=True)) == [
        "统一社会信用代码",
        "许可状态",
    ]
    assert not row.synthetic, "a node that is no demo is handed real data"
    assert row.title in opened(client, "/catalogue/own/")
    assert row.title in opened(client, "/catalogue/own/?state=filed")
    assert row.title not in opened(client, "/catalogue/own/?state=published")


def test_every_fault_is_said_at_once_and_nothing_typed_is_lost(city: City) -> None:
    client = signed_in(city, "emergency")
    wrong = {**ENTRY, "share_attribute": "closed", "items": "甲\n甲"}
    page = sent(client, "/catalogue/file/", status=422, **wrong, authority=city.org("bureau"))
    assert "数据项名称有重复" in page
    assert "必须写明法律" in page
    assert 'value="安全生产许可证"' in page
    wrong = {**ENTRY, "table": "drop table; --"}
    page = sent(client, "/catalogue/file/", status=200, **wrong, authority=city.org("bureau"))
    assert "表名只用汉字" in page
    assert not Resource.objects.exists()


def test_only_a_department_files(city: City) -> None:
    assert Client().get("/catalogue/file/")["Location"].startswith("/sign-in/")
    opened(signed_in(city, "operator"), "/catalogue/file/", status=403)
    assert signed_in(city, "operator").post("/catalogue/file/header/").status_code == 403


def test_a_header_fills_the_entry_in_and_nothing_is_kept(city: City) -> None:
    client = signed_in(city, "emergency")
    upload = SimpleUploadedFile("许可.csv", CSV.encode("gb18030"))
    page = client.post("/catalogue/file/header/", {"file": upload}).content.decode()
    assert "统一社会信用代码\n许可状态" in page
    assert 'value="许可"' in page
    assert "gb18030" in page.lower()
    assert 'action="/catalogue/file/"' in page, "what is filled in is not sent to the reader again"
    assert not ReceivedFile.objects.exists()
    assert not Resource.objects.exists()
    refused = client.post(
        "/catalogue/file/header/", {"file": SimpleUploadedFile("x", b"%PDF-1.7 \0\1")}
    )
    assert refused.status_code == 422
    assert "decision refused" in refused.content.decode()
    assert client.post("/catalogue/file/header/").status_code == 422


def test_no_file_before_the_secrecy_review(city: City) -> None:
    row = filed(city)
    client = signed_in(city, "emergency")
    url = f"/catalogue/{row.pk}/files/"
    assert "保密审查以后才能接收" in opened(client, url)
    reply = client.post(url, {"file": SimpleUploadedFile("a.csv", CSV.encode())})
    assert reply.status_code == 409
    assert not ReceivedFile.objects.exists()
    assert events("denied")


def test_a_file_is_handed_in_read_and_its_rejects_are_the_providers(city: City) -> None:
    row = reviewed(city)
    client = signed_in(city, "emergency")
    url = f"/catalogue/{row.pk}/files/"
    assert client.post(url).status_code == 422
    reply = client.post(url, {"file": SimpleUploadedFile("许可.csv", CSV.encode())})
    assert reply.status_code == 302
    received = ReceivedFile.objects.get()
    page = reply["Location"]
    assert page == f"/catalogue/received/{received.pk}/"
    assert "正在读取" in opened(client, page)
    ingest(received.pk, by=node(), at=clock.now())
    shown = opened(client, page)
    assert "收进 1 行，未收进 1 行" in shown
    assert "许可.csv" in shown
    assert "列数与表头不同" in shown
    assert "坏的" not in shown.split("未收进的行</h2>")[1]
    listed = client.post(f"{page}rejects/")
    text = b"".join(listed.streaming_content).decode("utf-8-sig")
    assert "坏的" in text
    assert text.splitlines()[0] == "line,byte_start,byte_end,reason,raw"
    assert any('"process"' in (one.body or "") for one in events("use.allowed"))
    for who in ("water", "bureau"):
        opened(signed_in(city, who), page, status=404)
        assert signed_in(city, who).post(f"{page}rejects/").status_code == 404
        opened(signed_in(city, who), url, status=404)


def confirm(city: City, row: Resource, **said: str) -> str:
    """Confirm the levels on the page, as the provider; return where it leads."""
    url = f"/cases/{row.case}/confirm_levels/"
    return sent(signed_in(city, "emergency"), url, **said)


def test_levels_are_confirmed_as_proposed_or_corrected(city: City) -> None:
    row = reviewed(city)
    versioned(city, row)
    first, second = Item.objects.filter(resource=row).order_by("position")
    page = opened(signed_in(city, "emergency"), f"/cases/{row.case}/confirm_levels/")
    assert "企业监管" in page
    confirm(city, row)
    first.refresh_from_db()
    assert (first.level, first.grade, first.identifier) == ("general", 1, "other")
    confirm(
        city,
        row,
        **{
            f"grade_{second.pk}": "3",
            f"category_{second.pk}": "应急管理/许可",
            f"lattice_{second.pk}": "values",
            f"edges_{second.pk}": "有效、注销",
        },
    )
    second.refresh_from_db()
    assert (second.grade, second.category) == (3, "应急管理/许可")
    assert second.lattice == {"kind": "values", "values": ["有效", "注销"]}
    page = opened(signed_in(city, "emergency"), f"/cases/{row.case}/confirm_levels/")
    assert "有效、注销" in page


def test_a_lattice_without_edges_is_refused_beside_its_field(city: City) -> None:
    row = reviewed(city)
    versioned(city, row)
    first = Item.objects.filter(resource=row).earliest("position")
    url = f"/cases/{row.case}/confirm_levels/"
    for edges, sentence in (("", "请写明取值或边界"), ("十", "边界须是数字")):
        said = {f"lattice_{first.pk}": "number-bands", f"edges_{first.pk}": edges}
        page = sent(signed_in(city, "emergency"), url, status=200, **said)
        assert sentence in page
    opened(signed_in(city, "water"), url, status=404)


def test_an_entry_is_amended_from_what_stands(city: City) -> None:
    row = published(city)
    url = f"/cases/{row.case}/amend/"
    client = signed_in(city, "emergency")
    page = opened(client, url)
    assert row.title in page
    said = {"title": "新名称", "summary": "新", "items": "许可状态\n新增项", "update_cycle": "每年"}
    sent(client, url, **said)
    row.refresh_from_db()
    assert (row.title, row.state, row.table[:9]) == ("新名称", "filed", "licences_")
    assert Item.objects.filter(resource=row, name="新增项").exists()


def test_opening_is_refused_with_column_count_and_clause(city: City) -> None:
    row = published(city)
    Item.objects.filter(resource=row, name="许可状态").update(grade=3)
    client = signed_in(city, "emergency")
    url = f"/catalogue/{row.pk}/open/"
    opened(client, url)
    to = sent(client, url, items=["许可状态"], authority=city.org("bureau"))
    review = OpeningReview.objects.get()
    assert to == f"/catalogue/reviews/{review.pk}/"
    page = opened(client, to)
    assert "许可状态" in page
    assert "1000 个值" in page
    assert "/clauses/opinions-2.2/" in page
    assert "重新申请" in page
    opened(signed_in(city, "water"), to, status=404)
    opened(signed_in(city, "water"), url, status=404)


def test_the_authority_sees_the_items_and_approves(city: City) -> None:
    row = published(city)
    client = signed_in(city, "emergency")
    sent(client, f"/catalogue/{row.pk}/open/", items=["许可状态"], authority=city.org("bureau"))
    case = Case.objects.get(procedure="opening_review")
    head = signed_in(city, "bureau/head")
    url = f"/cases/{case.pk}/approve/"
    assert "许可状态" in opened(head, url)
    sent(head, url, paper__secrecy_review__title="保密审查意见", paper__secrecy_review__text="可")
    assert Item.objects.get(resource=row, name="许可状态").opened
    opened(signed_in(city, "emergency"), url, status=200)
    opened(signed_in(city, "water"), url, status=404)


def test_the_lists_of_duties_corrections_and_all_entries(city: City) -> None:
    row = filed(city)
    page = opened(signed_in(city, "emergency"), "/catalogue/duties/")
    assert "目录编制" in page
    assert "procedure=catalogue_entry" in page
    assert "没有人对本单位的数据提出异议" in opened(
        signed_in(city, "emergency"), "/catalogue/corrections/"
    )
    assert row.title in opened(signed_in(city, "bureau"), "/catalogue/all/")
    assert row.title not in opened(signed_in(city, "operator"), "/catalogue/all/")
    for url in ("/catalogue/own/", "/catalogue/all/", "/catalogue/duties/"):
        assert Client().get(url)["Location"].startswith("/sign-in/")
