"""Objections to single records, and the suspensions that they bring about."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from gongshu_server.accounts.actors import Actor

ORGANISATION = "accounts.Organisation"


class ObjectionQuerySet(models.QuerySet["Objection"]):
    """Objections, by who may see them."""

    def visible_to(self, by: Actor) -> ObjectionQuerySet:
        """Return those that the actor's organisation raised, has to answer, or watches over."""
        if by.roles & {"data_authority", "audit_office", "node"}:
            return self
        return self.filter(Q(raiser_id=by.organisation) | Q(provider_id=by.organisation))


class Objection(models.Model):
    """An objection with real name to one record of one product (《意见》四)."""

    id = models.CharField(primary_key=True, max_length=26)
    product = models.CharField(max_length=26)
    resource = models.CharField(max_length=26)
    provider = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    raiser = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=64, help_text="keyed commitment of the record's subject")
    statement = models.TextField()
    case = models.CharField(max_length=26, unique=True)

    objects = ObjectionQuerySet.as_manager()


class Suspension(models.Model):
    """One record of one product that answers 异议处理中 while an objection runs."""

    product = models.CharField(max_length=26)
    subject = models.CharField(max_length=64)
    objection = models.ForeignKey(Objection, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "subject"],
                condition=Q(until__isnull=True),
                name="oversight_suspended_once",
            )
        ]


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    """Complaints, by who may see them."""

    def visible_to(self, by: Actor) -> ComplaintQuerySet:
        """Return the actor's own, those that their body handles, and to auditors the others.

        A complaint about the actor's own organisation is there for who lodged it and nobody else.
        """
        own = Q(complainant_id=by.organisation, complainant_person=by.person)
        handled = Q(handler_id=by.organisation)
        if by.roles & {"audit_office", "node"}:
            handled = Q()
        elsewhere = Q(reported__isnull=True) | ~Q(reported_id=by.organisation)
        return self.filter((own & ~Q(complainant_person="")) | (handled & elsewhere))


class Complaint(models.Model):
    """A complaint about an organisation, a product or a price (《意见》五).

    Who lodged it stands here and nowhere else; no interface shows these columns.
    """

    id = models.CharField(primary_key=True, max_length=26)
    about_kind = models.CharField(
        max_length=12, choices=[("organisation", "机构"), ("product", "产品"), ("price", "价格")]
    )
    about_id = models.CharField(max_length=26)
    reported = models.ForeignKey(
        ORGANISATION, null=True, on_delete=models.PROTECT, related_name="+"
    )
    handler = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    complainant = models.ForeignKey(
        ORGANISATION, null=True, on_delete=models.PROTECT, related_name="+"
    )
    complainant_person = models.CharField(max_length=26, blank=True)
    contact = models.CharField(max_length=200, blank=True)
    statement = models.TextField()
    answer = models.TextField(blank=True)
    digest = models.CharField(max_length=64, unique=True, help_text="keyed, of the progress token")
    case = models.CharField(max_length=26, unique=True)
    submitted_at = models.DateTimeField()

    objects = ComplaintQuerySet.as_manager()


class AuditAccessQuerySet(models.QuerySet["AuditAccess"]):
    """Audit accesses, by who may see them."""

    def visible_to(self, by: Actor) -> AuditAccessQuerySet:
        """Return those of the actor's own audits or data, all to the data authority."""
        if by.roles & {"data_authority", "node"}:
            return self
        return self.filter(Q(auditor_id=by.organisation) | Q(provider_id=by.organisation))


class AuditAccess(models.Model):
    """An auditor's access to the content of a resource: items and period (审计法 第34条)."""

    id = models.CharField(primary_key=True, max_length=26)
    resource = models.ForeignKey("catalogue.Resource", on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    auditor = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    items = models.JSONField(default=list)
    valid_until = models.DateTimeField()
    case = models.CharField(max_length=26, unique=True)
    created_at = models.DateTimeField()

    objects = AuditAccessQuerySet.as_manager()
