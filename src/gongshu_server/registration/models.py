"""Registrations: who registered which resource or product, and the query code it got."""

from __future__ import annotations

from django.db import models

RESOURCE_KIND, PRODUCT_KIND = "resource", "product"


class Registration(models.Model):
    """A registration of one resource (by the implementing body) or product (by the operator)."""

    id = models.CharField(primary_key=True, max_length=26)
    kind = models.CharField(
        max_length=10, choices=[(RESOURCE_KIND, "数据资源"), (PRODUCT_KIND, "产品和服务")]
    )
    subject_id = models.CharField(max_length=26)
    title = models.CharField(max_length=120)
    summary = models.TextField()
    registrant = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    body = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    case = models.CharField(max_length=26, unique=True)
    open = models.BooleanField(default=True, help_text="no other may be opened on the subject")
    operating_until = models.DateTimeField(null=True)
    code = models.CharField(max_length=40, blank=True)
    code_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_id"],
                condition=models.Q(open=True),
                name="registration_one_open",
            ),
            models.UniqueConstraint(
                fields=["code"], condition=~models.Q(code=""), name="registration_code_once"
            ),
        ]
