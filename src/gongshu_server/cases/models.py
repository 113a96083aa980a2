"""Cases, their timeline, documents, clocks, sub-steps and notices."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q

from gongshu_server.accounts.actors import Actor

CASE = "cases.Case"
ORGANISATION = "accounts.Organisation"
RUNNING = Q(stopped_at__isnull=True, paused_at__isnull=True)
"""Limits that run now; as written here they are found by their own small index."""
# Bodies that see every case; seeing is all it gives them.
SUPERVISORS = frozenset({"data_authority", "audit_office", "node"})


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases, by who may see them."""

    def visible_to(self, by: Actor) -> CaseQuerySet:
        """Return the cases that the actor's organisation takes part in or supervises."""
        if by.roles & SUPERVISORS:
            return self
        party = Party.objects.filter(case=OuterRef("pk"), organisation_id=by.organisation)
        return self.filter(Exists(party))

    def listed_for(self, by: Actor) -> CaseQuerySet:
        """Return the same cases as `visible_to`, found from the party's side: for lists.

        An organisation takes part in few of all cases; asked of one case at a time, a list would
        pass over all the others first.
        """
        if by.roles & SUPERVISORS:
            return self
        parties = Party.objects.filter(organisation_id=by.organisation)
        return self.filter(pk__in=parties.values("case"))

    def overdue(self, at: datetime) -> CaseQuerySet:
        """Return those that have a running limit which has ended."""
        ended = Clock.objects.filter(case=OuterRef("pk"), stopped_at__isnull=True)
        return self.filter(Exists(ended.filter(paused_at__isnull=True, due__lte=at)))

    def handled_by(self, organisation: str) -> CaseQuerySet:
        """Return those that the organisation handles."""
        handling = Party.objects.filter(case=OuterRef("pk"), organisation_id=organisation)
        return self.filter(Exists(handling.filter(part="handler")))

    def locked(self) -> CaseQuerySet:
        """Return the same cases, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Case(models.Model):
    """A run of a procedure about one subject, with its readable number (受理号)."""

    id = models.CharField(primary_key=True, max_length=26)
    number = models.CharField(max_length=32, unique=True)
    procedure = models.CharField(max_length=32)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=32)
    opened_at = models.DateTimeField()
    entered_at = models.DateTimeField(help_text="when it came into its present state")
    closed_at = models.DateTimeField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["procedure", "state"]),
            models.Index(fields=["subject_kind", "subject_id"]),
            # Few of many years' cases are open, and pages ask for those.
            models.Index(
                fields=["procedure", "id"], condition=Q(closed_at__isnull=True), name="cases_open"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Number(models.Model):
    """The last number given for a procedure in a year."""

    procedure = models.CharField(max_length=32)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["procedure", "year"], name="cases_number_series")
        ]


class Party(models.Model):
    """An organisation that takes part in a case: as applicant, handler or consulted body."""

    case = models.ForeignKey(CASE, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(
        max_length=12,
        choices=[("applicant", "申请方"), ("handler", "承办方"), ("consulted", "征求意见方")],
    )

    class Meta:
        indexes = [models.Index(fields=["organisation", "case"], name="cases_party_cases")]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "organisation", "part"], name="cases_party_once"
            )
        ]


class Step(models.Model):
    """One line of the timeline: who did what, when, on which clause."""

    case = models.ForeignKey(CASE, on_delete=models.PROTECT, related_name="+")
    transition = models.CharField(max_length=40)
    source = models.CharField(max_length=32)
    target = models.CharField(max_length=32)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    organisation = models.CharField(max_length=26)
    clause = models.CharField(max_length=32)
    reason = models.TextField(blank=True)
    documents = models.JSONField(default=list)
    entry = models.CharField(max_length=26, db_index=True)


class Document(models.Model):
    """A document of a case: its kind, number, issuer and date, and the digest of its content.

    A decision or filing of a body outside is recorded with its number, date and receipt.
    """

    id = models.CharField(primary_key=True, max_length=26)
    case = models.ForeignKey(CASE, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    number = models.CharField(max_length=80, blank=True)
    issuer = models.CharField(max_length=120, blank=True)
    dated = models.DateField(null=True)
    receipt = models.CharField(max_length=80, blank=True)
    text = models.TextField(blank=True)
    digest = models.CharField(max_length=64)
    salt = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=80)


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Attachments, by who may see them."""

    def visible_to(self, by: Actor) -> AttachmentQuerySet:
        """Return those of cases that the actor may see, and what the own body has not filed yet."""
        filed = Document.objects.filter(
            pk=OuterRef("document_id"), case__in=Case.objects.visible_to(by).values("pk")
        )
        waiting = Q(document__isnull=True, organisation_id=by.organisation)
        return self.filter(waiting | Exists(filed))

    def locked(self) -> AttachmentQuerySet:
        """Return the same attachments, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Attachment(models.Model):
    """A file that a document carries: a scanned seal, a PDF, a picture.

    `address` is where its bytes lie in the node's store, a digest under the node's secret: equal
    files are kept once, and nobody without the secret can test a guess against it. `digest` is
    salted and goes into the document's own. Erasure takes the bytes, address and salt.
    """

    id = models.CharField(primary_key=True, max_length=26)
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    document = models.OneToOneField(Document, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    media = models.CharField(max_length=80)
    bytes = models.PositiveIntegerField()
    address = models.CharField(max_length=64, blank=True, db_index=True)
    digest = models.CharField(max_length=64)
    salt = models.CharField(max_length=64, blank=True)
    stored_at = models.DateTimeField()
    stored_by = models.CharField(max_length=80)
    erased_at = models.DateTimeField(null=True)

    objects = AttachmentQuerySet.as_manager()


class Clock(models.Model):
    """A limit that runs on a case; stopped when met, paused while something else is awaited."""

    case = models.ForeignKey(CASE, on_delete=models.PROTECT, related_name="+")
    limit = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    due = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    paused_at = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)
    used = models.PositiveSmallIntegerField(
        default=0, help_text="working days used up when it was last resumed"
    )
    stopped_at = models.DateTimeField(null=True)
    light = models.CharField(max_length=8, blank=True, help_text="the last light that was noted")
    light_at = models.DateTimeField(null=True, help_text="when the next light is to be noted")

    class Meta:
        indexes = [
            models.Index(fields=["light_at"], name="cases_clock_light_at"),
            models.Index(fields=["due", "id"], condition=RUNNING, name="cases_clock_board"),
            models.Index(fields=["case", "due"], condition=RUNNING, name="cases_clock_running"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "limit"],
                condition=Q(stopped_at__isnull=True),
                name="cases_clock_runs_once",
            )
        ]


class SubStepRule(models.Model):
    """The sub-steps that an organisation puts before one of its statutory steps."""

    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    procedure = models.CharField(max_length=32)
    transition = models.CharField(max_length=40)
    steps = models.JSONField(help_text="[[code, 中文], …] in order")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "procedure", "transition"], name="cases_substep_rule"
            )
        ]


class SubStep(models.Model):
    """A sub-step done inside a statutory step; it never changes the step's clock."""

    case = models.ForeignKey(CASE, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    transition = models.CharField(max_length=40)
    step = models.CharField(max_length=40)
    state = models.CharField(max_length=32, help_text="the case's state in which it was done")
    agreed = models.BooleanField()
    opinion = models.TextField(blank=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    person = models.CharField(max_length=26)


class Reminder(models.Model):
    """A party urges whose turn it is (催办), or the data authority supervises a case (督办)."""

    id = models.CharField(primary_key=True, max_length=26)
    case = models.ForeignKey(CASE, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=[("urge", "催办"), ("supervise", "督办")])
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    clause = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)


class Notice(models.Model):
    """A notice: written with the change that it tells, in the inbox at once.

    Other channels carry it afterwards; `spread_at` says that its deliveries have been set out.
    """

    id = models.CharField(primary_key=True, max_length=26)
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(CASE, null=True, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    created_at = models.DateTimeField()
    spread_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "id"], name="cases_notice_inbox"),
            models.Index(
                fields=["created_at"], condition=Q(spread_at=None), name="cases_notice_unspread"
            ),
        ]


class NoticeRead(models.Model):
    """A person has read a notice to one of their organisations; colleagues have marks of theirs."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "person"], name="cases_notice_read_once")
        ]


class Delivery(models.Model):
    """One notice on its way to one holder of a post over one channel."""

    id = models.CharField(primary_key=True, max_length=26)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=16)
    person = models.ForeignKey("accounts.Person", on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey("accounts.Post", on_delete=models.PROTECT, related_name="+")
    daily = models.BooleanField(help_text="goes into the post's digest of the day")
    state = models.CharField(
        max_length=8,
        default="waiting",
        choices=[("waiting", "待发"), ("sent", "已发"), ("failed", "未能送达")],
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(help_text="not before; a claim moves it past the lease")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_at"], condition=Q(state="waiting"), name="cases_delivery_due"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "channel", "person"], name="cases_delivery_once"
            )
        ]
