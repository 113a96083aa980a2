"""The source judges, and nobody who happens to be a party and a provider elsewhere."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gongshu_server.accounts.models import Organisation
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case
from gongshu_server.market import actions as market
from gongshu_server.market.products import Built
from gongshu_server.oversight import actions
from gongshu_server.oversight.actions import Complaint
from gongshu_server.oversight.models import Objection
from gongshu_server.workshop.models import ReleaseSource
from integration.city import USCC, City, listed, published, refused, version, versioned


def raised(city: City, raiser: str = "taxation") -> Objection:
    """Return an objection of a department, itself a provider, to its record at another one."""
    Organisation.objects.filter(pk=city.org(raiser)).update(uscc=USCC)
    product, resource = listed(city), published(city)
    ReleaseSource.objects.create(release_id=product.release, resource=resource, guarded=True)
    row: Objection = city.do(
        actions.raise_objection,
        raiser,
        complaint=Complaint(product.pk, resource.pk, USCC, "有误"),
        authority=city.org("bureau"),
    )
    return row


STEPS: dict[str, dict[str, Any]] = {
    "accept_objection": {},
    "suspend_record": {},
    "uphold": {"reason": "x"},
    "dismiss": {"reason": "x"},
    "close": {},
}
BEFORE = {
    "accept_objection": "submitted",
    "suspend_record": "accepted",
    "uphold": "suspended",
    "dismiss": "suspended",
    "close": "dismissed",
}


@pytest.mark.parametrize("step", STEPS)
def test_the_raiser_is_no_judge_though_it_is_a_provider(city: City, step: str) -> None:
    row = raised(city)
    Case.objects.filter(pk=row.case).update(state=BEFORE[step])
    named = {"objection_id": row.pk} | STEPS[step]
    refused(city, getattr(actions, step), "taxation/head", "not_the_source", **named)


@pytest.mark.parametrize("step", ["uphold", "dismiss"])
def test_another_provider_in_the_case_is_no_judge(city: City, step: str) -> None:
    row = raised(city)
    case = Case.objects.get(pk=row.case)
    engine.add_party(case, city.org("water"), "consulted")
    Objection.objects.filter(pk=row.pk).update(raiser_id=city.org("water"))
    Case.objects.filter(pk=row.case).update(state="suspended")
    named = {"objection_id": row.pk, "reason": "x"}
    refused(city, getattr(actions, step), "water/head", "not_the_source", **named)


def test_only_a_source_of_the_product_is_objected_to(city: City) -> None:
    """Otherwise an accomplice's resource would make the accomplice the judge."""
    Organisation.objects.filter(pk=city.org("insurer")).update(uscc=USCC)
    product, elsewhere = listed(city), published(city, "water")
    refused(
        city,
        actions.raise_objection,
        "insurer",
        "resource_not_found",
        complaint=Complaint(product.pk, elsewhere.pk, USCC, "有误"),
        authority=city.org("bureau"),
    )


def test_a_rebuild_from_the_old_version_corrects_nothing(city: City) -> None:
    """The file is newer than the correction, its data is not."""
    row = raised(city)
    named = {"objection_id": row.pk}
    for step in ("accept_objection", "suspend_record"):
        city.do(getattr(actions, step), "emergency", **named)
    city.do(actions.uphold, "emergency", reason="登记有误", **named)
    corrected = versioned(city, city_resource(row), version(number=2))
    old = versioned_before(row)
    for served, code in ((old, "not_rebuilt"), (corrected, "")):
        built = Built("b", "1" * 64, ("许可状态",), 3, date(2025, 9, 2), {row.resource: served})
        city.do(market.record_built, "node", product_id=row.product, built=built)
        asked = named | {"snapshot_id": corrected}
        if code:
            refused(city, actions.correct_at_source, "emergency", code, **asked)
        else:
            city.do(actions.correct_at_source, "emergency", **asked)


def city_resource(row: Objection) -> Any:
    """Return the resource that is objected to."""
    from gongshu_server.catalogue.models import Resource

    return Resource.objects.get(pk=row.resource)


def versioned_before(row: Objection) -> str:
    """Return the first version of the resource."""
    from gongshu_server.catalogue.models import Snapshot

    return str(Snapshot.objects.get(resource_id=row.resource, version=1).pk)
