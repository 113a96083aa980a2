"""Catalogue entries: filed, reviewed for secrecy, confirmed, published; nothing opens by itself."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu.vocabulary.errors import NotFound
from gongshu_server.catalogue import actions
from gongshu_server.catalogue.actions import Confirmation, File
from gongshu_server.catalogue.models import Item, ReceivedFile, Resource
from gongshu_server.journal.ids import ulid
from gongshu_server.usage.models import GrantRow
from integration.city import (
    ITEMS,
    City,
    details,
    entry,
    events,
    filed,
    papers,
    published,
    refused,
    reviewed,
    version,
    versioned,
)

SAID = Confirmation(level="general", grade=1, identifier="other", subject="enterprise")


def test_filing_lets_the_node_type_and_the_owner_look_on(city: City) -> None:
    resource = filed(city)
    assert resource.state == "filed"
    granted = GrantRow.objects.filter(object=f"resource:{resource.pk}")
    assert {row.grantee for row in granted} == {"node", city.org("emergency")}
    assert all('"actions":["process"]' in row.body for row in granted)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"title": ""}, "目录名称"),
        ({"items": ()}, "数据项"),
        ({"items": ("甲", "甲")}, "重复"),
        ({"share_attribute": "sometimes"}, "共享属性"),
        ({"share_attribute": "closed"}, "依据"),
    ],
)
def test_entries_that_are_refused(city: City, changes: dict[str, Any], says: str) -> None:
    error = refused(
        city,
        actions.file_resource,
        "emergency",
        "incomplete",
        entry=entry(city, **changes),
        authority=city.org("bureau"),
    )
    assert says in error.sentence
    assert error.clause == "809-13"


def test_one_name_in_sql_is_one_resource(city: City) -> None:
    taken = filed(city).table
    refused(
        city,
        actions.file_resource,
        "emergency",
        "table_taken",
        entry=entry(city, table=taken),
        authority=city.org("bureau"),
    )


def test_only_providers_file(city: City) -> None:
    for who in ("insurer", "bureau", "operator"):
        refused(
            city,
            actions.file_resource,
            who,
            "not_permitted",
            entry=entry(city),
            authority=city.org("bureau"),
        )


def test_no_file_before_the_secrecy_review(city: City) -> None:
    file = File(id=ulid(city.at), name="a.csv", bytes=1, salt="0" * 64, digest="0" * 64)
    resource = filed(city)
    error = refused(
        city, actions.receive, "emergency", "no_secrecy_review", resource_id=resource.pk, file=file
    )
    assert error.clause == "opinions-12.8"
    assert not ReceivedFile.objects.exists()
    error = refused(
        city,
        actions.record_secrecy_review,
        "emergency/head",
        "incomplete",
        resource_id=resource.pk,
        papers=[],
    )
    assert error.details == ("secrecy_review",)


def test_files_come_from_the_provider_alone(city: City) -> None:
    resource = reviewed(city)
    file = File(id=ulid(city.at), name="a.csv", bytes=1, salt="0" * 64, digest="0" * 64)
    refused(
        city, actions.receive, "taxation", "resource_not_found", resource_id=resource.pk, file=file
    )
    refused(city, actions.receive, "bureau", "not_permitted", resource_id=resource.pk, file=file)
    done = published(city)
    refused(city, actions.receive, "taxation", "not_the_provider", resource_id=done.pk, file=file)


def test_a_version_is_the_nodes_and_must_hold_what_was_filed(city: City) -> None:
    resource = reviewed(city)
    file = File(id=ulid(city.at), name="a.csv", bytes=1, salt="0" * 64, digest="0" * 64)
    city.do(actions.receive, "emergency", resource_id=resource.pk, file=file)
    arguments: dict[str, Any] = {"file_id": file.id, "version": version()}
    refused(city, actions.record_snapshot, "emergency", "not_permitted", **arguments)
    arguments["version"] = version(("统一社会信用代码",))
    error = refused(city, actions.record_snapshot, "node", "items_missing", **arguments)
    assert "许可状态" in error.sentence


def test_what_the_file_has_beyond_the_entry_is_kept_and_unconfirmed(city: City) -> None:
    resource = reviewed(city)
    versioned(city, resource, version((*ITEMS, "备注")))
    added = Item.objects.get(resource=resource, name="备注")
    assert (added.confirmed_by, added.level) == ("", "")


def test_a_person_confirms_and_the_strictest_wins(city: City) -> None:
    resource = reviewed(city)
    versioned(city, resource)
    strict = Confirmation(level="important", grade=3, identifier="direct", subject="person")
    city.do(
        actions.confirm_levels,
        "emergency",
        resource_id=resource.pk,
        confirmations={"许可状态": strict},
    )
    resource.refresh_from_db()
    assert (resource.level, resource.grade) == ("important", 3)
    item = Item.objects.get(resource=resource, name="许可状态")
    assert item.confirmed_by == city.actor("emergency").text_id
    other = Item.objects.get(resource=resource, name="统一社会信用代码")
    assert (other.level, other.grade) == ("general", 1)


def test_nothing_is_confirmed_unseen(city: City) -> None:
    resource = reviewed(city)
    arguments: dict[str, Any] = {"resource_id": resource.pk, "confirmations": {}}
    refused(city, actions.confirm_levels, "emergency", "no_snapshot", **arguments)
    versioned(city, resource)
    arguments["confirmations"] = {"别的": SAID}
    refused(city, actions.confirm_levels, "emergency", "unknown_items", **arguments)
    arguments["confirmations"] = {}
    refused(city, actions.confirm_levels, "bureau/head", "not_the_provider", **arguments)


def test_an_item_without_a_profile_gets_no_lenient_default(city: City) -> None:
    """An amended entry names a column that no file has brought yet."""
    resource = published(city)
    changed = entry(city, items=(*ITEMS, "法定代表人"))
    city.do(actions.amend, "emergency", resource_id=resource.pk, entry=changed)
    city.do(
        actions.record_secrecy_review,
        "emergency/head",
        resource_id=resource.pk,
        papers=papers("secrecy_review"),
    )
    arguments: dict[str, Any] = {"resource_id": resource.pk, "confirmations": {}}
    error = refused(city, actions.confirm_levels, "emergency", "items_not_profiled", **arguments)
    assert "法定代表人" in error.sentence
    arguments["confirmations"] = {"法定代表人": Confirmation(grade=1)}
    refused(city, actions.confirm_levels, "emergency", "items_not_profiled", **arguments)
    arguments["confirmations"] = {"法定代表人": SAID}
    city.do(actions.confirm_levels, "emergency", **arguments)


def test_publication_is_the_authoritys(city: City) -> None:
    resource = reviewed(city)
    versioned(city, resource)
    refused(city, actions.publish, "bureau/head", "not_confirmed", resource_id=resource.pk)
    city.do(actions.confirm_levels, "emergency", resource_id=resource.pk, confirmations={})
    refused(city, actions.publish, "emergency/head", "not_permitted", resource_id=resource.pk)
    refused(city, actions.publish, "taxation/head", "resource_not_found", resource_id=resource.pk)
    city.do(actions.publish, "bureau/head", resource_id=resource.pk)
    assert Resource.objects.get(pk=resource.pk).state == "published"
    mine = GrantRow.objects.filter(grantee=city.org("emergency"))
    assert any('"read"' in row.body for row in mine)


@pytest.mark.parametrize(
    ("step", "who"),
    [("return_entry", "bureau/head"), ("stop_as_secret", "emergency/head")],
)
def test_ways_back_and_out_need_reasons(city: City, step: str, who: str) -> None:
    resource = filed(city)
    ends = getattr(actions, step)
    refused(city, ends, who, "incomplete", resource_id=resource.pk, reason="")
    refused(city, ends, "insurer", "resource_not_found", resource_id=resource.pk, reason="x")
    city.do(ends, who, resource_id=resource.pk, reason="含工作秘密")


def test_what_is_secret_is_stopped_with_its_grants(city: City) -> None:
    resource = filed(city)
    city.do(actions.stop_as_secret, "emergency/head", resource_id=resource.pk, reason="涉密")
    live = GrantRow.objects.filter(object=f"resource:{resource.pk}", revoked_at__isnull=True)
    assert not live.exists()
    file = File(id=ulid(city.at), name="a.csv", bytes=1, salt="0" * 64, digest="0" * 64)
    refused(
        city, actions.receive, "emergency", "no_secrecy_review", resource_id=resource.pk, file=file
    )


def test_a_real_node_opens_nothing_by_declaration(city: City) -> None:
    """Treating items as opened without a review is the demo's alone."""
    resource = published(city)
    arguments = {"resource_id": resource.pk, "items": ("许可状态",), "opened": True}
    refused(city, actions.mark_published_elsewhere, "emergency", "not_a_demo", **arguments)
    assert not Item.objects.filter(opened=True).exists()


def test_a_demo_says_what_it_treats_as_opened(demo_city: City) -> None:
    resource = published(demo_city)
    arguments = {"resource_id": resource.pk, "items": ("许可状态",), "opened": True}
    refused(
        demo_city, actions.mark_published_elsewhere, "taxation", "not_the_provider", **arguments
    )
    demo_city.do(actions.mark_published_elsewhere, "emergency", **arguments)
    assert details(events("resource.treated_as")[-1])["opened"] is True


@pytest.mark.parametrize("who", ["emergency", "bureau"])
def test_a_change_is_noted_and_amended(city: City, who: str) -> None:
    resource = published(city)
    city.do(actions.note_change, who, resource_id=resource.pk, reason="新增数据项")
    changed = entry(city, items=(*ITEMS, "备注"))
    refused(
        city,
        actions.amend,
        "bureau",
        "not_the_provider",
        resource_id=resource.pk,
        entry=changed,
    )
    city.do(actions.amend, "emergency", resource_id=resource.pk, entry=changed)
    assert details(events("catalogue.amended")[-1])["added"] == ["备注"]


@pytest.mark.parametrize(
    ("who", "sees_draft", "sees_published"),
    [
        ("emergency", True, True),
        ("bureau", True, True),
        ("audit/auditor", True, True),
        ("taxation", False, True),
        ("insurer", False, True),
    ],
)
def test_who_sees_a_resource(city: City, who: str, sees_draft: bool, sees_published: bool) -> None:
    draft, done = filed(city), published(city)
    seen = set(Resource.objects.visible_to(city.who(who)).values_list("pk", flat=True))
    assert (draft.pk in seen, done.pk in seen) == (sees_draft, sees_published)


def test_an_unreadable_file_is_recorded_with_its_sentence(city: City) -> None:
    resource = reviewed(city)
    file = File(id=ulid(city.at), name="a.csv", bytes=1, salt="0" * 64, digest="0" * 64)
    city.do(actions.receive, "emergency", resource_id=resource.pk, file=file)
    arguments = {"file_id": file.id, "sentence": "文件是空的。"}
    refused(city, actions.record_unreadable, "emergency", "not_permitted", **arguments)
    row = city.do(actions.record_unreadable, "node", **arguments)
    assert (row.outcome, row.sentence) == ("unreadable", "文件是空的。")
    unknown = {"file_id": "nothing", "sentence": "x"}
    error = refused(city, actions.record_unreadable, "node", "file_not_found", **unknown)
    assert isinstance(error, NotFound)
