"""Journal rows: what happened, by whom, on which basis.

Actor and subject are text, never foreign keys: a row outlives what it speaks of, and nothing above
is known here. Salt and body can be erased; the commitment and its place in the ledger stay.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Head(models.Model):
    """The journal's one head row: it orders entries and carries the node's clock.

    Every recording transaction locks it, so that sequence numbers have no gap and journal time
    never runs backwards, whatever database isolation is set.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    checkpoint = models.TextField(blank=True, help_text="the last signed one, to find rollbacks")
    demo = models.BooleanField(default=False)
    clock_offset = models.BigIntegerField(default=0, help_text="seconds, demo databases only")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="journal_one_head"),
            models.CheckConstraint(
                condition=Q(demo=True) | Q(clock_offset=0), name="journal_offset_only_in_demo"
            ),
        ]


class Entry(models.Model):
    """One entry; `index` is its place in the ledger, null until the sealer has numbered it."""

    id = models.CharField(primary_key=True, max_length=26)
    sequence = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    event = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8, choices=[("done", "已办"), ("refused", "拒绝")])
    actor = models.CharField(max_length=80)
    organisation = models.CharField(max_length=26, blank=True)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    clause = models.CharField(max_length=32, blank=True)
    body = models.TextField(null=True)
    salt = models.BinaryField(max_length=32, null=True)
    commitment = models.BinaryField(max_length=32)
    index = models.BigIntegerField(null=True, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "sequence"]),
            models.Index(fields=["event", "sequence"]),
            # Lists show the newest id first, whatever is looked for.
            models.Index(fields=["event", "id"], name="journal_event_newest"),
            models.Index(fields=["organisation", "id"], name="journal_organisation_newest"),
            models.Index(fields=["outcome", "id"], name="journal_outcome_newest"),
            models.Index(fields=["clause", "id"], name="journal_clause_newest"),
            models.Index(fields=["subject_id", "id"], name="journal_subject_newest"),
            models.Index(
                fields=["sequence"], name="journal_unsealed", condition=Q(index__isnull=True)
            ),
        ]
        constraints = [
            # Erasure takes salt and body together, never one of them.
            models.CheckConstraint(
                condition=Q(salt__isnull=True, body__isnull=True)
                | Q(salt__isnull=False, body__isnull=False),
                name="journal_salt_with_body",
            )
        ]


class Lease(models.Model):
    """Who alone may do a piece of work until when (the sealer, the collector of uses)."""

    name = models.CharField(primary_key=True, max_length=32)
    holder = models.CharField(max_length=64)
    until = models.DateTimeField()


class Request(models.Model):
    """A request that was done under a key of its caller's, and what a repeat of it is told.

    `digest` is over the action and its arguments, under the node's secret.
    """

    id = models.CharField(primary_key=True, max_length=26)
    actor = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    answer = models.TextField(blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "key"], name="journal_request_once")
        ]
