"""Issuing against revoking: whichever comes first, no grant lives under one that has ended."""

from __future__ import annotations

from functools import partial

import pytest

from gongshu.vocabulary.errors import DomainError, InvalidTransition
from gongshu_server.market import actions as market
from gongshu_server.usage import actions, queries
from gongshu_server.usage.models import GrantRow
from integration.city import City, events, listed
from integration.market.test_orders import accepted
from integration.usage.conftest import Granting
from races.racing import Gate, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def alive(city: City) -> set[str]:
    """Return the grants that are in force after everything."""
    city.later()
    return {g.id for g in queries.full_index(at=city.at) if g.valid_from <= city.at < g.ends}


def test_a_ceiling_is_revoked_while_a_grant_is_issued_under_it(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The issue has looked at the ceiling and found it in force when the revocation comes."""
    granting = Granting(city)
    outer = granting.ceiling()
    granting.issue(outer)
    inner = granting.under(outer)
    gate = Gate()
    monkeypatch.setattr(actions, "contained", gate.holding(actions.contained))
    by, at = city.actor("bureau", "head"), city.later()
    giver = city.org("bureau")
    at_once(
        partial(actions.issue, grant=inner, giver=giver, by=by, at=at),
        gate.meanwhile(partial(actions.revoke, grant_id=outer.id, reason="违约", by=by, at=at)),
    )
    assert alive(city) & {outer.id, inner.id} == set()


def test_a_grant_is_issued_while_its_ceiling_is_being_revoked(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way round: the revocation has begun, and is not committed, when the issue looks."""
    granting = Granting(city)
    outer = granting.ceiling()
    granting.issue(outer)
    inner = granting.under(outer)
    gate = Gate()
    monkeypatch.setattr(actions, "withdraw", gate.holding(actions.withdraw))
    by, at = city.actor("bureau", "head"), city.later()
    giver = city.org("bureau")
    at_once(
        partial(actions.revoke, grant_id=outer.id, reason="违约", by=by, at=at),
        gate.meanwhile(partial(actions.issue, grant=inner, giver=giver, by=by, at=at)),
    )
    assert not GrantRow.objects.filter(pk=inner.id).exists()
    assert alive(city) & {outer.id, inner.id} == set()


def test_a_family_is_revoked_from_both_ends(city: City) -> None:
    """Two revocations that meet in the middle: everything ends, once."""
    granting = Granting(city)
    outer = granting.ceiling()
    middle = granting.under(outer)
    inner = granting.under(middle, grantee=city.org("operator"))
    for grant in (outer, middle, inner):
        granting.issue(grant)
    by, at = city.actor("bureau", "head"), city.later()
    at_once(
        partial(actions.revoke, grant_id=outer.id, reason="违约", by=by, at=at),
        partial(actions.revoke, grant_id=middle.id, reason="场景结束", by=by, at=at),
    )
    assert alive(city) & {outer.id, middle.id, inner.id} == set()
    assert not GrantRow.objects.filter(
        revoked_at__isnull=True, case=granting.scenario_case
    ).exists()


def test_an_order_ends_while_its_grant_is_revoked(city: City) -> None:
    """One locks the head row first, the other the grant: neither waits for ever."""
    orders = [accepted(city, listed(city)) for _ in range(3)]
    for order in orders:
        operator, bureau, at = city.actor("operator"), city.actor("bureau"), city.later()
        answers = at_once(
            partial(market.revoke_order, order_id=order.pk, reason="违约", by=operator, at=at),
            partial(actions.revoke, grant_id=order.grant, reason="违约", by=bureau, at=at),
        )
        refusals = [a for a in answers if isinstance(a, DomainError)]
        assert all(isinstance(a, InvalidTransition) for a in refusals)
    assert alive(city) & {order.grant for order in orders} == set()
    assert len(events("grant.revoked")) == len(orders)
