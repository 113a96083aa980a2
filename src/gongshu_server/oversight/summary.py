"""How much there is on a node, for the open portal's front page: counted, never kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from gongshu_server.cases.models import Case
from gongshu_server.catalogue.models import Resource
from gongshu_server.market.models import Product
from gongshu_server.registration.models import Registration


@dataclass(frozen=True, slots=True)
class Numbers:
    """Published resources, those of them that are open, products on the shelf, registrations."""

    resources: int
    opened: int
    products: int
    publicised: int
    registered: int


def numbers(*, at: datetime) -> Numbers:
    """Return what anybody may count at `at`; four queries over indexed columns."""
    published = Resource.objects.public()
    counted = published.aggregate(
        all=Count("pk"), opened=Count("pk", filter=~Q(open_attribute="closed"))
    )
    running = Case.objects.filter(procedure="registration", state__in=("publicised", "objected"))
    return Numbers(
        resources=counted["all"],
        opened=counted["opened"],
        products=Product.objects.filter(state="listed").count(),
        publicised=running.filter(opened_at__lte=at).count(),
        registered=Registration.objects.exclude(code="").filter(valid_until__gt=at).count(),
    )
