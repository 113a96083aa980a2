"""Plans, agreements, scenario applications and the opinions of data-source units.

States live in the cases; a row here says what was asked and agreed, as the documents say it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import SUPERVISORS, Party

ORGANISATION = "accounts.Organisation"
AGREEMENT = "operation.Agreement"
SCENARIO = "operation.Scenario"


class CaseSubjectQuerySet(models.QuerySet):
    """Rows that a case is about, by who may see them."""

    def visible_to(self, by: Actor) -> CaseSubjectQuerySet:
        """Return the rows whose case the actor's organisation takes part in or supervises."""
        if by.roles & SUPERVISORS:
            return self
        party = Party.objects.filter(case_id=OuterRef("case"), organisation_id=by.organisation)
        return self.filter(Exists(party))

    def locked(self) -> CaseSubjectQuerySet:
        """Return the same rows, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Plan(models.Model):
    """An implementation plan (实施方案, 27号 第9条) with its twelve mandatory items."""

    id = models.CharField(primary_key=True, max_length=26)
    title = models.CharField(max_length=160)
    mode = models.CharField(
        max_length=10,
        choices=[("whole", "整体授权"), ("sector", "分领域授权"), ("scenario", "依场景授权")],
    )
    implementing_body = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    contents = models.JSONField(help_text="item code -> text")
    case = models.CharField(max_length=26)
    created_at = models.DateTimeField()

    objects = CaseSubjectQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title


class Agreement(models.Model):
    """An operating agreement (授权运营协议, 27号 第14条): the ceiling of its scenarios."""

    id = models.CharField(primary_key=True, max_length=26)
    plan = models.ForeignKey("operation.Plan", on_delete=models.PROTECT, related_name="+")
    operator = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    implementing_body = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    selection = models.CharField(
        max_length=16,
        choices=[
            ("open_tender", "公开招标"),
            ("invited_tender", "邀请招标"),
            ("negotiation", "谈判"),
            ("other", "其他公平竞争方式"),
        ],
    )
    selection_record = models.CharField(max_length=120, help_text="文号 of the selection's result")
    contents = models.JSONField(help_text="item code -> text")
    scope = models.JSONField(help_text="[{resource, items, exits}]")
    purposes = models.JSONField()
    businesses = models.JSONField()
    regions = models.JSONField(help_text="division-code prefixes; empty: not limited")
    minimum = models.PositiveIntegerField(help_text="fewest subjects behind a released number")
    max_rows = models.PositiveIntegerField(null=True)
    products = models.JSONField(help_text="[{title, form}]")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    case = models.CharField(max_length=26)
    created_at = models.DateTimeField()

    objects = CaseSubjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="operation_agreement_period"
            )
        ]


class ReviewingBody(models.Model):
    """A body that the agreement names for security or compliance review (27号 第14条第三项)."""

    agreement = models.ForeignKey(AGREEMENT, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=10, choices=[("security", "安全审核"), ("compliance", "业务规范性审核")]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "organisation"], name="operation_reviews_one_thing"
            )
        ]


class Scenario(models.Model):
    """A scenario application (一场景一申请): one purpose, one developer, inside one agreement."""

    id = models.CharField(primary_key=True, max_length=26)
    agreement = models.ForeignKey(AGREEMENT, on_delete=models.PROTECT, related_name="+")
    applicant = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    developer = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    purpose = models.CharField(max_length=32)
    businesses = models.JSONField()
    regions = models.JSONField(help_text="division-code prefixes; empty: as the agreement")
    minimum = models.PositiveIntegerField()
    max_rows = models.PositiveIntegerField(null=True)
    scope = models.JSONField(help_text="[{resource, items, exits}]")
    valid_until = models.DateTimeField()
    undertakings = models.JSONField(help_text="[{code, zh, clause}]")
    case = models.CharField(max_length=26)
    created_at = models.DateTimeField()

    objects = CaseSubjectQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title


class ProviderOpinion(models.Model):
    """What a data-source unit says to a scenario that uses its data (27号 第5条)."""

    scenario = models.ForeignKey(SCENARIO, on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    agreed = models.BooleanField()
    opinion = models.TextField(blank=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scenario", "provider"], name="operation_opinion_once")
        ]
