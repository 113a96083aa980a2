"""Registrations: who registered which resource or product, and the query code it got."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef

from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import Case

RESOURCE_KIND, PRODUCT_KIND = "resource", "product"
# In these states a registration is made public (26号 第12条、第13条).
PUBLIC_STATES = frozenset({"publicised", "objected", "registered"})


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Registrations, by who may see more of them than the public does."""

    def visible_to(self, by: Actor) -> RegistrationQuerySet:
        """Return the registrations whose case the actor may see."""
        return self.filter(Exists(Case.objects.visible_to(by).filter(pk=OuterRef("case"))))


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

    objects = RegistrationQuerySet.as_manager()

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
