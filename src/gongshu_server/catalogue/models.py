"""Resources, items with category, level and grade, received files and snapshots."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from gongshu_server.accounts.actors import Actor

RESOURCE = "catalogue.Resource"
ORGANISATION = "accounts.Organisation"
SEES_ALL = frozenset({"data_authority", "implementing_body", "audit_office", "node"})


# An entry that is due for amendment stays in the public catalogue, with its state shown.
PUBLIC_STATES = ("published", "amendment_due")


class ResourceQuerySet(models.QuerySet["Resource"]):
    """Resources, by who may see them."""

    def visible_to(self, by: Actor) -> ResourceQuerySet:
        """Return published resources, and the unpublished ones of the actor's organisation."""
        if by.roles & SEES_ALL:
            return self
        return self.filter(Q(state__in=PUBLIC_STATES) | Q(provider_id=by.organisation))

    def public(self) -> ResourceQuerySet:
        """Return the entries of the public catalogue."""
        return self.filter(state__in=PUBLIC_STATES)

    def locked(self) -> ResourceQuerySet:
        """Return the same resources, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Resource(models.Model):
    """A catalogue entry (809号 第13条): what it is, who provides it, how it may be shared."""

    id = models.CharField(primary_key=True, max_length=26)
    title = models.CharField(max_length=120)
    table = models.CharField(max_length=60, unique=True, help_text="its name in workshop SQL")
    summary = models.TextField(blank=True)
    provider = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    category = models.CharField(max_length=60, blank=True)
    level = models.CharField(max_length=10, blank=True)
    grade = models.PositiveSmallIntegerField(null=True)
    share_attribute = models.CharField(max_length=16, default="conditional")
    share_basis = models.CharField(max_length=200, blank=True)
    open_attribute = models.CharField(max_length=16, default="closed")
    update_cycle = models.CharField(max_length=20)
    keeping_years = models.PositiveSmallIntegerField(default=10)
    synthetic = models.BooleanField(default=True, help_text="generated, not a department's data")
    state = models.CharField(max_length=20, default="draft")
    case = models.CharField(max_length=26, blank=True)
    created_at = models.DateTimeField()

    objects = ResourceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title


class Item(models.Model):
    """One column of a resource: what a machine proposed, and what a person confirmed."""

    resource = models.ForeignKey(RESOURCE, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    proposal = models.JSONField(default=dict)
    category = models.CharField(max_length=60, blank=True)
    level = models.CharField(max_length=10, blank=True)
    grade = models.PositiveSmallIntegerField(null=True)
    identifier = models.CharField(max_length=12, blank=True)
    subject = models.CharField(max_length=12, blank=True)
    opened = models.BooleanField(default=False)
    lattice = models.JSONField(null=True, help_text="bands or codes it may be compared with")
    confirmed_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "name"], name="catalogue_item_name")
        ]


class ReceivedFile(models.Model):
    """A file as it came; kept unchanged, so that nothing that was rejected is lost."""

    id = models.CharField(primary_key=True, max_length=26)
    resource = models.ForeignKey(RESOURCE, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    bytes = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=80)
    outcome = models.CharField(max_length=12, default="waiting")
    sentence = models.TextField(blank=True)


class Snapshot(models.Model):
    """One immutable version of a resource's data in the lake."""

    id = models.CharField(primary_key=True, max_length=26)
    resource = models.ForeignKey(RESOURCE, on_delete=models.PROTECT, related_name="+")
    received = models.ForeignKey(ReceivedFile, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    location = models.CharField(max_length=200, help_text="below the node's lake folder")
    rows = models.BigIntegerField()
    rejects = models.BigIntegerField()
    bytes = models.BigIntegerField()
    schema = models.JSONField()
    digest = models.CharField(max_length=64)
    understood = models.JSONField()
    match = models.JSONField(null=True)
    profile = models.JSONField(default=dict)
    as_of = models.DateField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "version"], name="catalogue_version")
        ]


class UploadQuerySet(models.QuerySet["Upload"]):
    """Uploads, by who may see them."""

    def visible_to(self, by: Actor) -> UploadQuerySet:
        """Return the uploads of the actor's own organisation; nobody else has part in them."""
        return self.filter(organisation_id=by.organisation)

    def locked(self) -> UploadQuerySet:
        """Return the same uploads, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Upload(models.Model):
    """A file that arrives in chunks: what was announced, and how much of it is durable here.

    `accepted` is the truth about the offset: bytes behind it, which a crash may have left in the
    file, were never confirmed to anybody and are written over.
    """

    id = models.CharField(primary_key=True, max_length=26)
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    target_kind = models.CharField(
        max_length=12, choices=[("resource", "数据资源"), ("case", "办件"), ("paper", "材料")]
    )
    target_id = models.CharField(max_length=26, blank=True)
    document_kind = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=200, help_text="as announced; never a name on disk")
    bytes = models.BigIntegerField()
    expected = models.CharField(max_length=64, blank=True, help_text="SHA-256, while it is open")
    accepted = models.BigIntegerField(default=0)
    state = models.CharField(
        max_length=10,
        default="open",
        choices=[("open", "进行中"), ("finished", "已完成"), ("dropped", "已放弃")],
    )
    result = models.CharField(max_length=26, blank=True, help_text="received file or attachment")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)
    touched_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organisation", "state"])]
