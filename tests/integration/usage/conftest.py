"""A published resource, an agreement's ceiling on it, and grants under that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gongshu.policy import Grant, Quota
from gongshu_server.catalogue.models import Resource
from gongshu_server.journal.ids import ulid
from gongshu_server.usage import actions
from gongshu_server.usage.models import GrantRow
from integration.city import City, agreed, finished_case, published


class Granting:
    """Issues grants as the effects do, from cases that may yield them."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.resource: Resource = published(city)
        self.agreement = agreed(city)
        case = finished_case(city, "scenario_application", "approved", ("operator", "developer"))
        self.scenario_case = case.pk

    def ceiling(self, **changes: Any) -> Grant:
        """Return the agreement's ceiling on the resource; nobody can use it."""
        at = self.city.at
        plain = Grant(
            id=ulid(at),
            grantee=self.agreement.pk,
            object=f"resource:{self.resource.pk}",
            actions=frozenset({"query", "build", "export"}),
            items=frozenset({"统一社会信用代码", "许可状态"}),
            purposes=frozenset({"industry", "public_governance"}),
            businesses=frozenset({"resource_development"}),
            regions=frozenset({"1399"}),
            valid_from=at,
            valid_until=at + timedelta(days=1000),
            quota=Quota(100, "month"),
            minimum=10,
            max_rows=1000,
            subject_authorisation=False,
            undertakings=(),
            clause="27-14",
            clauses={},
            case=self.agreement.case,
            parent=None,
            scenario=None,
        )
        return replace(plain, **changes)

    def under(self, parent: Grant, **changes: Any) -> Grant:
        """Return the developer's grant under the ceiling, narrower in nothing unless said so."""
        mine = {
            "id": ulid(self.city.at),
            "grantee": self.city.org("developer"),
            "case": self.scenario_case,
            "parent": parent.id,
            "clause": "opinions-3.4",
        }
        return replace(parent, **mine | changes)

    def issue(self, grant: Grant) -> GrantRow:
        """Issue a grant, a minute later, given by the bureau."""
        row: GrantRow = self.city.do(
            actions.issue, "bureau/head", grant=grant, giver=self.city.org("bureau")
        )
        return row


@pytest.fixture
def granting(city: City) -> Granting:
    """Return what issues grants on one published resource."""
    return Granting(city)
