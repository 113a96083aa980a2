"""A party in one part takes no step of another part, whatever roles it holds elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from gongshu.procedures.registration import MATERIALS
from gongshu_server.accounts import actions as accounts
from gongshu_server.registration import actions
from gongshu_server.registration.models import Registration
from integration.city import City, application, listed, papers, publicised, published, refused


@pytest.fixture
def rival(city: City) -> City:
    """Return the city with a second registration body, `rival`."""
    row = city.do(
        accounts.found, "node", name="邻市登记", short_name="邻市", roles=("registration_body",)
    )
    for duty in ("handler", "head"):
        holding = city.do(
            accounts.appoint,
            "node",
            organisation_id=row.pk,
            title=duty,
            duties=(duty,),
            person_name="邻居",
        )
        city.cast.people["rival", duty] = (holding.person_id, holding.post_id)
    return city


def objected(city: City) -> Registration:
    """Return a registration to which the rival objects, which makes it a party."""
    row = publicised(city)
    city.do(
        actions.object_to,
        "rival",
        registration_id=row.pk,
        reason="来源有误",
        papers=papers("objection_evidence"),
    )
    return row


@pytest.mark.parametrize("step", ["uphold_objection", "dismiss_objection"])
def test_an_objector_does_not_judge_its_objection(rival: City, step: str) -> None:
    row = objected(rival)
    named: dict[str, Any] = {"registration_id": row.pk, "reason": "x"}
    error = refused(rival, getattr(actions, step), "rival/head", "not_the_side", **named)
    assert "登记机构" in error.sentence
    rival.do(getattr(actions, step), "registry/head", **named)


def test_a_party_with_the_role_assigns_no_code(rival: City) -> None:
    row = objected(rival)
    rival.do(actions.dismiss_objection, "registry/head", registration_id=row.pk, reason="不成立")
    rival.later(days=40)
    refused(rival, actions.assign_code, "rival", "not_the_side", registration_id=row.pk)
    rival.do(actions.assign_code, "registry", registration_id=row.pk)


def _asked(city: City, who: str, **changes: Any) -> dict[str, Any]:
    resource = published(city)
    return {
        "application": application(city, resource, **changes),
        "papers": papers("business_review", *MATERIALS),
    }


@pytest.mark.parametrize("who", ["operator", "taxation"])
def test_nobody_registers_anothers_resource(city: City, who: str) -> None:
    """One open registration a subject: a stranger's would keep the holder out."""
    refused(city, actions.submit, who, "not_the_holder", **_asked(city, who))


def test_the_provider_registers_its_own_resource(city: City) -> None:
    assert city.do(actions.submit, "emergency", **_asked(city, "emergency")).pk


def test_nobody_registers_anothers_product(city: City) -> None:
    product = listed(city)
    asked = _asked(city, "operator", kind="product", subject_id=product.pk)
    refused(city, actions.submit, "emergency", "product_not_found", **asked)
    refused(city, actions.submit, "bureau", "product_not_found", **asked)
    nothing = _asked(city, "operator", kind="product", subject_id="nothing")
    refused(city, actions.submit, "operator", "product_not_found", **nothing)
    assert city.do(actions.submit, "operator", **asked).pk
