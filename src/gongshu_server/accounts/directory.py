"""Who is who, for forms: the organisations that hold a role now, by name."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from gongshu_server.accounts.models import Organisation, OrganisationRole


def holders(*roles: str, at: datetime, most: int = 200) -> list[tuple[str, str]]:
    """Return (id, name) of the organisations that hold one of the roles at `at`, by name.

    At most `most`: a list to choose from, not the register of organisations.
    """
    held = OrganisationRole.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=at),
        organisation=OuterRef("pk"),
        role__in=roles,
        valid_from__lte=at,
    )
    rows = Organisation.objects.filter(Exists(held), successor__isnull=True).order_by("name")
    return list(rows.values_list("id", "name")[:most])
