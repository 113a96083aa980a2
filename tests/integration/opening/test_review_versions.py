"""What was checked is what is open: a newer version with personal values is not let through."""

from __future__ import annotations

from typing import Any

from gongshu_server.cases.models import Notice
from gongshu_server.catalogue.models import Item, Resource
from gongshu_server.opening import actions
from gongshu_server.opening.models import OpeningReview
from gongshu_server.usage.models import GrantRow
from integration.city import City, details, events, papers, published, refused, version, versioned
from integration.opening.test_opening import ID_FOUND, applied


def tainted(number: int, *items: str) -> Any:
    """Return a version in which citizens' numbers stand in the items."""
    return version(number=number, findings={name: [ID_FOUND] for name in items})


def opened(city: City, *items: str) -> tuple[Resource, OpeningReview]:
    """Return a resource with items that were opened."""
    resource = published(city)
    review = applied(city, resource, *items)
    city.do(actions.approve, "bureau/head", review_id=review.pk, papers=papers("secrecy_review"))
    return resource, review


def public(resource: Resource) -> list[GrantRow]:
    """Return the public's running grants."""
    rows = GrantRow.objects.filter(grantee="public", object=f"resource:{resource.pk}")
    return list(rows.filter(revoked_at__isnull=True))


def test_nobody_approves_what_was_not_checked(city: City) -> None:
    resource = published(city)
    review = applied(city, resource)
    versioned(city, resource, tainted(2, "许可状态"))
    error = refused(
        city,
        actions.approve,
        "bureau/head",
        "newer_version_not_open",
        review_id=review.pk,
        papers=papers("secrecy_review"),
    )
    assert "950" in error.sentence
    assert not public(resource)
    city.do(actions.refuse, "bureau/head", review_id=review.pk, reason="新版本含身份证号")


def test_a_newer_version_without_findings_may_be_approved(city: City) -> None:
    resource = published(city)
    review = applied(city, resource)
    versioned(city, resource, version(number=2))
    city.do(actions.approve, "bureau/head", review_id=review.pk, papers=papers("secrecy_review"))
    assert len(public(resource)) == 2


def test_a_version_with_personal_values_closes_what_was_open(city: City) -> None:
    resource, _ = opened(city)
    assert len(public(resource)) == 2
    told = Notice.objects.filter(organisation_id=city.org("emergency")).count()
    versioned(city, resource, tainted(2, "许可状态"))
    assert public(resource) == []
    assert not Item.objects.filter(resource=resource, opened=True).exists()
    assert Resource.objects.get(pk=resource.pk).open_attribute == "closed"
    entry = events("resource.closed")[-1]
    assert (entry.clause, entry.organisation) == ("opinions-2.2", "node")
    assert details(entry)["items"] == ["许可状态"]
    assert Notice.objects.filter(organisation_id=city.org("emergency")).count() == told + 1


def test_other_items_and_sound_versions_change_nothing(city: City) -> None:
    resource, _ = opened(city)
    versioned(city, resource, version(number=2))
    versioned(city, resource, tainted(3, "统一社会信用代码"))
    assert len(public(resource)) == 2
    assert Item.objects.get(resource=resource, name="许可状态").opened
    assert events("resource.closed") == []
