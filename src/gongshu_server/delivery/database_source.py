"""Entitlements from the node's database: verified grants, keys, products, suspensions.

The loader is the one place where the data plane touches the ORM; a call never does. A grant whose
row does not agree with the journal is withdrawn and alarmed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections
from django.db.models import Q

from gongshu_server.accounts.models import Key, Organisation
from gongshu_server.delivery.entitlements import Changes, KeyEntry, Product
from gongshu_server.journal import clock
from gongshu_server.market.models import Order
from gongshu_server.market.models import Product as ProductRow
from gongshu_server.oversight.models import Suspension
from gongshu_server.usage import changes
from gongshu_server.usage.compilation import compile_rows
from gongshu_server.usage.models import Change, GrantRow

SERVING = "serving"
# So many changes at once are cheaper to load from scratch.
MOST_CHANGES = 500


class DatabaseSource:
    """Reads the node's database; a full load checks every grant against the journal."""

    def epoch(self) -> int:
        """Return the number of the latest change."""
        close_old_connections()
        return changes.epoch()

    def load(self, since: int | None) -> Changes:
        """Return what changed after epoch `since`, or everything for None."""
        close_old_connections()
        latest = changes.epoch()
        touched = [] if since is None else list(Change.objects.filter(id__gt=since)[:MOST_CHANGES])
        if since is None or len(touched) == MOST_CHANGES:
            return self._everything(latest)
        ids: dict[str, set[str]] = {}
        for change in touched:
            ids.setdefault(change.kind, set()).add(change.object_id)
        return _changes(
            latest,
            complete=False,
            grants=GrantRow.objects.filter(pk__in=ids.get("grant", ())),
            keys=Key.objects.filter(pk__in=ids.get("key", ())),
            products=ProductRow.objects.filter(pk__in=ids.get("product", ())),
        )

    def _everything(self, latest: int) -> Changes:
        return _changes(
            latest,
            complete=True,
            grants=GrantRow.objects.filter(object__startswith="product:"),
            keys=Key.objects.exclude(product=""),
            products=ProductRow.objects.exclude(serving=""),
        )


def _changes(
    latest: int,
    *,
    complete: bool,
    grants: Iterable[GrantRow],
    keys: Iterable[Key],
    products: Iterable[ProductRow],
) -> Changes:
    at = clock.now()
    rows = list(grants)
    verified = compile_rows(rows, at=at)
    listed = list(products)
    organisations = Organisation.objects.values_list("id", "control_group")
    return Changes(
        epoch=latest,
        complete=complete,
        clock_offset=clock.offset(),
        keys=tuple(_keys(list(keys))),
        grants=tuple(verified),
        products=tuple(_products(listed)),
        groups=dict(organisations) if complete else {},
        withdrawn_grants=frozenset(row.pk for row in rows) - {grant.id for grant in verified},
        withdrawn_products=frozenset(row.pk for row in listed if row.state == "delisted"),
    )


def _keys(rows: list[Key]) -> Iterable[KeyEntry]:
    orders = Order.objects.filter(pk__in=[row.order for row in rows]).values_list("id", "purpose")
    purposes = dict(orders)
    posts = dict(
        Key.objects.filter(pk__in=[r.pk for r in rows]).values_list("id", "post__organisation_id")
    )
    for row in rows:
        if row.product:
            yield KeyEntry(
                digest=row.digest,
                id=row.pk,
                party=posts[row.pk],
                person=row.person_id,
                post=row.post_id,
                purpose=purposes.get(row.order, ""),
                product=row.product,
                expires_at=row.expires_at,
                revoked=row.revoked_at is not None,
            )


def _products(rows: list[ProductRow]) -> Iterable[Product]:
    suspended: dict[str, set[str]] = {}
    open_ones = Suspension.objects.filter(
        Q(until__isnull=True), product__in=[row.pk for row in rows]
    )
    for product, subject in open_ones.values_list("product", "subject"):
        suspended.setdefault(product, set()).add(subject)
    for row in rows:
        if row.serving and row.state == "listed":
            yield Product(
                id=row.pk,
                form=row.form,
                file=Path(settings.HOME) / SERVING / row.serving,
                question=str(row.question.get("question", "")),
                unit=row.unit,
                as_of=row.as_of.isoformat() if row.as_of else "",
                items=frozenset(row.items),
                subject_kind=str(row.question.get("subject", "")),
                rows=row.rows if row.form == "dataset" else None,
                suspended=frozenset(suspended.get(row.pk, ())),
            )


def compile_all(*, at: datetime) -> int:
    """Check every grant of the node against the journal and alarm what differs; return how many."""
    rows = list(GrantRow.objects.all())
    return len(rows) - len(compile_rows(rows, at=at))
