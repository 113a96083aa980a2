"""What stands on the front page of the workbench beside the inbox: what is mine, in numbers.

Every number is counted when the page is read, and leads to the list that it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from gongshu.procedures import all_procedures
from gongshu_server.accounts.actors import Actor
from gongshu_server.cases import queries as cases
from gongshu_server.catalogue.models import Resource
from gongshu_server.market import shelf
from gongshu_server.operation.models import Scenario
from gongshu_server.portal.speech import say


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name, and the list that it counts."""

    zh: Any
    number: int
    url: str


Counted = tuple[Any, str, Callable[[Actor], QuerySet[Any]]]
_SCENARIOS: Counted = (_("场景申请"), "operation:scenarios", Scenario.objects.visible_to)
_ORDERS: Counted = (_("订单"), "market:orders", lambda by: shelf.orders(by=by))
# What an organisation in the role calls its own.
MINE: Mapping[str, tuple[Counted, ...]] = MappingProxyType(
    {
        "provider": (
            (
                _("我的目录"),
                "catalogue:own",
                lambda by: Resource.objects.filter(provider_id=by.organisation),
            ),
        ),
        "implementing_body": (_SCENARIOS,),
        "operator": (
            _SCENARIOS,
            (
                _("我的产品"),
                "market:own",
                lambda by: shelf.products(by).filter(operator_id=by.organisation),
            ),
        ),
        "developer": (_SCENARIOS,),
        "data_user": (_ORDERS,),
        "public": (_ORDERS,),
    }
)


def figures(hat: str, *, by: Actor) -> list[Figure]:
    """Return what is the reader's in the role, then their open cases by procedure."""
    own = [
        Figure(zh, counted(by).count(), reverse(address))
        for zh, address, counted in MINE.get(hat, ())
    ]
    rows = cases.cases(by=by, open_only=True).order_by().values("procedure")
    found = {row["procedure"]: row["n"] for row in rows.annotate(n=Count("pk"))}
    running = [
        Figure(
            _("在办：%(procedure)s") % {"procedure": say(table.zh)},
            found[table.code],
            f"{reverse('cases')}?procedure={table.code}&open=1",
        )
        for table in all_procedures()
        if table.code in found
    ]
    return own + running
