"""Finding data: two characters suffice, strangers see entries and no data, previews are uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from django.conf import settings
from django.test import Client

from gongshu.lake import write_snapshot
from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Item, Resource, Snapshot
from gongshu_server.catalogue.searching import search, wanted
from gongshu_server.opening import actions as opening
from integration.city import City, entry, events, filed, papers, published, refused, reviewed
from integration.portal.reader import opened, signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def titles(text: str, **facets: str) -> list[str]:
    """Return the titles found, best first."""
    return [hit.resource.title for hit in search(wanted(text, facets)).hits]


def test_two_characters_find_titles_items_summaries_and_providers(city: City) -> None:
    row = published(city)
    for text in ("许可", "生产许可证", "状态", "持证", "应急", "LICENCES", "许可 状态"):
        assert titles(text) == [row.title], text
    for text in ("龙虾", "许可 龙虾", "%"):
        assert titles(text) == [], text


def test_a_word_in_the_title_comes_first(city: City) -> None:
    first = published(city)
    second = published(city)
    Resource.objects.filter(pk=first.pk).update(title="许可状态一览")
    assert titles("许可状态") == ["许可状态一览", second.title]


def test_what_is_due_for_amendment_stays_with_its_state_shown(city: City) -> None:
    row = published(city)
    Resource.objects.filter(pk=row.pk).update(state="amendment_due")
    Case.objects.filter(pk=row.case).update(state="amendment_due")
    for client in (Client(), signed_in(city, "insurer")):
        assert "待更新" in opened(client, "/catalogue/")
        assert "待更新" in opened(client, f"/catalogue/{row.pk}/")
    Resource.objects.filter(pk=row.pk).update(state="withdrawn")
    assert row.title not in opened(Client(), "/catalogue/")
    opened(Client(), f"/catalogue/{row.pk}/", status=404)


def test_facets_narrow_and_count_what_the_others_leave(city: City) -> None:
    published(city)
    other = published(city, "water")
    Resource.objects.filter(pk=other.pk).update(grade=3, category="水利/水情")
    assert titles("", grade="3") == [other.title]
    assert titles("", sector="水利") == [other.title]
    assert titles("", provider=other.provider_id) == [other.title]
    assert titles("", grade="nine") == []
    found = search(wanted("", {"grade": "3"}))
    assert {c.value: c.count for c in found.choices["grade"]} == {"1": 1, "3": 1}
    assert [c.zh for c in found.choices["provider"]] == ["水务局"]
    assert found.total == 1


def test_every_page_of_a_long_list_follows_the_one_before(city: City) -> None:
    row = published(city)
    for k in range(7):
        row.pk, row.table = f"00{k:02d}{row.pk[4:]}", f"copy_{k}"
        row.save(force_insert=True)
    asked, after, seen = wanted("许可", {}), "", []
    for _ in range(3):
        found = search(asked, after=after, most=3)
        seen += [hit.resource.pk for hit in found.hits]
        after = found.next
    assert after == ""
    assert len(seen) == len(set(seen)) == 8


def test_the_page_shows_strangers_published_entries_and_nothing_of_the_data(city: City) -> None:
    row = published(city)
    draft = filed(city)
    page = opened(Client(), "/catalogue/")
    assert row.title in page
    assert draft.title not in page
    shown = opened(Client(), f"/catalogue/{row.pk}/")
    assert "许可状态" in shown
    assert "1000" not in shown, "how many rows there are depends on the data"
    opened(Client(), f"/catalogue/{draft.pk}/", status=404)
    opened(signed_in(city, "operator"), f"/catalogue/{draft.pk}/", status=404)
    opened(signed_in(city, "emergency"), f"/catalogue/{draft.pk}/")


def test_an_empty_catalogue_and_an_empty_search_say_what_to_do(city: City) -> None:
    assert "还没有已发布的数据资源" in opened(Client(), "/catalogue/")
    published(city)
    assert "换一个说法" in opened(Client(), "/catalogue/?q=龙虾")


def test_counts_and_reasons_are_the_providers_alone(city: City) -> None:
    row = published(city)
    Item.objects.filter(resource=row).update(proposal={"reasons": ["共检977个值"]})
    own = opened(signed_in(city, "emergency"), f"/catalogue/{row.pk}/")
    assert "977" in own
    assert "1000" in own
    for who in ("operator", "bureau", "audit/auditor", "water"):
        others = opened(signed_in(city, who), f"/catalogue/{row.pk}/")
        assert "977" not in others
        assert "1000" not in others


def test_markup_in_names_is_text(city: City) -> None:
    row = published(city)
    Resource.objects.filter(pk=row.pk).update(title="<script>alert(1)</script>", summary="<b>")
    Item.objects.filter(resource=row).update(category="<i>x</i>")
    for url in ("/catalogue/", f"/catalogue/{row.pk}/", "/catalogue/?q=<script>"):
        page = opened(Client(), url)
        assert "<script>alert" not in page
        assert "<i>x" not in page


@pytest.fixture
def rows(city: City) -> Iterator[Resource]:
    """Return a published resource whose version really lies in the lake."""
    row = published(city)
    table = pa.table({"统一社会信用代码": ["91<b>"] * 30, "许可状态": ["有效"] * 30})
    place = Path(settings.HOME) / "lake" / row.pk / "rows"
    place.parent.mkdir(parents=True, exist_ok=True)
    written = write_snapshot(place, table.to_reader(), resource=row.pk, salt=b"0" * 32)
    Snapshot.objects.filter(resource=row).update(location=f"{row.pk}/rows", version=written.version)
    yield row


def open_items(city: City, row: Resource, items: list[str]) -> None:
    """Open items of the resource by the review that it takes."""
    review = city.do(
        opening.apply,
        "emergency",
        resource_id=row.pk,
        items=items,
        authority=city.org("bureau"),
    )
    city.do(opening.approve, "bureau/head", review_id=review.pk, papers=papers("secrecy_review"))


def test_the_provider_looks_at_its_rows_and_that_is_a_use(city: City, rows: Resource) -> None:
    client = signed_in(city, "emergency")
    assert "预览前 20 行" in opened(client, f"/catalogue/{rows.pk}/")
    reply = client.post(f"/catalogue/{rows.pk}/preview/")
    page = reply.content.decode()
    assert reply.status_code == 200
    assert page.count("有效</td>") == 20
    assert "91&lt;b&gt;" in page
    assert reply["Cache-Control"] == "no-store"
    (use,) = [row for row in events("use.allowed") if '"read"' in (row.body or "")]
    assert use.actor == city.actor("emergency").text_id


def test_others_look_at_what_was_opened_and_at_nothing_else(city: City, rows: Resource) -> None:
    open_items(city, rows, ["许可状态"])
    client = signed_in(city, "operator")
    page = client.post(f"/catalogue/{rows.pk}/preview/").content.decode()
    assert "有效" in page
    assert "91&lt;b&gt;" not in page
    assert "统一社会信用代码" in page.split("没有读取：")[1]


def test_what_was_opened_and_is_sealed_stays_closed_to_others(city: City, rows: Resource) -> None:
    open_items(city, rows, ["许可状态"])
    Item.objects.filter(resource=rows, name="许可状态").update(grade=4)
    assert "预览前 20 行" not in opened(signed_in(city, "operator"), f"/catalogue/{rows.pk}/")


def test_without_a_grant_there_is_no_row_and_the_denial_is_recorded(
    city: City, rows: Resource
) -> None:
    client = signed_in(city, "operator")
    page = opened(client, f"/catalogue/{rows.pk}/")
    assert "预览前 20 行" not in page
    assert "场景申请" in page, "a refusal says what to do next"
    reply = client.post(f"/catalogue/{rows.pk}/preview/")
    assert reply.status_code == 404
    assert "有效" not in reply.content.decode()
    assert events("denied")[-1].actor == city.actor("operator").text_id
    assert client.get(f"/catalogue/{rows.pk}/preview/").status_code == 405


def test_a_stranger_is_led_to_sign_in_before_a_look(city: City, rows: Resource) -> None:
    open_items(city, rows, ["许可状态"])
    assert "请先登录" in opened(Client(), f"/catalogue/{rows.pk}/")
    reply = Client().post(f"/catalogue/{rows.pk}/preview/")
    assert reply.status_code == 401
    assert "登录" in reply.content.decode()


def test_who_may_use_it_is_what_the_disclosure_says(city: City, rows: Resource) -> None:
    assert "没有有效的许可" in opened(Client(), f"/catalogue/{rows.pk}/uses/")
    open_items(city, rows, ["许可状态"])
    for client in (Client(), signed_in(city, "operator")):
        page = opened(client, f"/catalogue/{rows.pk}/uses/")
        assert "社会公众" in page
        assert "开放下载" in page
    assert Client().get("/catalogue/nothing/uses/").status_code == 404


def test_an_entry_with_an_unknown_share_attribute_is_refused(city: City) -> None:
    from gongshu_server.catalogue import actions as catalogue

    refused(
        city,
        catalogue.file_resource,
        "emergency",
        "incomplete",
        entry=entry(city, share_attribute="whatever"),
        authority=city.org("bureau"),
    )
    assert reviewed(city).share_attribute == "conditional"
