"""Opening: the machine looks first, then a person; what is opened is everybody's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gongshu.policy import Use, decide
from gongshu_server.cases.models import Case
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.catalogue.actions import Confirmation
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.opening import actions
from gongshu_server.opening.models import OpeningReview
from gongshu_server.usage import queries
from gongshu_server.usage.models import GrantRow
from integration.city import (
    City,
    details,
    events,
    papers,
    published,
    refused,
    reviewed,
    version,
    versioned,
)

ID_FOUND = {
    "kind": "citizen_id",
    "hits": 950,
    "tested": 1000,
    "sentence": "1000 个值中有 950 个是有效的公民身份号码",
}


def applied(city: City, resource: Resource, *items: str, provider: str = "emergency") -> Any:
    """Apply to open items of the resource (its second one unless named)."""
    return city.do(
        actions.apply,
        provider,
        resource_id=resource.pk,
        items=items or ("许可状态",),
        authority=city.org("bureau"),
    )


def state(review: OpeningReview) -> str:
    """Return the state of the review's case."""
    return Case.objects.get(pk=review.case).state


def public_use(resource: Resource, city: City, **changes: Any) -> Use:
    """Return a read by somebody of the public."""
    plain: dict[str, Any] = {
        "party": "nobody-in-particular",
        "object": f"resource:{resource.pk}",
        "action": "download",
        "items": frozenset({"许可状态"}),
        "purpose": "opening",
        "business": None,
        "region": None,
        "at": city.at,
        "rows": 0,
    }
    return Use(**plain | changes)


def may(use: Use, city: City) -> bool:
    """Tell whether the verified grants allow the use."""
    return decide(queries.index_for({use.party}, {use.object}, at=city.at), use, {}).allowed


def test_what_is_opened_is_everybodys_and_nothing_else(city: City) -> None:
    resource = published(city)
    review = applied(city, resource)
    assert state(review) == "checked"
    assert review.findings == []
    assert not may(public_use(resource, city), city)
    city.do(actions.approve, "bureau/head", review_id=review.pk, papers=papers("secrecy_review"))
    assert may(public_use(resource, city), city)
    closed = public_use(resource, city, items=frozenset({"统一社会信用代码"}))
    assert not may(closed, city)
    opened = Item.objects.filter(resource=resource, opened=True)
    assert [item.name for item in opened] == ["许可状态"]
    granted = GrantRow.objects.filter(grantee="public")
    assert {row.case for row in granted} == {review.case}
    assert len(events("resource.opened")) == 1


def test_the_machine_refuses_at_once_and_says_what_where_and_why(city: City) -> None:
    resource = published(city, made=version(findings={"许可状态": [ID_FOUND]}))
    review = applied(city, resource)
    assert state(review) == "refused"
    (finding,) = review.findings
    assert (finding["item"], finding["count"], finding["tested"]) == ("许可状态", 950, 1000)
    assert finding["clause"] == "opinions-2.2"
    # An outcome, not an error: it was committed, with its reason.
    assert events("denied") == []
    (event,) = events("opening.machine_refused")
    assert "950" in details(event)["reason"]
    assert event.actor == "node"
    refused(
        city,
        actions.approve,
        "bureau/head",
        "invalid_transition",
        review_id=review.pk,
        papers=papers("secrecy_review"),
    )
    assert not GrantRow.objects.filter(grantee="public").exists()


def test_every_finding_is_named(city: City) -> None:
    findings = {"许可状态": [ID_FOUND], "统一社会信用代码": [ID_FOUND | {"kind": "mobile"}]}
    resource = published(city, made=version(findings=findings))
    review = applied(city, resource, "许可状态", "统一社会信用代码")
    assert {f["kind"] for f in review.findings} == {"citizen_id", "mobile"}
    assert {f["item"] for f in review.findings} == {"许可状态", "统一社会信用代码"}


def test_findings_on_other_items_do_not_matter(city: City) -> None:
    resource = published(city, made=version(findings={"统一社会信用代码": [ID_FOUND]}))
    assert state(applied(city, resource)) == "checked"


@pytest.mark.parametrize(
    "said",
    [
        {"grade": 3, "level": "general", "identifier": "other", "subject": "enterprise"},
        {"grade": 1, "level": "important", "identifier": "other", "subject": "enterprise"},
        {"grade": 1, "level": "general", "identifier": "direct", "subject": "person"},
    ],
)
def test_confirmed_levels_close_an_item(city: City, said: dict[str, Any]) -> None:
    """What a person has confirmed counts as much as what a machine has found."""
    resource = reviewed(city)
    versioned(city, resource)
    city.do(
        catalogue.confirm_levels,
        "emergency",
        resource_id=resource.pk,
        confirmations={"许可状态": Confirmation(**said)},
    )
    city.do(catalogue.publish, "bureau/head", resource_id=resource.pk)
    review = applied(city, resource)
    assert state(review) == "refused"
    assert [f["kind"] for f in review.findings] == ["level"]


def test_who_applies(city: City) -> None:
    resource = published(city)
    arguments = {
        "resource_id": resource.pk,
        "items": ("许可状态",),
        "authority": city.org("bureau"),
    }
    refused(city, actions.apply, "taxation", "not_the_provider", **arguments)
    refused(city, actions.apply, "bureau", "not_the_provider", **arguments)
    arguments["authority"] = "nobody"
    refused(city, actions.apply, "emergency", "organisation_not_found", **arguments)


def test_what_is_applied_for(city: City) -> None:
    resource = published(city)
    arguments = {"resource_id": resource.pk, "authority": city.org("bureau")}
    refused(city, actions.apply, "emergency", "unknown_items", items=("别的",), **arguments)
    refused(city, actions.apply, "emergency", "unknown_items", items=(), **arguments)
    arguments["resource_id"] = "nothing"
    refused(city, actions.apply, "emergency", "resource_not_found", items=("x",), **arguments)


def test_an_unpublished_resource_is_not_opened_and_not_shown(city: City) -> None:
    resource = reviewed(city)
    arguments = {
        "resource_id": resource.pk,
        "items": ("许可状态",),
        "authority": city.org("bureau"),
    }
    refused(city, actions.apply, "emergency", "not_published", **arguments)
    refused(city, actions.apply, "taxation", "resource_not_found", **arguments)


def test_who_decides(city: City) -> None:
    review = applied(city, published(city))
    arguments = {"review_id": review.pk, "papers": papers("secrecy_review")}
    refused(city, actions.approve, "emergency/head", "not_permitted", **arguments)
    refused(city, actions.approve, "bureau", "not_permitted", **arguments)
    refused(city, actions.approve, "taxation/head", "review_not_found", **arguments)
    refused(
        city,
        actions.approve,
        "taxation/head",
        "review_not_found",
        review_id="nothing",
        papers=[],
    )


def test_an_approval_needs_its_secrecy_review(city: City) -> None:
    review = applied(city, published(city))
    error = refused(
        city, actions.approve, "bureau/head", "incomplete", review_id=review.pk, papers=[]
    )
    assert error.details == ("secrecy_review",)
    assert not GrantRow.objects.filter(grantee="public").exists()


def test_a_refusal_needs_its_reason_and_ends_the_case(city: City) -> None:
    resource = published(city)
    review = applied(city, resource)
    refused(city, actions.refuse, "bureau/head", "incomplete", review_id=review.pk, reason="")
    refused(
        city, actions.refuse, "emergency/head", "not_permitted", review_id=review.pk, reason="x"
    )
    city.do(actions.refuse, "bureau/head", review_id=review.pk, reason="质量不足")
    assert state(review) == "refused"
    city.later()
    assert not may(public_use(resource, city, at=city.at + timedelta(days=1)), city)
