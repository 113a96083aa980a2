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
