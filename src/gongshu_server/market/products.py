"""Writes on products: from a release to the shelf, and off it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from gongshu.vocabulary.errors import Conflict, Invalid, NotFound, NotPermitted
from gongshu_server.accounts.actors import NODE, Actor
from gongshu_server.accounts.permissions import require
from gongshu_server.cases import engine
from gongshu_server.cases.models import Case
from gongshu_server.journal.actions import action, journal
from gongshu_server.journal.ids import ulid
from gongshu_server.journal.recording import Event
from gongshu_server.market.models import DATASET, VERIFICATION, Product
from gongshu_server.usage import changes
from gongshu_server.workshop.models import Release


@dataclass(frozen=True, slots=True)
class Offer:
    """What the operator makes of a release: title, form, and the purposes it is offered for."""

    title: str
    form: str
    purposes: tuple[str, ...]


EXITS = {DATASET: "export", VERIFICATION: "service"}


@action
def file_product(
    *, release_id: str, offer: Offer, authority: str, by: Actor, at: datetime
) -> Product:
    """Take a released result into the operator's stock as a product.

    Raises Conflict before the release has gone out or when it already is a product, Invalid when
    the form does not fit the exit that was reviewed, NotPermitted for another operator.
    """
    release = _released(release_id, by=by)
    agreement = release.run.query.task.scenario.agreement
    if EXITS.get(offer.form) != release.exit or not offer.title.strip():
        raise Invalid("产品形式与审核通过的出口不一致，或缺少名称。", code="form_mismatch")
    product_id = ulid(at)
    case = engine.open_case(
        "product",
        subject=("product", product_id),
        title=f"产品：{offer.title}",
        handler=authority,
        by=by,
        at=at,
    )
    product = Product.objects.create(
        id=product_id,
        title=offer.title,
        form=offer.form,
        operator_id=by.organisation,
        release=release.pk,
        question=release.question or {},
        purposes=sorted(offer.purposes),
        unit="call" if offer.form == VERIFICATION else "copy",
        case=case.pk,
        operating_until=agreement.valid_until,
    )
    details = {"release": release.pk, "form": offer.form}
    engine.advance(case, "file", by=by, at=at, details=details)
    _mirror(product, case)
    return product


def _released(release_id: str, *, by: Actor) -> Release:
    release = Release.objects.visible_to(by).filter(pk=release_id).first()
    if release is None:
        raise NotFound("没有这项出域申请。", code="release_not_found")
    if release.operator_id != by.organisation:
        raise NotPermitted("只有协议的运营机构可以办理产品入库。", code="not_the_operator")
    if Case.objects.get(pk=release.case).state != "released":
        raise Conflict("尚未出域，不能成为产品。", code="not_released", clause="opinions-12.7")
    if Product.objects.filter(release=release.pk).exists():
        raise Conflict("这项出域结果已经入库。", code="already_a_product")
    return release


def _mirror(product: Product, case: Case) -> None:
    product.state = case.state
    product.save(update_fields=["state"])


def own(product_id: str, *, by: Actor) -> Product:
    """Return the actor's own product, locked; NotFound for any other. The node may have any."""
    product = Product.objects.select_for_update(of=("self",)).filter(pk=product_id).first()
    if product is None or by.organisation not in {product.operator_id, NODE}:
        raise NotFound("没有这个产品。", code="product_not_found")
    return product


@dataclass(frozen=True, slots=True)
class Built:
    """A serving file that was built outside the transaction, ready to be recorded.

    `snapshots` are the data versions that it answers from: resource id -> snapshot id.
    """

    serving: str
    digest: str
    items: tuple[str, ...]
    rows: int
    as_of: date
    snapshots: Mapping[str, str] = field(default_factory=dict)


@action
def record_built(*, product_id: str, built: Built, by: Actor, at: datetime) -> Product:
    """Record a new serving file; hosts use it from their next answer.

    The node builds by itself; beside it only the product's operator does.
    """
    require(by, "product.build", clause="opinions-10.1")
    product = Product.objects.select_for_update(of=("self",)).filter(pk=product_id).first()
    if product is None or by.organisation not in {product.operator_id, NODE}:
        raise NotFound("没有这个产品。", code="product_not_found")
    product.serving = built.serving
    product.content_digest = built.digest
    product.items = sorted(built.items)
    product.rows = built.rows
    product.as_of = built.as_of
    product.snapshots = dict(built.snapshots)
    product.built_at = at
    changed = ("serving", "content_digest", "items", "rows", "as_of", "snapshots", "built_at")
    product.save(update_fields=changed)
    details = {"serving": built.serving, "digest": built.digest, "items": product.items}
    details |= {"snapshots": product.snapshots, "rows": built.rows}
    journal(Event("product.built", ("product", product.pk), "opinions-10.1", details), by=by, at=at)
    changes.note("product", product.pk, at=at)
    return product


@action
def list_product(*, product_id: str, by: Actor, at: datetime) -> Product:
    """Put a built product on the shelf, with its price open to everybody (65号 五)."""
    product = own(product_id, by=by)
    if not product.serving:
        raise Conflict("产品还没有构建，不能上架。", code="not_built")
    case = engine.locked(product.case, by=by)
    engine.advance(case, "list", by=by, at=at)
    _mirror(product, case)
    return product


@action
def delist_product(*, product_id: str, reason: str, by: Actor, at: datetime) -> Product:
    """Take a product off the shelf; no new order is taken, running grants end with their orders.

    Its operator does; the platform does when the agreement or a source of the product has ended.
    """
    product = own(product_id, by=by)
    case = engine.locked(product.case, by=by)
    engine.advance(case, "delist", by=by, at=at, reason=reason)
    _mirror(product, case)
    return product


def listed(product_id: str, purposes: Sequence[str] = ()) -> Product:
    """Return a listed product; NotFound for an unknown or unlisted one (S10)."""
    product = Product.objects.filter(pk=product_id, state="listed").first()
    if product is None:
        raise NotFound("没有这个产品。", code="product_not_found")
    missing = set(purposes) - set(product.purposes)
    if missing:
        raise Invalid("产品不提供给这个用途，请联系运营机构。", code="purpose_not_offered")
    return product
