"""Grants as issued, the log of changes that serving hosts follow, and metered uses."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from gongshu_server.accounts.actors import Actor

WATCHERS = frozenset({"data_authority", "audit_office", "node"})


class GrantQuerySet(models.QuerySet["GrantRow"]):
    """Grants, by who may see them."""

    def visible_to(self, by: Actor) -> GrantQuerySet:
        """Return the grants that the actor's organisation received or has to watch over."""
        if by.roles & WATCHERS:
            return self
        return self.filter(Q(grantee=by.organisation) | Q(giver=by.organisation))


class GrantRow(models.Model):
    """A grant. `body` is its canonical form; a row that differs from its entry has no effect."""

    id = models.CharField(primary_key=True, max_length=26)
    grantee = models.CharField(max_length=26)
    giver = models.CharField(max_length=26)
    object = models.CharField(max_length=40)
    body = models.TextField()
    case = models.CharField(max_length=26)
    parent = models.CharField(max_length=26, blank=True)
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["grantee", "object"]),
            models.Index(fields=["object"]),
            models.Index(fields=["case"]),
        ]


class Change(models.Model):
    """One change that serving hosts must know before their next answer; its id is the epoch."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=12)
    object_id = models.CharField(max_length=64)
    at = models.DateTimeField()


class AlarmQuerySet(models.QuerySet["Alarm"]):
    """Alarms, by who may see them."""

    def visible_to(self, by: Actor) -> AlarmQuerySet:
        """Return all alarms to those who watch over the node, none to anybody else."""
        return self if by.roles & WATCHERS else self.none()


class Alarm(models.Model):
    """A row that was edited under the ledger, or another breach of the node's own rules."""

    kind = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    sentence = models.TextField()
    raised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id"],
                condition=Q(closed_at__isnull=True),
                name="usage_alarm_once",
            )
        ]


class Segment(models.Model):
    """A closed segment of use records: one Merkle tree, whose root is one ledger entry."""

    id = models.CharField(primary_key=True, max_length=64, help_text="the segment file's name")
    root = models.CharField(max_length=64)
    records = models.PositiveIntegerField()
    collected_at = models.DateTimeField()
    entry = models.CharField(max_length=26)


class Metered(models.Model):
    """What one grant used in one segment; bills and disclosure add these up."""

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+")
    grant = models.CharField(max_length=26)
    product = models.CharField(max_length=26)
    party = models.CharField(max_length=26)
    day = models.DateField()
    allowed = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()
    amount = models.PositiveIntegerField(help_text="charge units of the allowed uses")

    class Meta:
        # What is added up stands in the index itself: no sum reads the rows, which are many.
        indexes = [
            models.Index(
                fields=["grant", "day", "allowed", "refused", "amount"], name="usage_of_grant"
            ),
            models.Index(fields=["product", "day", "allowed"], name="usage_of_product"),
        ]


class SubjectAuthorisation(models.Model):
    """A subject's electronic authorisation of one use; the token itself is not stored."""

    id = models.CharField(primary_key=True, max_length=40)
    subject = models.CharField(max_length=64, help_text="keyed commitment of the subject's key")
    caller = models.CharField(max_length=26)
    product = models.CharField(max_length=26)
    purpose = models.CharField(max_length=32)
    given_by = models.CharField(max_length=80)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()
