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
from django.db.models import F

from gongshu.policy import Grant
from gongshu_server.accounts.models import Key, Organisation
from gongshu_server.delivery.entitlements import Changes, KeyEntry, Product
from gongshu_server.journal import clock
from gongshu_server.market.models import Order
from gongshu_server.market.models import Product as ProductRow
from gongshu_server.oversight.models import Suspension
from gongshu_server.usage import changes
from gongshu_server.usage.compilation import MOST_IDS, batched, compile_rows
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
            keys=Key.objects.filter(pk__in=ids.get("key", ())).select_related("post"),
            products=ProductRow.objects.filter(pk__in=ids.get("product", ())),
        )

    def _everything(self, latest: int) -> Changes:
        return _changes(
            latest,
            complete=True,
            grants=GrantRow.objects.filter(object__startswith="product:"),
            keys=Key.objects.exclude(product="").select_related("post"),
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
    key_entries = tuple(_keys(list(keys)))
    return Changes(
        epoch=latest,
        complete=complete,
        clock_offset=clock.offset(),
        keys=key_entries,
        grants=tuple(verified),
        products=tuple(_products(listed)),
        groups=dict(organisations) if complete else _groups(key_entries, verified),
        withdrawn_grants=frozenset(row.pk for row in rows) - {grant.id for grant in verified},
        withdrawn_products=frozenset(row.pk for row in listed if row.state == "delisted"),
    )


def _groups(keys: Iterable[KeyEntry], grants: Iterable[Grant]) -> dict[str, str]:
    """Return the control groups of the parties of a change that belong to another one's.

    An organisation that was founded after the last full load would otherwise count for itself, and
    its group would have its quotas twice.
    """
    parties = {*(key.party for key in keys), *(grant.grantee for grant in grants)}
    related = Organisation.objects.filter(pk__in=parties).exclude(control_group=F("id"))
    return dict(related.values_list("id", "control_group"))


def _keys(rows: list[Key]) -> Iterable[KeyEntry]:
    # By order, buyer and product: naming another's order gives a key none of its purpose, and so
    # nothing of the capacity that is kept for public governance.
    purposes: dict[tuple[str, str, str], str] = {}
    for some in batched({row.order for row in rows}, MOST_IDS):
        orders = Order.objects.filter(pk__in=some)
        for *whose, purpose in orders.values_list("id", "buyer_id", "product_id", "purpose"):
            purposes[whose[0], whose[1], whose[2]] = purpose
    for row in rows:
        if row.product:
            yield KeyEntry(
                digest=row.digest,
                id=row.pk,
                party=row.post.organisation_id,
                person=row.person_id,
                post=row.post_id,
                purpose=purposes.get((row.order, row.post.organisation_id, row.product), ""),
                product=row.product,
                expires_at=row.expires_at,
                revoked=row.revoked_at is not None,
            )


def _products(rows: list[ProductRow]) -> Iterable[Product]:
    suspended: dict[str, set[str]] = {}
    open_ones = Suspension.objects.filter(until__isnull=True).values_list("product", "subject")
    for some in batched([row.pk for row in rows], MOST_IDS):
        for product, subject in open_ones.filter(product__in=some):
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
