"""Who may act: role and duty together; and what may not be held together."""

from __future__ import annotations

import re

import pytest

from gongshu.vocabulary.events import EVENTS
from gongshu.vocabulary.permissions import (
    INCOMPATIBLE_ROLES,
    ORGANISATION_ROLES,
    PERMISSIONS,
    POST_DUTIES,
    incompatible,
)

OPERATING = {"operator", "developer"}
SUPERVISING = {
    "data_authority",
    "security_reviewer",
    "sector_authority",
    "audit_office",
    "price_authority",
    "registration_body",
}


@pytest.mark.parametrize("code", sorted(PERMISSIONS))
def test_every_permission_is_granted_to_known_roles_and_duties(code: str) -> None:
    one = PERMISSIONS[code]
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", code)
    assert one.zh
    assert one.organisation_roles
    assert one.organisation_roles <= set(ORGANISATION_ROLES)
    assert one.duties
    assert one.duties <= set(POST_DUTIES)


def test_role_and_duty_are_needed_together() -> None:
    one = PERMISSIONS["release.security_vote"]
    assert one.granted_to(roles={"security_reviewer"}, duties={"reviewer"})
    assert not one.granted_to(roles={"security_reviewer"}, duties={"handler"})
    assert not one.granted_to(roles={"operator"}, duties={"reviewer"})
    assert not one.granted_to(roles=(), duties=POST_DUTIES)


@pytest.mark.clause("opinions-12.5")
def test_the_two_votes_and_the_signature_share_no_mandate() -> None:
    security = PERMISSIONS["release.security_vote"].organisation_roles
    compliance = PERMISSIONS["release.compliance_vote"].organisation_roles
    author = PERMISSIONS["release.submit"].organisation_roles
    signing = PERMISSIONS["release.sign_off"]
    assert not security & compliance
    assert not author & (security | compliance | signing.organisation_roles)
    assert signing.duties == {"head"}
    assert PERMISSIONS["release.open_votes"].organisation_roles == {"node"}


def test_nobody_but_the_platform_is_the_platform() -> None:
    for one in PERMISSIONS.values():
        if one.duties == {"system"}:
            assert one.organisation_roles == {"node"}


@pytest.mark.clause("opinions-11.1")
def test_no_supervisor_operates() -> None:
    pairs = {frozenset(pair) for pair in INCOMPATIBLE_ROLES}
    assert len(pairs) == len(INCOMPATIBLE_ROLES)
    for operating in OPERATING:
        for supervising in SUPERVISING:
            assert frozenset({operating, supervising}) in pairs
    for pair in pairs:
        assert pair <= set(ORGANISATION_ROLES)


@pytest.mark.clause("opinions-11.1")
def test_incompatible_names_every_pair_and_lets_others_be() -> None:
    # One body may hold both: 管理机构 and 实施机构 are two recorded roles.
    assert incompatible({"data_authority", "implementing_body", "provider"}) == ()
    assert incompatible({"operator", "developer", "data_user"}) == ()
    assert incompatible({"operator", "data_authority"}) == (("operator", "data_authority"),)
    found = incompatible({"operator", "developer", "audit_office"})
    assert set(found) == {("operator", "audit_office"), ("developer", "audit_office")}


def test_no_permission_is_left_over_for_supervisors_who_operate() -> None:
    # The mandates that judge the operator never include the operator's own side.
    for code in (
        "registration.accept",
        "registration.pass_review",
        "price.fix_permitted_revenue",
        "price.set_ceilings",
        "agreement.sign",
        "scenario.approve",
        "opening.approve",
        "audit.read",
    ):
        assert not PERMISSIONS[code].organisation_roles & OPERATING, code


def test_events_are_named_by_context_and_in_chinese() -> None:
    assert len(set(EVENTS.values())) == len(EVENTS)
    for code, zh in EVENTS.items():
        assert re.fullmatch(r"denied|[a-z]+\.[a-z_]+", code), code
        assert re.search("[一-鿿]", zh), code


def test_the_server_finds_the_permissions_that_belong_to_no_procedure() -> None:
    for code in (
        "workshop.draft",
        "workshop.run",
        "product.build",
        "grant.revoke",
        "key.issue",
        "ledger.read",
        "audit.read",
        "organisation.manage",
        "person.manage",
        "delegation.give",
        "authorisation.give",
    ):
        assert code in PERMISSIONS
