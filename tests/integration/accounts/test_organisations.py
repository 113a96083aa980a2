"""Organisations: who may record them, roles that exclude each other, succession."""

from __future__ import annotations

import pytest

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts import actions
from gongshu_server.accounts.models import FormerName, Organisation, OrganisationRole
from gongshu_server.cases.models import Case, Clock, Party
from gongshu_server.catalogue import actions as catalogue
from gongshu_server.catalogue.models import Resource
from gongshu_server.market import actions as market
from gongshu_server.usage import queries as usage
from gongshu_server.usage.models import Alarm, GrantRow
from integration.city import City, details, entry, events, filed, listed, published, refused


def roles(city: City, code: str) -> set[str]:
    """Return the roles that the organisation holds now."""
    held = OrganisationRole.objects.filter(organisation_id=city.org(code), valid_until__isnull=True)
    return set(held.values_list("role", flat=True))


def test_the_data_authority_records_an_organisation(city: City) -> None:
    row = city.do(
        actions.found,
        "bureau/system_admin",
        name="临澜市水利局",
        short_name="水利局",
        roles=("provider",),
    )
    assert row.control_group == row.pk
    city.do(actions.authorise_roles, "bureau/security_admin", organisation_id=row.pk)
    held = OrganisationRole.objects.get(organisation=row)
    assert (held.role, held.valid_from, held.valid_until) == ("provider", city.at, None)
    (event,) = events("organisation.founded")[-1:]
    assert (details(event)["roles"], details(event)["proposed"]) == ([], ["provider"])


@pytest.mark.parametrize("who", ["insurer", "operator", "audit/auditor", "developer/developer"])
def test_nobody_else_does(city: City, who: str) -> None:
    arguments = {"name": "x", "short_name": "x", "roles": ("provider",)}
    error = refused(city, actions.found, who, "not_permitted", **arguments)
    assert isinstance(error, NotPermitted)
    assert not Organisation.objects.filter(name="x").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"roles": ("emperor",)}, "unknown_code"),
        ({"roles": ()}, "unknown_code"),
        ({"roles": ("node",)}, "unknown_code"),
        ({"name": " "}, "incomplete"),
    ],
)
def test_what_makes_no_organisation(city: City, changes: dict[str, object], code: str) -> None:
    sound = {"name": "甲", "short_name": "甲", "roles": ("provider",)}
    assert isinstance(
        refused(city, actions.found, "bureau/system_admin", code, **sound | changes), Invalid
    )


@pytest.mark.parametrize(
    "pair",
    [
        ("operator", "data_authority"),
        ("operator", "security_reviewer"),
        ("developer", "sector_authority"),
        ("operator", "registration_body"),
        ("developer", "price_authority"),
        ("operator", "implementing_body"),
        ("developer", "audit_office"),
    ],
)
def test_nobody_supervises_and_operates(city: City, pair: tuple[str, str]) -> None:
    error = refused(
        city,
        actions.found,
        "bureau/system_admin",
        "incompatible_roles",
        name="x",
        short_name="x",
        roles=pair,
    )
    assert error.clause == "opinions-11.1"
    assert set(error.details) == set(pair)


def test_a_control_group_counts_as_one(city: City) -> None:
    """A daughter of the operator cannot review, whatever it is called."""
    group = Organisation.objects.get(pk=city.org("operator")).control_group
    arguments = {"name": "子公司", "short_name": "子公司", "control_group": group}
    refused(
        city,
        actions.found,
        "bureau/system_admin",
        "incompatible_roles",
        roles=("security_reviewer",),
        **arguments,
    )
    city.do(actions.found, "bureau/system_admin", roles=("developer",), **arguments)


def test_a_renamed_organisation_keeps_its_old_name(city: City) -> None:
    old = Organisation.objects.get(pk=city.org("sector")).name
    city.do(
        actions.rename, "bureau/system_admin", organisation_id=city.org("sector"), name="工业局"
    )
    assert Organisation.objects.get(pk=city.org("sector")).name == "工业局"
    former = FormerName.objects.get(organisation_id=city.org("sector"))
    assert (former.name, former.until) == (old, city.at)


def test_renaming_is_refused(city: City) -> None:
    arguments = {"organisation_id": city.org("sector"), "name": "x"}
    refused(city, actions.rename, "sector/head", "not_permitted", **arguments)
    arguments["organisation_id"] = "nobody"
    error = refused(
        city, actions.rename, "bureau/system_admin", "organisation_not_found", **arguments
    )
    assert isinstance(error, NotFound)


def merge(city: City, old: str, new: str) -> None:
    """Let one organisation take over the other."""
    city.do(
        actions.succeed,
        "bureau/system_admin",
        organisation_id=city.org(old),
        successor_id=city.org(new),
    )


def test_a_successor_takes_over_roles_and_the_old_body_acts_no_more(city: City) -> None:
    before = roles(city, "emergency")
    merge(city, "emergency", "health")
    assert roles(city, "health") >= before
    assert roles(city, "emergency") == set()
    refused(
        city,
        catalogue.file_resource,
        "emergency",
        "not_permitted",
        entry=entry(city),
        authority=city.org("bureau"),
    )


def test_resources_grants_cases_and_clocks_move(city: City) -> None:
    done = published(city, "emergency")
    city.do(catalogue.note_change, "emergency", resource_id=done.pk, reason="新增数据项")
    open_one = filed(city, "emergency")
    clocks = list(Clock.objects.filter(case=done.case).values_list("limit", "due", "stopped_at"))
    merge(city, "emergency", "health")
    new = city.org("health")
    assert set(
        Resource.objects.filter(pk__in=[done.pk, open_one.pk]).values_list("provider_id", flat=True)
    ) == {new}
    assert not GrantRow.objects.filter(grantee=city.org("emergency")).exists()
    assert not GrantRow.objects.filter(giver=city.org("emergency")).exists()
    index = usage.index_for({new}, {f"resource:{done.pk}"}, at=city.at)
    assert {grant.grantee for grant in index} == {new}
    assert not Alarm.objects.exists()
    assert len(events("grant.moved")) >= 3
    # The successor goes on where the old body stood, within the same limits.
    assert (
        list(Clock.objects.filter(case=done.case).values_list("limit", "due", "stopped_at"))
        == clocks
    )
    changed = entry(city, items=("统一社会信用代码", "许可状态", "备注"))
    city.do(catalogue.amend, "health", resource_id=done.pk, entry=changed)
    city.do(catalogue.withdraw, "health", resource_id=open_one.pk, reason="重复报送")


def test_closed_cases_stay_where_they_were(city: City) -> None:
    resource = filed(city, "emergency")
    city.do(catalogue.withdraw, "emergency", resource_id=resource.pk, reason="重复报送")
    merge(city, "emergency", "health")
    parties = Party.objects.filter(case=Case.objects.get(pk=resource.case))
    assert city.org("health") not in set(parties.values_list("organisation_id", flat=True))


def test_the_successor_of_an_operator_sells_on(city: City) -> None:
    product = listed(city)
    city.cast.organisations["new"] = city.do(
        actions.found,
        "bureau/system_admin",
        name="新运营",
        short_name="新运营",
        roles=("operator",),
    ).pk
    city.do(actions.authorise_roles, "bureau/security_admin", organisation_id=city.org("new"))
    holding = city.do(
        actions.appoint,
        "bureau/system_admin",
        organisation_id=city.org("new"),
        title="经办",
        duties=("handler",),
        person_name="新人",
    )
    city.cast.people["new", "handler"] = (holding.person_id, holding.post_id)
    merge(city, "operator", "new")
    city.do(market.delist_product, "new", product_id=product.pk, reason="换版")


def test_a_regulator_does_not_inherit_an_operator(city: City) -> None:
    arguments = {"organisation_id": city.org("operator"), "successor_id": city.org("bureau")}
    error = refused(city, actions.succeed, "bureau/system_admin", "incompatible_roles", **arguments)
    assert isinstance(error, Conflict)
    assert "operator" in roles(city, "operator")


def test_successions_that_make_no_sense(city: City) -> None:
    same = {"organisation_id": city.org("taxation"), "successor_id": city.org("taxation")}
    refused(city, actions.succeed, "bureau/system_admin", "invalid_successor", **same)
    unknown = {"organisation_id": city.org("taxation"), "successor_id": "nobody"}
    refused(city, actions.succeed, "bureau/system_admin", "organisation_not_found", **unknown)
    refused(
        city,
        actions.succeed,
        "insurer",
        "not_permitted",
        organisation_id=city.org("taxation"),
        successor_id=city.org("health"),
    )
    merge(city, "taxation", "health")
    again = {"organisation_id": city.org("taxation"), "successor_id": city.org("emergency")}
    refused(city, actions.succeed, "bureau/system_admin", "already_succeeded", **again)
    gone = {"organisation_id": city.org("emergency"), "successor_id": city.org("taxation")}
    refused(city, actions.succeed, "bureau/system_admin", "invalid_successor", **gone)
