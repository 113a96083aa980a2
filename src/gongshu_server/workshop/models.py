"""Tasks, checked queries, runs, and releases with their two blinded votes.

The state of a release lives in its case. What the author may see of a run is in `queries.run_view`
and nowhere else (S13); results and counts are for the reviewers.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q

from gongshu_server.accounts.actors import Actor
from gongshu_server.cases.models import SUPERVISORS, Party
from gongshu_server.operation.models import Scenario

ORGANISATION = "accounts.Organisation"
RESOURCE = "catalogue.Resource"
SCENARIO = "operation.Scenario"
TASK = "workshop.Task"
QUERY = "workshop.Query"
RUN = "workshop.Run"
RELEASE = "workshop.Release"
EXITS = [("export", "结果出域"), ("service", "域内服务")]


class TaskQuerySet(models.QuerySet["Task"]):
    """Tasks, by who may see them."""

    def visible_to(self, by: Actor) -> TaskQuerySet:
        """Return the tasks that the actor's organisation works on, implements or supervises."""
        if by.roles & SUPERVISORS:
            return self
        implemented = Scenario.objects.filter(
            pk=OuterRef("scenario_id"), agreement__implementing_body_id=by.organisation
        )
        return self.filter(Q(developer_id=by.organisation) | Exists(implemented))

    def locked(self) -> TaskQuerySet:
        """Return the same tasks, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Task(models.Model):
    """A piece of work of a developer under one scenario."""

    id = models.CharField(primary_key=True, max_length=26)
    scenario = models.ForeignKey(SCENARIO, on_delete=models.PROTECT, related_name="+")
    developer = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=160)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)

    objects = TaskQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title


class QueryQuerySet(models.QuerySet["Query"]):
    """Queries, by who may see their task."""

    def visible_to(self, by: Actor) -> QueryQuerySet:
        """Return the queries of the tasks that the actor may see."""
        return self.filter(Exists(Task.objects.visible_to(by).filter(pk=OuterRef("task_id"))))

    def locked(self) -> QueryQuerySet:
        """Return the same queries, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Query(models.Model):
    """A query that passed the check: as it was written, and the text that runs."""

    id = models.CharField(primary_key=True, max_length=26)
    task = models.ForeignKey(TASK, on_delete=models.PROTECT, related_name="+")
    sql = models.TextField()
    exit = models.CharField(max_length=8, choices=EXITS)
    region = models.CharField(max_length=12, blank=True)
    verdict = models.JSONField(help_text="shape, lineage, grants, opened copies, notes, k")
    sql_final = models.TextField()
    drafted_at = models.DateTimeField()
    author = models.CharField(max_length=80)

    objects = QueryQuerySet.as_manager()


class RunQuerySet(models.QuerySet["Run"]):
    """Runs, by who may see their query."""

    def visible_to(self, by: Actor) -> RunQuerySet:
        """Return the runs of the queries that the actor may see."""
        return self.filter(Exists(Query.objects.visible_to(by).filter(pk=OuterRef("query_id"))))

    def locked(self) -> RunQuerySet:
        """Return the same runs, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Run(models.Model):
    """One run of a query over pinned data versions; at most one of a query is under way."""

    id = models.CharField(primary_key=True, max_length=26)
    query = models.ForeignKey(QUERY, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=8,
        default="running",
        choices=[("running", "运行中"), ("finished", "已完成"), ("failed", "失败")],
    )
    actor = models.CharField(max_length=80)
    snapshots = models.JSONField(help_text="resource id -> snapshot id")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=200, blank=True, help_text="below the node's folder")
    salt = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="of salt and file")
    for_reviewer = models.JSONField(default=dict)
    note = models.CharField(max_length=80, blank=True, help_text="all that the author is told")
    cause = models.CharField(max_length=40, blank=True, help_text="of a failure; not the author's")

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["query"], condition=Q(state="running"), name="workshop_one_run_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state="finished") | ~Q(digest=""), name="workshop_finished_has_digest"
            ),
        ]


class ExportException(models.Model):
    """The implementing body's reasoned exception: a further export from the same sources."""

    run = models.OneToOneField(RUN, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    organisation = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()


class ReleaseQuerySet(models.QuerySet["Release"]):
    """Releases, by who may see them."""

    def visible_to(self, by: Actor) -> ReleaseQuerySet:
        """Return the releases whose case the actor's organisation takes part in or supervises."""
        if by.roles & SUPERVISORS:
            return self
        party = Party.objects.filter(case_id=OuterRef("case"), organisation_id=by.organisation)
        return self.filter(Exists(party))

    def locked(self) -> ReleaseQuerySet:
        """Return the same releases, locked for the transaction."""
        return self.select_for_update(of=("self",))


class Release(models.Model):
    """One result or service on its way out. `content_digest` pins what is voted on."""

    id = models.CharField(primary_key=True, max_length=26)
    run = models.ForeignKey(RUN, on_delete=models.PROTECT, related_name="+")
    exit = models.CharField(max_length=8, choices=EXITS)
    question = models.JSONField(default=dict, help_text="service: question, answers, limits")
    author = models.CharField(max_length=80)
    developer = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    operator = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    implementing_body = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    case = models.CharField(max_length=26)
    salt = models.CharField(max_length=64)
    content_digest = models.CharField(max_length=64)
    # Mirrors the case (not rejected, not withdrawn): the second-export rule asks for it.
    live = models.BooleanField(default=True)
    submitted_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=Q(live=True), name="workshop_one_release_of_a_run"
            )
        ]


class ReleaseSource(models.Model):
    """A resource that flows into a release; later exports are compared with it.

    `guarded` is false when only lawfully opened items of it were used: nothing to compare.
    """

    release = models.ForeignKey(RELEASE, on_delete=models.PROTECT, related_name="+")
    resource = models.ForeignKey(RESOURCE, on_delete=models.PROTECT, related_name="+")
    guarded = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "resource"], name="workshop_source_once")
        ]


class Vote(models.Model):
    """A reviewer's vote: a commitment and a sealed opening until both votes are in.

    `passed`, `opinion` and `salt` are null before that, for everybody; `sealed` is encrypted under
    a key that lies outside the database.
    """

    release = models.ForeignKey(RELEASE, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=10, choices=[("security", "安全审核"), ("compliance", "业务规范性审核")]
    )
    reviewer = models.ForeignKey(ORGANISATION, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=80)
    cast_at = models.DateTimeField()
    commitment = models.CharField(max_length=64)
    sealed = models.BinaryField()
    passed = models.BooleanField(null=True)
    opinion = models.TextField(null=True)
    salt = models.CharField(max_length=64, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release", "kind"], name="workshop_vote_of_a_kind"),
            models.UniqueConstraint(fields=["release", "reviewer"], name="workshop_vote_of_a_body"),
            models.CheckConstraint(
                condition=Q(passed__isnull=True, opinion__isnull=True, salt__isnull=True)
                | Q(passed__isnull=False, opinion__isnull=False, salt__isnull=False),
                name="workshop_vote_opened_whole",
            ),
        ]
