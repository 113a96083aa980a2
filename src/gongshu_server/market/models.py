"""Products, their prices, orders and bills."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from gongshu_server.accounts.actors import Actor

PRODUCT = "market.Product"
ORGANISATION = "accounts.Organisation"
WATCHERS = frozenset(
    {
        "data_authority",
        "implementing_body",
        "authorising_body",
        "price_authority",
        "audit_office",
        "node",
    }
)
DATASET, VERIFICATION = "dataset", "verification"


class ProductQuerySet(models.QuerySet["Product"]):
    """Products, by who may see them."""

    def visible_to(self, by: Actor) -> ProductQuerySet:
        """Return listed products, and the unlisted ones of the actor's organisation."""
        if by.roles & WATCHERS:
            return self
        return self.filter(Q(state="listed") | Q(operator_id=by.organisation))


class Product(models.Model):
    """A product of a release: a dataset (result export) or a verification (in-domain service)."""

    id = models.CharField(primary_key=True, max_length=26)
    title = models.CharField(max_length=120)
    form = models.CharField(
        max_length=12, choices=[(DATASET, "数据集"), (VERIFICATION, "数据核验")]
    )
    operator = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    release = models.CharField(max_length=26, unique=True)
    question = models.JSONField(default=dict)
    items = models.JSONField(default=list)
    purposes = models.JSONField(default=list)
    unit = models.CharField(max_length=12, default="call")
    serving = models.CharField(max_length=200, blank=True, help_text="below the serving folder")
    content_digest = models.CharField(max_length=64, blank=True)
    rows = models.PositiveIntegerField(default=0)
    as_of = models.DateField(null=True)
    snapshots = models.JSONField(default=dict, help_text="resource id -> snapshot id served")
    built_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, default="draft")
    case = models.CharField(max_length=26, unique=True)
    price_case = models.CharField(max_length=26, blank=True)
    delivered_at = models.DateTimeField(null=True, help_text="first order in use")
    operating_until = models.DateTimeField()

    objects = ProductQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title


class Price(models.Model):
    """A price limit of a product: the trial price or, later, the ceiling."""

    product = models.ForeignKey(PRODUCT, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=8, choices=[("trial", "试行收费标准"), ("ceiling", "上限收费标准")]
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="market_price_not_negative"),
            models.UniqueConstraint(
                fields=["product"], condition=Q(valid_until__isnull=True), name="market_one_price"
            ),
        ]


class PermittedRevenue(models.Model):
    """The maximum permitted revenue that the price authority has fixed (65号 二、三)."""

    product = models.ForeignKey(PRODUCT, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    calculation = models.JSONField()
    fixed_at = models.DateTimeField()
    review_by = models.DateTimeField()


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders, by who may see them."""

    def visible_to(self, by: Actor) -> OrderQuerySet:
        """Return the orders of the actor's organisation as buyer or operator."""
        if by.roles & WATCHERS:
            return self
        return self.filter(Q(buyer_id=by.organisation) | Q(product__operator_id=by.organisation))


class Order(models.Model):
    """An order of a product: purpose, price, quota and term; accepted, it yields a grant."""

    id = models.CharField(primary_key=True, max_length=26)
    product = models.ForeignKey(PRODUCT, on_delete=models.PROTECT, related_name="+")
    buyer = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=32)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    quota = models.PositiveIntegerField()
    valid_until = models.DateTimeField()
    undertaking = models.TextField()
    grant = models.CharField(max_length=26, blank=True)
    case = models.CharField(max_length=26, unique=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="market_order_price"),
            models.CheckConstraint(condition=Q(quota__gt=0), name="market_order_quota"),
        ]


class Bill(models.Model):
    """A bill of one order over a half-open period of days; it equals the metered uses."""

    id = models.CharField(primary_key=True, max_length=26)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    first_day = models.DateField()
    end_day = models.DateField()
    uses = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=2)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    segments = models.JSONField(help_text="the use segments that it adds up")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "first_day"], name="market_one_bill_a_period"),
            models.CheckConstraint(condition=Q(uses=0) | Q(total__gte=0), name="market_bill_total"),
        ]
