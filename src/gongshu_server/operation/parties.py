"""The organisations that operation speaks of: by id, with the role that their part needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import Q

from gongshu.vocabulary.permissions import ORGANISATION_ROLES
from gongshu_server.accounts.models import Organisation, OrganisationRole
from gongshu_server.operation.faults import Fault


def holding(role: str, organisations: Iterable[str], *, at: datetime) -> dict[str, Organisation]:
    """Return those of the organisations that hold the role at `at` and are still in business."""
    running = Q(valid_from__lte=at) & (Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    held = OrganisationRole.objects.filter(
        running, role=role, organisation_id__in=list(organisations)
    )
    found = Organisation.objects.filter(
        pk__in=held.values("organisation_id"), successor__isnull=True
    )
    return {organisation.pk: organisation for organisation in found}


def without_role(
    role: str, organisations: Iterable[str], *, clause: str, at: datetime
) -> Iterator[Fault]:
    """Yield a fault for each organisation that lacks the role, or one when none is named."""
    asked = list(dict.fromkeys(organisations))
    zh = ORGANISATION_ROLES[role]
    if not asked:
        yield Fault(f"role.{role}", f"没有写明{zh}", clause)
    held = holding(role, asked, at=at)
    names = dict(Organisation.objects.filter(pk__in=asked).values_list("id", "name"))
    for code in asked:
        if code not in held:
            name = names.get(code, code or "（未填）")
            yield Fault(f"role.{role}", f"“{name}”目前不是{zh}，请改填一家{zh}", clause)


def control_groups(organisations: Iterable[str]) -> set[str]:
    """Return the control groups of the organisations as they are now."""
    rows = Organisation.objects.filter(pk__in=list(organisations))
    return set(rows.values_list("control_group", flat=True))
