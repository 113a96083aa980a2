"""Database leases: one process at a time does a piece of work; a dead holder's lease runs out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from gongshu_server.journal.models import Lease


def take(name: str, *, holder: str, at: datetime, seconds: int) -> bool:
    """Take or renew the lease `name` until `at + seconds`; return whether it is ours."""
    until = at + timedelta(seconds=seconds)
    with transaction.atomic():
        lease, created = Lease.objects.get_or_create(
            name=name, defaults={"holder": holder, "until": until}
        )
        if created:
            return True
        free = Q(holder=holder) | Q(until__lte=at)
        taken = Lease.objects.filter(free, pk=lease.pk).update(holder=holder, until=until)
    return taken == 1


def drop_all() -> None:
    """Drop every lease: in a restored database they are those of another node's processes."""
    Lease.objects.all().delete()
